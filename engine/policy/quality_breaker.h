// QualityBreaker: keeps requests from a provider whose answers come back, with status 200, and fail
// the guard. A circuit breaker over verdicts instead of errors: its failures are answers that the
// guard refused, its successes answers that passed; what brought no answer is neutral. So a model
// that has silently degraded is left alone, probed, and taken back on a ramp like any other.
//
// Pure: time and draws are arguments; time must not go back. One thread; one per provider.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/fields.h"
#include "engine/policy/breaker.h"

namespace squall {

enum class QualityAction : uint8_t {
  kDivert,  // elsewhere while there is an elsewhere; a bad answer is then better than none
  kRefuse,  // a bad answer is worse than none
};

struct QualityConfig {
  bool enabled = false;
  Duration window = 2min;        // over which answers are judged, > 0
  double bad_threshold = 0.5;    // opens at this share of answers that failed the guard, (0, 1]
  int64_t minimum_answers = 20;  // and at least this many answers, >= 1
  Duration open_for = 30s;       // time until the first probe, > 0
  int64_t probes_to_close = 3;   // good answers that close it, >= 1
  Duration ramp = 30s;           // time in which the share of requests then grows to 1, >= 0
  QualityAction action = QualityAction::kDivert;
};

void Describe(Fields& f, QualityConfig& c);

class QualityBreaker {
 public:
  explicit QualityBreaker(const QualityConfig& config);

  enum class Verdict : uint8_t { kAdmit, kDivert, kRefuse };

  struct Decision {
    Verdict verdict = Verdict::kAdmit;
    std::optional<Breaker::Permit> permit;  // none where the request goes uncounted
  };

  // May a request go to this provider? `elsewhere`: another one could take it. `u` in [0, 1) is its
  // place in the ramp (Breaker).
  Decision Check(bool elsewhere, Time now, double u = 0);

  // The answer of an attempt that Check let pass: kSuccess and kFailure by the guard, kNeutral if
  // none came.
  void Settle(const Decision& decision, CallOutcome answer, Time now, double u = 0);

  const Breaker& breaker() const { return breaker_; }

 private:
  QualityAction action_;
  Breaker breaker_;
};

}  // namespace squall

// TargetHealth: how well one target (a model of a provider) does, as one number for routing: the
// time to expect until a success if one more request is sent there.
//
// Latency is Finagle's peak EWMA (finagle-core, PeakEwma.scala): a slower answer counts at once, a
// quicker one by an average that fades with time, and the cost is that average times the requests
// in flight plus one. Only successes tell how quick a target is, or one that fails at once would
// seem the best; a failure counts where it took longer. The cost is divided by the share of
// successes, an average over outcomes that drifts back to 1, so that a target that was given up is
// tried again.
//
// Pure: time is an argument and must not go back. One thread; one per target.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"

namespace squall {

struct TargetHealthConfig {
  Duration decay = 10s;    // of the latency average towards quicker answers, > 0
  double weight = 0.1;     // of one outcome in the share of successes, (0, 1]
  Duration forgive = 60s;  // in which a share of failures falls to 1/e without requests, > 0
  Duration assumed = 1s;   // latency of a target that has not answered yet, > 0
};

void Describe(Fields& f, TargetHealthConfig& c);

enum class TargetOutcome : uint8_t {
  kSuccess,
  kFailure,
  kNeutral,  // cancelled or the caller's fault: frees its place and tells nothing
};

class TargetHealth {
 public:
  explicit TargetHealth(const TargetHealthConfig& config);

  // A request was sent; every one must end.
  void Begin() { ++in_flight_; }
  void End(TargetOutcome outcome, Duration latency, Time now);

  int64_t in_flight() const { return in_flight_; }

  // Average latency in seconds, > 0.
  double Latency(Time now) const;

  // Share of successes, in (0, 1].
  double Success(Time now) const;

  // Expected seconds to a success of one more request, > 0; less is better.
  double Cost(Time now) const;

 private:
  TargetHealthConfig config_;
  int64_t in_flight_ = 0;
  double latency_s_ = 0;  // as of seen_at_; 0 while none is known
  Time seen_at_{};
  double failures_ = 0;  // share, as of judged_at_
  Time judged_at_{};
};

}  // namespace squall

// Circuit breaker on the failure rate over a sliding time window.
//
// closed --rate over threshold--> open --open_for passed--> half-open --probes succeed--> closed
//                                   ^-------------------------probe fails----------------'
//
// Permits carry the generation in which they were given. LLM calls outlive open periods, so results
// of an older generation are the normal case: they are counted nowhere, and a slow success from
// before the trip cannot close a half-open circuit. A half-open probe is a lease: if its caller
// never reports (cancelled, crashed), another probe may go after `probe_lease`. 429s, caller
// timeouts and caller faults are neutral: they free the permit and move nothing.
//
// Pure: time is an argument and must not go back. One thread; the engine owns one per provider.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace squall {

struct BreakerConfig {
  bool enabled = true;
  Duration window = 30s;           // length of the sliding window, > 0
  double failure_threshold = 0.5;  // opens at this share of failures, (0, 1]
  int64_t minimum_calls = 20;      // and at least this many calls in the window, >= 1
  Duration open_for = 15s;         // time until the first probe, > 0
  Duration probe_lease = 60s;      // after this an unreported probe is given up, > 0
  int64_t probes_to_close = 2;     // successes in a row that close it, >= 1
};

enum class BreakerState : uint8_t { kClosed, kOpen, kHalfOpen };
std::string_view BreakerStateName(BreakerState state);

enum class CallOutcome : uint8_t { kSuccess, kFailure, kNeutral };

class Breaker {
 public:
  explicit Breaker(const BreakerConfig& config);

  struct Permit {
    uint64_t generation = 0;
    uint64_t probe = 0;  // number of the probe, 0 for an ordinary permit
  };

  // Would Acquire succeed now? Changes nothing.
  bool Admits(Time now) const;

  // A permit, or nullopt when refused. Every permit should be reported once.
  std::optional<Permit> Acquire(Time now);

  // Takes the outcome of a permit. Outcomes of older generations and of expired leases are ignored.
  void Report(const Permit& permit, CallOutcome outcome, Time now);

  // Open turns into half-open by time alone, hence the argument.
  BreakerState state(Time now) const;

  // The state as of the last Acquire or Report: its changes are the transitions that happened.
  BreakerState last_state() const { return state_; }

  // When a refused caller may come back; `now` if it need not wait.
  Time RetryAt(Time now) const;

  uint64_t generation() const { return generation_; }

 private:
  static constexpr int kBuckets = 10;  // the window slides in tenths
  struct Bucket {
    int64_t epoch = -1;  // which tenth since the start this bucket holds
    int64_t calls = 0;
    int64_t failures = 0;
  };

  void Count(CallOutcome outcome, Time now);
  bool RateExceeded(Time now) const;
  void Become(BreakerState state, Time now);
  bool ProbeFree(Time now) const;
  int64_t EpochOf(Time now) const;

  BreakerConfig config_;
  BreakerState state_ = BreakerState::kClosed;
  uint64_t generation_ = 1;
  Time opened_at_{};
  uint64_t probe_ = 0;  // the probe in flight, 0 if none
  uint64_t last_probe_ = 0;
  Time probe_expires_{};
  int64_t probe_successes_ = 0;
  std::vector<Bucket> buckets_;
};

}  // namespace squall

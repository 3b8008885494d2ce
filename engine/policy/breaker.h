// Circuit breaker. Opens on any of: the share of failures or of slow calls in a sliding window (of
// time or of calls), failures in a row, a fading average of failures, or a server's word.
//
// closed --a threshold--> open --its time passed--> half-open --probes succeed--> closed, ramping
//                          ^-----------------------probes fail-----'
//
// Permits carry the generation in which they were given. LLM calls outlive open periods, so results
// of an older generation are the normal case: they are counted nowhere, and a slow success from
// before the trip cannot close a half-open circuit. A half-open probe is a lease: if its caller
// never reports (cancelled, crashed), another probe may go after `probe_lease`. 429s, caller
// timeouts and caller faults are neutral: they free the permit and move nothing, not even a row of
// failures.
//
// Pure: time and draws are arguments; time must not go back. One thread; one per provider. Shapes:
// window, slow calls and N probes as resilience4j has them; failures in a row, the average and the
// growing, jittered open time as Finagle's FailureAccrual (there 5 to 300 s).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/policy/outcome_window.h"

namespace squall {

struct BreakerConfig {
  bool enabled = true;
  Duration window = 30s;             // length of the sliding window, > 0
  int64_t window_calls = 0;          // or this many calls, 0..10000; 0 = the window is of time
  double failure_threshold = 0.5;    // opens at this share of failures, 0..1; 0 = never by share
  int64_t minimum_calls = 20;        // and at least this many calls in the window, >= 1
  int64_t consecutive_failures = 0;  // opens at this many failures in a row; 0 = never by these
  Duration slow_call = 0s;           // a call that takes this long is slow; 0 = none is
  double slow_threshold = 1;         // opens at this share of slow calls in the window, (0, 1]
  Duration ewma_window = 0s;         // time in which the average fades to 1/e; 0 = no average
  double ewma_threshold = 0.5;       // opens at this average of failures, (0, 1]
  Duration open_for = 15s;           // time until the first probe, > 0
  double open_jitter = 0;            // up to this share of it longer, 0..10
  double open_growth = 1;            // factor for each time it failed to close, >= 1
  Duration open_max = 5min;          // where growth ends, before jitter; at least open_for counts
  Duration open_on_hint = 0s;        // a server's hint this long opens it until then; 0 = none does
  Duration probe_lease = 60s;        // after this an unreported probe is given up, > 0
  int64_t probes_at_once = 1;        // probes under way together, 1..64
  int64_t probes_to_close = 2;       // successful probes that close it, >= 1
  int64_t probes_to_open = 1;        // failed or slow probes that open it again, >= 1
  Duration ramp = 0s;                // after closing, time in which the admitted share grows to 1
};

enum class BreakerState : uint8_t { kClosed, kOpen, kHalfOpen };
std::string_view BreakerStateName(BreakerState state);

class Breaker {
 public:
  explicit Breaker(const BreakerConfig& config);

  struct Permit {
    uint64_t generation = 0;
    uint64_t probe = 0;  // number of the probe, 0 for an ordinary permit
    Time at{};           // when it was given
  };

  // In all of these `u` in [0, 1) is the caller's place in the ramp, a draw that it keeps: one that
  // has been refused is admitted later, never the other way round. 0 is admitted first.

  // Would Acquire succeed now? Changes nothing.
  bool Admits(Time now, double u = 0) const {
    const bool well = state_ == BreakerState::kClosed && now >= full_at_;  // as they nearly all are
    return well || RetryAt(now, u) <= now;
  }

  // When a refused caller may come back; `now` if it need not wait.
  Time RetryAt(Time now, double u = 0) const;

  // A permit, or nullopt when refused. Every permit should be reported once.
  std::optional<Permit> Acquire(Time now, double u = 0);

  // Takes the outcome of a permit. Outcomes of older generations and of probes whose place went to
  // another are ignored. `u` in [0, 1) draws the jitter of an open time that begins here.
  void Report(const Permit& permit, CallOutcome outcome, Time now, double u = 0);

  // The server asked to be left alone until `until`: opens, or stays open at least that long. The
  // later deadline holds. Probes follow as after any open time.
  void OpenUntil(Time until, Time now);

  // The same for a hint of `wait` from now, if it is long enough to count (open_on_hint).
  void Hint(Duration wait, Time now);

  // Open turns into half-open by time alone, hence the argument.
  BreakerState state(Time now) const;

  // The state as of the last Acquire, Report or OpenUntil: its changes are the transitions that
  // happened.
  BreakerState last_state() const { return state_; }

  uint64_t generation() const { return generation_; }

 private:
  struct Probe {
    uint64_t id = 0;  // 0 if the place is free
    Time expires{};
  };

  void ReportClosed(CallOutcome outcome, bool slow, Time now, double u);
  void ReportProbe(uint64_t id, CallOutcome outcome, bool slow, Time now, double u);
  bool Tripped(Time now) const;
  void Fade(bool failure, Time now);
  void Become(BreakerState state);
  bool Well(Time now) const;
  void Open(Time now, double u);
  void Close(Time now);
  Duration OpenTime(double u) const;
  size_t EarliestProbe() const;

  BreakerConfig config_;
  BreakerState state_ = BreakerState::kClosed;
  uint64_t generation_ = 1;
  Time open_until_{};
  Time full_at_{};        // where the ramp ends
  int64_t relapses_ = 0;  // times it has opened since it was last well
  std::vector<Probe> probes_;
  uint64_t last_probe_ = 0;
  int64_t probe_successes_ = 0;
  int64_t probe_failures_ = 0;
  OutcomeWindow window_;
  int64_t row_ = 0;  // failures since the last success
  double faded_calls_ = 0;
  double faded_failures_ = 0;
  Time faded_at_{};
};

}  // namespace squall

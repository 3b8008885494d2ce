#include "scenarios/models/breaker_trip.h"

#include <optional>

#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr int64_t kMaxProbes = 100'000;
constexpr double kRounding = 1e-9;  // of a threshold times a number of calls

CallOutcome OutcomeOf(bool failed) {
  return failed ? CallOutcome::kFailure : CallOutcome::kSuccess;
}

class Trial {
 public:
  Trial(const BreakerTrip& m, const Draws& draws, uint64_t trial)
      : m_(m), draws_(draws), trial_(trial), breaker_(m.breaker) {}

  // Calls until it opened, the last one included; nullopt if max_calls were not enough.
  std::optional<int64_t> Trip() {
    const Duration gap = FromSeconds(1 / m_.calls_per_s);
    for (int64_t call = 1; call <= m_.max_calls; ++call) {
      now_ += gap;
      const auto permit = breaker_.Acquire(now_);
      if (!permit) return call - 1;  // half-open never comes before it has been open
      const bool failed = draws_(trial_, static_cast<uint64_t>(call), 0) < m_.failure_rate;
      breaker_.Report(*permit, OutcomeOf(failed), now_);
      if (breaker_.last_state() == BreakerState::kOpen) return call;
    }
    return std::nullopt;
  }

  // Probes an open breaker until it closes or opens again; whether it closed.
  bool Close() {
    now_ = breaker_.RetryAt(now_);
    for (int64_t probe = 1; probe <= kMaxProbes; ++probe) {
      const auto permit = breaker_.Acquire(now_);
      if (!permit) return false;
      const bool failed = draws_(trial_, static_cast<uint64_t>(probe), 1) < m_.probe_failure_rate;
      breaker_.Report(*permit, OutcomeOf(failed), now_);
      if (breaker_.last_state() == BreakerState::kClosed) return true;
      if (breaker_.last_state() == BreakerState::kOpen) return false;
    }
    return false;
  }

  Time now() const { return now_; }

 private:
  const BreakerTrip& m_;
  const Draws& draws_;
  uint64_t trial_;
  Breaker breaker_;
  Time now_ = kStart;
};

// The window alone: whether it holds failures enough once it is full.
bool WindowOverThreshold(const BreakerTrip& m, const Draws& draws, uint64_t trial) {
  const int64_t calls = m.breaker.window_calls;
  OutcomeWindow window(m.breaker.window, calls);
  for (int64_t call = 1; call <= calls; ++call) {
    window.Add(draws(trial, static_cast<uint64_t>(call), 0) < m.failure_rate, false, kStart);
  }
  const auto failures = static_cast<double>(window.Count(kStart).failures);
  return failures >= m.breaker.failure_threshold * static_cast<double>(calls) - kRounding;
}

}  // namespace

BreakerTrip::BreakerTrip() {
  breaker.failure_threshold = 0;
  breaker.consecutive_failures = 5;
  breaker.probes_to_close = 1;
}

void Describe(Fields& f, BreakerTrip& m) {
  f.Number("failure_rate", m.failure_rate, kRateRange, "Share of calls that fail, independently.");
  f.Number("probe_failure_rate", m.probe_failure_rate, kRateRange, "Share of probes that fail.");
  f.Number("calls_per_s", m.calls_per_s, {1e-6, 1e6}, "Calls a second, evenly spaced.");
  f.Int("max_calls", m.max_calls, {1, 1'000'000'000}, "Calls after which a trial gives up.");
  f.Int("trials", m.trials, {1, 100'000'000}, "Fresh breakers in one replication.");
  f.Struct("breaker", m.breaker, "The circuit breaker.");
  f.Require(m.breaker.enabled, "the breaker must be enabled");
}

void RunModel(const BreakerTrip& m, uint64_t seed, ModelOutputs* out) {
  const Draws draws(seed, Stream("model/breaker_trip"));
  Moments calls;
  Moments seconds;
  int64_t closed = 0;
  int64_t over = 0;
  for (int64_t i = 0; i < m.trials; ++i) {
    if (m.breaker.window_calls > 0) {
      over += WindowOverThreshold(m, draws, static_cast<uint64_t>(i)) ? 1 : 0;
    }
    Trial trial(m, draws, static_cast<uint64_t>(i));
    const std::optional<int64_t> tripped = trial.Trip();
    if (!tripped) continue;
    calls.Add(static_cast<double>(*tripped));
    seconds.Add(Seconds(trial.now() - kStart));
    closed += trial.Close() ? 1 : 0;
  }
  out->Count("tripped", calls.n(), m.trials);
  out->Add("calls_to_trip", calls);
  out->Add("time_to_trip_s", seconds);
  out->Count("half_open_closed", closed, calls.n());
  if (m.breaker.window_calls > 0) out->Count("window_over_threshold", over, m.trials);
}

}  // namespace squall

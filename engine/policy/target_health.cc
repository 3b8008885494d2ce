#include "engine/policy/target_health.h"

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr double kLeastSuccess = 0.01;  // even the worst keeps a finite cost
constexpr double kLeastLatency = 1e-6;  // seconds

double Faded(Time since, Time now, Duration time_constant) {
  return std::exp(-Seconds(now - since) / Seconds(time_constant));
}

}  // namespace

void Describe(Fields& f, TargetHealthConfig& c) {
  constexpr SpanRange kPositive{1us, 24h};
  f.Span("decay", c.decay, kPositive,
         "Time in which a slow answer's weight falls to 1/e; slower ones count at once.");
  f.Number("weight", c.weight, {1e-6, 1}, "Weight of one outcome in the share of successes.");
  f.Span("forgive", c.forgive, kPositive,
         "Time in which a share of failures falls to 1/e by itself.");
  f.Span("assumed", c.assumed, kPositive, "Latency of a target that has not answered yet.");
}

TargetHealth::TargetHealth(const TargetHealthConfig& config) : config_(config) {}

double TargetHealth::Latency(Time now) const {
  const double assumed = Seconds(config_.assumed);
  if (latency_s_ == 0) return assumed;
  // A target that nobody asks drifts towards what is assumed of a stranger, down only: its last
  // answers may have been a passing peak.
  if (latency_s_ <= assumed) return latency_s_;
  return assumed + (latency_s_ - assumed) * Faded(seen_at_, now, 6 * config_.decay);
}

double TargetHealth::Success(Time now) const {
  return std::max(1 - failures_ * Faded(judged_at_, now, config_.forgive), kLeastSuccess);
}

double TargetHealth::Cost(Time now) const {
  return Latency(now) * static_cast<double>(in_flight_ + 1) / Success(now);
}

void TargetHealth::End(TargetOutcome outcome, Duration latency, Time now) {
  SQUALL_CHECK(in_flight_ > 0);
  --in_flight_;
  if (outcome == TargetOutcome::kNeutral) return;
  const bool failed = outcome == TargetOutcome::kFailure;
  failures_ *= Faded(judged_at_, now, config_.forgive);
  failures_ += config_.weight * ((failed ? 1.0 : 0.0) - failures_);
  judged_at_ = now;

  const double seconds = std::max(Seconds(latency), kLeastLatency);
  if (failed && seconds <= latency_s_) return;
  if (failed && latency_s_ == 0) return;
  if (seconds >= latency_s_) {
    latency_s_ = seconds;
  } else {
    const double kept = Faded(seen_at_, now, config_.decay);
    latency_s_ = latency_s_ * kept + seconds * (1 - kept);
  }
  seen_at_ = now;
}

}  // namespace squall

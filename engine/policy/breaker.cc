#include "engine/policy/breaker.h"

namespace squall {

std::string_view BreakerStateName(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed: return "closed";
    case BreakerState::kOpen: return "open";
    case BreakerState::kHalfOpen: return "half_open";
  }
  return "unknown";
}

Breaker::Breaker(const BreakerConfig& config) : config_(config), buckets_(kBuckets) {}

int64_t Breaker::EpochOf(Time now) const {
  return now.time_since_epoch() / (config_.window / kBuckets);
}

BreakerState Breaker::state(Time now) const {
  const bool cooled = state_ == BreakerState::kOpen && now >= opened_at_ + config_.open_for;
  return cooled ? BreakerState::kHalfOpen : state_;
}

bool Breaker::ProbeFree(Time now) const { return probe_ == 0 || now >= probe_expires_; }

bool Breaker::Admits(Time now) const {
  if (!config_.enabled) return true;
  switch (state(now)) {
    case BreakerState::kClosed: return true;
    case BreakerState::kOpen: return false;
    case BreakerState::kHalfOpen: return ProbeFree(now);
  }
  return false;
}

Time Breaker::RetryAt(Time now) const {
  if (Admits(now)) return now;
  return state(now) == BreakerState::kOpen ? opened_at_ + config_.open_for : probe_expires_;
}

std::optional<Breaker::Permit> Breaker::Acquire(Time now) {
  if (!Admits(now)) return std::nullopt;
  if (config_.enabled && state(now) == BreakerState::kHalfOpen) {
    if (state_ == BreakerState::kOpen) Become(BreakerState::kHalfOpen, now);
    probe_ = ++last_probe_;  // an expired probe loses its lease to this one
    probe_expires_ = now + config_.probe_lease;
    return Permit{generation_, probe_};
  }
  return Permit{generation_, 0};
}

void Breaker::Report(const Permit& permit, CallOutcome outcome, Time now) {
  if (!config_.enabled || permit.generation != generation_) return;
  if (state_ == BreakerState::kClosed) {
    Count(outcome, now);
    if (outcome == CallOutcome::kFailure && RateExceeded(now)) Become(BreakerState::kOpen, now);
    return;
  }
  if (state_ != BreakerState::kHalfOpen || permit.probe != probe_) return;
  probe_ = 0;  // neutral outcomes give the lease back and prove nothing
  if (outcome == CallOutcome::kFailure) Become(BreakerState::kOpen, now);
  if (outcome != CallOutcome::kSuccess) return;
  if (++probe_successes_ >= config_.probes_to_close) Become(BreakerState::kClosed, now);
}

void Breaker::Become(BreakerState state, Time now) {
  state_ = state;
  ++generation_;  // permits from before this moment are stale
  probe_ = 0;
  probe_successes_ = 0;
  if (state == BreakerState::kOpen) opened_at_ = now;
  if (state == BreakerState::kClosed) buckets_.assign(kBuckets, Bucket{});
}

void Breaker::Count(CallOutcome outcome, Time now) {
  if (outcome == CallOutcome::kNeutral) return;
  const int64_t epoch = EpochOf(now);
  Bucket& bucket = buckets_[static_cast<size_t>(epoch % kBuckets)];
  if (bucket.epoch != epoch) bucket = Bucket{epoch, 0, 0};
  ++bucket.calls;
  if (outcome == CallOutcome::kFailure) ++bucket.failures;
}

bool Breaker::RateExceeded(Time now) const {
  const int64_t oldest = EpochOf(now) - kBuckets + 1;
  int64_t calls = 0;
  int64_t failures = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.epoch < oldest) continue;
    calls += bucket.calls;
    failures += bucket.failures;
  }
  return calls >= config_.minimum_calls &&
         static_cast<double>(failures) >= config_.failure_threshold * static_cast<double>(calls);
}

}  // namespace squall

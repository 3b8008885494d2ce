#include "engine/policy/breaker.h"

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"

namespace squall {
namespace {

// The arrows of the header, and one more: a server's word ends a half-open period.
bool Legal(BreakerState from, BreakerState to) {
  switch (from) {
    case BreakerState::kClosed: return to == BreakerState::kOpen;
    case BreakerState::kOpen: return to == BreakerState::kHalfOpen;
    case BreakerState::kHalfOpen: return to != BreakerState::kHalfOpen;
  }
  return false;
}

bool AtLeast(int64_t part, double share, int64_t whole) {
  return static_cast<double>(part) >= share * static_cast<double>(whole);
}

Duration Scaled(Duration d, double factor) {
  const double nanos = static_cast<double>(d.count()) * factor;
  return nanos < 0x1p63 ? Duration(static_cast<int64_t>(nanos)) : Duration::max();
}

}  // namespace

std::string_view BreakerStateName(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed: return "closed";
    case BreakerState::kOpen: return "open";
    case BreakerState::kHalfOpen: return "half_open";
  }
  return "unknown";
}

Breaker::Breaker(const BreakerConfig& config)
    : config_(config),
      probes_(static_cast<size_t>(config.probes_at_once)),
      window_(config.window, config.window_calls) {
  SQUALL_CHECK(!probes_.empty());
}

BreakerState Breaker::state(Time now) const {
  const bool cooled = state_ == BreakerState::kOpen && now >= open_until_;
  return cooled ? BreakerState::kHalfOpen : state_;
}

size_t Breaker::EarliestProbe() const {
  const auto sooner = [](const Probe& a, const Probe& b) {
    return a.expires != b.expires ? a.expires < b.expires : a.id < b.id;
  };
  const auto first = std::min_element(probes_.begin(), probes_.end(), sooner);
  return static_cast<size_t>(first - probes_.begin());
}

Time Breaker::RetryAt(Time now, double u) const {
  if (!config_.enabled) return now;
  if (state_ == BreakerState::kOpen) return std::max(now, open_until_);
  if (state_ == BreakerState::kHalfOpen) return std::max(now, probes_[EarliestProbe()].expires);
  if (now >= full_at_) return now;
  return std::max(now, full_at_ - Scaled(config_.ramp, 1 - u));
}

std::optional<Breaker::Permit> Breaker::Acquire(Time now, double u) {
  if (!Admits(now, u)) return std::nullopt;
  if (!config_.enabled || state_ == BreakerState::kClosed) return Permit{generation_, 0, now};
  if (state_ == BreakerState::kOpen) Become(BreakerState::kHalfOpen);
  // An expired probe loses its place to this one.
  Probe& place = probes_[EarliestProbe()];
  place = Probe{++last_probe_, SaturatingAdd(now, config_.probe_lease)};
  return Permit{generation_, place.id, now};
}

void Breaker::Report(const Permit& permit, CallOutcome outcome, Time now, double u) {
  if (!config_.enabled || permit.generation != generation_) return;
  const bool slow = config_.slow_call > 0s && now - permit.at >= config_.slow_call;
  if (state_ == BreakerState::kClosed) ReportClosed(outcome, slow, now, u);
  if (state_ == BreakerState::kHalfOpen) ReportProbe(permit.probe, outcome, slow, now, u);
}

void Breaker::ReportClosed(CallOutcome outcome, bool slow, Time now, double u) {
  if (outcome == CallOutcome::kNeutral) return;
  const bool failure = outcome == CallOutcome::kFailure;
  window_.Add(failure, slow, now);
  row_ = failure ? row_ + 1 : 0;
  if (config_.ewma_window > 0s) Fade(failure, now);
  if ((failure || slow) && Tripped(now)) Open(now, u);
}

bool Breaker::Tripped(Time now) const {
  if (config_.consecutive_failures > 0 && row_ >= config_.consecutive_failures) return true;
  const double fewest = static_cast<double>(config_.minimum_calls);
  const bool fades = config_.ewma_window > 0s && faded_calls_ >= fewest;
  if (fades && faded_failures_ >= config_.ewma_threshold * faded_calls_) return true;
  const OutcomeWindow::Totals seen = window_.Count(now);
  if (seen.calls < config_.minimum_calls) return false;
  const bool failing = config_.failure_threshold > 0 &&
                       AtLeast(seen.failures, config_.failure_threshold, seen.calls);
  return failing ||
         (config_.slow_call > 0s && AtLeast(seen.slow, config_.slow_threshold, seen.calls));
}

// Both sums fade alike, so their ratio is the average and calls of one instant count in full.
void Breaker::Fade(bool failure, Time now) {
  const double keep = std::exp(-Seconds(now - faded_at_) / Seconds(config_.ewma_window));
  faded_calls_ = faded_calls_ * keep + 1;
  faded_failures_ = faded_failures_ * keep + (failure ? 1 : 0);
  faded_at_ = now;
}

void Breaker::ReportProbe(uint64_t id, CallOutcome outcome, bool slow, Time now, double u) {
  const auto place = std::find_if(probes_.begin(), probes_.end(),
                                  [id](const Probe& probe) { return probe.id == id; });
  if (id == 0 || place == probes_.end()) return;
  *place = Probe{};  // neutral outcomes give the lease back and prove nothing
  if (outcome == CallOutcome::kNeutral) return;
  if (outcome == CallOutcome::kFailure || slow) {
    if (++probe_failures_ >= config_.probes_to_open) Open(now, u);
  } else if (++probe_successes_ >= config_.probes_to_close) {
    Close(now);
  }
}

void Breaker::Become(BreakerState state) {
  SQUALL_CHECK(Legal(state_, state));
  state_ = state;
  ++generation_;  // permits from before this moment are stale
  std::fill(probes_.begin(), probes_.end(), Probe{});
  probe_successes_ = 0;
  probe_failures_ = 0;
}

Duration Breaker::OpenTime(double u) const {
  const Duration longest = std::max(config_.open_for, config_.open_max);
  const double growth = std::pow(config_.open_growth, static_cast<double>(relapses_));
  const Duration open = std::min(longest, Scaled(config_.open_for, growth));
  return Scaled(open, 1 + config_.open_jitter * u);
}

bool Breaker::Well(Time now) const { return state_ == BreakerState::kClosed && now >= full_at_; }

void Breaker::Open(Time now, double u) {
  if (Well(now)) relapses_ = 0;
  open_until_ = SaturatingAdd(now, OpenTime(u));
  ++relapses_;
  Become(BreakerState::kOpen);
}

void Breaker::OpenUntil(Time until, Time now) {
  if (!config_.enabled || until <= now) return;
  if (Well(now)) relapses_ = 0;
  const bool open = state_ == BreakerState::kOpen;
  open_until_ = open ? std::max(open_until_, until) : until;
  if (!open) Become(BreakerState::kOpen);
}

void Breaker::Hint(Duration wait, Time now) {
  const bool counts = config_.open_on_hint > 0s && wait >= config_.open_on_hint;
  if (counts) OpenUntil(SaturatingAdd(now, wait), now);
}

void Breaker::Close(Time now) {
  Become(BreakerState::kClosed);
  full_at_ = SaturatingAdd(now, config_.ramp);
  window_.Clear();
  row_ = 0;
  faded_calls_ = 0;
  faded_failures_ = 0;
}

}  // namespace squall

#include "engine/policy/send_rate.h"

#include <algorithm>
#include <cmath>

namespace squall {
namespace {

// What the bucket fills at before anything is measured.
constexpr double kFirstPerS = 1;

}  // namespace

void Describe(Fields& f, SendRateConfig& c) {
  f.Bool("enabled", c.enabled,
         "Whether attempts wait for a rate that is found out from throttling replies.");
  f.Number("scale", c.scale, {1e-6, 1e6},
           "How fast that rate grows: factor of the cubic, requests a second per second cubed.");
  f.Number("beta", c.beta, {1e-6, 1 - 1e-6}, "Share of the rate that a throttling reply leaves.");
  f.Number("smoothing", c.smoothing, {1e-6, 1},
           "Weight of the newest measurement in the rate at which attempts are answered.");
  f.Span("measure_every", c.measure_every, {1ms, 24h}, "Least time that is measured at once.");
  f.Number("most_over_measured", c.most_over_measured, {1e-6, 1e6},
           "The rate is never more than this many times the measured one.");
  f.Number("min_per_s", c.min_per_s, {1e-6, 1e9},
           "Least rate, requests a second, whatever was measured.");
  f.Int("max_waiting", c.max_waiting, {0, 1'000'000}, "Most attempts that wait at one time.");
  f.Span("max_wait", c.max_wait, {0s, 24h},
         "Longest wait; an attempt that has not gone by then is given up.");
}

SendRate::SendRate(const SendRateConfig& config) : config_(config) {
  SetRate(kFirstPerS, kStart);
  bucket_.LowerTo(0);
}

Time SendRate::ReadyAt(Time now) {
  if (!config_.enabled || !on_) return now;
  bucket_.Advance(now);
  return bucket_.ReadyAt(1);
}

uint64_t SendRate::Take(Time now) {
  if (!config_.enabled || !on_) return 0;
  bucket_.Advance(now);
  bucket_.Take(1, ++taken_);
  return taken_;
}

void SendRate::GiveBack(uint64_t number, Time now) {
  if (number == 0) return;
  bucket_.Advance(now);
  bucket_.GiveBack(1, number);
}

void SendRate::OnReply(bool throttled, Time now) {
  if (!config_.enabled) return;
  Measure(now);
  if (throttled) {
    w_max_ = on_ ? std::min(measured_, per_s()) : measured_;
    k_s_ = std::cbrt(w_max_ * (1 - config_.beta) / config_.scale);
    throttled_at_ = now;
    on_ = true;
  }
  const double t_s = Seconds(now - throttled_at_) - k_s_;
  const double cubic = throttled ? config_.beta * w_max_ : config_.scale * t_s * t_s * t_s + w_max_;
  SetRate(std::min(cubic, config_.most_over_measured * measured_), now);
}

// The reply that ends a step is counted into it.
void SendRate::Measure(Time now) {
  ++replies_;
  const int64_t step = (now - kStart) / config_.measure_every;
  if (step <= measured_to_) return;
  const Duration over = (step - measured_to_) * config_.measure_every;
  const double newest = static_cast<double>(replies_) / Seconds(over);
  measured_ = config_.smoothing * newest + (1 - config_.smoothing) * measured_;
  replies_ = 0;
  measured_to_ = step;
}

// What the bucket has gathered by now was at the old rate.
void SendRate::SetRate(double per_s, Time now) {
  bucket_.Advance(now);
  bucket_.SetLimit(std::max(per_s, config_.min_per_s), std::max(per_s, 1.0));
}

}  // namespace squall

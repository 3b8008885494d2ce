#include "engine/policy/concurrency_limit.h"

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr std::string_view kLimitKinds[] = {"none", "fixed", "aimd", "gradient"};
constexpr double kLightLoad = 0.5;  // share of the limit below which no queue is expected
constexpr double kLeastGradient = 0.5;
constexpr double kFarBelow = 0.67;    // of the base: more than chance, the provider got faster
constexpr double kQueueSign = 2;      // times the latency without load that slow start puts up with
constexpr int64_t kLeastSample = 50;  // answers in a mean of latencies
constexpr int64_t kCalm = 3;          // windows without a queue after which the limit hastens
constexpr int64_t kMostHaste = 8;     // times its ordinary growth
constexpr int64_t kSoon = 2;          // windows
constexpr int64_t kBaseSamples = 5;   // windows over which the base is averaged
// Answers that are skipped, in multiples of the limit, after it has changed: of requests that begin
// together the quick ones end first (with exponential times, 1.4 / 1.1 / 1.01 too few after 1 / 2 /
// 3).
constexpr int64_t kSettle = 3;

}  // namespace

void Describe(Fields& f, ConcurrencyLimitConfig& c) {
  constexpr IntRange kCount{1, 1'000'000};
  f.Enum("kind", c.kind, kLimitKinds,
         "How many requests may be in flight: any number, a fixed one, or one found by additive "
         "increase and multiplicative decrease or from the gradient of latency.");
  f.Int("initial", c.initial, kCount, "Limit at the start, and for good where it is fixed.");
  f.Int("least", c.least, kCount, "Least limit.");
  f.Int("most", c.most, kCount, "Greatest limit.");
  f.Number("backoff", c.backoff, {0.01, 0.999}, "Factor on the limit at overload.");
  f.Span("slow", c.slow, {0s, 24h}, "Latency that aimd takes for overload; 0 is none.");
  f.Number("overload_share", c.overload_share, {0, 0.99},
           "Share of a round's answers that must be signs of overload before the limit falls.");
  f.Int("window", c.window, kCount, "Answers per decision of the gradient.");
  f.Number("tolerance", c.tolerance, {1, 100},
           "Latency over that without load at which the limit begins to fall.");
  f.Number("queue", c.queue, {1e-3, 1e3}, "Growth of the limit per window, before smoothing.");
  f.Number("smoothing", c.smoothing, {1e-3, 1}, "Weight of one window in the limit.");
  f.Int("probe_every", c.probe_every, {2, 1'000'000},
        "Windows from one measurement of the latency without load to the next.");
  f.Int("max_waiting", c.max_waiting, {0, 1'000'000},
        "Most requests that wait for a place at one time; 0 goes elsewhere at once.");
  f.Span("max_wait", c.max_wait, {0s, 24h}, "Longest wait for a place.");
  f.Require(c.least <= c.initial && c.initial <= c.most, "initial must lie between least and most");
}

ConcurrencyLimit::ConcurrencyLimit(const ConcurrencyLimitConfig& config)
    : config_(config),
      limit_(static_cast<double>(config.initial)),
      slow_start_(config.kind == ConcurrencyKind::kAimd) {
  windows_since_probe_ = config.probe_every;  // the first latency may be that of a queue
  BeginEpoch();
}

int64_t ConcurrencyLimit::limit() const {
  const double halved = probing_ ? limit_ * kLightLoad : limit_;
  return std::max(static_cast<int64_t>(halved), config_.least);
}

bool ConcurrencyLimit::used() const { return static_cast<double>(peak_) > limit_ * kLightLoad; }

void ConcurrencyLimit::SetLimit(double limit) {
  limit_ = std::clamp(limit, static_cast<double>(config_.least), static_cast<double>(config_.most));
}

std::optional<ConcurrencyLimit::Permit> ConcurrencyLimit::Acquire(Time now) {
  if (full()) return std::nullopt;
  ++in_flight_;
  peak_ = std::max(peak_, in_flight_);
  return Permit{epoch_, now};
}

void ConcurrencyLimit::Release(const Permit& permit, LoadSignal signal, Time now) {
  Release(permit, signal, now - permit.start, now);
}

void ConcurrencyLimit::Release(const Permit& permit, LoadSignal signal, Duration latency, Time) {
  SQUALL_CHECK(in_flight_ > 0);
  --in_flight_;
  const bool aimd = config_.kind == ConcurrencyKind::kAimd;
  if (!aimd && config_.kind != ConcurrencyKind::kGradient) return;
  const bool too_slow = aimd && config_.slow > 0s && latency > config_.slow;
  const bool timed_out = signal == LoadSignal::kTimedOut;
  if (signal == LoadSignal::kIgnored || (timed_out && !aimd)) return;
  const bool sign = signal == LoadSignal::kOverload || timed_out || too_slow;
  if (Overloaded(permit, sign)) {
    Shrink();
  } else if (!sign) {
    aimd ? CountSuccess(Seconds(latency)) : Observe(permit, Seconds(latency));
  }
}

bool ConcurrencyLimit::Overloaded(const Permit& permit, bool sign) {
  if (permit.epoch != epoch_) return false;
  overloads_ += sign ? 1 : 0;
  const double round = static_cast<double>(limit());
  if (sign && static_cast<double>(overloads_) > config_.overload_share * round) return true;
  if (++answers_ >= limit()) answers_ = overloads_ = 0;
  return false;
}

void ConcurrencyLimit::Shrink() {
  probing_ = false;
  successes_ = 0;
  calm_ = 0;
  if (slow_start_) EndSlowStart();
  SetLimit(limit_ * config_.backoff);
  BeginEpoch();
}

void ConcurrencyLimit::BeginEpoch() {
  ++epoch_;
  answers_ = overloads_ = 0;
  window_ = {};
  skip_ = kSettle * limit();
}

// What it has added last was too much; where it has added nothing there is nothing to take back.
void ConcurrencyLimit::EndSlowStart() {
  slow_start_ = false;
  window_ = {};
  SetLimit(std::max(limit_ / 2, static_cast<double>(config_.initial)));
}

void ConcurrencyLimit::StartSlowly(double latency_s) {
  if (used()) SetLimit(limit_ + 1);
  window_.sum_s += latency_s;
  if (++window_.count < std::max(config_.initial, kLeastSample)) return;
  const double mean_s = window_.Mean();
  window_ = {};
  if (base_s_ == 0 || mean_s < base_s_) base_s_ = mean_s;
  if (mean_s > base_s_ * kQueueSign) EndSlowStart();
}

void ConcurrencyLimit::CountSuccess(double latency_s) {
  if (slow_start_) StartSlowly(latency_s);
  if (++successes_ < limit()) return;
  // A round of as many successes as may be in flight at once.
  if (!slow_start_ && used()) SetLimit(limit_ + 1);
  successes_ = 0;
  peak_ = in_flight_;
}

void ConcurrencyLimit::Observe(const Permit& permit, double latency_s) {
  if (permit.epoch != epoch_) return;  // begun under another limit, so it measures that one
  if (skip_ > 0) {
    --skip_;
    return;
  }
  window_.sum_s += latency_s;
  if (++window_.count >= std::max(config_.window, 2 * limit())) CloseWindow();
}

void ConcurrencyLimit::CloseWindow() {
  const double latency_s = window_.Mean();
  const bool light = probing_ || !used();
  window_ = {};
  peak_ = in_flight_;
  if (light) {  // a probe, or nothing much to do: what is measured is the base
    // Half of far too much is still too much: soon halve it again.
    windows_since_probe_ = latency_s < base_s_ * kFarBelow ? config_.probe_every - kSoon : 0;
    LearnBase(latency_s);
    if (!probing_) return;
    probing_ = false;
    BeginEpoch();
    return;
  }
  if (base_s_ == 0 || latency_s < base_s_ * kFarBelow) LearnBase(latency_s);
  const double gradient = std::clamp(config_.tolerance * base_s_ / latency_s, kLeastGradient, 1.0);
  calm_ = gradient == 1 ? calm_ + 1 : 0;
  const double haste = static_cast<double>(std::clamp<int64_t>(calm_ - kCalm, 1, kMostHaste));
  const double verdict = limit_ * gradient + config_.queue * std::sqrt(limit_) * haste;
  SetLimit(limit_ + config_.smoothing * (verdict - limit_));
  if (++windows_since_probe_ < config_.probe_every) return;
  probing_ = true;
  BeginEpoch();  // only what begins at half the limit measures the base
}

void ConcurrencyLimit::LearnBase(double latency_s) {
  if (latency_s < base_s_ * kFarBelow) base_samples_ = 0;
  const double weight = 1 / static_cast<double>(std::min(++base_samples_, kBaseSamples));
  base_s_ += weight * (latency_s - base_s_);
}

}  // namespace squall

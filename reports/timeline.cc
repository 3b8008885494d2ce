#include "reports/timeline.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/check.h"

namespace squall {

namespace {

// Digits beyond these are noise, and a result file is long enough.
double Rounded(double value, double digits) { return std::round(value * digits) / digits; }

}  // namespace

void TimelineRecorder::Window::Add(const Window& other) {
  covered_ns += other.covered_ns;
  requests += other.requests;
  for (size_t i = 0; i < kBuckets; ++i) latency[i] += other.latency[i];
  if (other.budget_n > 0) {
    budget_least = budget_n == 0 ? other.budget_least : std::min(budget_least, other.budget_least);
  }
  budget_n += other.budget_n;
  budget_sum += other.budget_sum;
}

TimelineRecorder::TimelineRecorder(size_t providers)
    : providers_(providers), circuits_(providers) {}

// Eighths of an octave, by the three bits after the leading one: linear within the octave.
size_t TimelineRecorder::BucketOf(int64_t ns) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(ns, 1));
  const int octave = static_cast<int>(std::bit_width(value)) - 1;
  if (octave < kFirstOctave) return 0;
  const auto part = static_cast<size_t>((value >> (octave - 3)) & 7);
  const size_t bucket = static_cast<size_t>(octave - kFirstOctave) * kParts + part;
  return std::min(bucket, kBuckets - 1);
}

int64_t TimelineRecorder::MicrosOf(size_t bucket, double inside) {
  const int octave = kFirstOctave + static_cast<int>(bucket / kParts);
  const auto low = (uint64_t{kParts} + bucket % kParts) << (octave - 3);
  const uint64_t width = uint64_t{1} << (octave - 3);
  const double ns = static_cast<double>(low) + inside * static_cast<double>(width);
  return std::llround(ns / 1000);
}

int64_t TimelineRecorder::QuantileUs(const Window& window, double q) {
  if (window.requests == 0) return -1;
  const auto rank = static_cast<int64_t>(std::ceil(q * static_cast<double>(window.requests)));
  int64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    const auto here = static_cast<int64_t>(window.latency[i]);
    if (seen + here >= rank) {
      const double inside = (static_cast<double>(rank - seen) - 0.5) / static_cast<double>(here);
      return MicrosOf(i, inside);
    }
    seen += here;
  }
  return MicrosOf(kBuckets - 1, 1);
}

// Pairs of windows become one.
void TimelineRecorder::Coarsen() {
  for (size_t i = 0; i < windows_.size(); ++i) {
    const size_t to = i / 2;
    if (i % 2 == 1) {
      windows_[to].Add(windows_[i]);
    } else if (i > 0) {
      windows_[to] = windows_[i];
    }
    for (size_t p = 0; p < providers_; ++p) {
      const CircuitTime from = circuit_times_[i * providers_ + p];
      CircuitTime& sum = circuit_times_[to * providers_ + p];
      sum.open_ns = (i % 2 == 1 ? sum.open_ns : 0) + from.open_ns;
      sum.half_open_ns = (i % 2 == 1 ? sum.half_open_ns : 0) + from.half_open_ns;
    }
  }
  windows_.resize((windows_.size() + 1) / 2);
  circuit_times_.resize(windows_.size() * providers_);
  window_ns_ *= 2;
}

TimelineRecorder::Window& TimelineRecorder::WindowAt(Time at) {
  const int64_t ns = std::max<int64_t>(at.time_since_epoch().count(), 0);
  while (ns / window_ns_ >= kMostWindows) Coarsen();
  const auto index = static_cast<size_t>(ns / window_ns_);
  if (index >= windows_.size()) {
    windows_.resize(index + 1);
    circuit_times_.resize(windows_.size() * providers_);
  }
  last_ = std::max(last_, at);
  return windows_[index];
}

void TimelineRecorder::OnRequest(Time started, Time ended) {
  WindowAt(ended);
  Window& window = WindowAt(started);
  ++window.requests;
  ++window.latency[BucketOf((ended - started).count())];
}

void TimelineRecorder::OnBudget(Time now, double left) {
  if (!std::isfinite(left)) return;
  Window& window = WindowAt(now);
  window.budget_least = window.budget_n == 0 ? left : std::min(window.budget_least, left);
  window.budget_sum += left;
  ++window.budget_n;
}

// `add` is told the window and the nanoseconds of [from, to) that lie in it.
template <class AddPart>
void TimelineRecorder::Spread(Time from, Time to, AddPart add) {
  if (to <= from) return;
  WindowAt(to);
  int64_t at = from.time_since_epoch().count();
  const int64_t end = to.time_since_epoch().count();
  while (at < end) {
    const int64_t window = at / window_ns_;
    const int64_t part = std::min((window + 1) * window_ns_, end) - at;
    add(static_cast<size_t>(window), part);
    at += part;
  }
}

void TimelineRecorder::AddCircuitTime(size_t provider, Time until) {
  Circuit& circuit = circuits_[provider];
  if (circuit.open > 0 || circuit.half_open > 0) {
    Spread(circuit.since, until, [&](size_t window, int64_t ns) {
      CircuitTime& sum = circuit_times_[window * providers_ + provider];
      (circuit.open > 0 ? sum.open_ns : sum.half_open_ns) += ns;
    });
  }
  circuit.since = until;
}

void TimelineRecorder::OnBreaker(size_t provider, BreakerState from, BreakerState to, Time now) {
  SQUALL_CHECK(provider < providers_);
  AddCircuitTime(provider, now);
  Circuit& circuit = circuits_[provider];
  ++circuit.moves;
  circuit.open += (to == BreakerState::kOpen) - (from == BreakerState::kOpen);
  circuit.half_open += (to == BreakerState::kHalfOpen) - (from == BreakerState::kHalfOpen);
}

void TimelineRecorder::Settle() {
  for (size_t p = 0; p < providers_; ++p) {
    AddCircuitTime(p, last_);
    circuits_[p] = Circuit{.moves = circuits_[p].moves};
  }
  Spread(kStart, last_, [this](size_t window, int64_t ns) { windows_[window].covered_ns += ns; });
  ++replications_;
}

void TimelineRecorder::Merge(const TimelineRecorder& later) {
  SQUALL_CHECK(providers_ == later.providers_);
  if (later.window_ns_ != window_ns_) {
    if (later.window_ns_ < window_ns_) {
      TimelineRecorder coarser = later;
      while (coarser.window_ns_ < window_ns_) coarser.Coarsen();
      Merge(coarser);
      return;
    }
    while (window_ns_ < later.window_ns_) Coarsen();
  }
  if (later.windows_.size() > windows_.size()) {
    windows_.resize(later.windows_.size());
    circuit_times_.resize(later.circuit_times_.size());
  }
  for (size_t i = 0; i < later.windows_.size(); ++i) windows_[i].Add(later.windows_[i]);
  for (size_t i = 0; i < later.circuit_times_.size(); ++i) {
    circuit_times_[i].open_ns += later.circuit_times_[i].open_ns;
    circuit_times_[i].half_open_ns += later.circuit_times_[i].half_open_ns;
  }
  for (size_t p = 0; p < providers_; ++p) circuits_[p].moves += later.circuits_[p].moves;
  replications_ += later.replications_;
  last_ = std::max(last_, later.last_);
}

TimeSeries TimelineRecorder::Summarize(const std::vector<std::string>& names) const {
  SQUALL_CHECK(names.size() == providers_);
  TimeSeries series;
  series.window_s = window_ns_ / 1'000'000'000;
  series.replications = replications_;
  for (const Window& window : windows_) {
    series.p50_us.push_back(QuantileUs(window, 0.5));
    series.p99_us.push_back(QuantileUs(window, 0.99));
    const bool known = window.budget_n > 0;
    const double mean = window.budget_sum / static_cast<double>(window.budget_n);
    series.budget_least.push_back(known ? Rounded(window.budget_least, 1e3) : -1);
    series.budget_mean.push_back(known ? Rounded(mean, 1e3) : -1);
  }
  for (size_t p = 0; p < providers_; ++p) {
    CircuitLine line;
    line.provider = names[p];
    line.moves = circuits_[p].moves;
    for (size_t i = 0; i < windows_.size(); ++i) {
      const CircuitTime& time = circuit_times_[i * providers_ + p];
      const auto share = [&](int64_t ns) {
        const int64_t covered = windows_[i].covered_ns;
        if (covered == 0) return 0.0;
        return Rounded(static_cast<double>(ns) / static_cast<double>(covered), 1e4);
      };
      line.open.push_back(share(time.open_ns));
      line.half_open.push_back(share(time.half_open_ns));
    }
    series.circuits.push_back(std::move(line));
  }
  return series;
}

}  // namespace squall

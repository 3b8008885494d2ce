#include "engine/policy/latency_quantile.h"

#include <algorithm>
#include <cmath>

namespace squall {
namespace {

constexpr double kLeastNs = 1e5;
constexpr double kHeaviest = 1e100;  // weights are scaled down long before they overflow

}  // namespace

void Describe(Fields& f, LatencyQuantileConfig& c) {
  f.Int("minimum_samples", c.minimum_samples, {1, 1'000'000},
        "Latencies that must be known before a quantile of them is used.");
  f.Int("memory", c.memory, {1, 1'000'000'000},
        "Latencies after which the weight of one has fallen to 1/e.");
}

LatencyQuantile::LatencyQuantile(const LatencyQuantileConfig& config)
    : config_(config), growth_(std::exp(1 / static_cast<double>(config.memory))) {}

void LatencyQuantile::Add(Duration latency) {
  const double ns = static_cast<double>(latency.count());
  const double place = ns > kLeastNs ? std::log2(ns / kLeastNs) * kPerOctave : 0;
  const size_t bucket = std::min(static_cast<size_t>(place), buckets_.size() - 1);
  buckets_[bucket] += weight_;
  octaves_[bucket / kPerOctave] += weight_;
  total_ += weight_;
  ++samples_;
  weight_ *= growth_;
  if (weight_ > kHeaviest) Rescale();
}

void LatencyQuantile::Rescale() {
  for (double& bucket : buckets_) bucket /= weight_;
  total_ = 0;
  for (size_t octave = 0; octave < kOctaves; ++octave) {
    octaves_[octave] = 0;
    for (size_t i = 0; i < kPerOctave; ++i) octaves_[octave] += buckets_[octave * kPerOctave + i];
    total_ += octaves_[octave];
  }
  weight_ = 1;
}

std::optional<Duration> LatencyQuantile::Quantile(double q) const {
  if (samples_ < config_.minimum_samples) return std::nullopt;
  // Less than a billionth of the weight is forgotten, more is lost in rounding.
  double left = std::clamp(q, 1e-9, 1 - 1e-9) * total_;
  size_t octave = 0;
  while (octave + 1 < kOctaves && octaves_[octave] < left) left -= octaves_[octave++];
  size_t bucket = octave * kPerOctave;
  const size_t last = bucket + kPerOctave - 1;
  while (bucket < last && buckets_[bucket] < left) left -= buckets_[bucket++];
  const double middle = (static_cast<double>(bucket) + 0.5) / kPerOctave;
  return Duration(static_cast<int64_t>(kLeastNs * std::exp2(middle)));
}

}  // namespace squall

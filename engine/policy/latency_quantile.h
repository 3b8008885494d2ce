// LatencyQuantile: quantiles of the latency of late, for hedging and for timeouts. A histogram with
// eight buckets per power of two, in which every new sample weighs a little more than the last, so
// that old ones fade without being touched. What is returned is the middle of a bucket: within
// 2^(1/16), 4.5 %, of the quantile of the faded samples. O(1) per sample, 32 steps per quantile.
//
// Pure; one per provider or model. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/base/fields.h"
#include "engine/base/time.h"

namespace squall {

struct LatencyQuantileConfig {
  int64_t minimum_samples = 20;  // before anything is said, >= 1
  int64_t memory = 500;          // samples after which one's weight has fallen to 1/e, >= 1
};

void Describe(Fields& f, LatencyQuantileConfig& c);

class LatencyQuantile {
 public:
  explicit LatencyQuantile(const LatencyQuantileConfig& config);

  // Below 100 us and above half an hour the ends of the scale are taken.
  void Add(Duration latency);

  // The latency that a share `q` in [0, 1] of samples does not exceed; nullopt while they are few.
  std::optional<Duration> Quantile(double q) const;

  int64_t samples() const { return samples_; }  // ever added

 private:
  static constexpr size_t kPerOctave = 8;
  static constexpr size_t kOctaves = 24;

  void Rescale();

  LatencyQuantileConfig config_;
  double growth_;      // of the weight from one sample to the next
  double weight_ = 1;  // of the next sample
  double total_ = 0;
  int64_t samples_ = 0;
  std::array<double, kOctaves> octaves_{};  // sums of their buckets
  std::array<double, kOctaves * kPerOctave> buckets_{};
};

}  // namespace squall

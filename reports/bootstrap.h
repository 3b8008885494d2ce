// Bootstrap: intervals for what has no formula, by drawing from the sample as the sample was drawn
// from the world (B. Efron, Annals of Statistics 7 (1979); percentile intervals). What is drawn is
// what is independent: pairs where two engines met the same requests, whole episodes or seeds where
// an outage makes requests alike, blocks of a series where neighbours resemble each other (circular
// blocks: D. N. Politis, J. P. Romano, 1992).
//
// Draws are keyed by seed and resample, so the same sample has the same interval everywhere.
// Percentile intervals of fewer than some twenty blocks are too narrow: use Student's t there.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <span>

#include "reports/intervals.h"

namespace squall {

struct BootstrapOptions {
  uint64_t seed = 1;
  int64_t resamples = 2000;  // >= 100
  double confidence = 0.95;  // in (0, 1)
};

// For statistic(picked), where `picked` are `picks` indices in [0, n) drawn with replacement; both
// at least 1.
Interval Bootstrap(int64_t picks, int64_t n, const BootstrapOptions& options,
                   absl::FunctionRef<double(std::span<const int64_t> picked)> statistic);

// For the mean of first[i] - second[i]. Of the same length, not empty.
Interval PairedBootstrap(std::span<const double> first, std::span<const double> second,
                         const BootstrapOptions& options);

// For the pooled proportion over blocks (episodes, seeds) that are independent of each other. Of
// blocks with nothing in them, [0, 1].
Interval BlockBootstrap(std::span<const Proportion> blocks, const BootstrapOptions& options);

// For the mean of a series, in blocks of `length` neighbours, 1 <= length <= its size.
Interval BlockBootstrap(std::span<const double> series, int64_t length,
                        const BootstrapOptions& options);

}  // namespace squall

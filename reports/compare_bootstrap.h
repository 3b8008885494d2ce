// The bootstrap behind a comparison (compare.h): both runs are drawn again from the same blocks of
// requests, and every figure is taken of each draw at once, because drawing costs more than adding.
// Percentile intervals (Efron, Annals of Statistics 7 (1979)); draws are keyed by resample and
// block.
#pragma once

#include <optional>
#include <vector>

#include "reports/compare.h"

namespace squall {

// Of next - base, or nullopt where a draw had nothing of it.
struct BlockIntervals {
  int64_t blocks = 0;
  std::optional<Interval> attempts;        // per request
  std::optional<Interval> cost_usd;        // per request
  std::optional<Interval> class_accuracy;  // of faulted attempts
  std::optional<Interval> retry_accuracy;
  std::optional<Interval> latency_ms[3];  // kLatencyShares
  double latency_change_ms[3] = {};       // exact, where results have histograms
};
inline constexpr double kLatencyShares[] = {0.5, 0.9, 0.99};

// Of equally long tables with the same replications.
BlockIntervals DrawBlocks(const RequestsTable& base, const RequestsTable& next,
                          const CompareOptions& options);

}  // namespace squall

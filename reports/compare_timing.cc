#include "reports/compare_timing.h"

#include <absl/strings/str_format.h>

#include <vector>

namespace squall {

std::optional<TimedPairs> CompareTimes(std::span<const StoredResult> base,
                                       std::span<const StoredResult> next) {
  std::vector<double> before;
  std::vector<double> after;
  for (const StoredResult& run : base) before.push_back(run.result.timing.cpu_s);
  for (const StoredResult& run : next) after.push_back(run.result.timing.cpu_s);
  return PairTimes(before, after);
}

std::string TimedPairsText(const TimedPairs& pairs) {
  return absl::StrFormat(
      "CPU time %.3f times the base's [%.3f, %.3f], median of %d interleaved pairs", pairs.ratio,
      pairs.interval.low, pairs.interval.high, pairs.pairs);
}

}  // namespace squall

#include "reports/compare_timing.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <vector>

#include "reports/bootstrap.h"

namespace squall {
namespace {

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

std::optional<TimedPairs> CompareTimes(std::span<const StoredResult> base,
                                       std::span<const StoredResult> next) {
  if (base.size() != next.size() || base.size() < kFewestTimedPairs) return std::nullopt;
  std::vector<double> before;
  std::vector<double> after;
  for (size_t i = 0; i < base.size(); ++i) {
    before.push_back(base[i].result.timing.cpu_s);
    after.push_back(next[i].result.timing.cpu_s);
  }
  if (*std::min_element(before.begin(), before.end()) <= 0) return std::nullopt;
  TimedPairs out;
  out.pairs = base.size();
  out.ratio = MedianOf(after) / MedianOf(before);
  const auto pairs = static_cast<int64_t>(out.pairs);
  out.ci95 = Bootstrap(pairs, pairs, {.seed = 1, .resamples = 2000, .confidence = 0.95},
                       [&](std::span<const int64_t> picked) {
                         std::vector<double> one;
                         std::vector<double> other;
                         for (const int64_t pick : picked) {
                           one.push_back(before[static_cast<size_t>(pick)]);
                           other.push_back(after[static_cast<size_t>(pick)]);
                         }
                         return MedianOf(std::move(other)) / MedianOf(std::move(one));
                       });
  return out;
}

std::string TimedPairsText(const TimedPairs& pairs) {
  return absl::StrFormat(
      "CPU time %.3f times the base's [%.3f, %.3f], medians of %d interleaved pairs", pairs.ratio,
      pairs.ci95.low, pairs.ci95.high, pairs.pairs);
}

}  // namespace squall

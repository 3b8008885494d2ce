#include "reports/compare_timing.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <vector>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kPairs = Stream("compare.timing");
constexpr int64_t kResamples = 2000;

double Median(std::vector<double> values) {
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
  out.ratio = Median(after) / Median(before);
  std::vector<double> ratios;
  for (int64_t resample = 0; resample < kResamples; ++resample) {
    std::vector<double> one;
    std::vector<double> other;
    for (size_t i = 0; i < out.pairs; ++i) {
      const double u = Draw(1, kPairs, static_cast<uint64_t>(resample), 0, i);
      const auto pick = static_cast<size_t>(u * static_cast<double>(out.pairs));
      one.push_back(before[pick]);
      other.push_back(after[pick]);
    }
    ratios.push_back(Median(std::move(other)) / Median(std::move(one)));
  }
  std::sort(ratios.begin(), ratios.end());
  const auto last = static_cast<double>(ratios.size() - 1);
  out.ci95 = {ratios[static_cast<size_t>(0.025 * last + 0.5)],
              ratios[static_cast<size_t>(0.975 * last + 0.5)]};
  return out;
}

std::string TimedPairsText(const TimedPairs& pairs) {
  return absl::StrFormat(
      "CPU time %.3f times the base's [%.3f, %.3f], medians of %d interleaved pairs", pairs.ratio,
      pairs.ci95.low, pairs.ci95.high, pairs.pairs);
}

}  // namespace squall

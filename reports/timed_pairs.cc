#include "reports/timed_pairs.h"

#include <algorithm>
#include <vector>

namespace squall {
namespace {

// Of values that may be put into another order.
double MedianInPlace(std::vector<double>* values) {
  const size_t half = values->size() / 2;
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(half);
  std::nth_element(values->begin(), middle, values->end());
  if (values->size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values->begin(), middle)) / 2;
}

}  // namespace

double MedianOf(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  return MedianInPlace(&copy);
}

std::optional<TimedPairs> PairTimes(std::span<const double> base, std::span<const double> next,
                                    const BootstrapOptions& options) {
  if (base.size() != next.size() || base.size() < kFewestTimedPairs) return std::nullopt;
  if (*std::min_element(base.begin(), base.end()) <= 0) return std::nullopt;
  std::vector<double> ratios;
  for (size_t i = 0; i < base.size(); ++i) ratios.push_back(next[i] / base[i]);
  const auto pairs = static_cast<int64_t>(ratios.size());
  TimedPairs out;
  out.pairs = ratios.size();
  out.ratio = MedianOf(ratios);
  std::vector<double> drawn(ratios.size());
  out.interval = Bootstrap(pairs, pairs, options, [&](std::span<const int64_t> picked) {
    for (size_t i = 0; i < picked.size(); ++i) drawn[i] = ratios[static_cast<size_t>(picked[i])];
    return MedianInPlace(&drawn);
  });
  return out;
}

}  // namespace squall

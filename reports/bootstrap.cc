#include "reports/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kPick = Stream("report/bootstrap");

double SortedAt(std::span<const double> sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Interval Bootstrap(int64_t picks, int64_t n, const BootstrapOptions& options,
                   absl::FunctionRef<double(std::span<const int64_t> picked)> statistic) {
  SQUALL_CHECK(picks >= 1 && n >= 1 && options.resamples >= 100);
  SQUALL_CHECK(0 < options.confidence && options.confidence < 1);
  std::vector<int64_t> picked(static_cast<size_t>(picks));
  std::vector<double> values;
  for (int64_t resample = 0; resample < options.resamples; ++resample) {
    for (int64_t i = 0; i < picks; ++i) {
      const uint64_t bits =
          DrawBits(options.seed, kPick, static_cast<uint64_t>(resample), static_cast<uint64_t>(i));
      picked[static_cast<size_t>(i)] =
          static_cast<int64_t>(PickBelow(bits, static_cast<uint64_t>(n)));
    }
    values.push_back(statistic(picked));
  }
  std::sort(values.begin(), values.end());
  const double tail = (1 - options.confidence) / 2;
  return Interval{.low = SortedAt(values, tail), .high = SortedAt(values, 1 - tail)};
}

Interval PairedBootstrap(std::span<const double> first, std::span<const double> second,
                         const BootstrapOptions& options) {
  SQUALL_CHECK(first.size() == second.size());
  const auto n = static_cast<int64_t>(first.size());
  return Bootstrap(n, n, options, [&](std::span<const int64_t> picked) {
    double sum = 0;
    for (const int64_t i : picked) {
      sum += first[static_cast<size_t>(i)] - second[static_cast<size_t>(i)];
    }
    return sum / static_cast<double>(picked.size());
  });
}

Interval BlockBootstrap(std::span<const Proportion> blocks, const BootstrapOptions& options) {
  std::vector<Proportion> used;
  for (const Proportion& block : blocks) {
    if (block.n > 0) used.push_back(block);
  }
  if (used.empty()) return Interval{};
  const auto n = static_cast<int64_t>(used.size());
  return Bootstrap(n, n, options, [&used](std::span<const int64_t> picked) {
    Proportion sum;
    for (const int64_t i : picked) {
      sum.successes += used[static_cast<size_t>(i)].successes;
      sum.n += used[static_cast<size_t>(i)].n;
    }
    return static_cast<double>(sum.successes) / static_cast<double>(sum.n);
  });
}

Interval BlockBootstrap(std::span<const double> series, int64_t length,
                        const BootstrapOptions& options) {
  const auto size = static_cast<int64_t>(series.size());
  SQUALL_CHECK(1 <= length && length <= size);
  const int64_t blocks = (size + length - 1) / length;
  // Blocks begin anywhere and go round the end, so that every value is as likely as any other.
  return Bootstrap(blocks, size, options, [&](std::span<const int64_t> begins) {
    double sum = 0;
    for (const int64_t begin : begins) {
      for (int64_t i = 0; i < length; ++i) sum += series[static_cast<size_t>((begin + i) % size)];
    }
    return sum / static_cast<double>(blocks * length);
  });
}

}  // namespace squall

#include "reports/batch_means.h"

#include <vector>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr int64_t kGroup = 5;  // the 5 of MSER-5

std::vector<double> MeansOf(std::span<const double> series, int64_t length) {
  std::vector<double> means;
  const auto size = static_cast<int64_t>(series.size());
  for (int64_t begin = 0; begin + length <= size; begin += length) {
    double sum = 0;
    for (int64_t i = begin; i < begin + length; ++i) sum += series[static_cast<size_t>(i)];
    means.push_back(sum / static_cast<double>(length));
  }
  return means;
}

}  // namespace

int64_t WarmUp(std::span<const double> series) {
  const std::vector<double> groups = MeansOf(series, kGroup);
  const size_t half = groups.size() / 2;
  // From the end, so that each further group only adds to the mean and its squares (Welford).
  double mean = 0;
  double squares = 0;
  double least = 0;
  size_t cut = 0;
  for (size_t i = groups.size(); i-- > 0;) {
    const double count = static_cast<double>(groups.size() - i);
    const double off = groups[i] - mean;
    mean += off / count;
    squares += off * (groups[i] - mean);
    if (i > half) continue;
    const double error = squares / (count * count);
    if (i == half || error <= least) {
      least = error;
      cut = i;
    }
  }
  return static_cast<int64_t>(cut) * kGroup;
}

BatchMeans MeanOfSeries(std::span<const double> series) {
  SQUALL_CHECK(static_cast<int64_t>(series.size()) >= kLeastSeries);
  BatchMeans result;
  result.deleted = WarmUp(series);
  const std::span<const double> rest = series.subspan(static_cast<size_t>(result.deleted));
  const int64_t length = static_cast<int64_t>(rest.size()) / kBatches;
  // What does not fill a batch is left out at the front, where it is least typical.
  const size_t skip = rest.size() - static_cast<size_t>(length * kBatches);
  result.estimate = Mean(MeansOf(rest.subspan(skip), length));
  return result;
}

}  // namespace squall

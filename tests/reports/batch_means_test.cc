#include "reports/batch_means.h"

#include <cmath>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::batch_means_test {
namespace {

constexpr StreamId kNoise = Stream("test/noise");

// x_i = mean + phi (x_(i-1) - mean) + noise: a series with a memory of about 1 / (1 - phi).
std::vector<double> Series(uint64_t seed, size_t n, double start, double mean, double phi) {
  std::vector<double> values;
  double x = start;
  for (size_t i = 0; i < n; ++i) {
    x = mean + phi * (x - mean) + NormalQuantile(Draw(seed, kNoise, i));
    values.push_back(x);
  }
  return values;
}

TEST_CASE("batch means: a start far from the steady state is deleted, and little more") {
  std::vector<double> ramp = Series(1, 2000, 0, 0, 0);
  for (size_t i = 0; i < 200; ++i) ramp[i] += 50 - 0.25 * static_cast<double>(i);
  const int64_t deleted = WarmUp(ramp);
  CHECK(deleted >= 180);
  CHECK(deleted <= 300);
  CHECK(MeanOfSeries(ramp).estimate.mean == Approx(0).margin(0.15));
}

TEST_CASE("batch means: nothing is deleted of a series that is steady but for chance") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CHECK(WarmUp(Series(seed, 2000, 0, 0, 0)) <= 1000);
  }
  CHECK(WarmUp(std::vector<double>(200, 7.0)) == 0);
  CHECK(WarmUp(std::vector<double>{1, 2}) == 0);
}

// Neighbours alike make the naive interval three times too narrow (phi 0.8: (1 + phi) / (1 - phi) =
// 9 times the variance). Of 200 intervals of 95 %, more than 22 misses have a probability of 0.1 %.
TEST_CASE("batch means: nineteen intervals of twenty contain the mean of a series with memory") {
  int misses = 0;
  int naive = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const std::vector<double> series = Series(seed, 4000, 3, 3, 0.8);
    const Interval interval = MeanInterval(MeanOfSeries(series).estimate);
    misses += interval.low > 3 || interval.high < 3;
    const Interval each = MeanInterval(Mean(series));
    naive += each.low > 3 || each.high < 3;
  }
  CHECK(misses <= 22);
  CHECK(naive > 80);
}

TEST_CASE("batch means: a constant series has its value and no spread") {
  const BatchMeans result = MeanOfSeries(std::vector<double>(1000, 2.5));
  CHECK(result.estimate.mean == Approx(2.5));
  CHECK(result.estimate.standard_error == Approx(0).margin(1e-12));
  CHECK(result.estimate.n == kBatches);
}

}  // namespace
}  // namespace squall::batch_means_test

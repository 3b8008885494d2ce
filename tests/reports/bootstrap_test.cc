// Statistical claims here are about fixed seeds: what passes once passes always.
#include "reports/bootstrap.h"

#include <cmath>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::bootstrap_test {
namespace {

constexpr StreamId kSample = Stream("test/sample");

std::vector<double> NormalSample(uint64_t seed, size_t n, double mean, double sd) {
  std::vector<double> values;
  for (size_t i = 0; i < n; ++i) {
    values.push_back(mean + sd * NormalQuantile(Draw(seed, kSample, i)));
  }
  return values;
}

double Width(const Interval& interval) { return interval.high - interval.low; }

TEST_CASE("bootstrap: a mean's interval is about as wide as theory says") {
  const std::vector<double> sample = NormalSample(1, 400, 10, 2);
  const std::vector<double> zeros(400, 0);
  const Interval interval = PairedBootstrap(sample, zeros, {});
  // 2 * 1.96 * 2 / sqrt(400); the resampling's own error is a few percent.
  CHECK(Width(interval) == Approx(2 * 1.96 * 2 / 20).epsilon(0.12));
  CHECK(interval.low < Mean(sample).mean);
  CHECK(Mean(sample).mean < interval.high);
}

TEST_CASE("bootstrap: pairs that rise and fall together have a narrow difference") {
  const std::vector<double> first = NormalSample(2, 200, 10, 5);
  std::vector<double> second = first;
  for (double& value : second) value -= 1;
  const Interval paired = PairedBootstrap(first, second, {});
  CHECK(paired.low == Approx(1));
  CHECK(paired.high == Approx(1));
}

TEST_CASE("bootstrap: the same sample and seed have the same interval, another seed another") {
  const std::vector<double> sample = NormalSample(3, 50, 0, 1);
  const std::vector<double> zeros(50, 0);
  const Interval one = PairedBootstrap(sample, zeros, {});
  const Interval again = PairedBootstrap(sample, zeros, {});
  const Interval other = PairedBootstrap(sample, zeros, {.seed = 2});
  CHECK(one.low == again.low);
  CHECK(one.high == again.high);
  CHECK(one.low != other.low);
}

TEST_CASE("bootstrap: blocks that disagree make a wide interval, whatever their requests") {
  std::vector<Proportion> alike(40, Proportion{.successes = 80, .n = 100});
  CHECK(Width(BlockBootstrap(alike, {})) == Approx(0).margin(1e-12));
  std::vector<Proportion> apart;
  for (int i = 0; i < 40; ++i) apart.push_back({.successes = i % 2 == 0 ? 60 : 100, .n = 100});
  // Standard deviation of a block 0.2: 2 * 1.96 * 0.2 / sqrt(40). Wilson of 4000 would say 0.025.
  const Interval wide = BlockBootstrap(apart, {});
  CHECK(Width(wide) == Approx(2 * 1.96 * 0.2 / std::sqrt(40)).epsilon(0.12));
  CHECK(BlockBootstrap(std::vector<Proportion>(3), {}).high == 1);
}

TEST_CASE("bootstrap: blocks as long as the memory of a series widen its interval to the truth") {
  // Each value ten times in a row: 100 independent values that look like 1000.
  std::vector<double> series;
  for (const double value : NormalSample(4, 100, 0, 1)) series.insert(series.end(), 10, value);
  const double naive = Width(BlockBootstrap(series, 1, {}));
  const double blocks = Width(BlockBootstrap(series, 50, {}));
  CHECK(naive == Approx(2 * 1.96 / std::sqrt(1000)).epsilon(0.15));
  CHECK(blocks == Approx(2 * 1.96 / std::sqrt(100)).epsilon(0.25));
}

// 300 samples of 30: an interval of 95 % that misses the mean more than 31 times has a probability
// below 0.1 % of being one; a percentile bootstrap of 30 covers about 93.5 %.
TEST_CASE("bootstrap: nineteen intervals of twenty contain the mean") {
  int misses = 0;
  const std::vector<double> zeros(30, 0);
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<double> sample = NormalSample(100 + seed, 30, 5, 1);
    const Interval interval = PairedBootstrap(sample, zeros, {.seed = seed, .resamples = 400});
    misses += interval.low > 5 || interval.high < 5;
  }
  CHECK(misses <= 36);
  CHECK(misses >= 5);
}

}  // namespace
}  // namespace squall::bootstrap_test

#include "reports/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::histogram_test {
namespace {

constexpr double kQuantiles[] = {0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};

// From nanoseconds to minutes, with a long tail.
std::vector<int64_t> Samples(int n) {
  std::vector<int64_t> samples;
  for (int i = 0; i < n; ++i) {
    const double u = Draw(7, Stream("histogram_test"), static_cast<uint64_t>(i));
    samples.push_back(static_cast<int64_t>(std::pow(10.0, 11 * u)));
  }
  return samples;
}

Histogram Of(const std::vector<int64_t>& samples) {
  Histogram histogram;
  for (const int64_t sample : samples) histogram.Record(sample);
  return histogram;
}

TEST_CASE("a histogram's quantile is within 0.4 % of the exact one over eleven decades") {
  std::vector<int64_t> samples = Samples(20'000);
  const Histogram histogram = Of(samples);
  std::sort(samples.begin(), samples.end());
  for (const double q : kQuantiles) {
    CAPTURE(q);
    const double rank = std::max(1.0, std::ceil(q * 20'000));
    const double exact = static_cast<double>(samples[static_cast<size_t>(rank) - 1]);
    CHECK(std::abs(static_cast<double>(histogram.Quantile(q)) - exact) <= exact / 256);
  }
}

TEST_CASE("values below 256 are kept exactly") {
  for (int64_t value = 0; value < 256; ++value) {
    CHECK(Of({value, value, 1'000'000}).Quantile(0.5) == value);
  }
}

TEST_CASE("merged histograms equal the one that saw everything") {
  const std::vector<int64_t> samples = Samples(5'000);
  const Histogram whole = Of(samples);
  Histogram merged;
  for (size_t part = 0; part < 5; ++part) {
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(part * 1000);
    merged.Merge(Of({begin, begin + 1000}));
  }
  for (const double q : kQuantiles) CHECK(merged.Quantile(q) == whole.Quantile(q));
  CHECK(merged.count() == whole.count());
  CHECK(merged.mean() == whole.mean());
  CHECK(merged.min() == whole.min());
  CHECK(merged.max() == whole.max());
}

TEST_CASE("a histogram takes every int64 and never reports beyond what it saw") {
  const Histogram histogram = Of({-5, 0, INT64_MAX, INT64_MAX, INT64_MAX});
  CHECK(histogram.Quantile(0) == 0);
  CHECK(histogram.Quantile(1) <= INT64_MAX);
  CHECK(histogram.max() == INT64_MAX);
  CHECK(histogram.mean() == Approx(0.6 * static_cast<double>(INT64_MAX)));
  CHECK(Of({1'000'003}).Quantile(0.5) == 1'000'003);
}

TEST_CASE("an empty histogram reports zeros") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.Quantile(0.99) == 0);
  CHECK(histogram.mean() == 0);
  CHECK(histogram.min() == 0);
  CHECK(histogram.max() == 0);
}

TEST_CASE("a percentile needs ten samples beyond it") {
  CHECK(EnoughForQuantile(20, 0.5));
  CHECK_FALSE(EnoughForQuantile(19, 0.5));
  CHECK(EnoughForQuantile(1'000, 0.99));
  CHECK_FALSE(EnoughForQuantile(999, 0.99));
  CHECK(EnoughForQuantile(10'000, 0.999));
  CHECK_FALSE(EnoughForQuantile(9'999, 0.999));
}

}  // namespace
}  // namespace squall::histogram_test

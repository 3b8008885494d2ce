#include "engine/policy/latency_quantile.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::latency_quantile_test {
namespace {

constexpr double kBucketError = 0.0443;  // 2^(1/16) - 1

TEST_CASE("latency quantile: says nothing before it has the minimum of samples", "[policy]") {
  LatencyQuantile quantile(LatencyQuantileConfig{5, 100});
  for (int i = 0; i < 4; ++i) quantile.Add(1s);
  CHECK_FALSE(quantile.Quantile(0.5));
  quantile.Add(1s);
  CHECK(Seconds(*quantile.Quantile(0.5)) == Approx(1).epsilon(kBucketError));
}

TEST_CASE("latency quantile: within half a bucket of the exact quantile", "[policy]") {
  // So long a memory that all samples weigh the same.
  for (const double sigma : {0.1, 0.5, 1.5}) {
    LatencyQuantile quantile(LatencyQuantileConfig{1, 1'000'000'000});
    std::vector<double> exact;
    for (uint64_t i = 0; i < 5'000; ++i) {
      const double s = LogNormal(Draw(1, Stream("latency"), i), 0.8, sigma);
      exact.push_back(s);
      quantile.Add(FromSeconds(s));
    }
    std::sort(exact.begin(), exact.end());
    for (const double q : {0.01, 0.1, 0.5, 0.9, 0.95, 0.99}) {
      const double want = exact[static_cast<size_t>(std::ceil(q * 5'000)) - 1];
      CAPTURE(sigma, q, want);
      CHECK(Seconds(*quantile.Quantile(q)) == Approx(want).epsilon(kBucketError + 1e-3));
    }
  }
}

TEST_CASE("latency quantile: forgets what was", "[policy]") {
  LatencyQuantile quantile(LatencyQuantileConfig{20, 100});
  for (int i = 0; i < 10'000; ++i) quantile.Add(10s);
  for (int i = 0; i < 300; ++i) quantile.Add(1s);  // e^-3 = 5 % of the weight is left to the past
  CHECK(Seconds(*quantile.Quantile(0.94)) == Approx(1).epsilon(kBucketError));
  CHECK(Seconds(*quantile.Quantile(0.96)) == Approx(10).epsilon(kBucketError));
  for (int i = 0; i < 1'000'000; ++i) quantile.Add(2s);  // far beyond where weights are rescaled
  CHECK(Seconds(*quantile.Quantile(0)) == Approx(2).epsilon(kBucketError));
  CHECK(Seconds(*quantile.Quantile(1)) == Approx(2).epsilon(kBucketError));
}

TEST_CASE("latency quantile: grows with the share and stays on its scale", "[policy]") {
  LatencyQuantile quantile(LatencyQuantileConfig{1, 50});
  for (const Duration odd : {Duration(-5s), Duration(0s), Duration(1ns), Duration::max()}) {
    quantile.Add(odd);
  }
  for (uint64_t i = 0; i < 200; ++i) quantile.Add(FromSeconds(Draw(2, 2, i)));
  Duration last = 0s;
  for (int i = -1; i <= 101; ++i) {
    const Duration at = *quantile.Quantile(i / 100.0);
    CHECK(at >= last);
    CHECK(at >= 100us);
    CHECK(at <= 30min);
    last = at;
  }
}

}  // namespace
}  // namespace squall::latency_quantile_test

#include "reports/intervals.h"

#include <cmath>
#include <vector>

#include "tests/catch.h"

namespace squall::intervals_test {
namespace {

struct Reference {
  int64_t successes, n;
  Interval wilson, exact;
};

// 95 %, six decimals.
constexpr Reference kReference[] = {
    {0, 10, {0, .277533}, {0, .308497}},
    {0, 100, {0, .036993}, {0, .036217}},
    {1, 10, {.017876, .404150}, {.002529, .445016}},
    {5, 10, {.236593, .763407}, {.187086, .812914}},
    {84, 100, {.755797, .899047}, {.753212, .905690}},
    {841, 1000, {.817036, .862354}, {.816838, .863134}},
    {5085, 6049, {.831195, .849642}, {.831165, .849775}},
    {8410, 10000, {.833702, .848036}, {.833684, .848117}},
    {58870, 70000, {.838272, .843690}, {.838270, .843702}},
    {0, 3000, {0, .001279}, {0, .001229}},
    {1, 3000, {.000059, .001886}, {.000008, .001856}},
};

TEST_CASE("intervals agree with the reference table to six decimals") {
  for (const Reference& row : kReference) {
    CAPTURE(row.successes, row.n);
    const Interval wilson = Wilson(row.successes, row.n);
    const Interval exact = ClopperPearson(row.successes, row.n);
    CHECK(std::abs(wilson.low - row.wilson.low) < 6e-7);
    CHECK(std::abs(wilson.high - row.wilson.high) < 6e-7);
    CHECK(std::abs(exact.low - row.exact.low) < 6e-7);
    CHECK(std::abs(exact.high - row.exact.high) < 6e-7);
  }
}

TEST_CASE("an interval is symmetric under swapping success and failure") {
  for (int64_t k = 0; k <= 30; ++k) {
    CHECK(Wilson(k, 30).low == Approx(1 - Wilson(30 - k, 30).high).margin(1e-12));
    CHECK(ClopperPearson(k, 30).low == Approx(1 - ClopperPearson(30 - k, 30).high).margin(1e-12));
  }
}

TEST_CASE("an interval contains its estimate and stays within 0 and 1") {
  for (const int64_t n : {1, 2, 7, 1'000'000}) {
    for (const int64_t k : {int64_t{0}, n / 3, n}) {
      for (const Interval& interval : {Wilson(k, n), ClopperPearson(k, n)}) {
        const double p = static_cast<double>(k) / static_cast<double>(n);
        CHECK(0 <= interval.low);
        CHECK(interval.low <= p);
        CHECK(p <= interval.high);
        CHECK(interval.high <= 1);
      }
    }
  }
}

TEST_CASE("of nothing, any proportion is possible") {
  CHECK(Wilson(0, 0).low == 0);
  CHECK(Wilson(0, 0).high == 1);
  CHECK(ClopperPearson(0, 0).low == 0);
  CHECK(ClopperPearson(0, 0).high == 1);
}

TEST_CASE("more confidence is a wider interval") {
  CHECK(Wilson(30, 100, 0.99).low < Wilson(30, 100, 0.95).low);
  CHECK(Wilson(30, 100, 0.99).high > Wilson(30, 100, 0.95).high);
}

double BinomialProbability(int64_t n, int64_t k, double p) {
  const double logarithm =
      std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
      std::lgamma(static_cast<double>(n - k) + 1) + static_cast<double>(k) * std::log(p) +
      static_cast<double>(n - k) * std::log1p(-p);
  return std::exp(logarithm);
}

TEST_CASE("binomial bounds are the narrowest that leave the tail probability on each side") {
  for (const double p : {0.001, 0.1, 0.5, 0.97}) {
    for (const int64_t n : {1, 10, 400}) {
      CAPTURE(p, n);
      const CountBounds bounds = BinomialBounds(n, p);
      double below = 0;
      for (int64_t k = 0; k < bounds.low; ++k) below += BinomialProbability(n, k, p);
      double above = 0;
      for (int64_t k = bounds.high + 1; k <= n; ++k) above += BinomialProbability(n, k, p);
      CHECK(below <= 0.0005);
      CHECK(above <= 0.0005);
      CHECK(below + BinomialProbability(n, bounds.low, p) > 0.0005);
      if (bounds.high > 0) CHECK(above + BinomialProbability(n, bounds.high, p) > 0.0005);
    }
  }
}

TEST_CASE("binomial bounds of a certain outcome are that outcome") {
  CHECK(BinomialBounds(50, 0).high == 0);
  CHECK(BinomialBounds(50, 1).low == 50);
  CHECK(BinomialBounds(50, 1).high == 50);
  CHECK(BinomialBounds(0, 0.5).high == 0);
  CHECK(BinomialBounds(1000, 0.1).Contains(100));
  CHECK_FALSE(BinomialBounds(1000, 0.1).Contains(150));
}

TEST_CASE("replications that disagree widen the interval, and fewer than five have none") {
  const std::vector<Proportion> alike(8, Proportion{.successes = 80, .n = 100});
  const auto narrow = ClusteredInterval(alike);
  REQUIRE(narrow);
  CHECK(narrow->low == Approx(0.8));
  CHECK(narrow->high == Approx(0.8));

  // Mean 0.8, residuals of +-10 in each of 8: error sqrt(8/7 * 800) / 800, t(7; 0.975) = 2.364624.
  std::vector<Proportion> apart;
  for (int i = 0; i < 8; ++i) apart.push_back({.successes = i % 2 == 0 ? 70 : 90, .n = 100});
  const auto wide = ClusteredInterval(apart);
  REQUIRE(wide);
  const double half = 2.364624 * std::sqrt(8.0 / 7 * 800) / 800;
  CHECK(wide->low == Approx(0.8 - half).margin(1e-6));
  CHECK(wide->high == Approx(0.8 + half).margin(1e-6));

  apart.resize(4);
  CHECK_FALSE(ClusteredInterval(apart));
  apart.resize(40);  // empty ones do not count
  CHECK_FALSE(ClusteredInterval(apart));
}

// t(9; 0.975) = 2.262157, t(1; 0.95) = 6.313752.
TEST_CASE("the interval of a mean over replications is Student's t") {
  const Interval ten = StudentInterval(5, 0.5, 9);
  CHECK(ten.low == Approx(5 - 0.5 * 2.262157).margin(1e-6));
  CHECK(ten.high == Approx(5 + 0.5 * 2.262157).margin(1e-6));
  CHECK(StudentInterval(0, 1, 1, 0.90).high == Approx(6.313752).margin(1e-6));

  const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};  // mean 5, sum of squares 32
  const MeanEstimate estimate = Mean(values);
  CHECK(estimate.mean == Approx(5));
  CHECK(estimate.standard_error == Approx(std::sqrt(32.0 / 7 / 8)));
  const double half = 2.364624 * std::sqrt(32.0 / 7 / 8);
  CHECK(MeanInterval(estimate).high == Approx(5 + half).margin(1e-5));
}

TEST_CASE("one replication says nothing of its spread") {
  const MeanEstimate one = Mean(std::vector<double>{3});
  CHECK(one.mean == 3);
  CHECK(std::isinf(MeanInterval(one).low));
  CHECK(std::isinf(MeanInterval(one).high));
}

// Exact p values: 2 * sum of binomial probabilities at 1/2 up to the smaller count.
TEST_CASE("McNemar's exact test sees only the pairs that differ") {
  CHECK(McNemarP(0, 0) == 1);
  CHECK(McNemarP(5, 5) == 1);
  CHECK(McNemarP(0, 5) == Approx(2.0 / 32));
  CHECK(McNemarP(1, 9) == Approx(2 * 11.0 / 1024));
  CHECK(McNemarP(9, 1) == McNemarP(1, 9));
  CHECK(McNemarP(100, 300) < 1e-20);
}

}  // namespace
}  // namespace squall::intervals_test

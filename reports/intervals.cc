// The only file of the reports that includes Boost.Math, which is slow to compile.
#include "reports/intervals.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>

#include "engine/base/check.h"

namespace squall {
namespace {

namespace bm = boost::math;
using bm::policies::errno_on_error;

// Out of range arguments give NaN and errno, never an exception.
using Quiet = bm::policies::policy<
    bm::policies::domain_error<errno_on_error>, bm::policies::pole_error<errno_on_error>,
    bm::policies::overflow_error<errno_on_error>, bm::policies::rounding_error<errno_on_error>,
    bm::policies::evaluation_error<errno_on_error>>;

double TwoSidedZ(double confidence) {
  return bm::quantile(
      bm::complement(bm::normal_distribution<double, Quiet>(), (1 - confidence) / 2));
}

void CheckArguments(int64_t successes, int64_t n, double confidence) {
  SQUALL_CHECK(0 <= successes && successes <= n);
  SQUALL_CHECK(0 < confidence && confidence < 1);
}

}  // namespace

Interval Wilson(int64_t successes, int64_t n, double confidence) {
  CheckArguments(successes, n, confidence);
  if (n == 0) return Interval{};
  const double z = TwoSidedZ(confidence);
  const double count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double scale = 1 / (1 + z * z / count);
  const double centre = scale * (p + z * z / (2 * count));
  const double half = scale * z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  // At the ends the formula is exactly 0 or 1, and arithmetic only nearly.
  return Interval{.low = successes == 0 ? 0 : std::max(0.0, centre - half),
                  .high = successes == n ? 1 : std::min(1.0, centre + half)};
}

Interval ClopperPearson(int64_t successes, int64_t n, double confidence) {
  CheckArguments(successes, n, confidence);
  if (n == 0) return Interval{};
  const double tail = (1 - confidence) / 2;
  const double k = static_cast<double>(successes);
  const double rest = static_cast<double>(n - successes);
  Interval interval;
  if (successes > 0) interval.low = bm::ibeta_inv(k, rest + 1, tail, Quiet());
  if (successes < n) interval.high = bm::ibetac_inv(k + 1, rest, tail, Quiet());
  return interval;
}

std::optional<Interval> ClusteredInterval(std::span<const Proportion> clusters, double confidence) {
  SQUALL_CHECK(0 < confidence && confidence < 1);
  int64_t successes = 0;
  int64_t total = 0;
  int64_t used = 0;
  for (const Proportion& cluster : clusters) {
    successes += cluster.successes;
    total += cluster.n;
    if (cluster.n > 0) ++used;
  }
  if (used < kMinClusters) return std::nullopt;
  const double p = static_cast<double>(successes) / static_cast<double>(total);
  double squares = 0;
  for (const Proportion& cluster : clusters) {
    const double off = static_cast<double>(cluster.successes) - p * static_cast<double>(cluster.n);
    squares += off * off;
  }
  const double k = static_cast<double>(used);
  const double error = std::sqrt(k / (k - 1) * squares) / static_cast<double>(total);
  const bm::students_t_distribution<double, Quiet> student(k - 1);
  const double half = error * bm::quantile(bm::complement(student, (1 - confidence) / 2));
  return Interval{.low = std::max(0.0, p - half), .high = std::min(1.0, p + half)};
}

Interval PairedDifference(int64_t both, int64_t first_only, int64_t second_only, int64_t n,
                          double confidence) {
  const int64_t neither = n - both - first_only - second_only;
  SQUALL_CHECK(both >= 0 && first_only >= 0 && second_only >= 0 && neither >= 0);
  if (n == 0) return Interval{.low = -1, .high = 1};
  const int64_t first = both + first_only;
  const int64_t second = both + second_only;
  const Interval one = Wilson(first, n, confidence);
  const Interval two = Wilson(second, n, confidence);
  const double count = static_cast<double>(n);
  const double p1 = static_cast<double>(first) / count;
  const double p2 = static_cast<double>(second) / count;
  // Correlation of the two, with the paper's continuity correction where it is positive.
  const double margins = static_cast<double>(first) * static_cast<double>(n - first) *
                         static_cast<double>(second) * static_cast<double>(n - second);
  double cross = static_cast<double>(both) * static_cast<double>(neither) -
                 static_cast<double>(first_only) * static_cast<double>(second_only);
  if (cross > 0) cross = std::max(0.0, cross - count / 2);
  const double phi = margins > 0 ? cross / std::sqrt(margins) : 0;
  const auto reach = [phi](double a, double b) {
    return std::sqrt(std::max(0.0, a * a - 2 * phi * a * b + b * b));
  };
  return Interval{.low = std::max(-1.0, p1 - p2 - reach(p1 - one.low, two.high - p2)),
                  .high = std::min(1.0, p1 - p2 + reach(one.high - p1, p2 - two.low))};
}

Interval MeanInterval(double sum, double squares, int64_t n, double confidence) {
  SQUALL_CHECK(n >= 1);
  SQUALL_CHECK(0 < confidence && confidence < 1);
  const double count = static_cast<double>(n);
  const double mean = sum / count;
  if (n == 1) return Interval{.low = mean, .high = mean};
  const double variance = std::max(0.0, (squares - sum * mean) / (count - 1));
  const double half = TwoSidedZ(confidence) * std::sqrt(variance / count);
  return Interval{.low = mean - half, .high = mean + half};
}

Interval StudentInterval(double mean, double standard_error, double degrees, double confidence) {
  SQUALL_CHECK(0 < confidence && confidence < 1);
  SQUALL_CHECK(standard_error >= 0 && degrees >= 1);
  const bm::students_t_distribution<double, Quiet> student(degrees);
  const double half = standard_error * bm::quantile(bm::complement(student, (1 - confidence) / 2));
  return Interval{.low = mean - half, .high = mean + half};
}

MeanEstimate Mean(std::span<const double> values) {
  SQUALL_CHECK(!values.empty());
  const double count = static_cast<double>(values.size());
  MeanEstimate estimate;
  estimate.n = static_cast<int64_t>(values.size());
  for (const double value : values) estimate.mean += value / count;
  double squares = 0;  // around the mean, so that nothing cancels
  for (const double value : values) squares += (value - estimate.mean) * (value - estimate.mean);
  if (estimate.n > 1) estimate.standard_error = std::sqrt(squares / (count - 1) / count);
  return estimate;
}

Interval MeanInterval(const MeanEstimate& estimate, double confidence) {
  constexpr double kAnything = std::numeric_limits<double>::infinity();
  if (estimate.n < 2) return Interval{.low = -kAnything, .high = kAnything};
  return StudentInterval(estimate.mean, estimate.standard_error,
                         static_cast<double>(estimate.n - 1), confidence);
}

double McNemarP(int64_t first_only, int64_t second_only) {
  SQUALL_CHECK(first_only >= 0 && second_only >= 0);
  const int64_t n = first_only + second_only;
  if (n == 0) return 1;
  const bm::binomial_distribution<double, Quiet> fair(static_cast<double>(n), 0.5);
  const auto smaller = static_cast<double>(std::min(first_only, second_only));
  return std::min(1.0, 2 * bm::cdf(fair, smaller));
}

CountBounds BinomialBounds(int64_t n, double p, double confidence) {
  SQUALL_CHECK(n >= 0 && 0 <= p && p <= 1);
  SQUALL_CHECK(0 < confidence && confidence < 1);
  if (p == 0 || n == 0) return CountBounds{};
  if (p == 1) return CountBounds{.low = n, .high = n};
  const double tail = (1 - confidence) / 2;
  const bm::binomial_distribution<double, Quiet> draws(static_cast<double>(n), p);
  // The smallest count in [0, n] for which `reached` holds; it holds for n.
  const auto smallest = [n](auto reached) {
    int64_t low = 0;
    int64_t high = n;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (reached(static_cast<double>(middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  };
  return CountBounds{
      .low = smallest([&](double k) { return bm::cdf(draws, k) > tail; }),
      .high = smallest([&](double k) { return bm::cdf(bm::complement(draws, k)) <= tail; })};
}

}  // namespace squall

// Confidence intervals for proportions, which every rate in a report carries.
//
// Wilson: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
// JASA 22 (1927), the score interval; near its nominal coverage even at 0 of n and n of n, and
// recommended by Brown, Cai, DasGupta, Statistical Science 16 (2001). Clopper-Pearson: Biometrika
// 26 (1934), never below its nominal coverage. Both hold for independent requests. Outages make
// requests of one run alike; ClusteredInterval lets replications vote instead (Cochran, "Sampling
// Techniques", 3rd ed., section 6: variance of a ratio estimate, with Student's t). Two engines on
// the same requests are paired, and their difference is narrower than either rate: R. G. Newcombe,
// "Improved confidence intervals for the difference between binomial proportions based on paired
// data", Statistics in Medicine 17 (1998), method 10.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace squall {

struct Interval {
  double low = 0;
  double high = 1;
  bool operator==(const Interval&) const = default;
};

struct Proportion {
  int64_t successes = 0;
  int64_t n = 0;
};

// Two-sided, 0 <= successes <= n, confidence in (0, 1). Of nothing, [0, 1] is all that is known.
Interval Wilson(int64_t successes, int64_t n, double confidence = 0.95);
Interval ClopperPearson(int64_t successes, int64_t n, double confidence = 0.95);

inline constexpr int kMinClusters = 5;

// For the pooled proportion, from how much it varies between clusters (replications). nullopt if
// fewer than kMinClusters of them are non-empty.
std::optional<Interval> ClusteredInterval(std::span<const Proportion> clusters,
                                          double confidence = 0.95);

// For p1 - p2 where the same n things were tried twice: `both` times with success both times,
// `first_only` and `second_only` times the first or the second time alone. Of nothing, [-1, 1].
Interval PairedDifference(int64_t both, int64_t first_only, int64_t second_only, int64_t n,
                          double confidence = 0.95);

// For the mean of n values (n >= 1) of the given sum and sum of squares, by the normal
// approximation. Of one value, the value.
Interval MeanInterval(double sum, double squares, int64_t n, double confidence = 0.95);

// mean -+ t * standard_error with Student's t of `degrees` (>= 1) of freedom; standard_error >= 0.
Interval StudentInterval(double mean, double standard_error, double degrees,
                         double confidence = 0.95);

// For the mean of independent values, such as one figure of each replication: Student's t. Of one
// value all numbers, since nothing is known of its spread. `values` is not empty.
struct MeanEstimate {
  double mean = 0;
  double standard_error = 0;  // of the mean; 0 of one value
  int64_t n = 0;
};
MeanEstimate Mean(std::span<const double> values);
Interval MeanInterval(const MeanEstimate& estimate, double confidence = 0.95);

// Two-sided p value of McNemar's test in its exact form: were those pairs in which only one of two
// engines succeeded as likely to go either way? 1 if there are none. Q. McNemar, Psychometrika 12
// (1947); exact: binomial of first_only + second_only trials at 1/2, the smaller tail doubled.
double McNemarP(int64_t first_only, int64_t second_only);

// Inclusive.
struct CountBounds {
  int64_t low = 0;
  int64_t high = 0;
  bool Contains(int64_t count) const { return low <= count && count <= high; }
};

// Where the number of successes among n independent draws of probability p falls with at least the
// given probability, (1 - confidence) / 2 or less on either side: what a test that a configured
// rate is the observed rate accepts.
CountBounds BinomialBounds(int64_t n, double p, double confidence = 0.999);

}  // namespace squall

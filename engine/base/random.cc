#include "engine/base/random.h"

#include <algorithm>
#include <cmath>

namespace squall {
namespace {

// The smallest draw that a quantile function is asked about: half a step of ToUnit.
constexpr double kTiny = 0x1.0p-54;

double CentralQuantile(double p) {
  const double q = p - 0.5;
  const double r = q * q;
  const double num =
      (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
         1.383577518672690e+02) *
            r -
        3.066479806614716e+01) *
           r +
       2.506628277459239e+00) *
      q;
  const double den =
      ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
        6.680131188771972e+01) *
           r -
       1.328068155288572e+01) *
          r +
      1.0;
  return num / den;
}

double LowerTailQuantile(double p) {
  const double q = std::sqrt(-2.0 * std::log(p));
  const double num =
      ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
        2.549732539343734e+00) *
           q +
       4.374664141464968e+00) *
          q +
      2.938163982698783e+00;
  const double den =
      (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
       3.754408661907416e+00) *
          q +
      1.0;
  return num / den;
}

}  // namespace

double Exponential(double u, double mean) { return -mean * std::log1p(-u); }

double NormalQuantile(double u) {
  constexpr double kLow = 0.02425;
  const double p = std::max(u, kTiny);
  if (p < kLow) return LowerTailQuantile(p);
  if (p > 1.0 - kLow) return -LowerTailQuantile(1.0 - p);
  return CentralQuantile(p);
}

double LogNormal(double u, double median, double sigma) {
  return median * std::exp(sigma * NormalQuantile(u));
}

int PickWeighted(double u, std::span<const double> weights) {
  double upper = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    upper += weights[i];
    if (u < upper) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace squall

// Verdict: does a measured figure bear out a published one? By two one-sided tests (TOST) at 5 %
// each: D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the power
// approach", J. Pharmacokinetics and Biopharmaceutics 15 (1987). A figure is reproduced if the 90 %
// interval lies within the margin, refuted if the 95 % interval excludes the figure and the
// estimate lies beyond the margin, and else inconclusive: to be unable to tell is no agreement.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "reports/intervals.h"

namespace squall {

enum class Verdict : uint8_t { kReproduced, kRefuted, kInconclusive, kNotTestable };
std::string_view VerdictName(Verdict verdict);  // "reproduced", ..., "not_testable"

// What is measured, with how sure it is. Both intervals contain the value.
struct Estimate {
  double value = 0;
  Interval ci90;
  Interval ci95;
  int64_t n = 0;            // what the interval counts: requests, or replications
  std::string_view method;  // static: "wilson", "t over replications", ...
};

// What is claimed: that the figure lies in [low, high], give or take the margin (>= 0). A point is
// low == high; "at least" has no upper end, "at most" no lower one.
struct Claimed {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  double margin = 0;
};

Verdict Judge(const Claimed& claimed, const Estimate& measured);

}  // namespace squall

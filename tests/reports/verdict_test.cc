#include "reports/verdict.h"

#include "tests/catch.h"

namespace squall::verdict_test {
namespace {

// 84.1, give or take 1.
constexpr Claimed kPoint{.low = 84.1, .high = 84.1, .margin = 1};

Estimate Measured(double value, double half90, double half95) {
  Estimate estimate;
  estimate.value = value;
  estimate.ci90 = {.low = value - half90, .high = value + half90};
  estimate.ci95 = {.low = value - half95, .high = value + half95};
  return estimate;
}

struct Row {
  const char* what;
  Claimed claimed;
  Estimate measured;
  Verdict verdict;
};

const Claimed kAtLeast{.low = 50, .margin = 2};
const Claimed kAtMost{.high = 50, .margin = 2};
const Claimed kRange{.low = 10, .high = 15, .margin = 0};

const Row kRows[] = {
    {"the 90 % interval within the margin", kPoint, Measured(84.4, 0.6, 0.8), Verdict::kReproduced},
    {"which excludes the figure all the same", kPoint, Measured(84.9, 0.1, 0.2),
     Verdict::kReproduced},
    {"an end beyond the margin", kPoint, Measured(84.6, 0.6, 0.8), Verdict::kInconclusive},
    {"too few to tell", kPoint, Measured(84.1, 3, 4), Verdict::kInconclusive},
    {"beyond the margin, but with the figure in the interval", kPoint, Measured(85.5, 1.3, 1.6),
     Verdict::kInconclusive},
    {"beyond the margin and clear of the figure", kPoint, Measured(85.5, 0.8, 1),
     Verdict::kRefuted},
    {"clear of the figure and within the margin", kPoint, Measured(85, 0.3, 0.4),
     Verdict::kInconclusive},
    {"enough", kAtLeast, Measured(60, 5, 6), Verdict::kReproduced},
    {"not enough", kAtLeast, Measured(40, 5, 6), Verdict::kRefuted},
    {"perhaps enough", kAtLeast, Measured(47, 5, 6), Verdict::kInconclusive},
    {"little enough", kAtMost, Measured(40, 5, 6), Verdict::kReproduced},
    {"too much", kAtMost, Measured(60, 5, 6), Verdict::kRefuted},
    {"in the range", kRange, Measured(12, 1, 2), Verdict::kReproduced},
    {"exactly at its end", kRange, Measured(15, 0, 0), Verdict::kReproduced},
    {"far above the range", kRange, Measured(60, 0, 0), Verdict::kRefuted},
};

TEST_CASE(
    "verdict: equivalence needs the interval inside the margin, refutation needs it outside") {
  for (const Row& row : kRows) {
    CAPTURE(row.what);
    CHECK(VerdictName(Judge(row.claimed, row.measured)) == VerdictName(row.verdict));
  }
}

}  // namespace
}  // namespace squall::verdict_test

// The interval for a mean of few independent observations: Student, "The Probable Error of a Mean",
// Biometrika 6 (1908). Of proportions and of many observations: reports/intervals.h.
#pragma once

#include <cstdint>

namespace squall {

// Half the width of the two-sided interval for a mean of n values (n >= 2) with the given standard
// error; confidence in (0, 1).
double StudentReach(double standard_error, int64_t n, double confidence = 0.95);

}  // namespace squall

// Batch means: an interval for the steady-state mean of one long series whose neighbours resemble
// each other, such as the queue of a provider or the goodput of a run. The beginning, which still
// depends on how the run started, is deleted by MSER-5 (K. P. White, "An effective truncation
// heuristic for bias reduction in simulation output", Simulation 69 (1997): cut where the standard
// error of what is left, over means of five, is least, within the first half). What is left is cut
// into batches, whose means are taken as independent (A. M. Law, "Simulation Modeling and
// Analysis", section 9.5.3).
#pragma once

#include <cstdint>
#include <span>

#include "reports/intervals.h"

namespace squall {

inline constexpr int64_t kBatches = 20;          // of what is left
inline constexpr int64_t kLeastSeries = 5 * 40;  // values below which a series says too little

struct BatchMeans {
  int64_t deleted = 0;    // values at the beginning, a multiple of five
  MeanEstimate estimate;  // over the batches: n is their number
};

// Values at the beginning that MSER-5 deletes, at most half of them; 0 of fewer than ten.
int64_t WarmUp(std::span<const double> series);

// At least kLeastSeries values.
BatchMeans MeanOfSeries(std::span<const double> series);

}  // namespace squall

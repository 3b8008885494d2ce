// NSGA-II over a study: K. Deb et al., "A fast and elitist multiobjective genetic algorithm:
// NSGA-II", IEEE Transactions on Evolutionary Computation 6 (2002); crossover and mutation: K. Deb,
// R. B. Agrawal, "Simulated binary crossover for continuous search space", Complex Systems 9
// (1995).
#pragma once

#include <absl/status/statusor.h>

#include "bench/tune/search.h"

namespace squall {

// A population of TuneSpace::candidates from a Sobol sequence, bred for TuneSpace::generations; all
// on the same seeds. Constraints come before objectives (ScoresOf).
absl::StatusOr<SearchOutcome> EvolveNsga2(Study* study);

}  // namespace squall

// The ways to search a space. Each proposes candidates, asks the study for their trials and ends
// with those that it has followed through all of the space's replications. Deterministic: draws are
// keyed by the space's seed, and decisions depend on figures only.
//
//   grid     every combination of steps
//   sobol    a Sobol sequence (Boost.Random), rotated by a draw (R. Cranley, T. N. L. Patterson,
//            SIAM Journal on Numerical Analysis 13 (1976))
//   halving  a Sobol sequence in rungs of twice as many seeds each, the same for all. At each rung
//            what is shown to be dominated on paired differences goes (S.-H. Kim, B. L. Nelson, "A
//            fully sequential procedure for indifference-zone selection in simulation", ACM TOMACS
//            11 (2001), which allows common random numbers; here by Student's t with Bonferroni's
//            correction), then the worse half, by Pareto rank and crowding (K. Jamieson, A.
//            Talwalkar, AISTATS 2016)
//   nsga2    Deb et al. (pareto.h), with simulated binary crossover and polynomial mutation
//   nlopt    Subplex on the first objective (NLopt's LN_SBPLX), from the best of a small Sobol
//            design; coordinates of categories are steps to it
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "bench/tune/pareto.h"
#include "bench/tune/study.h"

namespace squall {

struct SearchStep {
  int64_t candidates = 0;
  int64_t replications = 0;  // of each, by the end of the step
  int64_t dominated = 0;     // that went because others are better, as paired differences show
};

struct SearchOutcome {
  std::vector<size_t> followed;  // through all replications, in the order of their numbers
  std::vector<SearchStep> steps;
};

// Errors: those of Study::Run.
absl::StatusOr<SearchOutcome> Search(Study* study);

// Points of a Sobol sequence in the unit cube, rotated by a draw of the seed.
std::vector<std::vector<double>> SobolPoints(size_t dimensions, int64_t count, int64_t seed);

// Means by objective, such that more is better; of nothing the worst there is. What breaks a
// constraint is worse than all that keeps them.
Scores ScoresOf(const Study& study, Trials trials, size_t candidate);

// The candidates that none of the others dominates, by ScoresOf.
std::vector<size_t> FrontOf(const Study& study, Trials trials, const std::vector<size_t>& of);

// Is `b` shown to be better than `a`: beyond the tolerance in one objective, and worse beyond it in
// none, on paired differences with the given confidence?
bool ShownBetter(const Study& study, Trials trials, size_t b, size_t a, double confidence);

}  // namespace squall

// TuneAnswer: what a search has found, so that it can be acted on. Winners are estimated again on
// seeds that the search has not seen, because the best of many is best by luck in part, and on
// scenarios that it has not seen.
//
//   front        of what was followed to the end and keeps the constraints, those that no other one
//                dominates; with the share of bootstrap samples over fresh seeds in which another
//                one on the front does
//   recommended  objectives in their order: who is not shown to be worse than the best by more than
//                the tolerance stays, paired on fresh seeds at 95 %; of those left the one that
//                is dominated least often
//   around       one parameter moved at a time, paired with the recommended one on fresh seeds
//   indices      Sobol's total indices over the whole space, by Jansen's estimator (M. J. W.
//   Jansen,
//                Computer Physics Communications 117 (1999); A. Saltelli et al., ibid. 181 (2010))
//                on one replication, with bootstrap intervals over the rows of the design
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "bench/tune/search.h"
#include "bench/tune/study.h"

namespace squall {

struct FrontPoint {
  size_t candidate = 0;
  double dominated = 0;  // share of bootstrap samples in which another one dominates it
};

struct Neighbour {
  size_t parameter = 0;
  std::string from;  // value
  std::string to;
  size_t candidate = 0;
  std::vector<MeanEstimate> change;  // by objective: the neighbour less the recommended one
};

struct TotalIndex {
  size_t parameter = 0;
  double index = 0;  // share of the variance that its changes are part of
  Interval ci95;
};

struct TuneAnswer {
  SearchOutcome search;
  size_t unchanged = 0;  // the candidate that sets nothing
  std::vector<FrontPoint> front;
  bool nothing_feasible = false;  // no candidate keeps the constraints; then the front is of all
  size_t recommended = 0;
  std::vector<std::string> why;
  std::vector<Neighbour> around;
  std::vector<std::vector<TotalIndex>> indices;  // by objective; empty where none were asked for
  bool same_held_out = true;                     // held-out scenarios would recommend the same
  size_t held_out_choice = 0;
};

// Errors: those of Study::Run.
absl::StatusOr<TuneAnswer> Tune(Study* study);

// The rule of `recommended` on some trials; `why` may be null.
size_t Recommend(const Study& study, Trials trials, const std::vector<size_t>& front,
                 std::vector<std::string>* why);

// The preset that a candidate makes of the space's, as a preset file; errors where the space has no
// preset to change or the candidate sets what is not the engine's.
absl::StatusOr<std::string> PresetOf(const TuneSpace& space, const Candidate& candidate,
                                     const std::string& how);

// Unit of a metric, kNumber of a model's outputs.
MetricUnit UnitOf(const std::string& metric);

}  // namespace squall

// The probability that a retry storm ends stuck, where it is too small to be counted: fixed-effort
// multilevel splitting over the number of attempts that wait (Garvels, "The splitting method in
// rare event simulation", thesis, Twente 2000; L'Ecuyer, Le Gland, Lezaud, Tuffin, "Splitting
// Techniques", in "Rare Event Simulation using Monte Carlo Methods", Wiley 2009).
//
// Stage 0 runs `particles` storms from the start, each until `first_level` attempts wait or it
// ends. Stage k runs as many, each from a state drawn uniformly from those in which stage k - 1
// reached its level, copied and with draws of its own; the last stage runs to the end. With p_k the
// share of stage k that reached its level and s_k the share that ended stuck without it,
//   P(stuck) = s_0 + p_0 (s_1 + p_1 (s_2 + ...)),
// which is unbiased whatever the levels, because each stage is sampled from the states in which its
// level is first reached, time included. One replication is one estimate; their spread gives the
// interval. Crude Monte Carlo is the model mm1_retry_storm itself.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "reports/model_result.h"
#include "scenarios/models/retry_storm.h"

namespace squall {

struct StormSplitting {
  int64_t particles = 200;   // in each stage, >= 1
  int64_t first_level = 15;  // attempts waiting
  int64_t level_step = 10;   // from one level to the next
  int64_t levels = 4;        // 0 = crude
  RetryStorm storm;
};

void Describe(Fields& f, StormSplitting& m);
void RunModel(const StormSplitting& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

// The probability that a retry storm ends stuck, where it is too small to be counted: fixed-effort
// multilevel splitting over the attempts that wait (Garvels, thesis, Twente 2000; L'Ecuyer, Le
// Gland, Lezaud, Tuffin, "Splitting Techniques", in "Rare Event Simulation using Monte Carlo
// Methods", 2009).
//
// Stage 0 runs `particles` storms until `first_level` attempts wait or they end; stage k as many,
// from states drawn from those in which stage k - 1 reached its level, with draws of their own; the
// last one to the end. With p_k the share that reached its level and s_k that which ended stuck
// without,
//   P(stuck) = s_0 + p_0 (s_1 + p_1 (s_2 + ...)),
// unbiased whatever the levels, as states hold all of the past, time included. One estimate a
// replication, whose spread gives the interval.
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

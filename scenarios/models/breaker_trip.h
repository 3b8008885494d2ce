// When the engine's own circuit breaker trips on failures that are independent, and whether it
// closes again.
//
// Calls until N failures in a row: (f^-N - 1) / (1 - f) on average. A window of w calls, filled
// once, is over a threshold theta with P(X >= theta w), X binomial (`window_over_threshold`). The
// breaker itself trips less often on that one window, because it only trips when a call fails: with
// f P(X' >= theta w - 1), X' of w - 1 calls (max_calls = w); and more often as it slides on. A
// half-open circuit that needs k good probes and none bad closes with
// (1 - f)^k. Calls come one after the other, evenly, each reported before the next.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/config.h"
#include "engine/policy/breaker.h"
#include "reports/model_result.h"

namespace squall {

struct BreakerTrip {
  BreakerTrip();

  double failure_rate = 0.5;        // of calls, 0..1
  double probe_failure_rate = 0.5;  // of half-open probes, 0..1
  double calls_per_s = 10;          // > 0
  int64_t max_calls = 1'000'000;    // after which a trial has not tripped
  int64_t trials = 100;             // fresh breakers in one replication
  BreakerConfig breaker;
};

void Describe(Fields& f, BreakerTrip& m);
void RunModel(const BreakerTrip& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

// Hedged requests: a second copy after a delay, the first answer wins (Dean, Barroso, "The Tail at
// Scale", CACM 56(2), 2013), with replicas that are independent; and fan-out over many parts.
//
// P(T > t) = sf(t) for t < d and sf(t) sf(t - d) from d on; the share of extra requests is sf(d).
// Of n parts the slowest of Exp(1) takes H_n on average and the fastest 1 / n. cost_factor counts a
// copy in full, as tokens are billed where a loser runs on; work_factor only until the winner has
// answered. Observations of quantiles are batches of requests.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

enum class HedgeLatency : uint8_t { kExponential, kLogNormal };
enum class HedgeDelay : uint8_t { kNoCopy, kQuantile, kFixed };
enum class FanOut : uint8_t { kAll, kFirst };

struct Hedging {
  HedgeLatency latency = HedgeLatency::kExponential;
  Duration scale = 1s;  // mean of exponential, median of lognormal
  double sigma = 1;     // lognormal
  HedgeDelay hedge = HedgeDelay::kQuantile;
  double quantile = 0.95;  // of the latency, at which the copy is sent, [0, 1)
  Duration delay = 2s;     // fixed
  int64_t parts = 1;       // a request has, each hedged by itself
  FanOut wait_for = FanOut::kAll;
  int64_t requests = 200'000;  // in one replication
  int64_t batches = 10;
};

void Describe(Fields& f, Hedging& m);
void RunModel(const Hedging& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

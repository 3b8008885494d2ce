// What 10 % means: retries of independent failures under the budgets that systems use today, called
// one after the other against failures of probability f (concurrent: calls that overlap).
//
// Long-run attempts per call, b the ratio, with unlimited tries: deposit per call
// min(1 / (1 - f), 1 + b); deposit per success 1 / (1 - b (1 - f)) past the knee f = b / (1 + b);
// gRPC (proposal A6) retries nothing past it; retries while failures / calls <= b (Brooker's
// "breaker") keep f A = b between the knee and b, and nothing above; Envoy's share of all active
// requests 1 / (1 - b); Finagle's 1 + b + floor / rate in a total outage. Budgets are the engine's
// RetryBudget, but for Brooker's rule, which never forgets. Observations are batches of calls.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

enum class BudgetRule : uint8_t {
  kNone,
  kPerCall,
  kPerSuccess,
  kGrpc,
  kFailureShare,
  kWindowed,
  kConcurrent,
};

struct Budget {
  BudgetRule rule = BudgetRule::kPerCall;
  double failure_rate = 0.1;  // of each attempt, 0..1
  double ratio = 0.1;         // b, >= 0
  double capacity = 10;       // of a bucket, where it starts too, > 0
  int64_t attempts = 1000;    // of one call at most, 1..1e6
  int64_t warmup = 1000;      // calls before that are not counted; concurrent: as many after, too
  int64_t calls = 200'000;    // after these, in one replication
  int64_t batches = 20;       // that the calls are split into
  double calls_per_s = 100;   // windowed and concurrent, > 0
  double floor_per_s = 10;    // windowed, >= 0
  Duration window = 10s;      // windowed
  Duration latency = 1s;      // concurrent: mean time of an attempt, exponential
};

void Describe(Fields& f, Budget& m);
void RunModel(const Budget& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

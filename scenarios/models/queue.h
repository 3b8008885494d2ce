// Queues of theory, from the same ServiceQueue that gives a mock provider its capacity: G/G/c with
// a bound or without, blocked customers lost or returning for ever.
//
// Poisson arrivals; service exponential, constant, lognormal by mean and sigma of the logarithm, or
// hyperexponential of two kinds. Held to (tests/scenarios/models): Erlang B and C, M/M/1/K,
// Pollaczek-Khinchine for M/G/1, and the M/M/1 retrial queue, whose orbit holds
// rho (lambda + nu rho) / (nu (1 - rho)) on average (mu = 1). Figures are per batch of successive
// customers after a warm-up: batch means (Law, Kelton, "Simulation Modeling and Analysis"), which
// count as independent only where a batch is many times longer than 1 / (mu (1 - sqrt(rho))^2).
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

enum class QueueService : uint8_t { kExponential, kConstant, kLogNormal, kHyperexponential };

struct QueueModel {
  double arrivals_per_s = 0.8;  // lambda, > 0
  QueueService service = QueueService::kExponential;
  Duration service_mean = 1s;   // 1 / mu; not of hyperexponential
  double sigma = 1;             // lognormal
  double slow_share = 0.001;    // hyperexponential: this share of customers ...
  Duration slow_mean = 10s;     // ... takes so long on average,
  Duration fast_mean = 100ms;   // the others so long
  int64_t servers = 1;          // c
  int64_t places = -1;          // for those that wait: K - c of G/G/c/K; -1 = without a bound
  Duration retry_mean = 0s;     // blocked customers return after Exp of this; 0 = they are lost
  Duration sojourn_limit = 5s;  // whose exceedance is counted
  int64_t warmup = 20'000;      // customers that are not counted
  int64_t customers = 400'000;  // after these, in one replication
  int64_t batches = 10;
};

void Describe(Fields& f, QueueModel& m);
void RunModel(const QueueModel& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

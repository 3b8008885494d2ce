// Retry strategies against a server that fails at random: Marc Brooker's simulator of 2022
// (github.com/mbrooker/simulator_example, retry_sim/; brooker.co.za/blog/2022/02/28/retries.html),
// as its program has it.
//
// Clients offer Poisson calls without a limit on concurrency; each message takes Exp(network_mean);
// there is no backoff. Adaptive: a token bucket per client (the engine's), filled by every call
// (the text says by every success), that retries while it holds more than one token. Breaker: no
// retry where failures of attempts / calls of this client, never forgotten, exceed the share.
// Outputs: `success` and `load`, attempts per call; one observation a replication.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

enum class RetryStrategy : uint8_t { kRetries, kAdaptive, kBreaker };

struct RetryStrategies {
  RetryStrategy strategy = RetryStrategy::kAdaptive;
  double failure_rate = 0.1;     // of each attempt, 0..1
  int64_t clients = 100;         // >= 1
  double calls_per_s = 10;       // of each client, > 0
  Duration network_mean = 10ms;  // of each message, exponential, >= 0
  Duration run_for = 10s;        // calls begin before this
  int64_t retries = 3;           // strategies retries and breaker
  double bucket_fill = 0.1;      // tokens per call
  double bucket_size = 5;        // where it starts, too
  double breaker_share = 0.1;    // failures per call above which the breaker forbids retries
};

void Describe(Fields& f, RetryStrategies& m);
void RunModel(const RetryStrategies& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

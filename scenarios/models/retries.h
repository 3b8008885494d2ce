// What retries cost and save where failures are independent, or total: layers of callers, each of
// which tries the one below several times, above a provider that fails each attempt with
// probability f.
//
// One layer of n tries: attempts per call (1 - f^n) / (1 - f), success 1 - f^n. Layers of a tries
// each: in a total outage (f = 1) a^depth attempts reach the provider; with independent failures
// the product over layers of (1 - f_i^a) / (1 - f_i), f_(i+1) = f_i^a, never more than 1 / (1 - f)
// whatever the depth. Waits are the engine's backoff in the outermost layer; with full jitter the
// sum over the windows w is on average sum w / 2, sd sqrt(sum w^2 / 12).
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/config.h"
#include "reports/model_result.h"

namespace squall {

enum class RetryPlace : uint8_t { kEveryLayer, kOutermost, kInnermost };

struct Retries {
  double failure_rate = 0.5;  // of each attempt at the provider, 0..1
  int64_t attempts = 3;       // of a layer that retries, 1..32
  int64_t depth = 1;          // layers, 1..8
  RetryPlace retry_at = RetryPlace::kEveryLayer;
  int64_t calls = 10'000;  // offered to the outermost layer in one replication
  BackoffConfig backoff;   // of the outermost layer
};

void Describe(Fields& f, Retries& m);
void RunModel(const Retries& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

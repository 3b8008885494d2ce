// Optimistic concurrency under backoff: the model behind "Exponential Backoff And Jitter" (Marc
// Brooker, AWS Architecture Blog, 2015; github.com/aws-samples/aws-arch-backoff-simulator),
// exactly.
//
// N clients start together; each must commit once to a row with a version: read it, write with it,
// and the write succeeds if nobody wrote in between. Each message takes |Normal(mean, sd)|, the
// server no time. The n-th failure of a client adds a wait with window min(cap, base 2^n) to its
// next read: the first is twice the base; decorrelated min(cap, Uniform(base, 3 s)), s its last
// wait. Outputs: `calls`, writes at the server, and `time_ms`, when the last reply has come. Known:
// 1 call for N = 1, 3 for N = 2, N (N + 1) / 2 for sd -> 0 without jitter.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

enum class OccPolicy : uint8_t { kNone, kExponential, kEqual, kFull, kDecorrelated };

struct OccBackoff {
  int64_t clients = 100;         // 1..100000
  Duration network_mean = 10ms;  // of one message, >= 0
  Duration network_sd = 2ms;     // >= 0
  OccPolicy policy = OccPolicy::kFull;
  Duration base = 5ms;  // > 0
  Duration cap = 2s;    // >= base
};

void Describe(Fields& f, OccBackoff& m);
void RunModel(const OccBackoff& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

// A thundering herd: clients that were turned away together, and when they come back.
//
// The most arrivals in any bin is N where all wait alike, without jitter or on one Retry-After;
// with full jitter over W it is the largest of W / bin multinomial counts (of independent Poisson
// counts of mean N bin / W, where the number of clients is Poisson as well). On a hint the engine
// waits the hint and up to `spread` of it longer (HintWithJitter).
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

enum class HerdWait : uint8_t { kNone, kFullJitter, kRetryAfter };

struct Herd {
  int64_t clients = 1000;
  bool poisson_clients = false;  // the number of clients is Poisson with that mean
  HerdWait wait = HerdWait::kFullJitter;
  Duration window = 1s;        // of full jitter
  Duration retry_after = 30s;  // the same hint for all
  double spread = 0.25;        // on top of a hint, as a share of it
  Duration bin = 10ms;
};

void Describe(Fields& f, Herd& m);
void RunModel(const Herd& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

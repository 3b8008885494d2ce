// Client-side adaptive throttling: Google, "Site Reliability Engineering", chapter 21, "Handling
// Overload". A client rejects locally with probability max(0, (requests - K accepts) / (requests +
// 1)) over a sliding window, requests counting local rejections too.
//
// Fixed point: sent = min(offered, K accepted); in a total outage R / (R W + 1) requests a second
// are sent, about one probe per window. The back-end accepts from a token bucket: what it cannot
// save up in a small one is lost, and with K near 1 the client then starves itself far below the
// fixed point. Observations are batches of time after a warm-up.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

struct Throttle {
  double k = 2;                 // >= 1
  Duration window = 2min;       // > 0
  double requests_per_s = 100;  // offered, Poisson
  double capacity_per_s = 50;   // of the back-end, >= 0
  double burst = 10;            // that its bucket saves up, >= 1
  Duration warmup = 10min;
  Duration run_for = 60min;  // after it
  int64_t batches = 10;
};

void Describe(Fields& f, Throttle& m);
void RunModel(const Throttle& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

// A server that slows down with concurrency, and clients that time out: Marc Brooker's collapse
// model (github.com/mbrooker/simulator_example, simple_collapse_sim/sim.py), as its program has it.
//
// Poisson arrivals ramp up and down, peak - slope |t - peak_at|, or spike; the server takes base +
// slope * requests in it on arrival, that one included; work that its client has left runs on. With
// backoff the n-th retry waits Uniform(0, backoff 2^n), its timeout running from then. Concurrency
// without retries is lambda / (1 - 0.01 lambda); three attempts offer 3 lambda = 120 at 40 a
// second, above the server's limit of 100, so that a collapse lasts. Outputs per window [from, to):
// events a second, and in how many replications successes were below half of the starts.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "reports/model_result.h"

namespace squall {

enum class CollapseLoad : uint8_t { kRamp, kSpike };

struct CollapseWindow {
  Duration from = 0s;
  Duration to = 10s;
};

struct Collapse {
  CollapseLoad load = CollapseLoad::kSpike;
  double spike_base_per_s = 40;
  double spike_per_s = 80;
  Duration spike_at = 20s;
  Duration spike_for = 5s;
  double ramp_peak_per_s = 80;
  double ramp_slope = 1.6;  // requests a second, per second
  Duration ramp_peak_at = 25s;
  Duration service_base = 1s;
  Duration service_slope = 10ms;  // for each request in the server
  Duration network_mean = 100ms;
  Duration timeout = 3s;
  int64_t attempts = 3;
  Duration backoff = 0s;  // doubled before each use; 0 = retry at once
  Duration run_for = 80s;
  std::vector<CollapseWindow> windows = {
      {10s, 20s}, {20s, 26s}, {30s, 45s}, {45s, 60s}, {60s, 79s}};
};

void Describe(Fields& f, CollapseWindow& w);
void Describe(Fields& f, Collapse& m);
void RunModel(const Collapse& m, uint64_t seed, ModelOutputs* out);

}  // namespace squall

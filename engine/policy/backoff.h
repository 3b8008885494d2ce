// Backoff: how long to wait before a retry. Pure arithmetic on a uniform draw.
//
// Full jitter is Uniform(0, min(cap, base * 2^retry)) with `retry` counting from 0. Source: Marc
// Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (whose program counts from
// 1, so its first window is 2 * base). The window is clamped before the draw: clamping after it
// would gather probability on the cap itself and bring the herd back together.
#pragma once

#include "engine/base/time.h"

namespace squall {

struct BackoffConfig {
  Duration base = 500ms;  // first window, > 0
  Duration cap = 8s;      // widest window, >= base
};

// The window min(cap, base * 2^retry), retry >= 0, without overflow.
Duration BackoffWindow(const BackoffConfig& config, int retry);

// A wait in [0, window). `u` in [0, 1).
Duration FullJitter(const BackoffConfig& config, int retry, double u);

// A wait that keeps a server's hint: never earlier than `hint`, and up to `spread` (>= 0, a share
// of the hint, at least `floor_spread` long) later, so that clients given equal hints do not return
// together. `u` in [0, 1).
Duration HintWithJitter(Duration hint, double spread, Duration floor_spread, double u);

}  // namespace squall

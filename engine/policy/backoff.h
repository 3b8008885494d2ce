// Backoff: how long to wait before a retry. Pure arithmetic on a uniform draw.
//
// One table of kinds, told apart by six numbers; products are rows of numbers, not kinds. Sources:
// constant, full, equal, decorrelated: Marc Brooker, "Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015 (whose program counts retries from 1, so its first window is 2 * base).
// smooth: Polly v8's DecorrelatedJitterBackoffV2, t = retry + u, n(t) = 2^t * tanh(sqrt(4 t)),
// delay = base / 1.4 * (n(t) - n(t of the retry before)). rising: Finagle's decorrelated stream,
// Uniform(previous, 3 * previous). linear: Polly v8. How the SDKs and gateways of today read in
// these numbers: tests/engine/policy/backoff_products_test.cc.
//
// The window is clamped before the draw: clamping after it gathers probability on the cap itself
// and brings the herd back together. Much of what runs today does that; CapRule says so.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/time.h"

namespace squall {

enum class BackoffKind : uint8_t {
  kNone,          // at once
  kConstant,      // base, spread by jitter
  kLinear,        // base * (retry + 1), spread by jitter
  kExponential,   // base * multiplier^retry, spread by jitter
  kFull,          // Uniform(0, base * multiplier^retry)
  kEqual,         // half of that, and Uniform(0, the other half)
  kDecorrelated,  // Uniform(base, multiplier * previous wait)
  kRising,        // Uniform(previous wait, multiplier * previous wait)
  kSmooth,        // exponential in the mean without steps; multiplier is 2
};
std::span<const std::string_view> BackoffKindNames();  // in the order of the enumerators

// Which way `jitter` moves a wait w: to [w - j w, w], [w - j w, w + j w] or [w, w + j w].
enum class JitterSide : uint8_t { kDown, kBoth, kUp };

// What the cap cuts. Only kWindow keeps jitter at the cap.
enum class CapRule : uint8_t {
  kWindow,  // the range that a wait is drawn from
  kDelay,   // the wait itself, after jitter
  kBoth,    // the wait before jitter and once more after it
};

struct BackoffConfig {
  Duration base = 500ms;  // first window, > 0
  Duration cap = 8s;      // widest window, >= base
  BackoffKind kind = BackoffKind::kFull;
  double multiplier = 2;  // growth per retry, >= 1
  double jitter = 0;      // share of the wait, 0..1; of constant, linear and exponential waits
  JitterSide side = JitterSide::kDown;
  Duration extra = 0s;  // Uniform(0, extra) on top, >= 0
  CapRule cap_rule = CapRule::kWindow;
};

// What came before this retry of one request.
struct BackoffPast {
  int retry = 0;          // retries already made, >= 0
  Duration previous{};    // the last wait, 0 before the first
  double previous_u = 0;  // the draw of that wait
};

// The wait. `u` in [0, 1); the same arguments give the same wait. Never negative, for any retry.
Duration BackoffDelay(const BackoffConfig& config, const BackoffPast& past, double u);

// The window min(cap, base * multiplier^retry), retry >= 0, without overflow.
Duration BackoffWindow(const BackoffConfig& config, int retry);

// A wait that keeps a server's hint: never earlier than `hint`, and up to `spread` (>= 0, a share
// of the hint, at least `floor_spread` long) later, so that clients given equal hints do not return
// together. `u` in [0, 1).
Duration HintWithJitter(Duration hint, double spread, Duration floor_spread, double u);

}  // namespace squall

// Hedge: when to send a second copy of a request whose answer is late, while the first goes on. A
// fixed delay, or a quantile of the provider's latency of late, so that only that share of requests
// is ever doubled (Dean, Barroso, "The Tail at Scale", CACM 2013). The budget and the cancelling of
// the loser are the engine's.
//
// Pure arithmetic.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/fields.h"
#include "engine/base/time.h"

namespace squall {

enum class HedgeKind : uint8_t { kNone, kFixed, kQuantile };

struct HedgeConfig {
  HedgeKind kind = HedgeKind::kNone;
  Duration delay = 2s;      // fixed; also the quantile's while too few latencies are known; > 0
  double quantile = 0.95;   // of latency, [0, 1]
  Duration minimum = 50ms;  // never sooner than this, >= 0
  int64_t most = 1;         // hedges of one request, >= 0
};

void Describe(Fields& f, HedgeConfig& c);

struct HedgeFacts {
  Time last_sent{};                 // when the latest attempt that is in flight was sent
  int64_t hedges_sent = 0;          // of this request
  std::optional<Duration> latency;  // LatencyQuantile::Quantile(config.quantile)
  bool budget = false;              // may an extra attempt be made at all?
  Time deadline = kNever;           // of the request
};

// When to send the next hedge unless an answer comes first; nullopt for never.
std::optional<Time> HedgeAt(const HedgeConfig& config, const HedgeFacts& facts);

}  // namespace squall

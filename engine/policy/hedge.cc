#include "engine/policy/hedge.h"

#include <algorithm>

namespace squall {
namespace {

constexpr std::string_view kHedgeKinds[] = {"none", "fixed", "quantile"};

}  // namespace

void Describe(Fields& f, HedgeConfig& c) {
  f.Enum("kind", c.kind, kHedgeKinds,
         "When a late request is sent a second time: never, after a fixed delay, or when it has "
         "taken longer than a share of those before it.");
  f.Span("delay", c.delay, {1us, 24h},
         "The fixed delay; also used for a quantile while too few latencies are known.");
  f.Number("quantile", c.quantile, kRateRange, "Share of latencies that a request must exceed.");
  f.Span("minimum", c.minimum, {0s, 24h}, "Shortest time after which a hedge is sent.");
  f.Int("most", c.most, {0, 16}, "Most hedges of one request; one attempt has at most one.");
}

std::optional<Time> HedgeAt(const HedgeConfig& config, const HedgeFacts& facts) {
  if (config.kind == HedgeKind::kNone || !facts.budget) return std::nullopt;
  if (facts.hedges_sent >= config.most) return std::nullopt;
  const bool known = config.kind == HedgeKind::kQuantile && facts.latency.has_value();
  const Duration delay = std::max(known ? *facts.latency : config.delay, config.minimum);
  const Time at = SaturatingAdd(facts.last_sent, delay);
  return at < facts.deadline ? std::optional(at) : std::nullopt;
}

}  // namespace squall

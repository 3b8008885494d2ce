#include "engine/policy/hedge.h"

#include "engine/base/random.h"
#include "engine/policy/latency_quantile.h"
#include "tests/catch.h"

namespace squall::hedge_test {
namespace {

HedgeConfig Of(HedgeKind kind) {
  HedgeConfig config;
  config.kind = kind;
  return config;
}

HedgeFacts SentAt(Duration at, std::optional<Duration> latency = std::nullopt) {
  HedgeFacts facts;
  facts.last_sent = kStart + at;
  facts.latency = latency;
  facts.budget = true;
  return facts;
}

TEST_CASE("hedge: after the fixed delay, or after the quantile once it is known", "[policy]") {
  CHECK(HedgeAt(Of(HedgeKind::kFixed), SentAt(10s, 1s)) == kStart + 12s);
  CHECK(HedgeAt(Of(HedgeKind::kQuantile), SentAt(10s, 1s)) == kStart + 11s);
  CHECK(HedgeAt(Of(HedgeKind::kQuantile), SentAt(10s)) == kStart + 12s);
  CHECK_FALSE(HedgeAt(Of(HedgeKind::kNone), SentAt(10s, 1s)));
}

TEST_CASE("hedge: never before the minimum", "[policy]") {
  HedgeConfig config = Of(HedgeKind::kQuantile);
  config.minimum = 300ms;
  CHECK(HedgeAt(config, SentAt(1s, 10ms)) == kStart + 1300ms);
  config.kind = HedgeKind::kFixed;
  config.delay = 1ms;
  CHECK(HedgeAt(config, SentAt(1s)) == kStart + 1300ms);
}

TEST_CASE("hedge: none without a budget, beyond the most, or at the deadline", "[policy]") {
  HedgeFacts facts = SentAt(0s);
  facts.deadline = kStart + 2s;
  CHECK_FALSE(HedgeAt(Of(HedgeKind::kFixed), facts));
  facts.deadline += 1ns;
  CHECK(HedgeAt(Of(HedgeKind::kFixed), facts));
  facts.hedges_sent = 1;
  CHECK_FALSE(HedgeAt(Of(HedgeKind::kFixed), facts));
  facts.hedges_sent = 0;
  facts.budget = false;
  CHECK_FALSE(HedgeAt(Of(HedgeKind::kFixed), facts));
}

TEST_CASE("hedge: at a quantile of 95 % about one request in twenty is hedged", "[policy]") {
  const HedgeConfig config = Of(HedgeKind::kQuantile);
  LatencyQuantile quantile((LatencyQuantileConfig()));
  int hedged = 0;
  for (uint64_t i = 0; i < 20'000; ++i) {
    const Duration latency = FromSeconds(LogNormal(Draw(1, 1, i), 1, 0.6));
    const auto at = HedgeAt(config, SentAt(0s, quantile.Quantile(config.quantile)));
    hedged += kStart + latency > *at ? 1 : 0;
    quantile.Add(latency);
  }
  // Half a bucket of 4.5 % moves the share by a factor of 0.85 to 1.18; four sigma of the binomial
  // are 124 of 1,000, and the quantile of 500 faded samples wanders as well.
  CHECK(hedged > 700);
  CHECK(hedged < 1'350);
}

}  // namespace
}  // namespace squall::hedge_test

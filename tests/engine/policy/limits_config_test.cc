// The configurations of limits, routing and hedging as files see them.
#include <nlohmann/json.hpp>

#include "engine/base/json_fields.h"
#include "engine/policy/concurrency_limit.h"
#include "engine/policy/hedge.h"
#include "engine/policy/latency_quantile.h"
#include "engine/policy/rate_limiter.h"
#include "engine/policy/routing.h"
#include "engine/policy/send_rate.h"
#include "engine/policy/target_health.h"
#include "engine/policy/token_estimate.h"
#include "tests/catch.h"

namespace squall::limits_config_test {
namespace {

template <class Config>
nlohmann::ordered_json Dumped(Config config = Config()) {
  return DumpFields([&](Fields& f) { Describe(f, config); });
}

template <class Config>
size_t ProblemsOf(const nlohmann::json& document) {
  Config config;
  Problems problems;
  ReadFields(
      document, [&](Fields& f) { Describe(f, config); }, &problems);
  return problems.count();
}

// As many fields as the struct has members, and defaults that lie within their own ranges.
template <class Config>
void CheckFields(size_t members) {
  const nlohmann::ordered_json dumped = Dumped<Config>();
  CAPTURE(dumped.dump());
  CHECK(dumped.size() == members);
  CHECK(ProblemsOf<Config>(nlohmann::json::parse(dumped.dump())) == 0);
}

TEST_CASE("limits: every member of a configuration is described, with a valid default",
          "[policy]") {
  CheckFields<TokenRatioConfig>(5);
  CheckFields<RateLimiterConfig>(12);
  CheckFields<SendRateConfig>(9);
  CheckFields<ConcurrencyLimitConfig>(14);
  CheckFields<LatencyQuantileConfig>(2);
  CheckFields<TargetHealthConfig>(4);
  CheckFields<RoutingConfig>(3);
  CheckFields<HedgeConfig>(5);
}

TEST_CASE("limits: what does not fit together is a problem", "[policy]") {
  CHECK(ProblemsOf<ConcurrencyLimitConfig>({{"least", 50}, {"most", 40}}) == 1);
  CHECK(ProblemsOf<ConcurrencyLimitConfig>({{"kind", "vegas"}}) == 1);
  CHECK(ProblemsOf<TokenRatioConfig>({{"least", 2}}) == 1);
  CHECK(ProblemsOf<RateLimiterConfig>({{"share", 0}}) == 1);
  CHECK(ProblemsOf<SendRateConfig>({{"beta", 1}}) == 1);
  CHECK(ProblemsOf<HedgeConfig>({{"quantile", 1.5}}) == 1);
}

}  // namespace
}  // namespace squall::limits_config_test

// What the policies cost that stand between a request and its provider: estimate of its tokens,
// rate limiter, concurrency limit, quantile of latency, health, order of targets.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "bench/suite.h"
#include "engine/base/random.h"
#include "engine/policy/concurrency_limit.h"
#include "engine/policy/hedge.h"
#include "engine/policy/latency_quantile.h"
#include "engine/policy/rate_limiter.h"
#include "engine/policy/routing.h"
#include "engine/policy/target_health.h"
#include "engine/policy/token_estimate.h"

namespace squall::limits_bench {
namespace {

constexpr const char* kTexts[] = {
    "The limiter reserves tokens before a request is sent and settles them afterwards. ",
    R"({"role":"user","content":"How many?","max_tokens":256,"stop":["\n"],"seed":4711},)",
    "限流器在发送请求之前预留令牌，并在服务商报告实际用量之后结算。",
    "c3F1YWxsIGlzIGEgd2luZCB0dW5uZWwgZm9yIHRoZSBjb2RlIHRoYXQga2VlcHMgTExNIGNhbGxz",
};

void BM_TokenEstimate(benchmark::State& state) {
  std::string text;
  while (text.size() < 16'384) text += kTexts[state.range(0)];
  for (auto _ : state) benchmark::DoNotOptimize(EstimateTokens(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
SQUALL_BENCHMARK(BM_TokenEstimate)->ArgName("text")->DenseRange(0, 3);

RateLimiterConfig Limits() {
  RateLimiterConfig config;
  config.enabled = true;
  config.requests_per_min = 60'000'000;
  config.input_tokens_per_min = 60'000'000'000;
  config.output_tokens_per_min = 60'000'000'000;
  return config;
}

// Reserve and settle while nobody waits.
void BM_RateLimiterFree(benchmark::State& state) {
  RateLimiter limiter(Limits());
  Time now{};
  for (auto _ : state) {
    const auto ticket = limiter.ReserveAt(RateAmounts::Of(1'000, 1'000), now, kNever);
    now += 10us;
    limiter.Settle(*ticket, RateAmounts::Of(900, 100), now);
  }
}
SQUALL_BENCHMARK(BM_RateLimiterFree);

// One more joins those who wait and gives up again.
void BM_RateLimiterQueue(benchmark::State& state) {
  RateLimiterConfig config;
  config.enabled = true;
  config.requests_per_min = 60;
  config.tokens_per_min = 1'000'000;
  RateLimiter limiter(config);
  while (limiter.waiting() < state.range(0)) {
    (void)limiter.ReserveAt(RateAmounts::Of(100, 100), kStart, kNever);
  }
  for (auto _ : state) {
    limiter.Cancel(*limiter.ReserveAt(RateAmounts::Of(100, 100), kStart, kNever), kStart);
  }
}
SQUALL_BENCHMARK(BM_RateLimiterQueue)->ArgName("waiting")->Arg(10)->Arg(1'000);

void BM_ConcurrencyLimit(benchmark::State& state) {
  ConcurrencyLimitConfig config;
  config.kind = static_cast<ConcurrencyKind>(state.range(0));
  ConcurrencyLimit limit(config);
  Time now{};
  for (auto _ : state) {
    const auto permit = limit.Acquire(now);
    now += 1ms;
    limit.Release(*permit, LoadSignal::kServed, now);
  }
}
SQUALL_BENCHMARK(BM_ConcurrencyLimit)->ArgName("kind")->DenseRange(1, 3);

void BM_LatencyQuantileAdd(benchmark::State& state) {
  LatencyQuantile quantile((LatencyQuantileConfig()));
  int64_t i = 0;
  for (auto _ : state) quantile.Add(300ms + 1ms * (++i % 1'000));
}
SQUALL_BENCHMARK(BM_LatencyQuantileAdd);

void BM_HedgeAtQuantile(benchmark::State& state) {
  LatencyQuantile quantile((LatencyQuantileConfig()));
  for (int64_t i = 0; i < 1'000; ++i) quantile.Add(300ms + 1ms * i);
  HedgeConfig config;
  config.kind = HedgeKind::kQuantile;
  HedgeFacts facts;
  facts.budget = true;
  for (auto _ : state) {
    facts.latency = quantile.Quantile(config.quantile);
    benchmark::DoNotOptimize(HedgeAt(config, facts));
  }
}
SQUALL_BENCHMARK(BM_HedgeAtQuantile);

void BM_TargetHealth(benchmark::State& state) {
  TargetHealth health((TargetHealthConfig()));
  Time now{};
  for (auto _ : state) {
    health.Begin();
    now += 1ms;
    health.End(TargetOutcome::kSuccess, 500ms, now);
    benchmark::DoNotOptimize(health.Cost(now));
  }
}
SQUALL_BENCHMARK(BM_TargetHealth);

void BM_Routing(benchmark::State& state) {
  std::array<RouteTarget, 6> targets;
  for (size_t i = 0; i < targets.size(); ++i) {
    targets[i].weight = targets[i].health_cost = targets[i].latency_s = 1 + Draw(1, 1, i);
  }
  const RoutingConfig config{static_cast<RoutingKind>(state.range(0))};
  uint64_t bits = 0;
  for (auto _ : state) benchmark::DoNotOptimize(OrderTargets(config, targets, {}, ++bits));
}
SQUALL_BENCHMARK(BM_Routing)->ArgName("kind")->DenseRange(0, 4);

}  // namespace
}  // namespace squall::limits_bench

// What the policies cost on the healthy path, and what a wait costs to draw. None of them allocates
// there.
#include <benchmark/benchmark.h>

#include "bench/suite.h"
#include "engine/base/random.h"
#include "engine/policy/backoff.h"
#include "engine/policy/breaker.h"
#include "engine/policy/conversation_limits.h"
#include "engine/policy/quality_breaker.h"
#include "engine/policy/recovery_budget.h"

namespace squall::policy_bench {
namespace {

void BM_BackoffDelay(benchmark::State& state) {
  BackoffConfig config;
  config.kind = static_cast<BackoffKind>(state.range(0));
  state.SetLabel(std::string(BackoffKindNames()[static_cast<size_t>(state.range(0))]));
  uint64_t i = 0;
  for (auto unused : state) {
    ++i;
    const BackoffPast past{static_cast<int>(i % 6), 1s, 0.5};
    benchmark::DoNotOptimize(BackoffDelay(config, past, ToUnit(Mix(i))));
  }
}
SQUALL_BENCHMARK(BM_BackoffDelay)->DenseRange(0, 8);

void CallThrough(benchmark::State& state, const BreakerConfig& config) {
  Breaker breaker(config);
  Time now = kStart;
  uint64_t i = 0;
  for (auto unused : state) {
    now += 1ms;
    const auto permit = breaker.Acquire(now);
    const bool fails = ++i % 64 == 0;
    breaker.Report(*permit, fails ? CallOutcome::kFailure : CallOutcome::kSuccess, now);
  }
}

void BM_BreakerByTime(benchmark::State& state) { CallThrough(state, BreakerConfig()); }
SQUALL_BENCHMARK(BM_BreakerByTime);

void BM_BreakerByCalls(benchmark::State& state) {
  BreakerConfig config;
  config.window_calls = 100;
  CallThrough(state, config);
}
SQUALL_BENCHMARK(BM_BreakerByCalls);

void BM_BreakerByEverything(benchmark::State& state) {
  BreakerConfig config;
  config.consecutive_failures = 5;
  config.slow_call = 10s;
  config.ewma_window = 30s;
  config.ramp = 30s;
  CallThrough(state, config);
}
SQUALL_BENCHMARK(BM_BreakerByEverything);

// A request that succeeds and, of every eight, one that is tried again.
void BM_RecoveryBudget(benchmark::State& state) {
  RetryBudgetConfig config;
  config.ratio = 0.2;
  config.kind = static_cast<BudgetKind>(state.range(0));
  RecoveryBudget budget(config, config, 3);
  AttemptEnd end;
  end.outcome = CallOutcome::kSuccess;
  const ExtraAttempt retry;
  Time now = kStart;
  uint64_t i = 0;
  for (auto unused : state) {
    now += 1ms;
    budget.Deposit(now, 0);
    if (++i % 8 == 0 && budget.Withdraw(now, retry)) budget.SettleExtra(now, retry, end);
    budget.SettleFirst(now, 0, end);
  }
}
SQUALL_BENCHMARK(BM_RecoveryBudget)->DenseRange(0, 2);

void BM_ConversationLimits(benchmark::State& state) {
  ConversationLimitsConfig config;
  config.usd_per_conversation = 1e9;
  config.turns_per_conversation = 1'000'000'000;
  config.max_conversations = 10'000;
  ConversationLimits limits(config);
  ConversationLimits::Attempt attempt;
  attempt.usd = 0.001;
  uint64_t i = 0;
  for (auto unused : state) {
    attempt.conversation = 1 + Mix(++i) % static_cast<uint64_t>(state.range(0));
    const auto decision = limits.Check(attempt);
    limits.Settle(decision, 0.001, 0);
  }
}
SQUALL_BENCHMARK(BM_ConversationLimits)->Arg(100)->Arg(10'000)->Arg(1'000'000);

void BM_QualityBreaker(benchmark::State& state) {
  QualityConfig config;
  config.enabled = true;
  QualityBreaker quality(config);
  Time now = kStart;
  for (auto unused : state) {
    now += 1ms;
    const auto decision = quality.Check(true, now);
    quality.Settle(decision, CallOutcome::kSuccess, now);
  }
}
SQUALL_BENCHMARK(BM_QualityBreaker);

}  // namespace
}  // namespace squall::policy_bench

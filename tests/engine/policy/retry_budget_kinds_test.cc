#include "engine/base/random.h"
#include "engine/policy/recovery_budget.h"
#include "engine/policy/retry_budget.h"
#include "tests/catch.h"

namespace squall::retry_budget_kinds_test {
namespace {

constexpr auto kSuccess = CallOutcome::kSuccess;
constexpr auto kFailure = CallOutcome::kFailure;

Time At(Duration d) { return kStart + d; }

AttemptEnd End(bool extra, CallOutcome outcome, Trigger trigger = Trigger::kFailure) {
  AttemptEnd end;
  end.extra = extra;
  end.outcome = outcome;
  end.trigger = trigger;
  return end;
}

RetryBudgetConfig Envoy() {
  RetryBudgetConfig config;
  config.kind = BudgetKind::kConcurrent;
  config.ratio = 0.2;
  config.floor_concurrent = 3;
  return config;
}

RetryBudgetConfig Aws() {
  RetryBudgetConfig config;
  config.kind = BudgetKind::kTokenBucket;
  return config;
}

RetryBudgetConfig Grpc() {
  RetryBudgetConfig config = Aws();
  config.capacity = 10;
  config.retry_cost = 0;
  config.timeout_cost = 0;
  config.throttled_cost = 0;
  config.failure_cost = 1;
  config.success_gain = 0.1;
  config.refund = false;
  config.retry_above = 0.5;
  return config;
}

int WithdrawAll(RetryBudget* budget, Trigger trigger = Trigger::kFailure) {
  int taken = 0;
  while (taken < 10'000 && budget->Withdraw(At(1s), {}, trigger)) ++taken;
  return taken;
}

TEST_CASE("retry budget: concurrent, extra attempts under way are a share of all, with a floor",
          "[policy]") {
  RetryBudget few(Envoy());
  few.Deposit(At(1s));
  CHECK(WithdrawAll(&few) == 3);
  few.Settle(At(2s), End(true, kFailure));
  CHECK(WithdrawAll(&few) == 1);  // one has ended, one may begin
  RetryBudget many(Envoy());
  for (int i = 0; i < 80; ++i) many.Deposit(At(1s));
  CHECK(WithdrawAll(&many) == 19);  // the twentieth would need 100 under way before it
  for (int i = 0; i < 80; ++i) many.Settle(At(2s), End(false, kSuccess));
  for (int i = 0; i < 16; ++i) many.Settle(At(2s), End(true, kSuccess));
  CHECK_FALSE(many.Allows(At(2s)));  // three are under way still
}

TEST_CASE("retry budget: AWS standard mode stops after 100 retries, 50 after timeouts",
          "[policy]") {
  RetryBudget budget(Aws());
  CHECK(WithdrawAll(&budget) == 100);
  RetryBudget timeouts(Aws());
  CHECK(WithdrawAll(&timeouts, Trigger::kTimeout) == 50);
  RetryBudgetConfig second = Aws();
  second.retry_cost = 14;
  RetryBudget costly(second);
  CHECK(WithdrawAll(&costly) == 35);
  CHECK(costly.Allows(At(1s), {}, Trigger::kThrottled));  // 10 tokens are left
}

TEST_CASE("retry budget: AWS standard mode gives back what a successful retry cost", "[policy]") {
  RetryBudget budget(Aws());
  WithdrawAll(&budget);
  budget.Settle(At(2s), End(true, kSuccess));
  CHECK(budget.bucket() == 5);
  budget.Settle(At(2s), End(true, kSuccess, Trigger::kTimeout));
  CHECK(budget.bucket() == 15);
  for (int i = 0; i < 3; ++i) budget.Settle(At(2s), End(false, kSuccess));
  CHECK(budget.bucket() == 18);
  budget.Settle(At(2s), End(true, kFailure));
  CHECK(budget.bucket() == 18);
  for (int i = 0; i < 1'000; ++i) budget.Settle(At(2s), End(false, kSuccess));
  CHECK(budget.bucket() == 500);
}

TEST_CASE("retry budget: gRPC allows retries only above half of its tokens", "[policy]") {
  RetryBudget budget(Grpc());
  for (int i = 0; i < 4; ++i) budget.Settle(At(1s), End(false, kFailure));
  CHECK(budget.Allows(At(1s)));
  budget.Settle(At(1s), End(false, kFailure));
  CHECK_FALSE(budget.Allows(At(1s)));  // at half, not above
  budget.Settle(At(1s), End(false, kSuccess));
  CHECK(budget.Allows(At(1s)));
  CHECK(budget.Withdraw(At(1s)));
  CHECK(budget.bucket() == Approx(5.1));  // retrying is free, failing is not
  for (int i = 0; i < 100; ++i) budget.Settle(At(1s), End(true, kFailure));
  CHECK(budget.bucket() == 0);
}

TEST_CASE("retry budget: counts tokens and money as they turn out", "[policy]") {
  for (const auto unit : {BudgetUnit::kTokens, BudgetUnit::kUsd}) {
    RetryBudgetConfig config;
    config.unit = unit;
    config.ratio = 0.5;
    config.floor_per_s = 0;
    RetryBudget budget(config);
    const Load thousand{1, 1'000, 1'000};
    const Load hundred{1, 100, 100};
    budget.Deposit(At(1s), thousand);
    CHECK_FALSE(budget.Allows(At(1s), thousand));
    for (int i = 0; i < 5; ++i) CHECK(budget.Withdraw(At(1s), hundred));
    CHECK_FALSE(budget.Withdraw(At(1s), hundred));
    AttemptEnd end = End(true, kSuccess);
    end.reserved = hundred;
    end.used = {1, 40, 40};
    budget.Settle(At(2s), end);
    CHECK(budget.Left(At(2s)) == 60);
    end.used = {1, 260, 260};  // dearer than thought
    budget.Settle(At(2s), end);
    CHECK(budget.Left(At(2s)) == 0);
  }
}

TEST_CASE("retry budget: trap: what is checked is what is taken, in every kind", "[policy]") {
  // Withdraw takes exactly what Allows promised, and many callers together never take more than
  // one after another could.
  RetryBudgetConfig windowed;
  for (const RetryBudgetConfig& config : {windowed, Envoy(), Aws(), Grpc()}) {
    RetryBudget budget(config);
    int refused = 0;
    double active = 0, extra = 0;
    for (uint64_t i = 0; i < 20'000; ++i) {
      const Time now = At(i * 3ms);
      const auto draw = [&](uint64_t k) { return Draw(4, Stream("taken"), i, k); };
      const auto outcome = draw(0) < 0.6 ? kFailure : kSuccess;
      if (draw(1) < 0.4) {
        budget.Deposit(now);
        ++active;
      } else if (draw(2) < 0.5) {
        const bool allowed = budget.Allows(now);
        REQUIRE(budget.Withdraw(now) == allowed);
        refused += allowed ? 0 : 1;
        active += allowed ? 1 : 0;
        extra += allowed ? 1 : 0;
        if (allowed && config.kind == BudgetKind::kConcurrent) {
          REQUIRE(extra <= std::max(config.floor_concurrent, config.ratio * active));
        }
      } else if (extra > 0 && draw(3) < 0.3) {
        budget.Settle(now, End(true, outcome));
        --extra;
        --active;
      } else if (active > extra) {
        budget.Settle(now, End(false, outcome));
        --active;
      }
      REQUIRE(budget.Left(now) >= 0);
      REQUIRE(budget.bucket() >= 0);
      REQUIRE(budget.bucket() <= config.capacity);
    }
    CHECK(refused > 100);
  }
}

RetryBudgetConfig Ratio(double ratio) {
  RetryBudgetConfig config;
  config.ratio = ratio;
  config.floor_per_s = 0;
  return config;
}

ExtraAttempt Extra(ExtraKind kind, size_t provider, bool again) {
  ExtraAttempt extra;
  extra.kind = kind;
  extra.provider = provider;
  extra.again = again;
  return extra;
}

TEST_CASE("recovery budget: retries, failovers, hedges and repairs draw on one budget",
          "[policy]") {
  RecoveryBudget budget(Ratio(0.1), Ratio(1), 2);
  for (int i = 0; i < 100; ++i) budget.Deposit(At(1s), 0);
  constexpr ExtraKind kKinds[] = {ExtraKind::kRetry, ExtraKind::kFailover, ExtraKind::kHedge,
                                  ExtraKind::kRepair};
  int taken = 0;
  for (int i = 0; i < 100; ++i) {
    const ExtraKind kind = kKinds[i % 4];
    taken += budget.Withdraw(At(1s), Extra(kind, 0, kind != ExtraKind::kFailover)) ? 1 : 0;
  }
  CHECK(taken == 10);
  CHECK(budget.taken(ExtraKind::kRetry) == 3);
  CHECK(budget.taken(ExtraKind::kRepair) == 2);
}

TEST_CASE("recovery budget: a failing provider's own share ends first and failover goes on",
          "[policy]") {
  RecoveryBudget budget(Ratio(1), Ratio(0.1), 2);
  for (int i = 0; i < 100; ++i) budget.Deposit(At(1s), 0);
  for (int i = 0; i < 10; ++i) CHECK(budget.Withdraw(At(1s), Extra(ExtraKind::kRetry, 0, true)));
  const double left = budget.overall().Left(At(1s));
  CHECK_FALSE(budget.Withdraw(At(1s), Extra(ExtraKind::kRetry, 0, true)));
  CHECK(budget.overall().Left(At(1s)) == left);  // what is refused is taken nowhere
  for (int i = 0; i < 90; ++i) {
    CHECK(budget.Withdraw(At(1s), Extra(ExtraKind::kFailover, 1, false)));
  }
  CHECK_FALSE(budget.Allows(At(1s), Extra(ExtraKind::kFailover, 1, false)));  // all in all 100
  CHECK(budget.provider(1).Left(At(1s)) == 9);  // of those 90, a tenth may be tried again there
}

TEST_CASE("recovery budget: settling frees both scopes", "[policy]") {
  RecoveryBudget budget(Envoy(), Envoy(), 2);
  budget.Deposit(At(1s), 0);
  const ExtraAttempt retry = Extra(ExtraKind::kRetry, 0, true);
  const ExtraAttempt failover = Extra(ExtraKind::kFailover, 1, false);
  for (int i = 0; i < 3; ++i) REQUIRE(budget.Withdraw(At(1s), retry));
  CHECK_FALSE(budget.Allows(At(1s), failover));
  budget.SettleExtra(At(2s), retry, End(true, kSuccess));
  CHECK(budget.provider(0).Left(At(2s)) == 1);
  CHECK(budget.Withdraw(At(2s), failover));
  CHECK(budget.provider(1).Left(At(2s)) == 3);  // it is nothing extra there
  CHECK_FALSE(budget.Allows(At(2s), failover));
  budget.SettleExtra(At(3s), failover, End(true, kSuccess));
  CHECK(budget.Allows(At(3s), failover));
  budget.SettleFirst(At(3s), 0, End(false, kSuccess));
  CHECK(budget.overall().Left(At(3s)) == 1);
}

}  // namespace
}  // namespace squall::retry_budget_kinds_test

#include "engine/policy/retry_budget.h"

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::retry_budget_test {
namespace {

RetryBudgetConfig Config(double ratio, double floor_per_s) {
  RetryBudgetConfig config;
  config.ratio = ratio;
  config.floor_per_s = floor_per_s;
  config.window = 10s;
  return config;
}

Time At(Duration d) { return kStart + d; }

int WithdrawAll(RetryBudget* budget, Time now) {
  int taken = 0;
  while (taken < 10'000 && budget->Withdraw(now)) ++taken;
  return taken;
}

TEST_CASE("retry budget: caps extra attempts at the ratio of what was offered", "[policy]") {
  RetryBudget budget(Config(0.1, 0));
  for (int i = 0; i < 1'000; ++i) budget.Deposit(At(1s));
  CHECK(WithdrawAll(&budget, At(1s)) == 100);
  CHECK_FALSE(budget.Allows(At(1s)));
}

TEST_CASE("retry budget: the floor allows retries at low traffic", "[policy]") {
  // One request in ten seconds: 10 % of it is no attempt at all, the floor still gives ten.
  RetryBudget budget(Config(0.1, 1));
  budget.Deposit(At(1s));
  CHECK(WithdrawAll(&budget, At(1s)) == 10);
  RetryBudget without(Config(0.1, 0));
  without.Deposit(At(1s));
  CHECK(WithdrawAll(&without, At(1s)) == 0);
}

TEST_CASE("retry budget: what was offered and taken leaves with the window", "[policy]") {
  RetryBudget budget(Config(0.5, 0));
  for (int i = 0; i < 10; ++i) budget.Deposit(At(1s));
  CHECK(WithdrawAll(&budget, At(1s)) == 5);
  CHECK(WithdrawAll(&budget, At(10s)) == 0);
  for (int i = 0; i < 10; ++i) budget.Deposit(At(12s));  // those of 1 s have left, taken ones too
  CHECK(WithdrawAll(&budget, At(12s)) == 5);
}

TEST_CASE("retry budget: bounds amplification in every window whatever the demand", "[policy]") {
  RetryBudget budget(Config(0.2, 0.5));
  int offered = 0;
  int extra = 0;
  for (uint64_t i = 0; i < 100'000; ++i) {
    const Time now = At(i * 7ms);
    ++offered;
    budget.Deposit(now);
    const uint64_t wanted = DrawBits(1, Stream("demand"), i) % 4;
    for (uint64_t k = 0; k < wanted; ++k) extra += budget.Withdraw(now) ? 1 : 0;
  }
  const double seconds = 700;
  CHECK(extra <= 0.2 * offered + 0.5 * (seconds + 10));
  CHECK(extra >= 0.9 * (0.2 * offered));  // and uses what it may
}

TEST_CASE("retry budget: switched off, it allows everything", "[policy]") {
  RetryBudgetConfig config = Config(0, 0);
  config.enabled = false;
  RetryBudget budget(config);
  CHECK(WithdrawAll(&budget, At(1s)) == 10'000);
}

}  // namespace
}  // namespace squall::retry_budget_test

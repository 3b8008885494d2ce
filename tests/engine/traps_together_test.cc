// The traps into which many calls fall together: circuits, budgets, and hedges. See traps_test.cc.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/scenario.h"
#include "scenarios/world.h"
#include "tests/engine/traps.h"

namespace squall::traps_together_test {
namespace {

TEST_CASE("trap: a success from before the trip closes nothing", "[engine][trap]") {
  for (uint64_t world = 0; world < 100; ++world) {
    Dice dice("stale", world);
    const Duration open_for = dice.Between(1, 10);
    EngineConfig config = Brittle(open_for);
    config.deadline.per_try = 60s;
    Rig rig(config);
    rig.patience = 60s;
    const Duration slow = open_for + dice.Between(3, 20);  // LLM calls outlast open periods
    rig.transport.Script(
        0, {After(slow, Good()), Status(500), Status(500), Broken(TransportError::kTimeout)});
    std::optional<CallResult> stale, first, second, probe;
    Begin(&rig, kStart, "slow", &stale);
    Begin(&rig, kStart + 100ms, "fails", &first);
    Begin(&rig, kStart + 300ms, "fails too", &second);
    rig.env.RunUntil(kStart + 1s);
    CAPTURE(world);
    REQUIRE(StateOf(rig, 0) == BreakerState::kOpen);
    // A probe is under way, or may go, when the old success arrives.
    if (dice.Coin(0.5)) Begin(&rig, kStart + 1s + open_for, "probe", &probe);
    rig.env.RunUntil(kStart + slow + 1ms);
    REQUIRE(stale.has_value());
    CHECK(stale->ok);
    CHECK(StateOf(rig, 0) == BreakerState::kHalfOpen);
    rig.env.Run();
  }
}

TEST_CASE("trap: a probe whose caller leaves gives its place back", "[engine][trap]") {
  for (uint64_t world = 0; world < 60; ++world) {
    Dice dice("probe", world);
    Rig rig(Brittle(5s));
    rig.transport.Script(0, {Status(500), Status(500), Broken(TransportError::kTimeout)});
    Trip(&rig, 0);
    const Time half_open = rig.env.Now() + 5s;
    std::optional<CallResult> probe;
    std::stop_source leave;
    rig.patience = dice.Between(0.5, 3);
    Begin(&rig, half_open, "probe", &probe, leave.get_token());
    rig.env.RunUntil(half_open + 200ms);
    CAPTURE(world);
    CHECK_FALSE(rig.engine->breaker(0).Admits(rig.env.Now()));  // taken
    if (dice.Coin(0.5)) leave.request_stop();
    rig.env.Run();  // or its deadline ends it
    REQUIRE(probe.has_value());
    CHECK(StateOf(rig, 0) == BreakerState::kHalfOpen);
    CHECK(rig.engine->breaker(0).Admits(rig.env.Now()));
    rig.transport.Script(0, {Good()});
    CHECK(rig.Call("next").attempts[0].provider == 0);
    CHECK(StateOf(rig, 0) == BreakerState::kClosed);
  }
}

TEST_CASE("trap: with every circuit open, each policy does what it says", "[engine][trap]") {
  int waited = 0;
  for (uint64_t world = 0; world < 150; ++world) {
    Dice dice("all_open", world);
    EngineConfig config = Brittle(dice.Between(1, 20));
    config.all_open = static_cast<AllOpen>(world % 3);
    config.breaker.open_jitter = dice.Unit();
    Rig rig(config);
    for (ProviderId provider = 0; provider < 2; ++provider) {
      rig.transport.Script(provider, {Broken(TransportError::kReset)});
    }
    while (StateOf(rig, 0) != BreakerState::kOpen || StateOf(rig, 1) != BreakerState::kOpen) {
      rig.Call("trip" + std::to_string(rig.transport.sent.size()));
      REQUIRE(rig.transport.sent.size() < 20);
    }
    const Time now = rig.env.Now();
    const Time admits =
        std::min(rig.engine->breaker(0).RetryAt(now), rig.engine->breaker(1).RetryAt(now));
    rig.transport.Script(0, {Good()});
    rig.transport.Script(1, {Good()});
    rig.transport.sent.clear();
    rig.patience = dice.Between(1, 20);
    const CallResult result = rig.Call("refused");
    CAPTURE(world);
    const bool may_wait = config.all_open == AllOpen::kWait && admits < now + rig.patience;
    if (config.all_open == AllOpen::kFailOpen) {
      REQUIRE(rig.transport.sent.size() == 1);
      CHECK(rig.transport.sent[0].at == now);
    } else if (may_wait) {
      ++waited;
      REQUIRE(rig.transport.sent.size() == 1);
      CHECK(rig.transport.sent[0].at == admits);
    } else {
      CHECK(rig.transport.sent.empty());
      CHECK(result.stop_reason == "all_open");
      CHECK(result.ended == now);
      CHECK(result.retry_at == admits);  // what becomes the caller's Retry-After
    }
  }
  CHECK(waited > 10);
}

TEST_CASE("trap: rate limits and empty accounts are not the provider's failures",
          "[engine][trap]") {
  ScriptedReply credit = Status(400);
  credit.body = R"({"type":"error","error":{"type":"invalid_request_error",)"
                R"("message":"Your credit balance is too low to access the API."}})";
  ScriptedReply quota = Status(429);
  quota.body = R"({"error":{"message":"You exceeded your current quota.","type":"x",)"
               R"("param":null,"code":"insufficient_quota"}})";
  const std::vector<ScriptedReply> rows = {Status(429), Status(429, "1"), Status(401),
                                           Status(403), credit,           quota};
  for (size_t row = 0; row < rows.size(); ++row) {
    EngineConfig config = Brittle(60s);
    config.breaker.consecutive_failures = 1;
    Rig rig(config);
    rig.transport.Script(0, {rows[row]});
    CAPTURE(row);
    for (int i = 0; i < 30; ++i) CHECK(rig.Call("r" + std::to_string(i)).ok);  // at the other one
    CHECK(StateOf(rig, 0) == BreakerState::kClosed);
    // And they do not wash a failure away, as a success would.
    config.breaker.consecutive_failures = 2;
    Rig row_of_failures(config);
    row_of_failures.transport.Script(0, {Status(500), rows[row], Status(500)});
    for (int i = 0; i < 3; ++i) row_of_failures.Call("s" + std::to_string(i));
    CHECK(StateOf(row_of_failures, 0) == BreakerState::kOpen);
  }
}

TEST_CASE("trap: a shorter hint that comes later shortens nothing", "[engine][trap]") {
  for (uint64_t world = 0; world < 60; ++world) {
    Dice dice("extension", world);
    EngineConfig config = Brittle(1s);
    config.breaker.open_on_hint = 1s;
    Rig rig(config);
    const int64_t first = dice.Whole(1, 60);
    const int64_t second = dice.Whole(1, 60);
    rig.transport.Script(0, {After(1s, Status(429, std::to_string(first))),
                             After(1s, Status(429, std::to_string(second)))});
    std::optional<CallResult> one, other;
    Begin(&rig, kStart, "one", &one);
    Begin(&rig, kStart + 500ms, "other", &other);
    rig.env.Run();
    REQUIRE((one.has_value() && other.has_value()));
    const Time until = std::max(kStart + 1s + first * 1s, kStart + 1500ms + second * 1s);
    CAPTURE(world, first, second);
    CHECK(rig.engine->breaker(0).RetryAt(rig.env.Now()) == std::max(until, rig.env.Now()));
  }
}

TEST_CASE("trap: what closes takes its traffic back step by step", "[engine][trap]") {
  // 400 requests at each point of the ramp: binomial, 99.9 % within 3.29 standard deviations.
  Rig rig([] {
    EngineConfig config = Brittle(5s);
    config.breaker.ramp = 100s;
    return config;
  }());
  rig.transport.Script(0, {Status(500), Status(500), Good()});
  Trip(&rig, 0);
  rig.env.RunUntil(rig.env.Now() + 5s);
  rig.Call("probe");
  const Time closed = rig.env.Now();
  REQUIRE(StateOf(rig, 0) == BreakerState::kClosed);
  for (const double share : {0.1, 0.5, 0.8}) {
    constexpr int kRequests = 400;
    const Time at = closed + FromSeconds(100 * share);
    std::vector<std::optional<CallResult>> results(kRequests);
    for (int i = 0; i < kRequests; ++i) {
      Begin(&rig, at, std::to_string(share) + "/" + std::to_string(i),
            &results[static_cast<size_t>(i)]);
    }
    rig.env.Run();
    int back = 0;
    for (const auto& result : results) back += result->attempts[0].provider == 0 ? 1 : 0;
    const double bound = 3.29 * std::sqrt(share * (1 - share) * kRequests);
    CAPTURE(share, back);
    CHECK(std::abs(back - share * kRequests) <= bound);
  }
}

TEST_CASE("trap: callers who fail at the same moment do not overdraw the budget together",
          "[engine][trap]") {
  for (uint64_t world = 0; world < 60; ++world) {
    Dice dice("overdraw", world);
    EngineConfig config = DrawnConfig(&dice);
    config.breaker.enabled = false;
    config.budget = RetryBudgetConfig();
    config.budget.kind = dice.Coin(0.5) ? BudgetKind::kWindowed : BudgetKind::kTokenBucket;
    config.budget.ratio = dice.Unit() / 2;
    config.budget.floor_per_s = dice.Unit();
    config.budget.window = 1min;  // nothing leaves it here
    config.budget.capacity = static_cast<double>(dice.Whole(1, 30));
    config.budget.success_gain = 0;
    config.budget.retry_cost = config.budget.timeout_cost = config.budget.throttled_cost = 1;
    if (dice.Coin(0.3)) config.hedge.kind = HedgeKind::kFixed;
    config.hedge.delay = 500ms;
    Rig rig(config);
    rig.patience = 30s;
    const Duration slow = dice.Between(0.1, 2);
    for (ProviderId p = 0; p < 2; ++p) {
      rig.transport.Script(p, {After(slow, Broken(TransportError::kReset))});
    }
    const int64_t callers = dice.Whole(5, 80);
    std::vector<std::optional<CallResult>> results(static_cast<size_t>(callers));
    for (size_t i = 0; i < results.size(); ++i) {
      Begin(&rig, kStart, "c" + std::to_string(i), &results[i]);
    }
    rig.env.Run();
    const auto extra =
        static_cast<double>(rig.transport.sent.size()) - static_cast<double>(callers);
    const double allowed =
        config.budget.kind == BudgetKind::kTokenBucket
            ? config.budget.capacity
            : config.budget.ratio * static_cast<double>(callers) + 60 * config.budget.floor_per_s;
    CAPTURE(world, callers);
    CHECK(extra <= allowed + 1e-9);
  }
}

TEST_CASE("trap: what a hedge's loser costs is paid from the budget", "[engine][trap]") {
  EngineConfig config;
  config.ladder = {"failover"};
  config.hedge.kind = HedgeKind::kFixed;
  config.hedge.delay = 100ms;
  config.budget.ratio = 0;
  config.budget.floor_per_s = 0.3;
  config.budget.window = 10s;  // three extra attempts in ten seconds
  Rig rig(config);
  rig.transport.Script(0, {After(400ms, Good())});
  rig.transport.Script(1, {After(1s, Good())});  // every hedge loses
  int hedged = 0;
  for (int i = 0; i < 20; ++i) {
    const CallResult result = rig.Call("r" + std::to_string(i));
    REQUIRE(result.ok);
    for (const AttemptRecord& attempt : result.attempts) {
      hedged += attempt.sent && attempt.strategy == "hedge" ? 1 : 0;
    }
  }
  CHECK(rig.transport.sent.size() == 23);
  CHECK(rig.env.Now() < kStart + 10s);
  CHECK(hedged == 3);
}

TEST_CASE("trap: what a hedge's loser costs is in the bill", "[engine][trap]") {
  const auto summary = [](const char* hedge) {
    ScenarioOptions options;
    options.sets = {"/workload/requests=400", "/engine/budget/enabled=false", "/faults={}",
                    "/engine/hedge/delay=300ms", std::string("/engine/hedge/kind=") + hedge};
    absl::StatusOr<Scenario> scenario = LoadScenario("production-10k", options);
    REQUIRE(scenario.ok());
    return RunVirtual(*scenario, 1, RunHooks()).metrics.Summarize();
  };
  const Summary alone = summary("none");
  const Summary hedged = summary("fixed");
  const auto extra = static_cast<double>(hedged.amplification.attempts - hedged.requests);
  REQUIRE(extra > 200);  // answers take 1.2 s
  // Each attempt reads the prompt and is billed for it at least, whoever wins.
  const double prompt =
      static_cast<double>(alone.prompt_tokens) / static_cast<double>(alone.requests);
  CHECK(static_cast<double>(hedged.prompt_tokens - alone.prompt_tokens) > 0.9 * extra * prompt);
  CHECK(hedged.cost_usd > alone.cost_usd);
}

}  // namespace
}  // namespace squall::traps_together_test

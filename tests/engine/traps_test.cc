// The traps that recovery systems in production have fallen into, as properties of the whole engine
// over configurations drawn by key: here those of one call, in traps_together_test.cc those of many
// calls. Those of one policy alone are where that policy is tested:
//   waits gather on the cap               backoff: trap: no kind gathers its waits on the cap
//   equal hints return together           backoff: a server's hint is a minimum and equal hints ...
//   a probe that is never reported        breaker: the lease of a probe that is never reported ...
//   neutral outcomes reset a row          breaker: trap: a neutral outcome does not break a row ...
//   1 of 1 is 100 %                       breaker: trap: one failure of one call is no rate
//   windows of calendar minutes flap      breaker: failures leave the window as it slides
//   an extension shortens                 breaker: trap: of two deadlines the later holds ...
//   the caller's patience makes slow      breaker: trap: a slow call that its caller gave up ...
//   check, then act                       retry budget: trap: what is checked is what is taken ...
//   a small ratio starves low traffic     retry budget: the floor allows retries at low traffic
//   layers multiply                       engine: below a caller that retries it makes one attempt
//   a stream dies after its 200           stream: whatever fails before the first piece ...
#include "tests/engine/traps.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace squall::traps_test {
namespace {

TEST_CASE("trap: nobody sleeps after the last attempt", "[engine][trap]") {
  int failed = 0;
  for (uint64_t world = 0; world < 1'000; ++world) {
    Dice dice("sleep", world);
    EngineConfig config = DrawnConfig(&dice);
    config.budget.window = 3min;  // or what allowed an attempt may have left it before its time
    Rig rig(config);
    rig.patience = dice.Between(1, 60);
    for (ProviderId provider = 0; provider < 2; ++provider) {
      rig.transport.Script(provider, {DrawnFailure(&dice), DrawnFailure(&dice)});
    }
    const CallResult result = rig.Call();
    if (result.ok) continue;
    ++failed;
    CAPTURE(world, result.stop_reason);
    REQUIRE(LastSent(result) != nullptr);
    CHECK(result.ended == LastSent(result)->ended);
    CHECK(rig.env.Now() == result.ended);  // and no timer is left behind
  }
  CHECK(failed > 700);
}

TEST_CASE("trap: a hint is a minimum, and one beyond the deadline is never waited for",
          "[engine][trap]") {
  int beyond = 0;
  int obeyed = 0;
  for (uint64_t world = 0; world < 600; ++world) {
    Dice dice("hint", world);
    Rig rig(DrawnConfig(&dice));
    rig.patience = dice.Between(1, 40);
    const Time deadline = kStart + rig.patience;
    for (ProviderId provider = 0; provider < 2; ++provider) {
      // The second hint of a provider is its newest, whichever is longer.
      rig.transport.Script(provider,
                           {Status(dice.Coin(0.5) ? 429 : 503, std::to_string(dice.Whole(1, 60))),
                            Status(429, std::to_string(dice.Whole(1, 60)))});
    }
    const CallResult result = rig.Call();
    CAPTURE(world, result.stop_reason);
    CHECK(result.ended <= deadline);
    for (size_t i = 0; i < result.attempts.size(); ++i) {
      const AttemptRecord& told = result.attempts[i];
      if (!told.sent || !told.diagnosis.retry_after) continue;
      const Time ready = told.ended + *told.diagnosis.retry_after;
      for (size_t j = i + 1; j < result.attempts.size(); ++j) {
        const AttemptRecord& next = result.attempts[j];
        if (!next.sent || next.provider != told.provider) continue;
        CHECK(next.started >= ready);
        ++obeyed;
      }
      if (ready < deadline) continue;
      ++beyond;  // what comes next is elsewhere and at once, or nothing
      const bool more = i + 1 < result.attempts.size();
      const Time acted = more ? result.attempts[i + 1].started : result.ended;
      if (!more || result.attempts[i + 1].strategy == "failover") CHECK(acted == told.ended);
    }
  }
  CHECK(beyond > 200);
  CHECK(obeyed > 50);
}

TEST_CASE("trap: a caller's impatience leaves the provider's circuit alone", "[engine][trap]") {
  for (uint64_t world = 0; world < 60; ++world) {
    Dice dice("impatience", world);
    EngineConfig config = Brittle(10s);
    config.breaker.consecutive_failures = 1;
    config.deadline.per_try = 8s;
    Rig rig(config);
    rig.transport.Script(0, {After(dice.Between(2, 7), Good())});
    rig.transport.Script(1, {After(dice.Between(2, 7), Good())});
    CAPTURE(world);
    for (int i = 0; i < 20; ++i) {
      rig.patience = dice.Between(0.01, 1);  // some leave, the others' deadline ends the call
      std::optional<CallResult> result;
      std::stop_source leave;
      Begin(&rig, rig.env.Now(), "hasty" + std::to_string(i), &result, leave.get_token());
      rig.env.RunUntil(rig.env.Now() + rig.patience / 2);
      if (dice.Coin(0.5)) leave.request_stop();
      rig.env.Run();
      REQUIRE(result.has_value());
      CHECK_FALSE(result->ok);
      CHECK(StateOf(rig, 0) == BreakerState::kClosed);
      CHECK(StateOf(rig, 1) == BreakerState::kClosed);
    }
    rig.patience = 30s;
    const CallResult patient = rig.Call("patient");
    CHECK(patient.ok);
    CHECK(patient.attempts.size() == 1);
  }
}

// Alpha hangs; beta answers within the reserve. Is it reached?
bool FailoverIsReached(Dice* dice, std::vector<std::string> ladder) {
  EngineConfig config = DrawnConfig(dice);
  config.ladder = std::move(ladder);
  config.retry.max_attempts = 6;
  config.breaker.enabled = false;
  config.budget.enabled = false;
  config.deadline.per_try = dice->Between(0.5, 90);
  config.deadline.failover_reserve = dice->Between(1, 8);
  Rig rig(config);
  rig.patience = 2 * config.deadline.failover_reserve + dice->Between(0.1, 40);
  rig.transport.Script(0, {Broken(TransportError::kTimeout)});
  const Duration least = std::min(config.deadline.failover_reserve, config.deadline.per_try);
  rig.transport.Script(1, {After(least - 10ms, Good())});
  return rig.Call().ok;
}

TEST_CASE("trap: a provider that hangs leaves time for the next one", "[engine][trap]") {
  for (uint64_t world = 0; world < 200; ++world) {
    Dice dice("reserve", world);
    CAPTURE(world);
    CHECK(FailoverIsReached(&dice, {"failover", "retry"}));
  }
}

TEST_CASE("trap: repeats at a provider that hangs leave time for the next one", "[engine][trap]") {
  for (uint64_t world = 0; world < 200; ++world) {
    Dice dice("reserve of repeats", world);
    CAPTURE(world);
    CHECK(FailoverIsReached(&dice, {"retry", "failover"}));
    CHECK(FailoverIsReached(&dice, {"degrade", "retry", "failover"}));
  }
}

TEST_CASE("trap: a failure inside a success climbs the same ladder", "[engine][trap]") {
  const std::string error = R"({"error":{"message":"overloaded","type":"overloaded_error"}})";
  const std::vector<std::pair<const char*, std::string>> bodies = {
      {"nothing", ""},
      {"an empty answer that stopped", ChatBody("\"\"")},
      {"blanks", ChatBody(R"("  \n")")},
      {"an error under a 200", error},
      {"half a body", ChatBody(R"("{\"n\":7}")").substr(0, 90)},
      {"a page", "<html><body>Bad gateway</body></html>"},
      {"prose", ChatBody(R"("Here you are: seven.")")},
      {"another schema", ChatBody(R"("{\"n\":\"seven\"}")")},
      {"no choices", R"({"id":"1","object":"chat.completion","choices":[]})"}};
  for (const auto& [what, body] : bodies) {
    for (uint64_t world = 0; world < 20; ++world) {
      Dice dice(what, world);
      EngineConfig config = DrawnConfig(&dice);
      config.retry.max_attempts = 6;
      config.budget.enabled = false;
      config.deadline.per_try = 8s;
      if (std::find(config.ladder.begin(), config.ladder.end(), "failover") ==
          config.ladder.end()) {
        config.ladder.emplace_back("failover");
      }
      config.retry.max_attempts_per_target = 1;
      Rig rig(config);
      rig.patience = 120s;
      rig.transport.Script(0, {Answer(body)});
      const CallResult result = rig.Call();
      CAPTURE(what, world);
      CHECK(result.ok);
      CHECK(result.attempts.size() > 1);
      CHECK(result.content == R"({"n":7})");
    }
  }
}

}  // namespace
}  // namespace squall::traps_test

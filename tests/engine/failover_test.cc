// Failover beyond the first round, requests turned down for their own sake, circuits of standbys,
// and timeouts that follow the traffic.
#include <string>
#include <vector>

#include "tests/engine/engine_rig.h"

namespace squall::failover_test {
namespace {

EngineConfig Rounds(int64_t rounds) {
  EngineConfig config;
  config.ladder = {"failover"};
  config.retry.max_attempts = 5;
  config.retry.max_attempts_per_target = 2;
  config.retry.failover_rounds = rounds;
  config.retry.backoff.base = 2s;
  config.retry.backoff.cap = 2s;
  config.retry.backoff.kind = BackoffKind::kConstant;
  config.retry.backoff.jitter = 0;
  config.budget.enabled = false;
  config.breaker.enabled = false;
  return config;
}

std::vector<ProviderId> Asked(const Rig& rig) {
  std::vector<ProviderId> asked;
  for (const auto& sent : rig.transport.sent) asked.push_back(sent.provider);
  return asked;
}

// Calls with ids of their own, one after the other.
std::vector<CallResult> CallMany(Rig* rig, int count, const std::string& prefix = "r") {
  std::vector<CallResult> results;
  for (int i = 0; i < count; ++i) results.push_back(rig->Call(prefix + std::to_string(i)));
  return results;
}

TEST_CASE("failover: a second round returns to each provider once", "[engine]") {
  Rig once(Rounds(1));
  once.transport.Script(0, {Status(500)});
  once.transport.Script(1, {Status(500)});
  CHECK(once.Call().stop_reason == "no_plan");
  CHECK(Asked(once) == std::vector<ProviderId>{0, 1});

  Rig twice(Rounds(2));
  twice.transport.Script(0, {Status(500)});
  twice.transport.Script(1, {Status(500)});
  CHECK(twice.Call().stop_reason == "no_plan");
  CHECK(Asked(twice) == std::vector<ProviderId>{0, 1, 0, 1});
}

TEST_CASE("failover: who returns waits as long as a retry would, counted from its own failure",
          "[engine]") {
  Rig rig(Rounds(2));
  rig.transport.Script(0, {Status(500), Good()});
  rig.transport.Script(1, {After(500ms, Status(500))});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  REQUIRE(result.attempts.size() == 3);
  CHECK(result.attempts[2].started == result.attempts[0].ended + 2s);

  Rig slow(Rounds(2));
  slow.transport.Script(0, {Status(500), Good()});
  slow.transport.Script(1, {After(5s, Status(500))});
  const CallResult late = slow.Call();
  REQUIRE(late.attempts.size() == 3);
  CHECK(late.attempts[2].started == late.attempts[1].ended);  // that wait is long over
}

TEST_CASE("failover: nobody returns to a provider that said never", "[engine]") {
  Rig rig(Rounds(2));
  rig.transport.Script(0, {Status(401)});
  rig.transport.Script(1, {Status(500)});
  CHECK_FALSE(rig.Call().ok);
  CHECK(Asked(rig) == std::vector<ProviderId>{0, 1});
}

TEST_CASE("failover: what one provider turns down another may take, but two of one mind end it",
          "[engine]") {
  EngineConfig config = Rounds(1);
  const auto asked = [&](bool refused, ScriptedReply second) {
    config.retry.failover_refused = refused;
    Rig rig(config);
    rig.transport.Script(0, {Status(400)});
    rig.transport.Script(1, {std::move(second)});
    const CallResult result = rig.Call();
    return std::pair(Asked(rig).size(), std::string(result.stop_reason));
  };
  CHECK(asked(false, Good()) == std::pair(size_t{1}, std::string("final")));
  CHECK(asked(true, Good()) == std::pair(size_t{2}, std::string("answered")));
  CHECK(asked(true, Status(400)) == std::pair(size_t{2}, std::string("final")));
}

// Beta sees nothing but the requests that alpha has failed, and these fail there too.
TEST_CASE("breaker: a standby is not blamed for the requests that it is given", "[engine]") {
  EngineConfig config = Rounds(1);
  config.breaker.enabled = true;
  config.breaker.minimum_calls = 4;
  for (const bool counts : {true, false}) {
    CAPTURE(counts);
    config.breaker_counts_followed = counts;
    Rig rig(config);
    for (int i = 0; i < 40; ++i) {
      const bool bad = i % 4 == 0;  // alpha stays below its threshold of one half
      rig.transport.Script(0, {bad ? Answer("") : Good()});
      rig.transport.Script(1, {Answer("")});
      rig.Call("r" + std::to_string(i));
    }
    CHECK(rig.engine->breaker(0).last_state() == BreakerState::kClosed);
    const BreakerState beta = rig.engine->breaker(1).last_state();
    CHECK((beta == BreakerState::kClosed) == !counts);
  }
}

TEST_CASE("breaker: but for those that come to it first", "[engine]") {
  EngineConfig config = Rounds(1);
  config.breaker.enabled = true;
  config.breaker.minimum_calls = 4;
  config.breaker_counts_followed = false;
  Rig rig(config);
  rig.transport.Script(0, {Status(500)});
  rig.transport.Script(1, {Status(500)});
  CallMany(&rig, 8);
  // Alpha is open by now, so that beta is asked first.
  CallMany(&rig, 8, "s");
  CHECK(rig.engine->breaker(0).last_state() == BreakerState::kOpen);
  CHECK(rig.engine->breaker(1).last_state() == BreakerState::kOpen);
}

TEST_CASE("deadline: an attempt ends at a multiple of the usual latency, once that is known",
          "[engine]") {
  EngineConfig config = Rounds(1);
  config.deadline.per_try = 8s;
  config.deadline.adaptive_factor = 3;
  config.hedge_latency.minimum_samples = 20;
  Rig rig(config);
  rig.transport.Script(0, {Broken(TransportError::kTimeout)});
  const CallResult before = rig.Call("before");
  CHECK(before.attempts[0].ended - before.attempts[0].started == 8s);

  rig.transport.Script(0, {After(1s, Good())});
  CallMany(&rig, 30);
  rig.transport.Script(0, {Broken(TransportError::kTimeout)});
  const CallResult after = rig.Call("after");
  const Duration cut = after.attempts[0].ended - after.attempts[0].started;
  CHECK(cut > 2800ms);  // quantiles are within 4.5 %
  CHECK(cut < 3200ms);
  CHECK(after.ok);
}

TEST_CASE("degrade: a smaller model is asked after a timeout only where that is wanted",
          "[engine]") {
  EngineConfig config;
  config.ladder = {"degrade"};
  config.deadline.per_try = 2s;
  for (const bool wanted : {false, true}) {
    CAPTURE(wanted);
    config.retry.degrade_timeouts = wanted;
    Rig rig(config);
    rig.transport.Script(0, {After(5s, Good()), Good()});
    const CallResult result = rig.Call();
    CHECK(result.ok == wanted);
    REQUIRE(result.attempts.size() == (wanted ? 2 : 1));
    if (wanted) CHECK(result.attempts[1].model == 1);
  }
}

TEST_CASE("retry: elsewhere a request may have fewer attempts than where it was asked first",
          "[engine]") {
  EngineConfig config;
  config.ladder = {"retry", "degrade", "failover"};
  config.retry.max_attempts = 32;
  config.retry.max_attempts_per_target = 3;
  config.retry.max_attempts_elsewhere = 1;
  config.breaker.enabled = false;
  config.budget.enabled = false;
  Rig rig(config);
  const ScriptedReply bad = Answer(ChatBody(R"("no JSON")"));  // a smaller model may do better
  rig.transport.Script(0, {bad});
  rig.transport.Script(1, {bad});
  const CallResult result = rig.Call();
  std::vector<Target> asked;
  for (const AttemptRecord& attempt : result.attempts) {
    asked.push_back(Target{attempt.provider, attempt.model});
  }
  const Target large{0, 0};
  REQUIRE(asked.size() == 5);
  CHECK((asked[0] == large && asked[1] == large && asked[2] == large));
  CHECK(asked[3] == Target{0, 1});
  CHECK(asked[4] == Target{1, 0});
}

}  // namespace
}  // namespace squall::failover_test

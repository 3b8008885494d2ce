// Learned rules at work in the engine's ladder.
#include "engine/engine.h"
#include "reports/intervals.h"
#include "tests/catch.h"
#include "tests/engine/engine_rig.h"

namespace squall::engine_knowledge_test {
namespace {

// Experience first; each call is one that nothing but its own ladder limits.
EngineConfig Learning() {
  EngineConfig config;
  config.ladder = {"learned_rule", "failover", "retry"};
  config.retry.max_attempts = 4;
  config.budget.enabled = false;
  config.breaker.enabled = false;
  config.knowledge.minimum_samples = 10;
  return config;
}

std::string_view SecondStrategy(const CallResult& result) {
  return result.attempts.size() < 2 ? "none" : result.attempts[1].strategy;
}

TEST_CASE("engine: learns which target answers", "[knowledge]") {
  Rig rig(Learning());
  rig.transport.Script(0, {Status(500)});
  for (int i = 0; i < 40; ++i) {
    const CallResult result = rig.Call("r" + std::to_string(i));
    CHECK(result.ok);
    if (i == 0) CHECK(SecondStrategy(result) == "failover");
    if (i == 39) CHECK(SecondStrategy(result) == "learned_rule");
  }
  for (const auto& [key, rule] : rig.engine->knowledge().rules()) {
    CHECK(key.then == Target{1, 0});
    CHECK(rule.speaks);
  }
}

LearnedRule AlphaAgain() {
  LearnedRule rule;
  rule.key.failure = FailureClass::kServerError;
  rule.key.scope = RuleScope::kProvider;
  rule.key.again = true;
  rule.successes = 40;
  rule.speaks = true;
  return rule;
}

TEST_CASE("engine: as the first rung, experience overrules the order of the rest", "[knowledge]") {
  Rig rig(Learning());
  rig.engine->knowledge().Import(std::array{AlphaAgain()}, kStart);
  rig.transport.Script(0, {Status(500), Good()});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  REQUIRE(result.attempts.size() == 2);
  CHECK(result.attempts[1].provider == 0);
  CHECK(SecondStrategy(result) == "learned_rule");
}

TEST_CASE("engine: no rule repeats what the diagnosis says another attempt there cannot cure",
          "[knowledge]") {
  Rig rig(Learning());
  LearnedRule rule = AlphaAgain();
  rule.key.failure = FailureClass::kAuthFailure;
  rig.engine->knowledge().Import(std::array{rule}, kStart);
  rig.transport.Script(0, {Status(401)});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  REQUIRE(result.attempts.size() == 2);
  CHECK(result.attempts[1].provider == 1);
}

TEST_CASE("engine: a rule that repeats waits as a retry does", "[knowledge]") {
  Rig rig(Learning());
  LearnedRule rule = AlphaAgain();
  rule.key.failure = FailureClass::kRateLimit;
  rig.engine->knowledge().Import(std::array{rule}, kStart);
  rig.transport.Script(0, {Status(429, "3"), Good()});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  REQUIRE(result.attempts.size() == 2);
  CHECK(result.attempts[1].provider == 0);
  CHECK(result.attempts[1].started - result.attempts[0].ended >= 3s);
}

// Calls of `n`, each of which fails at alpha and is answered by beta, that tried alpha again first:
// what is known least, since the ladder never does it.
int Explorations(bool repeatable, int n) {
  EngineConfig config = Learning();
  config.knowledge.explore = 0.1;
  config.knowledge.minimum_samples = 1'000'000;  // nothing is ever known
  config.knowledge.max_samples = 1'000'000;
  config.knowledge.decay_per_sample = 1;
  Rig rig(config);
  rig.repeatable = repeatable;
  rig.transport.Script(0, {Broken(TransportError::kConnect)});
  int count = 0;
  for (int i = 0; i < n; ++i) {
    count += SecondStrategy(rig.Call("r" + std::to_string(i))) == "learned_rule";
  }
  return count;
}

TEST_CASE("engine: explores the configured share of recoveries", "[knowledge]") {
  CHECK(BinomialBounds(2000, 0.1).Contains(Explorations(true, 2000)));
}

TEST_CASE("engine: never explores with a request that must not run twice", "[knowledge]") {
  CHECK(Explorations(false, 500) == 0);
}

}  // namespace
}  // namespace squall::engine_knowledge_test

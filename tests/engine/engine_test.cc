#include "engine/engine.h"

#include "tests/catch.h"
#include "tests/engine/engine_rig.h"

namespace squall::engine_test {
namespace {

EngineConfig Full() {
  EngineConfig config;
  config.retry.max_attempts = 5;
  config.retry.max_attempts_per_target = 2;
  config.retry.backoff = BackoffConfig{500ms, 4s};
  config.deadline.per_try = 8s;
  config.breaker.minimum_calls = 4;
  config.ladder = {"retry", "degrade", "failover", "learned_rule"};
  return config;
}

std::vector<std::string> Strategies(const CallResult& result) {
  std::vector<std::string> names;
  for (const AttemptRecord& attempt : result.attempts) names.emplace_back(attempt.strategy);
  return names;
}

TEST_CASE("engine: a healthy answer takes one attempt", "[engine]") {
  Rig rig(Full());
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.content == R"({"n":7})");
  CHECK(result.attempts.size() == 1);
  CHECK(result.stop_reason == "answered");
  CHECK(result.attempts[0].usage.prompt_tokens == 10);
}

TEST_CASE("engine: a failure climbs the ladder in its configured order", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Answer(ChatBody("\"\""))});  // empty content, for ever
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(Strategies(result) ==
        std::vector<std::string>{"first", "retry", "degrade", "retry", "failover"});
  CHECK(rig.transport.sent[2].body.find("alpha-small") != std::string::npos);
}

TEST_CASE("engine: an answer that breaks the schema is a failure on the first attempt too",
          "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Answer(ChatBody(R"("{\"m\":7}")")), Good()});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.attempts.size() == 2);
  CHECK(result.attempts[0].diagnosis.failure == FailureClass::kSchemaViolation);
}

TEST_CASE("engine: with the guard off, a broken answer is handed out", "[engine]") {
  EngineConfig config = Full();
  config.guard = GuardConfig{false, false, false};
  Rig rig(config);
  rig.transport.Script(0, {Answer(ChatBody(R"("not json")"))});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.content == "not json");
}

TEST_CASE("engine: a Retry-After is waited for in full", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Status(429, "3"), Good()});
  const CallResult result = rig.Call();
  REQUIRE(rig.transport.sent.size() == 2);
  CHECK(rig.transport.sent[1].provider == 0);
  const Duration waited = rig.transport.sent[1].at - result.attempts[0].ended;
  CHECK(waited >= 3s);
  CHECK(waited <= 3s + 600ms + 1ns);
}

TEST_CASE("engine: a Retry-After beyond the deadline fails over at once", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Status(429, "60")});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  REQUIRE(rig.transport.sent.size() == 2);
  CHECK(rig.transport.sent[1].provider == 1);
  CHECK(rig.transport.sent[1].at == result.attempts[0].ended);
}

TEST_CASE("engine: a failure that another attempt cannot cure ends the call", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Status(400)});
  const CallResult result = rig.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.attempts.size() == 1);
  CHECK(result.stop_reason == "final");
}

TEST_CASE("engine: a bad key goes to another provider and is not retried", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Status(401)});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(Strategies(result) == std::vector<std::string>{"first", "failover"});
}

TEST_CASE("engine: a truncated answer is asked for again with a longer limit", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Answer(ChatBody(R"("{\"n\":")", "length")), Good()});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  REQUIRE(rig.transport.sent.size() == 2);
  CHECK(rig.transport.sent[0].body.find("\"max_completion_tokens\":1024") != std::string::npos);
  CHECK(rig.transport.sent[1].body.find("\"max_completion_tokens\":2048") != std::string::npos);
}

TEST_CASE("engine: never makes more than its attempts and says why it stopped", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Broken(TransportError::kReset)});
  rig.transport.Script(1, {Broken(TransportError::kReset)});
  EngineConfig config = Full();
  const CallResult result = rig.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.attempts.size() == 4);  // two targets are worth asking for a reset, twice each
  CHECK(result.stop_reason == "no_plan");
  config.retry.max_attempts = 3;
  Rig fewer(config);
  fewer.transport.Script(0, {Broken(TransportError::kReset)});
  fewer.transport.Script(1, {Broken(TransportError::kReset)});
  const CallResult stopped = fewer.Call();
  CHECK(stopped.attempts.size() == 3);
  CHECK(stopped.stop_reason == "attempts");
  CHECK(stopped.ended == stopped.attempts.back().ended);  // no sleep after the last attempt
}

TEST_CASE("engine: hanging providers cannot hold a call past its deadline", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Broken(TransportError::kTimeout)});
  rig.transport.Script(1, {Broken(TransportError::kTimeout)});
  const CallResult result = rig.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.ended <= kStart + 30s);
  CHECK(result.ended - result.started > 16s);
}

TEST_CASE("engine: when the retry budget is used up it fails instead of adding load", "[engine]") {
  EngineConfig config = Full();
  config.budget = RetryBudgetConfig{true, 0.0, 0.1, 10s};  // one extra attempt in ten seconds
  config.breaker.enabled = false;
  Rig rig(config);
  rig.transport.Script(0, {Broken(TransportError::kReset)});
  rig.transport.Script(1, {Broken(TransportError::kReset)});
  const CallResult result = rig.Call();
  CHECK(result.attempts.size() == 2);
  CHECK(result.stop_reason == "budget");
}

TEST_CASE("engine: an open breaker sends first attempts elsewhere and probes later", "[engine]") {
  EngineConfig config = Full();
  config.budget.enabled = false;
  Rig rig(config);
  rig.transport.Script(0, {Status(500)});
  for (int i = 0; i < 4; ++i) rig.Call("r" + std::to_string(i));
  CHECK(rig.engine->breaker(0).state(rig.env.Now()) == BreakerState::kOpen);
  rig.transport.sent.clear();
  rig.Call("after");
  REQUIRE(rig.transport.sent.size() == 1);
  CHECK(rig.transport.sent[0].provider == 1);
  rig.env.RunUntil(rig.env.Now() + 20s);
  rig.transport.Script(0, {Good()});
  rig.Call("probe");
  rig.Call("probe again");
  CHECK(rig.engine->breaker(0).state(rig.env.Now()) == BreakerState::kClosed);
}

TEST_CASE("engine: rate limits do not open the breaker", "[engine]") {
  EngineConfig config = Full();
  config.budget.enabled = false;
  Rig rig(config);
  rig.transport.Script(0, {Status(429)});
  for (int i = 0; i < 20; ++i) rig.Call("r" + std::to_string(i));
  CHECK(rig.engine->breaker(0).state(rig.env.Now()) == BreakerState::kClosed);
}

TEST_CASE("engine: with every breaker open it fails fast without sending", "[engine]") {
  EngineConfig config = Full();
  config.budget.enabled = false;
  Rig rig(config);
  rig.transport.Script(0, {Status(500)});
  rig.transport.Script(1, {Status(500)});
  for (int i = 0; i < 8; ++i) rig.Call("r" + std::to_string(i));
  rig.transport.sent.clear();
  const CallResult result = rig.Call("refused");
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "all_open");
  CHECK(rig.transport.sent.empty());
  CHECK(result.ended == result.started);
}

Task<> StopLater(Env* env, std::stop_source* source) {
  [[maybe_unused]] const bool reached = co_await env->SleepUntil(env->Now() + 50ms);
  source->request_stop();
}

TEST_CASE("engine: a caller that leaves is let go at once", "[engine]") {
  Rig rig(Full());
  rig.transport.Script(0, {Broken(TransportError::kTimeout)});
  std::stop_source source;
  Spawn(rig.env.executor(), StopLater(&rig.env, &source));
  const CallResult result = rig.Call("r1", source.get_token());
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "cancelled");
  CHECK(result.ended == kStart + 50ms);
  CHECK(rig.engine->calls_in_flight() == 0);
  CHECK(rig.env.pending() == 0);
}

// Two calls with an attempt at each provider open both circuits for 15 s.
void OpenAllCircuits(Rig* rig) {
  for (ProviderId provider = 0; provider < 2; ++provider) {
    rig->transport.Script(provider, {Broken(TransportError::kReset)});
  }
  for (int i = 0; i < 2; ++i) rig->Call("trip" + std::to_string(i));
  for (ProviderId provider = 0; provider < 2; ++provider) {
    REQUIRE(rig->engine->breaker(provider).state(rig->env.Now()) == BreakerState::kOpen);
  }
}

EngineConfig EasilyOpened(AllOpen all_open) {
  EngineConfig config;
  config.retry.max_attempts = 2;
  config.ladder = {"failover"};
  config.breaker.minimum_calls = 2;
  config.breaker.open_for = 15s;
  config.all_open = all_open;
  config.budget.enabled = false;
  return config;
}

TEST_CASE("engine: with all circuits open it says when to come back, waits, or sends all the same",
          "[engine]") {
  Rig fast(EasilyOpened(AllOpen::kFailFast));
  OpenAllCircuits(&fast);
  const Time tripped = fast.env.Now();
  const size_t sent = fast.transport.sent.size();
  const CallResult refused = fast.Call();
  CHECK(refused.stop_reason == "all_open");
  CHECK(refused.ended == tripped);
  CHECK(refused.retry_at > tripped);
  CHECK(refused.retry_at <= tripped + 15s);
  CHECK(fast.transport.sent.size() == sent);

  Rig waiting(EasilyOpened(AllOpen::kWait));
  OpenAllCircuits(&waiting);
  for (ProviderId provider = 0; provider < 2; ++provider) {
    waiting.transport.Script(provider, {Good()});
  }
  const CallResult waited = waiting.Call();
  CHECK(waited.ok);
  CHECK(waited.ended == refused.retry_at + 100ms);

  Rig open(EasilyOpened(AllOpen::kFailOpen));
  OpenAllCircuits(&open);
  open.transport.Script(0, {Good()});
  const CallResult sent_anyway = open.Call();
  CHECK(sent_anyway.ok);
  CHECK(sent_anyway.ended == tripped + 100ms);
}

TEST_CASE("engine: what must not run twice is sent again only if it surely did not run",
          "[engine]") {
  struct Row {
    const char* what;
    ScriptedReply reply;
    bool again;
  };
  const std::vector<Row> rows = {
      {"no connection", Broken(TransportError::kConnect), true},
      {"a reset", Broken(TransportError::kReset), false},
      {"a timeout", Broken(TransportError::kTimeout), false},
      {"a bad answer", Answer(ChatBody("\"no JSON\"")), false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Rig rig(Full());
    rig.repeatable = false;
    rig.transport.Script(0, {row.reply, Good()});
    const CallResult result = rig.Call();
    CHECK(result.ok == row.again);
    if (!row.again) CHECK(result.stop_reason == "not_repeatable");
    if (!row.again) CHECK(rig.transport.sent.size() == 1);
  }
}

TEST_CASE("engine: a budget of money lets through what costs none", "[engine]") {
  EngineConfig config = Full();
  config.budget.ratio = 0;
  config.budget.floor_per_s = 0;
  config.budget.unit = BudgetUnit::kUsd;
  config.ladder = {"retry"};
  Rig paid(config);
  paid.transport.Script(0, {Status(500), Good()});
  CHECK(paid.Call().stop_reason == "budget");
  CHECK(paid.transport.sent.size() == 1);
  config.ladder = {"failover"};
  Rig free(config);
  free.transport.Script(0, {Status(500)});
  CHECK(free.Call().ok);
  config.budget.unit = BudgetUnit::kTokens;
  Rig counted(config);
  counted.transport.Script(0, {Status(500)});
  CHECK(counted.Call().stop_reason == "budget");
}

TEST_CASE("engine: below a caller that retries it makes one attempt", "[engine]") {
  Rig rig(Full());
  rig.caller_retries = true;
  rig.transport.Script(0, {Status(500)});
  const CallResult result = rig.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "caller_retries");
  CHECK(rig.transport.sent.size() == 1);
}

}  // namespace
}  // namespace squall::engine_test

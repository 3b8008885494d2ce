#include "engine/engine.h"

#include <memory>
#include <optional>

#include "engine/base/sim_env.h"
#include "tests/catch.h"
#include "tests/engine/scripted_transport.h"

namespace squall {
namespace {

class NullSink final : public EventSink {
 public:
  void OnAttempt(std::string_view, const AttemptRecord&) override {}
  void OnBreaker(ProviderId, BreakerState from, BreakerState to, Time) override {
    transitions.emplace_back(from, to);
  }
  void OnPhase(Phase, int64_t) override {}
  std::vector<std::pair<BreakerState, BreakerState>> transitions;
};

// An engine over two providers with two models each, in virtual time.
struct Bench {
  explicit Bench(const EngineConfig& config) : transport(&env) {
    std::vector<ProviderInfo> providers(2);
    providers[0].name = "alpha";
    providers[0].models = {ModelInfo{"alpha-large"}, ModelInfo{"alpha-small"}};
    providers[1].name = "beta";
    providers[1].models = {ModelInfo{"beta-large"}};
    engine = std::make_unique<Engine>(config, std::move(providers), 1, &env, &transport, &sink);
  }

  CallResult Call(const std::string& id = "r1", std::stop_token stop = {}) {
    std::optional<CallResult> result;
    Spawn(env.executor(), Run(this, id, stop, &result));
    env.Run();
    REQUIRE(result.has_value());
    return std::move(*result);
  }

  static Task<> Run(Bench* bench, std::string id, std::stop_token stop,
                    std::optional<CallResult>* out) {
    ChatRequest request;
    request.id = id;
    request.messages.emplace_back(Role::kUser, "seven?");
    const Time deadline = bench->env.Now() + 30s;
    CallResult result =
        co_await bench->engine->Call(std::move(request), &bench->schema, deadline, stop);
    *out = std::move(result);
  }

  JsonSchema schema = std::move(*JsonSchema::Compile(
      R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],)"
      R"("additionalProperties":false})"));
  SimEnv env;
  ScriptedTransport transport;
  NullSink sink;
  std::unique_ptr<Engine> engine;
};

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
  Bench bench(Full());
  const CallResult result = bench.Call();
  CHECK(result.ok);
  CHECK(result.content == R"({"n":7})");
  CHECK(result.attempts.size() == 1);
  CHECK(result.stop_reason == "answered");
  CHECK(result.attempts[0].usage.prompt_tokens == 10);
}

TEST_CASE("engine: a failure climbs the ladder in its configured order", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Answer(ChatBody("\"\""))});  // empty content, for ever
  const CallResult result = bench.Call();
  CHECK(result.ok);
  CHECK(Strategies(result) ==
        std::vector<std::string>{"first", "retry", "degrade", "retry", "failover"});
  CHECK(bench.transport.sent[2].body.find("alpha-small") != std::string::npos);
}

TEST_CASE("engine: an answer that breaks the schema is a failure on the first attempt too",
          "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Answer(ChatBody(R"("{\"m\":7}")")), Good()});
  const CallResult result = bench.Call();
  CHECK(result.ok);
  CHECK(result.attempts.size() == 2);
  CHECK(result.attempts[0].diagnosis.failure == FailureClass::kSchemaViolation);
}

TEST_CASE("engine: with the guard off, a broken answer is handed out", "[engine]") {
  EngineConfig config = Full();
  config.guard = GuardConfig{false, false, false};
  Bench bench(config);
  bench.transport.Script(0, {Answer(ChatBody(R"("not json")"))});
  const CallResult result = bench.Call();
  CHECK(result.ok);
  CHECK(result.content == "not json");
}

TEST_CASE("engine: a Retry-After is waited for in full", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Status(429, "3"), Good()});
  const CallResult result = bench.Call();
  REQUIRE(bench.transport.sent.size() == 2);
  CHECK(bench.transport.sent[1].provider == 0);
  const Duration waited = bench.transport.sent[1].at - result.attempts[0].ended;
  CHECK(waited >= 3s);
  CHECK(waited <= 3s + 600ms + 1ns);
}

TEST_CASE("engine: a Retry-After beyond the deadline fails over at once", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Status(429, "60")});
  const CallResult result = bench.Call();
  CHECK(result.ok);
  REQUIRE(bench.transport.sent.size() == 2);
  CHECK(bench.transport.sent[1].provider == 1);
  CHECK(bench.transport.sent[1].at == result.attempts[0].ended);
}

TEST_CASE("engine: a failure that another attempt cannot cure ends the call", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Status(400)});
  const CallResult result = bench.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.attempts.size() == 1);
  CHECK(result.stop_reason == "final");
}

TEST_CASE("engine: a bad key goes to another provider and is not retried", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Status(401)});
  const CallResult result = bench.Call();
  CHECK(result.ok);
  CHECK(Strategies(result) == std::vector<std::string>{"first", "failover"});
}

TEST_CASE("engine: a truncated answer is asked for again with a longer limit", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Answer(ChatBody(R"("{\"n\":")", "length")), Good()});
  const CallResult result = bench.Call();
  CHECK(result.ok);
  REQUIRE(bench.transport.sent.size() == 2);
  CHECK(bench.transport.sent[0].body.find("\"max_completion_tokens\":1024") != std::string::npos);
  CHECK(bench.transport.sent[1].body.find("\"max_completion_tokens\":2048") != std::string::npos);
}

TEST_CASE("engine: never makes more than its attempts and says why it stopped", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Broken(TransportError::kReset)});
  bench.transport.Script(1, {Broken(TransportError::kReset)});
  EngineConfig config = Full();
  const CallResult result = bench.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.attempts.size() == 4);  // two targets are worth asking for a reset, twice each
  CHECK(result.stop_reason == "no_plan");
  config.retry.max_attempts = 3;
  Bench fewer(config);
  fewer.transport.Script(0, {Broken(TransportError::kReset)});
  fewer.transport.Script(1, {Broken(TransportError::kReset)});
  const CallResult stopped = fewer.Call();
  CHECK(stopped.attempts.size() == 3);
  CHECK(stopped.stop_reason == "attempts");
  CHECK(stopped.ended == stopped.attempts.back().ended);  // no sleep after the last attempt
}

TEST_CASE("engine: hanging providers cannot hold a call past its deadline", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Broken(TransportError::kTimeout)});
  bench.transport.Script(1, {Broken(TransportError::kTimeout)});
  const CallResult result = bench.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.ended <= kStart + 30s);
  CHECK(result.ended - result.started > 16s);
}

TEST_CASE("engine: when the retry budget is used up it fails instead of adding load", "[engine]") {
  EngineConfig config = Full();
  config.budget = RetryBudgetConfig{true, 0.0, 0.1, 10s};  // one extra attempt in ten seconds
  config.breaker.enabled = false;
  Bench bench(config);
  bench.transport.Script(0, {Broken(TransportError::kReset)});
  bench.transport.Script(1, {Broken(TransportError::kReset)});
  const CallResult result = bench.Call();
  CHECK(result.attempts.size() == 2);
  CHECK(result.stop_reason == "budget");
}

TEST_CASE("engine: an open breaker sends first attempts elsewhere and probes later", "[engine]") {
  EngineConfig config = Full();
  config.budget.enabled = false;
  Bench bench(config);
  bench.transport.Script(0, {Status(500)});
  for (int i = 0; i < 4; ++i) bench.Call("r" + std::to_string(i));
  CHECK(bench.engine->breaker(0).state(bench.env.Now()) == BreakerState::kOpen);
  bench.transport.sent.clear();
  bench.Call("after");
  REQUIRE(bench.transport.sent.size() == 1);
  CHECK(bench.transport.sent[0].provider == 1);
  bench.env.RunUntil(bench.env.Now() + 20s);
  bench.transport.Script(0, {Good()});
  bench.Call("probe");
  bench.Call("probe again");
  CHECK(bench.engine->breaker(0).state(bench.env.Now()) == BreakerState::kClosed);
}

TEST_CASE("engine: rate limits do not open the breaker", "[engine]") {
  EngineConfig config = Full();
  config.budget.enabled = false;
  Bench bench(config);
  bench.transport.Script(0, {Status(429)});
  for (int i = 0; i < 20; ++i) bench.Call("r" + std::to_string(i));
  CHECK(bench.engine->breaker(0).state(bench.env.Now()) == BreakerState::kClosed);
}

TEST_CASE("engine: with every breaker open it fails fast without sending", "[engine]") {
  EngineConfig config = Full();
  config.budget.enabled = false;
  Bench bench(config);
  bench.transport.Script(0, {Status(500)});
  bench.transport.Script(1, {Status(500)});
  for (int i = 0; i < 8; ++i) bench.Call("r" + std::to_string(i));
  bench.transport.sent.clear();
  const CallResult result = bench.Call("refused");
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "all_open");
  CHECK(bench.transport.sent.empty());
  CHECK(result.ended == result.started);
}

Task<> StopLater(Env* env, std::stop_source* source) {
  [[maybe_unused]] const bool reached = co_await env->SleepUntil(env->Now() + 50ms);
  source->request_stop();
}

TEST_CASE("engine: a caller that leaves is let go at once", "[engine]") {
  Bench bench(Full());
  bench.transport.Script(0, {Broken(TransportError::kTimeout)});
  std::stop_source source;
  Spawn(bench.env.executor(), StopLater(&bench.env, &source));
  const CallResult result = bench.Call("r1", source.get_token());
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "cancelled");
  CHECK(result.ended == kStart + 50ms);
  CHECK(bench.engine->calls_in_flight() == 0);
  CHECK(bench.env.pending() == 0);
}

TEST_CASE("engine: learns which target answers and returns to it", "[engine]") {
  EngineConfig config = Full();
  config.ladder = {"failover", "learned_rule"};
  config.knowledge.minimum_samples = 3;
  config.budget.enabled = false;
  config.breaker.enabled = false;
  Bench bench(config);
  bench.transport.Script(0, {Status(500)});
  for (int i = 0; i < 10; ++i) bench.Call("r" + std::to_string(i));
  const auto recommended = bench.engine->knowledge().Recommend(FailureClass::kServerError, 0);
  REQUIRE(recommended.size() == 1);
  CHECK(recommended[0].provider == 1);
}

}  // namespace
}  // namespace squall

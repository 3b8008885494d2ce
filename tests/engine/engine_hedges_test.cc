// Hedges: a late attempt gets company, the first good answer wins, and nothing is left behind.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/real_env.h"
#include "tests/engine/engine_rig.h"

namespace squall::engine_hedges_test {
namespace {

EngineConfig Hedging() {
  EngineConfig config;
  config.retry.max_attempts = 3;
  config.retry.backoff.base = 100ms;
  config.deadline.per_try = 10s;
  config.budget.enabled = false;
  config.ladder = {"retry"};
  config.hedge.kind = HedgeKind::kFixed;
  config.hedge.delay = 1s;
  return config;
}

std::vector<std::string> Told(const CallResult& result) {
  std::vector<std::string> told;
  for (const AttemptRecord& attempt : result.attempts) {
    told.push_back(std::to_string(attempt.provider) + " " + std::string(attempt.strategy) + " " +
                   std::string(attempt.diagnosis.rule));
  }
  return told;
}

Task<> CallOnce(Engine* engine, std::optional<CallResult>* out) {
  ChatRequest request;
  request.id = "r1";
  request.messages.emplace_back(Role::kUser, "seven?");
  const std::stop_token never;
  CallResult result = co_await engine->Call(std::move(request), nullptr, kNever, never);
  *out = std::move(result);
}

TEST_CASE("hedge: a late attempt gets company, and the loser is cancelled at once", "[engine]") {
  Rig rig(Hedging());
  rig.transport.Script(0, {After(5s, Good())});
  rig.transport.Script(1, {After(200ms, Good())});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.ended == kStart + 1200ms);
  CHECK(Told(result) == std::vector<std::string>{"0 first hedge.lost", "1 hedge ok"});
  CHECK(rig.transport.sent[1].at == kStart + 1s);
  CHECK(result.attempts[0].ended == kStart + 1200ms);
  CHECK(rig.env.Now() == kStart + 1200ms);  // no timer of the loser is left
  CHECK(result.stop_reason == "answered");
}

TEST_CASE("hedge: an answer in time stays alone", "[engine]") {
  Rig rig(Hedging());
  rig.transport.Script(0, {After(900ms, Good())});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(rig.transport.sent.size() == 1);
  CHECK(rig.env.Now() == kStart + 900ms);
}

// Sockets never do so, but a transport that has no connection left answers before anybody waits.
TEST_CASE("hedge: an attempt that ends before it is waited for is not waited for", "[engine]") {
  EngineConfig config = Hedging();
  config.hedge.delay = 2s;
  std::vector<ProviderInfo> providers(2);
  for (ProviderInfo& provider : providers) provider.models = {ModelInfo{"large"}};
  RealEnv env;  // whose executor runs what is spawned at once
  ScriptedTransport transport(&env);
  transport.Script(0, {Good()});
  NullSink sink;
  Engine engine(config, providers, 1, &env, &transport, &sink);
  std::optional<CallResult> result;
  Spawn(env.executor(), CallOnce(&engine, &result));
  env.io().run();
  REQUIRE(result.has_value());
  CHECK(result->ok);
  CHECK(result->ended - result->started < 1s);
}

TEST_CASE("hedge: the first attempt may still win", "[engine]") {
  Rig rig(Hedging());
  rig.transport.Script(0, {After(1500ms, Good())});
  rig.transport.Script(1, {After(5s, Good())});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.ended == kStart + 1500ms);
  CHECK(Told(result) == std::vector<std::string>{"0 first ok", "1 hedge hedge.lost"});
}

TEST_CASE("hedge: one failure waits for the other attempt, two are planned for as ever",
          "[engine]") {
  Rig one(Hedging());
  one.transport.Script(0, {After(1500ms, Status(500))});
  one.transport.Script(1, {After(1s, Good())});
  const CallResult saved = one.Call();
  CHECK(saved.ok);
  CHECK(saved.ended == kStart + 2s);
  CHECK(saved.attempts.size() == 2);

  Rig both(Hedging());
  both.transport.Script(0, {After(1500ms, Status(500))});
  both.transport.Script(1, {After(1s, Broken(TransportError::kReset)), Good()});
  const CallResult retried = both.Call();
  CHECK(retried.ok);
  REQUIRE(retried.attempts.size() == 3);
  CHECK(retried.attempts[0].provider == 0);  // in the order in which they were sent
  CHECK(retried.attempts[2].strategy == "retry");
  CHECK(retried.attempts[2].provider == 1);
}

TEST_CASE("hedge: a quick failure is no reason for one", "[engine]") {
  Rig rig(Hedging());
  rig.transport.Script(0, {Status(500), Good()});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.attempts[1].strategy == "retry");
}

TEST_CASE("hedge: none without budget, attempts, another provider or leave to run twice",
          "[engine]") {
  const auto sent = [](EngineConfig config, bool repeatable) {
    Rig rig(config);
    rig.repeatable = repeatable;
    rig.transport.Script(0, {After(5s, Good())});
    CHECK(rig.Call().ok);
    return rig.transport.sent.size();
  };
  CHECK(sent(Hedging(), true) == 2);
  EngineConfig poor = Hedging();
  poor.budget.enabled = true;
  poor.budget.ratio = 0;
  poor.budget.floor_per_s = 0;
  CHECK(sent(poor, true) == 1);
  EngineConfig few = Hedging();
  few.retry.max_attempts = 1;
  CHECK(sent(few, true) == 1);
  CHECK(sent(Hedging(), false) == 1);
}

TEST_CASE("hedge: a stop ends both attempts", "[engine]") {
  Rig rig(Hedging());
  rig.transport.Script(0, {After(5s, Good())});
  rig.transport.Script(1, {After(5s, Good())});
  std::stop_source stop;
  Spawn(rig.env.executor(), [](Env* env, std::stop_source* source) -> Task<> {
    [[maybe_unused]] const bool reached = co_await env->SleepUntil(kStart + 2s);
    source->request_stop();
  }(&rig.env, &stop));
  const CallResult result = rig.Call("r1", stop.get_token());
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "cancelled");
  CHECK(result.ended == kStart + 2s);
  CHECK(rig.env.Now() == kStart + 2s);
}

TEST_CASE("hedge: the loser says nothing about its provider's health", "[engine]") {
  EngineConfig config = Hedging();
  config.breaker.minimum_calls = 2;
  Rig rig(config);
  rig.transport.Script(0, {After(5s, Good())});
  rig.transport.Script(1, {After(200ms, Good())});
  for (int i = 0; i < 10; ++i) CHECK(rig.Call("r" + std::to_string(i)).ok);
  CHECK(rig.engine->breaker(0).state(rig.env.Now()) == BreakerState::kClosed);
}

TEST_CASE("hedge: by a quantile it follows the latency of late", "[engine]") {
  EngineConfig config = Hedging();
  config.hedge.kind = HedgeKind::kQuantile;
  config.hedge.delay = 4s;
  config.hedge_latency.minimum_samples = 20;
  Rig rig(config);
  for (int i = 0; i < 30; ++i) CHECK(rig.Call("warm" + std::to_string(i)).ok);  // 100 ms each
  rig.transport.Script(0, {After(5s, Good())});
  rig.transport.sent.clear();
  const Time begun = rig.env.Now();
  CHECK(rig.Call("late").ok);
  REQUIRE(rig.transport.sent.size() == 2);
  CHECK(rig.transport.sent[1].at - begun < 150ms);
}

TEST_CASE("hedge: goes to the model that can take the request", "[engine]") {
  std::vector<ProviderInfo> providers = TwoProviders();
  providers[1].models = {ModelInfo{"beta-short"}, ModelInfo{"beta-mute"}, ModelInfo{"beta-long"}};
  providers[1].models[0].context_tokens = 500;  // with an answer of 1,024
  providers[1].models[1].json = false;
  Rig rig(Hedging(), providers);
  rig.transport.Script(0, {After(5s, Good())});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.answered_by == "hedge");
  REQUIRE(result.attempts.size() == 2);
  CHECK(result.attempts[1].model == 2);
  CHECK(rig.transport.sent[1].body.find("beta-long") != std::string::npos);
}

}  // namespace
}  // namespace squall::engine_hedges_test

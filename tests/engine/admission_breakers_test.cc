// Circuits and the quality breaker through the engine: what a reply tells which of them, and where
// requests then go.
#include "engine/policy/quality_breaker.h"
#include "tests/engine/admission_rig.h"

namespace squall::admission_breakers_test {
namespace {

EngineConfig Scoped(std::vector<std::string> scopes) {
  EngineConfig config = Unlimited();
  config.breaker.enabled = true;
  config.breaker.failure_threshold = 0;
  config.breaker.consecutive_failures = 2;
  config.breaker.open_for = 60s;
  config.breaker.probes_to_close = 1;
  config.breaker_scopes = std::move(scopes);
  config.ladder = {"failover", "degrade"};
  return config;
}

ScriptedReply Unauthorized() {
  ScriptedReply reply;
  reply.status = 401;
  reply.body = R"({"error":{"message":"Incorrect API key provided: sk-***.","type":)"
               R"("invalid_request_error","param":null,"code":"invalid_api_key"}})";
  return reply;
}

ScriptedReply Overloaded() {
  ScriptedReply reply;
  reply.status = 503;
  reply.body = R"({"error":{"message":"That model is currently overloaded with other requests.",)"
               R"("type":"server_error","param":null,"code":null}})";
  return reply;
}

std::vector<ProviderInfo> WithSmall() {
  return {NamedProvider("alpha", {ModelInfo{"alpha-large"}, ModelInfo{"alpha-small"}})};
}

TEST_CASE("breakers: a model that is down leaves the provider's other model", "[admission]") {
  Crowd crowd(Scoped({"model"}), WithSmall());
  // Large, small, large, small; from then on the large one is left alone.
  crowd.transport.Script(0, {Overloaded(), Good(), Overloaded(), Good()});
  CHECK(crowd.Ask1({.id = "a"}).ok);
  CHECK(crowd.Ask1({.id = "b"}).ok);
  const CallResult& third = crowd.Ask1({.id = "c"});
  CHECK(third.ok);
  REQUIRE(third.attempts.size() == 1);
  CHECK(third.attempts[0].model == 1);
  // Where the provider is what counts, its other model goes with it.
  Crowd whole(Scoped({"provider"}), WithSmall());
  whole.transport.Script(0, {Overloaded()});
  whole.Ask1({.id = "a"});
  CHECK(whole.Ask1({.id = "b"}).stop_reason == "all_open");
}

TEST_CASE("breakers: of several targets a whole one elsewhere comes before a smaller one here",
          "[admission]") {
  std::vector<ProviderInfo> providers = WithSmall();
  providers.push_back(NamedProvider("beta"));
  Crowd crowd(Scoped({"model"}), std::move(providers));
  crowd.transport.Script(0, {Overloaded()});
  for (const char* id : {"a", "b"}) CHECK(StepsOf(crowd.Ask1({.id = id})) == Words{"0", "1"});
  CHECK(StepsOf(crowd.Ask1({.id = "c"})) == Words{"1"});
  crowd.transport.Script(1, {Status(500)});
  crowd.transport.Script(0, {Good()});
  const CallResult& last = crowd.Ask1({.id = "d"});
  CHECK(last.ok);
  CHECK(StepsOf(last) == Words{"1", "0"});
  CHECK(last.attempts[1].model == 1);
}

TEST_CASE("breakers: a revoked key opens the circuit of the key and not the provider's",
          "[admission]") {
  for (const char* scope : {"provider", "key"}) {
    CAPTURE(scope);
    Crowd crowd(Scoped({scope}), NamedProviders({"alpha", "beta"}));
    crowd.transport.Script(0, {Unauthorized()});
    for (const char* id : {"a", "b"}) CHECK(StepsOf(crowd.Ask1({.id = id})) == Words{"0", "1"});
    const bool keys = scope == std::string("key");
    CHECK(StepsOf(crowd.Ask1({.id = "c"})) == (keys ? Words{"1"} : Words{"0", "1"}));
    CHECK(crowd.sink.transitions.size() == (keys ? 1 : 0));
  }
  // And a server's errors say nothing of the key.
  Crowd crowd(Scoped({"key"}), NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {Status(500)});
  for (const char* id : {"a", "b", "c"}) CHECK(StepsOf(crowd.Ask1({.id = id})) == Words{"0", "1"});
}

TEST_CASE("breakers: providers of one region share its circuit", "[admission]") {
  const auto stories = [](const std::string& region_of_beta) {
    std::vector<ProviderInfo> providers = NamedProviders({"alpha", "beta", "gamma"});
    providers[0].region = "west";
    providers[1].region = region_of_beta;
    Crowd crowd(Scoped({"region"}), std::move(providers));
    crowd.transport.Script(0, {Status(503)});
    crowd.transport.Script(1, {Status(503)});
    const Words first = StepsOf(crowd.Ask1({.id = "a"}));
    const Words second = StepsOf(crowd.Ask1({.id = "b"}));
    return std::pair(first, second);
  };
  CHECK(stories("west") == std::pair(Words{"0", "1", "2"}, Words{"2"}));
  CHECK(stories("") == std::pair(Words{"0", "1", "2"}, Words{"0", "1", "2"}));
}

TEST_CASE("breakers: a caller that leaves gives its probe's place back", "[admission]") {
  EngineConfig config = Scoped({"provider", "region"});
  config.breaker.open_for = 10s;
  config.ladder = {};
  std::vector<ProviderInfo> providers = NamedProviders({"alpha"});
  Crowd crowd(config, std::move(providers));
  crowd.transport.Script(0, {Status(503)});
  for (const char* id : {"a", "b"}) crowd.Ask1({.id = id});
  CHECK(crowd.Ask1({.id = "c"}).stop_reason == "all_open");
  crowd.env.RunUntil(kStart + 20s);
  crowd.transport.Script(0, {After(5s, Good())});
  crowd.Offer({.id = "probe", .at = kStart + 20s, .leaves_after = 1s});
  crowd.Offer({.id = "beside", .at = kStart + 20500ms});
  crowd.Offer({.id = "after", .at = kStart + 22s});
  crowd.Run();
  CHECK(crowd.Of("probe").stop_reason == "cancelled");
  CHECK(crowd.Of("beside").stop_reason == "all_open");
  CHECK(crowd.Of("after").ok);
}

// ---- quality ------------------------------------------------------------------------------------

EngineConfig Judging(QualityAction action) {
  EngineConfig config = Unlimited();
  config.quality.enabled = true;
  config.quality.minimum_answers = 4;
  config.quality.open_for = 30s;
  config.quality.probes_to_close = 2;
  config.quality.ramp = 0s;
  config.quality.action = action;
  return config;
}

// Breaks the schema.
ScriptedReply Drifted() { return Answer(ChatBody(R"("{\"n\":\"seven\"}")")); }

TEST_CASE("quality: who answers badly is avoided, probed and taken back", "[admission]") {
  Crowd crowd(Judging(QualityAction::kDivert), NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {Drifted()});
  for (const char* id : {"a", "b", "c", "d"}) {
    CHECK(StepsOf(crowd.Ask1({.id = id})) == Words{"0", "1"});
  }
  CHECK(StepsOf(crowd.Ask1({.id = "e"})) == Words{"1"});
  crowd.env.RunUntil(kStart + 40s);
  CHECK(StepsOf(crowd.Ask1({.id = "bad probe"})) == Words{"0", "1"});
  CHECK(StepsOf(crowd.Ask1({.id = "f"})) == Words{"1"});
  crowd.env.RunUntil(kStart + 80s);
  crowd.transport.Script(0, {Good()});
  for (const char* id : {"good probe", "another", "taken back"}) {
    CHECK(StepsOf(crowd.Ask1({.id = id})) == Words{"0"});
  }
  // Side by side now, not one probe at a time.
  crowd.OfferMany(3, {.id = "r", .at = crowd.env.Now()});
  crowd.Run();
  CHECK(crowd.MostInFlight(0) == 3);
}

TEST_CASE("quality: what brings no answer says nothing about answers", "[admission]") {
  Crowd crowd(Judging(QualityAction::kDivert), NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {Status(500)});
  for (int i = 0; i < 10; ++i) {
    CHECK(StepsOf(crowd.Ask1({.id = "r" + std::to_string(i)})) == Words{"0", "1"});
  }
}

TEST_CASE("quality: with nowhere else a bad answerer is asked all the same, or refused, as is said",
          "[admission]") {
  for (const QualityAction action : {QualityAction::kDivert, QualityAction::kRefuse}) {
    const bool diverts = action == QualityAction::kDivert;
    CAPTURE(diverts);
    Crowd crowd(Judging(action), NamedProviders({"alpha"}));
    crowd.transport.Script(0, {Drifted(), Drifted(), Drifted(), Drifted(), Good()});
    for (const char* id : {"a", "b", "c", "d"}) CHECK_FALSE(crowd.Ask1({.id = id}).ok);
    const CallResult& next = crowd.Ask1({.id = "e"});
    CHECK(next.ok == diverts);
    CHECK(crowd.TimesAt(0).size() == (diverts ? 5 : 4));
    CHECK(next.stop_reason == (diverts ? "answered" : "refused"));
    if (!diverts) CHECK(StepsOf(next) == Words{"0 quality"});
  }
}

}  // namespace
}  // namespace squall::admission_breakers_test

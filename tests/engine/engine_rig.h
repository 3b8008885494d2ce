// An engine over scripted providers in virtual time, for engine tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/sim_env.h"
#include "engine/engine.h"
#include "tests/catch.h"
#include "tests/engine/scripted_transport.h"

namespace squall {

class NullSink final : public EventSink {
 public:
  void OnAttempt(std::string_view, const AttemptRecord&) override {}
  void OnBreaker(ProviderId, BreakerState from, BreakerState to, Time) override {
    transitions.emplace_back(from, to);
  }
  void OnPhase(Phase, int64_t) override {}
  std::vector<std::pair<BreakerState, BreakerState>> transitions;
};

// alpha, whose large model costs money, and beta.
inline std::vector<ProviderInfo> TwoProviders() {
  std::vector<ProviderInfo> providers(2);
  providers[0].name = "alpha";
  providers[0].models = {ModelInfo{"alpha-large", 10, 10}, ModelInfo{"alpha-small"}};
  providers[1].name = "beta";
  providers[1].models = {ModelInfo{"beta-large"}};
  return providers;
}

// An engine over some providers in virtual time.
struct Rig {
  explicit Rig(const EngineConfig& config, std::vector<ProviderInfo> providers = TwoProviders())
      : transport(&env) {
    engine = std::make_unique<Engine>(config, std::move(providers), 1, &env, &transport, &sink);
  }

  CallResult Call(const std::string& id = "r1", std::stop_token stop = {},
                  AnswerSink* caller = nullptr) {
    std::optional<CallResult> result;
    Spawn(env.executor(), Run(this, id, stop, caller, &result));
    env.Run();
    REQUIRE(result.has_value());
    return std::move(*result);
  }

  // Asks for a stream where there is a caller to take it.
  static Task<> Run(Rig* rig, std::string id, std::stop_token stop, AnswerSink* caller,
                    std::optional<CallResult>* out) {
    ChatRequest request;
    request.id = id;
    request.stream = caller != nullptr;
    request.repeatable = rig->repeatable;
    request.caller_retries = rig->caller_retries;
    request.require_equivalence = rig->require_equivalence;
    request.messages.emplace_back(Role::kUser, rig->prompt);
    const Time deadline = rig->env.Now() + rig->patience;
    CallResult result =
        co_await rig->engine->Call(std::move(request), &rig->schema, deadline, stop, caller);
    *out = std::move(result);
  }

  JsonSchema schema = std::move(*JsonSchema::Compile(
      R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],)"
      R"("additionalProperties":false})"));
  Duration patience = 30s;  // until a call's deadline
  bool repeatable = true;
  bool caller_retries = false;
  bool require_equivalence = false;
  std::string prompt = "seven?";
  SimEnv env;
  ScriptedTransport transport;
  NullSink sink;
  std::unique_ptr<Engine> engine;
};

}  // namespace squall

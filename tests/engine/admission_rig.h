// A crowd of callers before one engine over scripted providers, in virtual time: for what requests
// do to each other through admission. Rig (engine_rig.h) is for one call at a time.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/sim_env.h"
#include "engine/engine.h"
#include "tests/catch.h"
#include "tests/engine/engine_rig.h"
#include "tests/engine/scripted_transport.h"

namespace squall {

struct Question {
  std::string id;
  Time at = kStart;
  std::string user = "";
  std::string text = "";  // of the prompt, beside the id
  int64_t max_tokens = 100;
  Duration patience = 10min;
  Duration leaves_after = 0s;  // the caller gives up so long after `at`; 0 = never
  bool repeatable = true;
};

inline ProviderInfo NamedProvider(const std::string& name, std::vector<ModelInfo> models = {}) {
  ProviderInfo info;
  info.name = name;
  info.models = std::move(models);
  if (info.models.empty()) info.models.push_back(ModelInfo{name + "-large"});
  return info;
}

inline std::vector<ProviderInfo> NamedProviders(const std::vector<std::string>& names) {
  std::vector<ProviderInfo> infos;
  for (const std::string& name : names) infos.push_back(NamedProvider(name));
  return infos;
}

// Nothing limits but what a test turns on.
inline EngineConfig Unlimited() {
  EngineConfig config;
  config.ladder = {"failover"};
  config.breaker.enabled = false;
  config.budget.enabled = false;
  config.deadline.per_try = 10min;
  config.deadline.failover_reserve = 0s;
  return config;
}

class Crowd {
 public:
  Crowd(const EngineConfig& config, std::vector<ProviderInfo> providers) : transport(&env) {
    engine = std::make_unique<Engine>(config, std::move(providers), 1, &env, &transport, &sink);
  }

  void Offer(Question ask) {
    Caller* const caller = &callers_[ask.id];
    REQUIRE_FALSE(caller->offered);
    caller->offered = true;
    if (ask.leaves_after > 0s) {
      Spawn(env.executor(), Leave(this, ask.at + ask.leaves_after, caller));
    }
    Spawn(env.executor(), Call(this, std::move(ask), caller));
  }

  // `count` at once, "r00" first.
  void OfferMany(int count, const Question& like) {
    for (int i = 0; i < count; ++i) {
      Question ask = like;
      ask.id += std::to_string(i / 10) + std::to_string(i % 10);
      Offer(std::move(ask));
    }
  }

  // Until every caller has its result.
  void Run() {
    env.Run();
    REQUIRE(done_ == callers_.size());
    REQUIRE(engine->calls_in_flight() == 0);
  }

  const CallResult& Of(const std::string& id) const { return callers_.at(id).result; }

  // One more call, now.
  const CallResult& Ask1(Question ask) {
    ask.at = env.Now();
    const std::string id = ask.id;
    Offer(std::move(ask));
    Run();
    return Of(id);
  }

  // "id@milliseconds" of what a provider has got, in order.
  std::vector<std::string> Got(ProviderId provider) const {
    std::vector<std::string> got;
    for (const ScriptedTransport::Sent& sent : transport.sent) {
      if (sent.provider != provider) continue;
      got.push_back(IdIn(sent.body) + "@" + std::to_string((sent.at - kStart) / 1ms));
    }
    return got;
  }

  std::vector<Time> TimesAt(ProviderId provider) const {
    std::vector<Time> times;
    for (const ScriptedTransport::Sent& sent : transport.sent) {
      if (sent.provider == provider) times.push_back(sent.at);
    }
    return times;
  }

  // Most attempts under way at once, by the clock; who ends when another begins has gone.
  int MostInFlight(ProviderId provider) const {
    std::vector<std::pair<Time, int>> changes;
    for (const auto& [unused, caller] : callers_) {
      for (const AttemptRecord& attempt : caller.result.attempts) {
        if (!attempt.sent || attempt.provider != provider) continue;
        changes.emplace_back(attempt.started, 1);
        changes.emplace_back(attempt.ended, -1);
      }
    }
    std::sort(changes.begin(), changes.end());
    int now = 0;
    int most = 0;
    for (const auto& [unused, change] : changes) most = std::max(most, now += change);
    return most;
  }

  static std::string IdIn(const std::string& body) {
    const size_t begin = body.find("<<") + 2;
    return body.substr(begin, body.find(">>") - begin);
  }

  SimEnv env;
  ScriptedTransport transport;
  NullSink sink;
  std::unique_ptr<Engine> engine;

 private:
  struct Caller {
    bool offered = false;
    std::stop_source stop;
    CallResult result;
  };

  static Task<> Call(Crowd* crowd, Question ask, Caller* caller) {
    if (ask.at > crowd->env.Now()) {
      [[maybe_unused]] const bool reached = co_await crowd->env.SleepUntil(ask.at);
    }
    ChatRequest request;
    request.id = ask.id;
    request.user = ask.user;
    request.max_tokens = ask.max_tokens;
    request.repeatable = ask.repeatable;
    request.messages.emplace_back(Role::kUser, "<<" + ask.id + ">> " + ask.text);
    const Time deadline = ask.at + ask.patience;
    const std::stop_token stop = caller->stop.get_token();
    CallResult result =
        co_await crowd->engine->Call(std::move(request), &crowd->schema_, deadline, stop);
    caller->result = std::move(result);
    ++crowd->done_;
  }

  static Task<> Leave(Crowd* crowd, Time at, Caller* caller) {
    [[maybe_unused]] const bool reached = co_await crowd->env.SleepUntil(at);
    caller->stop.request_stop();
  }

  JsonSchema schema_ = std::move(*JsonSchema::Compile(
      R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],)"
      R"("additionalProperties":false})"));
  std::map<std::string, Caller> callers_;
  size_t done_ = 0;
};

// What each attempt was: "alpha" by index, or what refused it before it was sent.
inline std::vector<std::string> StepsOf(const CallResult& result) {
  std::vector<std::string> story;
  for (const AttemptRecord& attempt : result.attempts) {
    const std::string where = std::to_string(attempt.provider);
    story.push_back(attempt.sent ? where : where + " " + std::string(attempt.diagnosis.rule));
  }
  return story;
}

using Words = std::vector<std::string>;

}  // namespace squall

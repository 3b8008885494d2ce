// Calls an LLM through squall's engine over a network of one's own: here one that is down at first.
#include <cstdio>

#include "engine/base/real_env.h"
#include "engine/engine.h"

using namespace squall;

struct Network final : Transport {  // yours: curl, Beast, a queue, ...
  Task<HttpReply> Send(ProviderId, const HttpRequest&, Time, std::stop_token, BodySink*) override {
    HttpReply reply;
    reply.status = ++sent == 1 ? 503 : 200;
    if (sent > 1) reply.body = R"({"choices":[{"message":{"content":"42"}}]})";
    co_return reply;
  }
  int sent = 0;
};

Task<> Ask(Engine* engine, CallResult* result) {
  ChatRequest question;
  question.messages.emplace_back(Role::kUser, "What is six times seven?");
  const std::stop_token never;
  *result = co_await engine->Call(std::move(question), nullptr, kStart + 30s, never);
}

int main() {
  RealEnv env;
  Network network;
  EventSink quiet;
  ProviderInfo first, second;
  first.models = second.models = {ModelInfo{"large"}};
  Engine engine(EngineConfig(), {first, second}, /*seed=*/1, &env, &network, &quiet);
  CallResult result;
  Spawn(env.executor(), Ask(&engine, &result));
  env.io().run();
  std::printf("%s after %d attempts\n", result.content.c_str(), network.sent);
  return result.ok && result.content == "42" && network.sent == 2 ? 0 : 1;
}

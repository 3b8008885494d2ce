// An LLM call through squall's engine over HTTP, with a second provider to fall back on:
//   embedding PORT OTHER_PORT      servers of OpenAI's API, as `squall serve` prints them
#include <cstdio>
#include <cstdlib>

#include "engine/base/real_env.h"
#include "engine/engine.h"
#include "engine/wire/http_transport.h"

using namespace squall;

Task<> Ask(Engine* engine, CallResult* result) {
  ChatRequest question;
  question.messages.emplace_back(Role::kUser, "What is six times seven?");
  const std::stop_token never;
  *result = co_await engine->Call(std::move(question), nullptr, kStart + 30s, never);
}

int main(int, char** argv) {
  RealEnv env;
  HttpTransport http(env);
  std::vector<ProviderInfo> providers(2);
  for (ProviderInfo& provider : providers) {
    provider.models = {ModelInfo{"large"}};
    if (!http.AddProvider({"127.0.0.1", static_cast<uint16_t>(std::atoi(*++argv))}).ok()) return 2;
  }
  EventSink quiet;
  Engine engine(EngineConfig(), std::move(providers), /*seed=*/1, &env, &http, &quiet);
  CallResult result;
  Spawn(env.executor(), Ask(&engine, &result));
  env.io().run();
  std::printf("%s (attempt %zu)\n", result.content.c_str(), result.attempts.size());
  return result.ok ? 0 : 1;
}

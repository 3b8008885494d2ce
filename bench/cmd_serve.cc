// squall serve: the mock providers of a scenario as real servers, until Ctrl-C.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/interrupt.h"
#include "engine/base/real_env.h"
#include "mock_providers/http_server.h"
#include "scenarios/session.h"

namespace squall {
namespace {

// Ends when a signal has come: closes every server, which lets the event loop run dry.
Task<> StopOnSignal(RealEnv* env, std::vector<std::unique_ptr<MockHttpServer>>* servers,
                    double time_scale) {
  const Duration pause = FromSeconds(0.05 / time_scale);
  while (!InterruptFlag()) {
    [[maybe_unused]] const bool reached = co_await env->SleepUntil(env->Now() + pause);
  }
  for (const auto& server : *servers) co_await server->Stop();
}

}  // namespace

int Serve(const ServeOptions& options) {
  ScenarioOptions loading;
  loading.sets = options.sets;
  absl::StatusOr<Scenario> scenario = LoadScenario(options.scenario, loading);
  if (!scenario.ok()) return ReportLoadError(scenario.status());
  if (options.seed >= 0) scenario->seed = options.seed;

  MockSide mocks(*scenario, static_cast<uint64_t>(scenario->seed));
  RealEnv env(options.time_scale);
  std::vector<std::unique_ptr<MockHttpServer>> servers;
  for (const auto& provider : mocks.providers) {
    HttpServerOptions server_options;
    server_options.address = options.address;
    const auto offset = static_cast<int64_t>(servers.size());
    server_options.port = static_cast<uint16_t>(options.port == 0 ? 0 : options.port + offset);
    servers.push_back(std::make_unique<MockHttpServer>(env, *provider, server_options));
  }
  std::string listing;
  int code = kExitOk;
  for (size_t i = 0; i < servers.size(); ++i) {
    const absl::StatusOr<uint16_t> port = servers[i]->Start();
    if (!port.ok()) {
      std::fprintf(stderr, "squall: %s\n", std::string(port.status().message()).c_str());
      code = kExitNetwork;
      break;
    }
    const ProviderConfig& provider = scenario->providers[i];
    listing += provider.name + "  http://" + options.address + ":" + std::to_string(*port) +
               "/v1  " + provider.dialect;
    for (const ModelConfig& model : provider.models) listing += " " + model.name;
    listing += "\n";
  }
  if (code == kExitOk) {
    std::fputs(listing.c_str(), stdout);
    std::fflush(stdout);
    std::fprintf(stderr, "Serving %s, seed %lld. Ctrl-C ends it.\n", scenario->name.c_str(),
                 static_cast<long long>(scenario->seed));
    Spawn(env.executor(), StopOnSignal(&env, &servers, options.time_scale));
  } else {
    for (const auto& server : servers) Spawn(env.executor(), server->Stop());
  }
  env.io().run();
  if (code == kExitOk && InterruptExitCode() == kExitTerminated) {
    std::fputs("Terminated.\n", stderr);
  }
  return code;
}

}  // namespace squall

#include "scenarios/world.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/real_env.h"
#include "engine/base/sim_env.h"
#include "engine/wire/http_transport.h"
#include "mock_providers/faults.h"
#include "mock_providers/in_process.h"
#include "scenarios/server_thread.h"
#include "scenarios/session.h"

namespace squall {
namespace {

std::vector<Provider*> Pointers(const MockSide& mocks) {
  std::vector<Provider*> providers;
  for (const auto& provider : mocks.providers) providers.push_back(provider.get());
  return providers;
}

}  // namespace

std::vector<std::string> FaultNames() {
  std::vector<std::string> names;
  for (const FaultRow& row : FaultTable()) names.emplace_back(row.name);
  return names;
}

std::optional<TriggerWindow> TriggerOf(const Scenario& scenario) {
  std::optional<TriggerWindow> hull;
  const auto add = [&hull](Duration from, Duration to) {
    if (!hull) hull = TriggerWindow{kStart + from, kStart + to};
    hull->from = std::min(hull->from, kStart + from);
    hull->to = std::max(hull->to, kStart + to);
  };
  constexpr Duration kForGood = 24h * 365;
  for (const ClimateConfig& row : scenario.climate) {
    const bool ends = row.from > 0s || row.to < kForGood;
    if (row.kind != ClimateKind::kGilbertElliott && ends) add(row.from, row.to);
  }
  for (const RestartConfig& restart : scenario.workload.restarts) {
    add(restart.at, restart.at + restart.down);
  }
  const ArrivalConfig& arrivals = scenario.workload.arrivals;
  Duration from = 0s;
  for (const ArrivalPhase& phase : arrivals.phases) {
    const Duration to = from + phase.length;
    if (phase.rate_per_s > arrivals.rate_per_s) add(from, to);
    from = to;
  }
  return hull;
}

WorldResult RunVirtual(const Scenario& scenario, uint64_t seed, const RunHooks& hooks) {
  SimEnv env;
  MockSide mocks(scenario, seed);
  InProcessTransport transport(Pointers(mocks), &env);
  Session session(scenario, seed, &env, &transport, &mocks, &mocks.truth, hooks);
  session.Start();
  const uint64_t events = env.Run();
  WorldResult result = session.TakeResult();
  result.events = static_cast<int64_t>(events);
  return result;
}

absl::StatusOr<WorldResult> RunWire(const Scenario& scenario, uint64_t seed, double time_scale,
                                    const RunHooks& hooks) {
  // The server thread owns what serves; outlooks come from a twin that nobody sends requests to.
  MockSide serving(scenario, seed);
  const MockSide outlook(scenario, seed);
  auto servers = std::make_unique<ServerThread>(time_scale, serving, std::vector<uint16_t>());
  const absl::StatusOr<std::vector<uint16_t>> ports = servers->Bind();
  if (!ports.ok()) return ports.status();
  const auto start = std::chrono::steady_clock::now();
  servers->Run(start);

  RealEnv env(time_scale, start);
  HttpTransport transport(env);
  for (const uint16_t port : *ports) {
    HttpEndpoint endpoint;
    endpoint.port = port;
    const absl::StatusOr<ProviderId> id = transport.AddProvider(endpoint);
    if (!id.ok()) return id.status();
  }
  Session session(scenario, seed, &env, &transport, &outlook, &serving.truth, hooks);
  session.Start();
  while (!session.finished()) env.io().run_one();
  transport.Close();
  env.io().restart();
  env.io().run();
  SQUALL_CHECK(transport.in_flight() == 0 && transport.open_connections() == 0);
  servers.reset();  // injected counts are complete once the servers have ended
  return session.TakeResult();
}

}  // namespace squall

// RunTarget: a wire world with somebody else's gateway in the place of the engine.
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <utility>

#include "engine/base/check.h"
#include "engine/base/real_env.h"
#include "engine/wire/http_transport.h"
#include "scenarios/server_thread.h"
#include "scenarios/session.h"
#include "scenarios/target.h"
#include "scenarios/target_process.h"

namespace squall {
namespace {

// Real time. After the last call a target is left at work until nothing has come upstream for so
// long, or to the end of patience; before that, a call settles with the next after a minute.
constexpr double kQuietStep_s = 0.25;
constexpr int kQuietSteps = 8;
constexpr int kMostQuietSteps = 60;
constexpr double kSettle_s = 60;

std::vector<std::string> EnvironmentOf(const TargetUrl& url, const std::vector<uint16_t>& ports) {
  std::vector<std::string> variables;
  std::string all;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string upstream = absl::StrCat("http://127.0.0.1:", ports[i]);
    variables.push_back(absl::StrCat("SQUALL_UPSTREAM_", i, "=", upstream));
    absl::StrAppend(&all, i == 0 ? "" : ",", upstream);
  }
  variables.push_back(absl::StrCat("SQUALL_UPSTREAMS=", all));
  variables.push_back(absl::StrCat("SQUALL_TARGET_URL=", url.Text()));
  variables.push_back(absl::StrCat("SQUALL_TARGET_PORT=", url.port));
  return variables;
}

absl::StatusOr<std::unique_ptr<TargetProcess>> StartCommand(const TargetOptions& options,
                                                            const std::vector<uint16_t>& ports,
                                                            TargetUrl* url) {
  if (options.command.empty()) return nullptr;
  if (url->port == 0) url->port = FindFreePort();
  // Whoever that is would be measured in its place.
  if (Listens(url->host, url->port)) {
    return absl::UnavailableError(absl::StrCat("something listens on ", url->host, ":", url->port,
                                               " before the target was started"));
  }
  return TargetProcess::Start(options.command, EnvironmentOf(*url, ports));
}

// A target that remembers idempotency keys for longer than a run must not know these.
std::string RunName(uint64_t seed) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return absl::StrCat("squall-", absl::Hex(seed), "-", ::getpid(), "-", now.count(), "-");
}

Task<> AwaitQuiet(Env* env, const GroundTruth* truth, Duration step, bool* quiet) {
  int64_t seen = truth->arrivals();
  int still = 0;
  for (int i = 0; i < kMostQuietSteps && still < kQuietSteps; ++i) {
    const Time at = env->Now() + step;
    [[maybe_unused]] const bool reached = co_await env->SleepUntil(at);
    const int64_t arrivals = truth->arrivals();
    still = arrivals == seen ? still + 1 : 0;
    seen = arrivals;
  }
  *quiet = true;
}

bool Repeats(const WorkloadConfig& workload) {
  return workload.resubmit.share > 0 || !workload.restarts.empty();
}

}  // namespace

absl::StatusOr<WorldResult> RunTarget(const Scenario& scenario, uint64_t seed, double time_scale,
                                      const TargetOptions& options, const RunHooks& hooks) {
  MockSide serving(scenario, seed);
  serving.KeyByTask();
  const MockSide outlook(scenario, seed);
  auto servers = std::make_unique<ServerThread>(time_scale, serving, options.ports);
  const absl::StatusOr<std::vector<uint16_t>> ports = servers->Bind();
  if (!ports.ok()) return ports.status();

  TargetUrl url = options.url;
  const auto process = StartCommand(options, *ports, &url);
  if (!process.ok()) return process.status();
  const absl::Status listens =
      AwaitListener(url.host, url.port, options.wait, process->get(), hooks.stop);
  if (!listens.ok()) return listens;
  const auto start = std::chrono::steady_clock::now();
  servers->Run(start);

  RealEnv env(time_scale, start);
  HttpTransport transport(env);
  HttpEndpoint endpoint;
  endpoint.host = url.host;
  endpoint.port = url.port;
  endpoint.base_path = url.path;
  const absl::StatusOr<ProviderId> id = transport.AddProvider(endpoint);
  if (!id.ok()) return id.status();
  const std::string model =
      options.model.empty() ? scenario.providers[0].models[0].name : options.model;
  TargetCaller caller(options, model, RunName(seed), Repeats(scenario.workload),
                      FromSeconds(kSettle_s / time_scale), &env, &transport);
  Session session(scenario, seed, &env, &transport, &outlook, &serving.truth, hooks, &caller);
  session.Start();
  while (!session.finished()) env.io().run_one();
  bool quiet = false;
  env.io().restart();  // it stops with the last call
  Spawn(env.executor(),
        AwaitQuiet(&env, &serving.truth, FromSeconds(kQuietStep_s / time_scale), &quiet));
  while (!quiet) env.io().run_one();
  transport.Close();
  env.io().restart();
  env.io().run();
  SQUALL_CHECK(transport.in_flight() == 0 && transport.open_connections() == 0);
  TargetProcess* const started = process->get();
  const auto ended = started == nullptr ? std::nullopt : started->Ended();
  const double cpu_s = started == nullptr ? 0 : started->End();
  servers.reset();  // injected counts are complete once the servers have ended
  WorldResult result = session.TakeResult();
  result.target->cpu_s = cpu_s;
  result.target->ended = ended.value_or("");
  return result;
}

}  // namespace squall

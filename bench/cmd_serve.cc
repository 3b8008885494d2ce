// squall serve: the mock providers of a scenario as real servers, until Ctrl-C, and beside them a
// control API (control_api.h).
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstdio>
#include <memory>

#include "bench/commands.h"
#include "bench/control_api.h"
#include "bench/exit_codes.h"
#include "bench/interrupt.h"
#include "bench/served_mocks.h"
#include "engine/base/real_env.h"
#include "mock_providers/http_server.h"

namespace squall {
namespace {

// Far more than any table of faults.
constexpr size_t kControlBodyLimit = 1 << 20;
constexpr size_t kControlConnections = 256;

// Ends when a signal has come: closes every server, which lets the event loop run dry.
Task<> StopOnSignal(RealEnv* env, std::vector<MockHttpServer*> servers, double time_scale) {
  const Duration pause = FromSeconds(0.05 / time_scale);
  while (!InterruptFlag()) {
    [[maybe_unused]] const bool reached = co_await env->SleepUntil(env->Now() + pause);
  }
  for (MockHttpServer* server : servers) co_await server->Stop();
}

// What is no address is said when it is bound.
bool IsLoopback(const std::string& address) {
  boost::system::error_code ec;
  const auto parsed = boost::asio::ip::make_address(address, ec);
  return !ec && parsed.is_loopback();
}

std::string UrlOf(const std::string& address, uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool WantsControl(const ServeOptions& options) {
  if (options.no_control) return false;
  return options.control_port >= 0 || IsLoopback(options.address);
}

// Whoever can reach the control API can change what others are served.
bool NeedsToken(const ServeOptions& options) {
  return !IsLoopback(options.address) || !IsLoopback(options.control_address);
}

int SayNoToken() {
  std::fputs(
      "squall: --control-port: got no token beyond loopback, expected --control-token or "
      "SQUALL_CONTROL_TOKEN\n",
      stderr);
  return kExitUsage;
}

// The servers of one process: those of the mocks, and perhaps one for control.
class Servers {
 public:
  Servers(const ServeOptions& options, const Scenario& scenario, RealEnv* env)
      : options_(options),
        scenario_(scenario),
        mocks_(scenario, static_cast<uint64_t>(scenario.seed)) {
    for (size_t i = 0; i < mocks_.size(); ++i) {
      HttpServerOptions server;
      server.address = options.address;
      const auto port = options.port == 0 ? 0 : options.port + static_cast<int64_t>(i);
      server.port = static_cast<uint16_t>(port);
      servers_.push_back(std::make_unique<MockHttpServer>(*env, mocks_.source(i), server));
    }
    if (!WantsControl(options)) return;
    api_ = std::make_unique<ControlApi>(&mocks_, &servers_, options.control_token);
    HttpServerOptions server;
    server.address = options.control_address;
    server.port = static_cast<uint16_t>(std::max<int64_t>(options.control_port, 0));
    server.body_limit = kControlBodyLimit;
    server.max_connections = kControlConnections;
    control_ = std::make_unique<MockHttpServer>(*env, *api_, server);
  }

  // One line for each server, or why one cannot listen.
  absl::StatusOr<std::string> Start() {
    std::string listing;
    for (size_t i = 0; i < servers_.size(); ++i) {
      const absl::StatusOr<uint16_t> port = servers_[i]->Start();
      if (!port.ok()) return port.status();
      const ProviderConfig& provider = scenario_.providers[i];
      listing += provider.name + "  " + UrlOf(options_.address, *port) + "/v1  " + provider.dialect;
      for (const ModelConfig& model : provider.models) listing += " " + model.name;
      listing += "\n";
    }
    if (control_ == nullptr) return listing;
    const absl::StatusOr<uint16_t> port = control_->Start();
    if (!port.ok()) return port.status();
    return listing + "control  " + UrlOf(options_.control_address, *port) + "\n";
  }

  std::vector<MockHttpServer*> all() const {
    std::vector<MockHttpServer*> servers;
    for (const auto& server : servers_) servers.push_back(server.get());
    if (control_ != nullptr) servers.push_back(control_.get());
    return servers;
  }

 private:
  const ServeOptions& options_;
  const Scenario& scenario_;
  ServedMocks mocks_;
  ControlApi::Servers servers_;
  std::unique_ptr<ControlApi> api_;
  std::unique_ptr<MockHttpServer> control_;
};

}  // namespace

int Serve(const ServeOptions& options) {
  ScenarioOptions loading;
  loading.sets = options.sets;
  absl::StatusOr<Scenario> scenario = LoadScenario(options.scenario, loading);
  if (!scenario.ok()) return ReportLoadError(scenario.status());
  if (scenario->model) return ReportModel(options.scenario);
  if (options.seed >= 0) scenario->seed = options.seed;
  if (WantsControl(options) && NeedsToken(options) && options.control_token.empty()) {
    return SayNoToken();
  }

  RealEnv env(options.time_scale);
  Servers servers(options, *scenario, &env);
  const absl::StatusOr<std::string> listing = servers.Start();
  if (!listing.ok()) {
    std::fprintf(stderr, "squall: %s\n", std::string(listing.status().message()).c_str());
    for (MockHttpServer* server : servers.all()) Spawn(env.executor(), server->Stop());
    env.io().run();
    return kExitNetwork;
  }
  std::fputs(listing->c_str(), stdout);
  std::fflush(stdout);
  std::fprintf(stderr, "Serving %s, seed %lld. Ctrl-C ends it.\n", scenario->name.c_str(),
               static_cast<long long>(scenario->seed));
  Spawn(env.executor(), StopOnSignal(&env, servers.all(), options.time_scale));
  env.io().run();
  if (InterruptExitCode() == kExitTerminated) std::fputs("Terminated.\n", stderr);
  return kExitOk;
}

}  // namespace squall

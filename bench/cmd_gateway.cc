// squall gateway: the engine as a server, until SIGTERM or SIGINT. SIGHUP loads the configuration
// again.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <memory>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "engine/base/json_document.h"
#include "engine/base/real_env.h"
#include "engine/gateway/gateway.h"
#include "scenarios/embedded.h"
#include "scenarios/preset.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

constexpr std::string_view kExample = "scenarios/gateway/example.json";

void SayLine(const std::string& line) {
  std::fprintf(stderr, "squall gateway: %s\n", line.c_str());
}

int SayStatus(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  switch (status.code()) {
    case absl::StatusCode::kDataLoss: return kExitCorrupt;
    case absl::StatusCode::kUnavailable: return kExitNetwork;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound: return kExitInvalidScenario;
    default: return kExitInternal;
  }
}

absl::StatusOr<GatewayConfig> LoadGateway(const GatewayOptions& options) {
  const absl::StatusOr<std::string> text = ReadTextFile(options.config, JsonDocument::kMaxBytes);
  if (!text.ok()) return text.status();
  return ReadGatewayConfig(*text, options.config, &LoadPreset, options.sets);
}

void ReloadGateway(const GatewayOptions& options, Gateway* gateway) {
  const absl::StatusOr<GatewayConfig> config = LoadGateway(options);
  const absl::Status status = config.ok() ? gateway->Reload(*config) : config.status();
  if (status.ok()) {
    SayLine("configuration loaded again, " + std::to_string(gateway->state().fleet->reused()) +
            " of " + std::to_string(gateway->state().fleet->routes().size()) + " routes unchanged");
    return;
  }
  // One line, whatever is wrong: the file is there to be checked with --check.
  std::string message(status.message());
  const size_t end = message.find('\n');
  if (end != std::string::npos) message = message.substr(0, end) + " (and more)";
  SayLine("configuration not loaded, the one before stays: " + message);
}

// Ends the wait for signals once nothing else is left.
Task<> DrainGateway(Gateway* gateway, asio::signal_set* signals) {
  co_await gateway->Drain();
  boost::system::error_code ignored;
  signals->cancel(ignored);
}

// A second SIGTERM or SIGINT ends the process at once.
Task<> HandleSignals(asio::signal_set* signals, const GatewayOptions& options, Gateway* gateway,
                     RealEnv* env, int* code) {
  boost::system::error_code ec;
  while (true) {
    const int signal = co_await signals->async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return;
    if (signal == SIGHUP) {
      ReloadGateway(options, gateway);
      continue;
    }
    if (*code != kExitOk) std::_Exit(*code);
    *code = signal == SIGTERM ? kExitTerminated : kExitInterrupted;
    SayLine("draining");
    Spawn(env->executor(), DrainGateway(gateway, signals));
  }
}

int PrintExample() {
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    if (file.path != kExample) continue;
    std::fwrite(file.text.data(), 1, file.text.size(), stdout);
    return kExitOk;
  }
  return kExitInternal;
}

}  // namespace

int RunGateway(const GatewayOptions& options) {
  if (options.example) return PrintExample();
  if (options.config.empty()) {
    std::fputs("squall gateway: got no CONFIG, expected a file; --example prints one\n", stderr);
    return kExitUsage;
  }
  const absl::StatusOr<GatewayConfig> config = LoadGateway(options);
  if (!config.ok()) return SayStatus(config.status());
  std::signal(SIGPIPE, SIG_IGN);
  // A file that may not grow is an error like a full disk, and not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  RealEnv env;
  if (options.check) {
    GatewayConfig checked = *config;
    checked.access_log = "";
    checked.async.enabled = false;  // it belongs to the gateway that runs
    const auto gateway = Gateway::Create(env, checked, &SayLine);
    if (!gateway.ok()) return SayStatus(gateway.status());
    std::printf("%s: ok, %zu upstreams, %zu routes, %zu keys\n", options.config.c_str(),
                config->upstreams.size(), config->routes.size(), config->keys.size());
    return kExitOk;
  }
  asio::signal_set signals(env.io(), SIGTERM, SIGINT, SIGHUP);
  absl::StatusOr<std::unique_ptr<Gateway>> created = Gateway::Create(env, *config, &SayLine);
  if (!created.ok()) return SayStatus(created.status());
  Gateway* const gateway = created->get();
  const absl::StatusOr<uint16_t> port = gateway->Open();
  if (!port.ok()) return SayStatus(port.status());
  const bool v6 = config->listen.address.find(':') != std::string::npos;
  SayLine("listening on http://" +
          (v6 ? "[" + config->listen.address + "]" : config->listen.address) + ":" +
          std::to_string(*port));
  int code = kExitOk;
  Spawn(env.executor(), HandleSignals(&signals, options, gateway, &env, &code));
  env.io().run();
  return kExitOk;
}

}  // namespace squall

// GatewayCore: what the parts of a gateway share: the configuration in force, with what was made
// of it, and where everything is counted and logged. One thread, that of the env.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/real_env.h"
#include "engine/gateway/access_log.h"
#include "engine/gateway/client_keys.h"
#include "engine/gateway/client_limits.h"
#include "engine/gateway/config.h"
#include "engine/gateway/fleet.h"
#include "engine/gateway/gateway_metrics.h"

namespace squall {

// One configuration in force. A request holds the one it began with.
struct GatewayState {
  GatewayConfig config;
  std::optional<ClientKeys> keys;
  std::vector<std::shared_ptr<ClientLimits>> limits;  // by key; one of the open door without keys
  std::unique_ptr<Fleet> fleet;

  const std::string& ClientName(size_t client) const {
    static const std::string nobody;
    return client < config.keys.size() ? config.keys[client].name : nobody;
  }
};

struct GatewayCore {
  GatewayCore(RealEnv& env_in, std::unique_ptr<AccessLog> log_in)
      : env(env_in), log(std::move(log_in)) {}

  RealEnv& env;
  std::unique_ptr<AccessLog> log;
  GatewayMetrics metrics;
  std::shared_ptr<const GatewayState> state;
  bool draining = false;
};

// US dollars, by the models' prices, for what the providers have said they used; and that.
double CostOf(const Route& route, const CallResult& result);
Usage UsageOf(const CallResult& result);

}  // namespace squall

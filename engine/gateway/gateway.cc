#include "engine/gateway/gateway.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/json_fields.h"

namespace squall {
namespace {

constexpr Duration kFlushEvery = 200ms;

template <class T>
std::string FieldsText(T config) {
  return DumpFields([&config](Fields& f) { Describe(f, config); }).dump();
}

// What a running gateway cannot change; the pointer of the first difference, "" for none.
std::string FixedDifference(const GatewayConfig& before, const GatewayConfig& after) {
  if (before.listen.address != after.listen.address) return "/listen/address";
  if (before.listen.port != after.listen.port) return "/listen/port";
  if (before.access_log != after.access_log) return "/access_log";
  if (before.async.enabled != after.async.enabled) return "/async/enabled";
  if (FieldsText(before.async.record) != FieldsText(after.async.record)) return "/async/record";
  if (before.async.workers != after.async.workers) return "/async/workers";
  return "";
}

// A client whose key and limits stay keeps what it has used.
std::vector<std::shared_ptr<ClientLimits>> LimitsOf(const GatewayConfig& config,
                                                    const GatewayState* before) {
  std::vector<std::shared_ptr<ClientLimits>> limits;
  const auto take = [&](const std::string& name, const ClientLimitsConfig& its) {
    if (before != nullptr) {
      for (size_t i = 0; i < before->limits.size(); ++i) {
        const bool same = before->ClientName(i) == name &&
                          FieldsText(before->limits[i]->config()) == FieldsText(its);
        if (same) return before->limits[i];
      }
    }
    return std::make_shared<ClientLimits>(its);
  };
  for (const ClientKeyConfig& key : config.keys) limits.push_back(take(key.name, key.limits));
  if (config.keys.empty()) limits.push_back(take("", config.limits));
  return limits;
}

}  // namespace

Gateway::Gateway(RealEnv& env, std::unique_ptr<AccessLog> log, Say say)
    : core_(env, std::move(log)), say_(std::move(say)) {}

Gateway::~Gateway() = default;

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Create(RealEnv& env, const GatewayConfig& config,
                                                         Say say) {
  absl::StatusOr<std::unique_ptr<AccessLog>> log = AccessLog::Open(config.access_log);
  if (!log.ok()) return log.status();
  std::unique_ptr<Gateway> gateway(new Gateway(env, *std::move(log), std::move(say)));
  if (config.async.enabled) {
    absl::StatusOr<std::unique_ptr<AsyncService>> async =
        AsyncService::Open(gateway->core_, config.async, gateway->say_);
    if (!async.ok()) {
      return absl::Status(async.status().code(),
                          Cat("/async/record: ", std::string(async.status().message())));
    }
    gateway->async_ = *std::move(async);
  }
  absl::StatusOr<std::shared_ptr<GatewayState>> state = gateway->Prepare(config);
  if (!state.ok()) return state.status();
  gateway->core_.state = *std::move(state);
  gateway->chat_ = std::make_unique<ChatService>(gateway->core_, gateway->async_.get());
  HttpHandler& handler = *gateway;
  gateway->door_ = std::make_unique<FrontDoor>(env, handler, config.listen);
  return gateway;
}

absl::StatusOr<std::shared_ptr<GatewayState>> Gateway::Prepare(const GatewayConfig& config) const {
  auto state = std::make_shared<GatewayState>();
  state->config = config;
  absl::StatusOr<ClientKeys> keys = ClientKeys::Create(config.keys);
  if (!keys.ok()) return keys.status();
  state->keys.emplace(*std::move(keys));
  const GatewayState* const before = core_.state.get();
  state->limits = LimitsOf(config, before);
  Fleet::Watchers watchers;
  watchers.events = const_cast<Gateway*>(this);
  watchers.witness = async_.get();
  watchers.say = say_;
  const Fleet* const old = before == nullptr ? nullptr : before->fleet.get();
  absl::StatusOr<std::unique_ptr<Fleet>> fleet = Fleet::Create(core_.env, config, watchers, old);
  if (!fleet.ok()) return fleet.status();
  state->fleet = *std::move(fleet);
  return state;
}

absl::StatusOr<uint16_t> Gateway::Open() {
  absl::StatusOr<uint16_t> port = door_->Open();
  if (!port.ok()) return port;
  if (core_.log->kept()) Spawn(core_.env.executor(), FlushLog());
  if (async_ != nullptr) async_->Start();
  return port;
}

absl::Status Gateway::Reload(const GatewayConfig& config) {
  const std::string fixed = FixedDifference(core_.state->config, config);
  absl::Status status;
  if (!fixed.empty()) {
    status = absl::FailedPreconditionError(
        Cat(fixed,
            ": got another value than at the start, expected the same: only a restart can "
            "change it"));
  } else if (core_.draining) {
    status = absl::FailedPreconditionError("the gateway is ending");
  } else {
    absl::StatusOr<std::shared_ptr<GatewayState>> state = Prepare(config);
    status = state.status();
    if (state.ok()) {
      door_->SetLimits(config.listen);
      core_.state = *std::move(state);
    }
  }
  core_.metrics.Count(Metric::kReloads, status.ok() ? "taken" : "refused");
  return status;
}

void Gateway::OnAttempt(std::string_view request_id, const AttemptRecord& attempt) {
  if (async_ != nullptr) async_->OnAttempt(request_id, attempt);
}

Task<> Gateway::FlushLog() {
  const std::stop_token stop = stop_flushing_.get_token();
  while (!stop.stop_requested()) {
    core_.log->Flush();
    [[maybe_unused]] const bool due =
        co_await core_.env.SleepUntil(core_.env.Now() + kFlushEvery, stop);
  }
  core_.log->Flush();
}

Task<> Gateway::Drain() {
  if (core_.draining) co_return;
  core_.draining = true;
  const Time began = core_.env.Now();
  const GatewayConfig& config = core_.state->config;
  const Time deadline = SaturatingAdd(began, config.drain);
  const Time close = SaturatingAdd(began, std::min(config.drain_delay, config.drain));
  if (async_ != nullptr) async_->StopClaiming();
  [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(close);
  co_await door_->Shut(deadline);
  if (async_ != nullptr) co_await async_->Stop(deadline);
  core_.state->fleet->Close();
  stop_flushing_.request_stop();
  drained_ = true;
}

}  // namespace squall

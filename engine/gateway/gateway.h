// Gateway: the front door of the engine as an OpenAI- and Anthropic-compatible server. It routes
// requests to endpoints, checks keys, and carries configurations: a new one is taken over whole or
// not at all, and engines whose route has not changed keep all that they know.
//
//   Gateway gateway(env, config, log);  gateway.Open();  env.io().run();
//   gateway.Reload(config);             // any time, on the env's thread
//   Spawn(executor, gateway.Drain());   // the loop runs dry when it has ended
//
// One thread, that of the env.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/gateway/async_service.h"
#include "engine/gateway/chat_service.h"
#include "engine/gateway/front_door.h"
#include "engine/gateway/gateway_core.h"

namespace squall {

class Gateway final : private HttpHandler, private EventSink {
 public:
  // Says one line to whoever runs the gateway: why a reload failed, that an upstream is not there.
  using Say = std::function<void(const std::string&)>;

  // Resolves upstreams and reads secrets, opens the record and the access log; which may block.
  // `env` outlives it. Errors: InvalidArgument and Unavailable, with a JSON pointer; DataLoss, of a
  // record that is corrupt.
  static absl::StatusOr<std::unique_ptr<Gateway>> Create(RealEnv& env, const GatewayConfig& config,
                                                         Say say);
  ~Gateway() override;  // never opened, or Drain() has completed

  // Listens, and returns the port.
  absl::StatusOr<uint16_t> Open();

  // Takes over a new configuration, or says why not and stays as it is. What only a start can
  // change (the address, the record, the access log) is an error if it differs.
  absl::Status Reload(const GatewayConfig& config);

  // Readyz says no at once; the door closes after drain_delay; what is under way has until `drain`
  // has passed, and is cut off then. Completes when nothing is left. A second call changes nothing.
  Task<> Drain();

  bool drained() const { return drained_; }
  FrontCounts counts() const { return door_->counts(); }
  const GatewayState& state() const { return *core_.state; }

 private:
  Gateway(RealEnv& env, std::unique_ptr<AccessLog> log, Say say);

  absl::StatusOr<std::shared_ptr<GatewayState>> Prepare(const GatewayConfig& config) const;
  Task<> FlushLog();

  Task<> Handle(HttpExchange& exchange) override;
  std::string RefusalBody(int status) const override;
  void OnRefused(int status, std::string_view peer) override;
  void OnAttempt(std::string_view request_id, const AttemptRecord& attempt) override;

  Task<> ServeRequest(HttpExchange& exchange, size_t client, std::string id);
  Task<> ReplyJson(HttpExchange& exchange, int status, std::string_view path,
                   std::string_view headers, std::string body);
  Task<> ReplyText(HttpExchange& exchange, int status, std::string text);
  Task<> Refuse(HttpExchange& exchange, ApiShape shape, std::string_view path, ClientError error,
                std::string_view headers);
  std::optional<size_t> ClientOf(const HttpRequest& request) const;
  std::string ModelsBody(ApiShape shape) const;
  std::string MetricsText() const;

  GatewayCore core_;
  Say say_;
  std::unique_ptr<AsyncService> async_;
  std::unique_ptr<ChatService> chat_;
  std::unique_ptr<FrontDoor> door_;
  std::stop_source stop_flushing_;
  bool drained_ = false;
};

}  // namespace squall

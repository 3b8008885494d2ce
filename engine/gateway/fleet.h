// Fleet: the upstreams and the engines of a configuration. Each route has an engine of its own, so
// that breakers, budgets and what was learned are per route; upstreams keep their connections over
// all routes. A fleet made for a new configuration takes over what has not changed.
//
// One thread, that of its env, which outlives it. Routes are shared: a call holds the one it began
// with, whatever is loaded meanwhile.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/real_env.h"
#include "engine/engine.h"
#include "engine/gateway/config.h"
#include "engine/wire/http_transport.h"

namespace squall {

// One attempt that is about to leave, for whoever keeps a record of it.
struct OutgoingAttempt {
  OutgoingAttempt() {}
  std::string request_id;
  std::string upstream;
  std::string model;
};

// Told of every attempt at a request that it knows.
class AttemptWitness {
 public:
  virtual ~AttemptWitness() = default;
  virtual bool Knows(std::string_view request_id) const = 0;
  // Before its first byte. 0: it must not be sent. Else the attempt's number.
  virtual Task<int64_t> OnBegin(OutgoingAttempt attempt) = 0;
};

class Upstream {
 public:
  Upstream(RealEnv& env, const UpstreamConfig& config, std::string api_key,
           const HttpTransportOptions& options);
  const UpstreamConfig& config() const { return config_; }
  const std::string& api_key() const { return api_key_; }
  HttpTransport& transport() { return transport_; }

 private:
  UpstreamConfig config_;
  std::string api_key_;
  HttpTransport transport_;
};

// A route: its engine, and the way from its engine's providers to upstreams.
class Route final : private Transport {
 public:
  Route(RealEnv& env, const GatewayConfig& config, const RouteConfig& route,
        std::vector<std::shared_ptr<Upstream>> upstreams, EventSink* events,
        AttemptWitness* witness);

  const std::string& model() const { return config_.model; }
  const std::vector<ProviderInfo>& providers() const { return providers_; }
  Engine& engine() { return *engine_; }
  const Engine& engine() const { return *engine_; }
  const ModelInfo& ModelOf(const AttemptRecord& attempt) const {
    return providers_[attempt.provider].models[attempt.model];
  }
  const std::string& dialect(ProviderId provider) const { return providers_[provider].dialect; }

 private:
  Task<HttpReply> Send(ProviderId provider, const HttpRequest& request, Time deadline,
                       std::stop_token stop, BodySink* sink) override;
  std::string ModelIn(ProviderId provider, const HttpRequest& request) const;

  RouteConfig config_;
  std::vector<std::shared_ptr<Upstream>> upstreams_;  // by ProviderId
  std::vector<ProviderInfo> providers_;
  AttemptWitness* witness_;
  std::unique_ptr<Engine> engine_;
};

class Fleet {
 public:
  struct Watchers {
    EventSink* events = nullptr;
    AttemptWitness* witness = nullptr;
    std::function<void(const std::string&)> say;  // one line about a connection that failed
  };

  // Resolves the upstreams' names, which may block. `before` may be nullptr. Errors:
  // InvalidArgument, Unavailable; they name the upstream, with its JSON pointer.
  static absl::StatusOr<std::unique_ptr<Fleet>> Create(RealEnv& env, const GatewayConfig& config,
                                                       const Watchers& watchers,
                                                       const Fleet* before);

  std::shared_ptr<Route> Find(std::string_view model) const;  // nullptr if there is none
  const std::map<std::string, std::shared_ptr<Route>, std::less<>>& routes() const {
    return routes_;
  }
  size_t reused() const { return reused_; }  // routes that the fleet before had

  // Closes idle connections, and ends what is in flight as cancelled.
  void Close();

 private:
  struct Kept {
    std::string fingerprint;
    std::shared_ptr<Upstream> upstream;
  };
  absl::Status AddUpstream(RealEnv& env, const UpstreamConfig& config, size_t index,
                           const Watchers& watchers, const Fleet* before);

  std::map<std::string, Kept> upstreams_;
  std::map<std::string, std::shared_ptr<Route>, std::less<>> routes_;
  std::map<std::string, std::string> fingerprints_;  // of routes, by model
  size_t reused_ = 0;
};

}  // namespace squall

#include "engine/gateway/fleet.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/json_fields.h"
#include "engine/base/json_text.h"
#include "engine/gateway/client_keys.h"
#include "engine/gateway/record_hash.h"

namespace squall {
namespace {

constexpr auto kResolveEvery = std::chrono::seconds(60);
constexpr auto kQuiet = std::chrono::seconds(10);  // after a line about an upstream

template <class T>
std::string TextOfFields(T config) {
  return DumpFields([&config](Fields& f) { Describe(f, config); }).dump();
}

std::string EngineText(EngineConfig config, const GatewayConfig& gateway) {
  return Cat(TextOfFields(std::move(config)), gateway.seed, gateway.streaming.stream_through);
}

EngineConfig EngineOf(const GatewayConfig& config) {
  EngineConfig engine = config.engine;
  engine.stream.hold_until_valid = !config.streaming.stream_through;
  return engine;
}

ModelInfo InfoOf(const UpstreamModelConfig& model) {
  ModelInfo info;
  info.name = model.name;
  info.usd_per_mtok_in = model.usd_per_mtok_in;
  info.usd_per_mtok_out = model.usd_per_mtok_out;
  info.context_tokens = model.context_tokens;
  info.max_output_tokens = model.max_output_tokens;
  info.json = model.json;
  return info;
}

struct TargetName {
  std::string_view upstream, model;
};
TargetName SplitTarget(std::string_view target) {
  const size_t slash = target.find('/');
  return {target.substr(0, slash), target.substr(slash + 1)};
}

// An upstream that is down is worth a line, not one for each request.
std::function<void(ProviderId, const std::string&)> SayNowAndThen(
    std::function<void(const std::string&)> say, const std::string& name) {
  using Clock = std::chrono::steady_clock;
  if (!say) return {};
  const auto quiet_until = std::make_shared<Clock::time_point>();
  return [say, name, quiet_until](ProviderId, const std::string& why) {
    if (Clock::now() < *quiet_until) return;
    *quiet_until = Clock::now() + kQuiet;
    say(Cat("upstream ", name, ": ", why));
  };
}

}  // namespace

Upstream::Upstream(RealEnv& env, const UpstreamConfig& config, std::string api_key,
                   const HttpTransportOptions& options)
    : config_(config), api_key_(std::move(api_key)), transport_(env, options) {}

Route::Route(RealEnv& env, const GatewayConfig& config, const RouteConfig& route,
             std::vector<std::shared_ptr<Upstream>> upstreams, EventSink* events,
             AttemptWitness* witness)
    : config_(route), upstreams_(std::move(upstreams)), witness_(witness) {
  for (const std::shared_ptr<Upstream>& upstream : upstreams_) {
    const UpstreamConfig& its = upstream->config();
    ProviderInfo provider;
    provider.name = its.name;
    provider.region = its.region;
    provider.dialect = its.dialect;
    provider.api_key = upstream->api_key();
    for (const std::string& text : route.targets) {
      const TargetName target = SplitTarget(text);
      if (target.upstream != its.name) continue;
      for (const UpstreamModelConfig& model : its.models) {
        if (model.name == target.model) provider.models.push_back(InfoOf(model));
      }
    }
    providers_.push_back(std::move(provider));
  }
  Transport* const transport = this;
  engine_ = std::make_unique<Engine>(EngineOf(config), providers_,
                                     static_cast<uint64_t>(config.seed), &env, transport, events);
}

// What the record calls the attempt's model. Encoders write it first, or into the target.
std::string Route::ModelIn(ProviderId provider, const HttpRequest& request) const {
  const std::vector<ModelInfo>& models = providers_[provider].models;
  if (models.size() == 1) return models.front().name;
  for (const ModelInfo& model : models) {
    std::string start = "{\"model\":";
    AppendJsonString(model.name, &start);
    const bool in_body = request.body.starts_with(start);
    if (in_body || request.target.find(model.name) != std::string::npos) return model.name;
  }
  return models.front().name;
}

Task<HttpReply> Route::Send(ProviderId provider, const HttpRequest& request, Time deadline,
                            std::stop_token stop, BodySink* sink) {
  HttpTransport& transport = upstreams_[provider]->transport();
  const std::string id(request.headers.Find("x-squall-request").value_or(""));
  if (witness_ == nullptr || !witness_->Knows(id)) {
    HttpReply plain = co_await transport.Send(0, request, deadline, stop, sink);
    co_return plain;
  }
  OutgoingAttempt attempt;
  attempt.request_id = id;
  attempt.upstream = providers_[provider].name;
  attempt.model = ModelIn(provider, request);
  const int64_t number = co_await witness_->OnBegin(std::move(attempt));
  HttpReply reply;
  reply.error = TransportError::kCancelled;
  if (number > 0) reply = co_await transport.Send(0, request, deadline, stop, sink);
  co_return reply;
}

absl::Status Fleet::AddUpstream(RealEnv& env, const UpstreamConfig& config, size_t index,
                                const Watchers& watchers, const Fleet* before) {
  const std::string here = Cat("/upstreams/", index);
  absl::StatusOr<std::string> key = ReadSecret(config.api_key);
  if (!key.ok()) {
    return absl::InvalidArgumentError(Cat(here, "/api_key: ", std::string(key.status().message())));
  }
  Kept kept;
  kept.fingerprint = Cat(TextOfFields(config), Sha256Hex(*key));
  if (before != nullptr) {
    const auto old = before->upstreams_.find(config.name);
    if (old != before->upstreams_.end() && old->second.fingerprint == kept.fingerprint) {
      kept.upstream = old->second.upstream;
    }
  }
  if (kept.upstream == nullptr) {
    const absl::StatusOr<UpstreamPlace> place = PlaceOf(config);
    if (!place.ok()) return place.status();
    HttpTransportOptions options;
    options.connect_timeout = config.connect_timeout;
    options.ca_file = config.ca_file;
    options.resolve_every = kResolveEvery;
    options.on_connect_failure = SayNowAndThen(watchers.say, config.name);
    kept.upstream = std::make_shared<Upstream>(env, config, *std::move(key), options);
    HttpEndpoint endpoint;
    endpoint.host = place->host;
    endpoint.port = place->port;
    endpoint.base_path = place->path;
    endpoint.tls = place->tls;
    const absl::StatusOr<ProviderId> added = kept.upstream->transport().AddProvider(endpoint);
    if (!added.ok()) {
      return absl::Status(added.status().code(),
                          Cat(here, "/url: ", std::string(added.status().message())));
    }
  }
  upstreams_[config.name] = std::move(kept);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Create(RealEnv& env, const GatewayConfig& config,
                                                     const Watchers& watchers,
                                                     const Fleet* before) {
  auto fleet = std::make_unique<Fleet>();
  for (size_t i = 0; i < config.upstreams.size(); ++i) {
    const absl::Status added = fleet->AddUpstream(env, config.upstreams[i], i, watchers, before);
    if (!added.ok()) return added;
  }
  const std::string engine = EngineText(config.engine, config);
  for (const RouteConfig& route : config.routes) {
    std::vector<std::shared_ptr<Upstream>> upstreams;
    std::string fingerprint = Cat(engine, TextOfFields(route));
    for (const std::string& text : route.targets) {
      const Kept& kept = fleet->upstreams_.at(std::string(SplitTarget(text).upstream));
      const auto found = std::find(upstreams.begin(), upstreams.end(), kept.upstream);
      if (found != upstreams.end()) continue;
      upstreams.push_back(kept.upstream);
      fingerprint.append(kept.fingerprint);
    }
    std::shared_ptr<Route>& place = fleet->routes_[route.model];
    if (before != nullptr) {
      const auto old = before->fingerprints_.find(route.model);
      const bool same = old != before->fingerprints_.end() && old->second == fingerprint;
      if (same) place = before->routes_.at(route.model);
      fleet->reused_ += same ? 1 : 0;
    }
    if (place == nullptr) {
      place = std::make_shared<Route>(env, config, route, std::move(upstreams), watchers.events,
                                      watchers.witness);
    }
    fleet->fingerprints_[route.model] = std::move(fingerprint);
  }
  return fleet;
}

std::shared_ptr<Route> Fleet::Find(std::string_view model) const {
  const auto found = routes_.find(model);
  return found == routes_.end() ? nullptr : found->second;
}

void Fleet::Close() {
  for (auto& [unused, kept] : upstreams_) kept.upstream->transport().Close();
}

}  // namespace squall

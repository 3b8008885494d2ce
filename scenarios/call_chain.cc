#include "scenarios/call_chain.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/check.h"

namespace squall {
namespace {

// The provider that a layer sees below itself.
ProviderInfo Below(const std::string& name) {
  ProviderInfo info;
  info.name = name;
  ModelInfo model;
  model.name = "below";
  info.models.push_back(std::move(model));
  return info;
}

std::string Completion(const CallResult& result) {
  Usage usage;
  if (!result.attempts.empty()) usage = result.attempts.back().usage;
  const nlohmann::json body = {{"id", "chatcmpl-below"},
                               {"object", "chat.completion"},
                               {"created", 0},
                               {"model", "below"},
                               {"choices",
                                {{{"index", 0},
                                  {"message", {{"role", "assistant"}, {"content", result.content}}},
                                  {"finish_reason", "stop"}}}},
                               {"usage",
                                {{"prompt_tokens", usage.prompt_tokens},
                                 {"completion_tokens", usage.completion_tokens},
                                 {"total_tokens", usage.prompt_tokens + usage.completion_tokens}}}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// An error that the providers gave is passed on; what they answered and the guard refused is a bad
// gateway, and what never reached them an overload of this service.
int StatusOf(const CallResult& result) {
  if (result.status >= 400) return result.status;
  if (result.status > 0) return 502;
  return result.attempts.empty() || !result.attempts.back().sent ? 503 : 504;
}

}  // namespace

HttpReply ReplyOf(const CallResult& result, Time now, Time deadline) {
  HttpReply reply;
  if (result.stop_reason == "cancelled") {
    reply.error = TransportError::kCancelled;
    return reply;
  }
  if (!result.ok && now >= deadline) {
    reply.error = TransportError::kTimeout;
    return reply;
  }
  reply.status = result.ok ? 200 : StatusOf(result);
  reply.headers.Add("content-type", "application/json");
  if (result.ok) {
    reply.body = Completion(result);
    return reply;
  }
  if (result.retry_at != kNever && result.retry_at > now) {
    const double wait_s = std::max(Seconds(result.retry_at - now), 0.001);
    reply.headers.Add("retry-after", absl::StrCat(wait_s));
  }
  reply.body = R"({"error":{"message":"upstream failed: )";
  reply.body.append(result.stop_reason).append(R"(","type":"server_error","code":null}})");
  return reply;
}

// One layer: an engine, and the transport by which it reaches the engine below.
class CallChain::Layer final : public Transport, public EventSink {
 public:
  // `caller_retries`: this layer or one above announces that it retries.
  Layer(const ChainLayer& config, bool caller_retries, uint64_t seed, Env* env, CallChain* chain,
        Engine* below)
      : name_(config.name),
        caller_retries_(caller_retries),
        env_(*env),
        chain_(*chain),
        below_(*below),
        engine_(config.engine, {Below(config.name)}, seed, env, this, this) {}

  Task<HttpReply> Send(ProviderId /*provider*/, const HttpRequest& request, Time deadline,
                       std::stop_token stop, BodySink* /*sink*/) override {
    ++attempts_;
    const auto id = request.headers.Find("x-squall-request");
    SQUALL_CHECK(id.has_value());
    const auto asked = chain_.asked_.find(std::string(*id));
    SQUALL_CHECK(asked != chain_.asked_.end());
    ChatRequest passed = asked->second.request;
    passed.caller_retries = caller_retries_;
    const JsonSchema* schema = asked->second.schema;
    CallResult result = co_await below_.Call(std::move(passed), schema, deadline, stop);
    HttpReply reply = ReplyOf(result, env_.Now(), deadline);
    co_return reply;
  }

  void OnAttempt(std::string_view, const AttemptRecord&) override {}
  void OnBreaker(ProviderId, BreakerState, BreakerState, Time) override {}
  void OnPhase(Phase, int64_t) override {}

  Engine& engine() { return engine_; }
  const std::string& name() const { return name_; }
  int64_t attempts() const { return attempts_; }
  void CountCall() { ++calls_; }
  int64_t calls() const { return calls_; }

 private:
  std::string name_;
  bool caller_retries_;
  Env& env_;
  CallChain& chain_;
  Engine& below_;
  Engine engine_;
  int64_t attempts_ = 0;
  int64_t calls_ = 0;  // of the outermost layer; those of the others are the attempts above them
};

CallChain::CallChain(const Scenario& scenario, std::vector<ProviderInfo> providers, uint64_t seed,
                     Env* env, Transport* transport, EventSink* events, const Foresight* foresight)
    : engine_(std::make_unique<Engine>(scenario.engine, std::move(providers), seed, env, transport,
                                       events, foresight)) {
  const auto& chain = scenario.chain;
  Engine* below = engine_.get();
  for (size_t i = chain.size(); i-- > 0;) {
    const bool announced =
        std::any_of(chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                    [](const ChainLayer& layer) { return layer.announces_retries; });
    layers_.push_back(std::make_unique<Layer>(chain[i], announced, seed, env, this, below));
    below = &layers_.back()->engine();
  }
}

// Layers before what they call.
CallChain::~CallChain() {
  while (!layers_.empty()) layers_.pop_back();
}

Task<CallResult> CallChain::Call(ChatRequest request, const JsonSchema* schema, Time deadline,
                                 std::stop_token stop, AnswerSink* caller) {
  if (layers_.empty()) {
    return engine_->Call(std::move(request), schema, deadline, std::move(stop), caller);
  }
  return CallAbove(std::move(request), schema, deadline, std::move(stop));
}

Task<CallResult> CallChain::CallAbove(ChatRequest request, const JsonSchema* schema, Time deadline,
                                      std::stop_token stop) {
  const std::string id = request.id;
  Asked& asked = asked_[id];
  if (asked.calls++ == 0) {
    asked.request = request;
    asked.schema = schema;
  }
  Layer& outermost = *layers_.back();
  outermost.CountCall();
  CallResult result = co_await outermost.engine().Call(std::move(request), schema, deadline, stop);
  const auto found = asked_.find(id);
  if (--found->second.calls == 0) asked_.erase(found);
  co_return result;
}

void CallChain::AddLoads(std::vector<LayerLoad>* loads) const {
  loads->resize(std::max(loads->size(), layers_.size()));
  int64_t calls = layers_.empty() ? 0 : layers_.back()->calls();
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = *layers_[layers_.size() - 1 - i];
    LayerLoad& load = (*loads)[i];
    load.name = layer.name();
    load.calls += calls;
    load.attempts += layer.attempts();
    calls = layer.attempts();
  }
}

}  // namespace squall

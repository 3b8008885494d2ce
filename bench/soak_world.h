// Traffic without end for measuring whether the engine's state stays bounded: callers who ask one
// call after another under a thousand names, four providers that fail in every way now and then,
// and an engine with everything on. Virtual time, so that windows slide and circuits come and go.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/sim_env.h"
#include "engine/engine.h"

namespace squall {

// Every mechanism of the engine that a healthy call passes, none of them so tight that it would
// stop one. `guards`: validators that read the text, too, not only the structure.
inline EngineConfig EverythingOn(bool guards) {
  EngineConfig config;
  config.ladder = {"failover", "retry", "adapt", "repair", "reask", "degrade", "learned_rule"};
  config.deadline.per_try = 8s;
  config.deadline.failover_reserve = 3s;
  config.breaker.consecutive_failures = 20;
  config.breaker.slow_call = 20s;
  config.breaker.ewma_window = 60s;
  config.breaker.ewma_threshold = 0.6;
  config.breaker.open_jitter = 0.2;
  config.breaker.open_growth = 2;
  config.breaker.open_on_hint = 10s;
  config.breaker.ramp = 10s;
  config.breaker_scopes = {"provider", "model", "region", "key"};
  config.quality.enabled = true;
  config.budget.unit = BudgetUnit::kTokens;
  config.provider_budget.enabled = true;
  config.provider_budget.unit = BudgetUnit::kUsd;
  config.limiter.enabled = true;
  config.limiter.tokens_per_min = 1'000'000'000'000;
  config.limiter.max_wait = 2s;
  config.concurrency.kind = ConcurrencyKind::kGradient;
  config.concurrency.max_waiting = 64;
  config.conversation.usd_per_request = 10;
  config.conversation.usd_per_conversation = 100'000;
  config.conversation.tokens_per_conversation = 1'000'000'000;
  config.conversation.turns_per_conversation = 1'000'000;
  config.conversation.max_conversations = 500;
  config.routing.kind = RoutingKind::kP2c;
  config.hedge.kind = HedgeKind::kQuantile;
  config.opinions.judge_share = 0.01;
  config.opinions.equivalence = Equivalence::kAfterRecovery;
  if (!guards) return config;
  config.guard.length.max_chars = 100'000;
  config.guard.repetition.enabled = true;
  config.guard.garbage.enabled = true;
  config.guard.language.enabled = true;
  config.guard.drift.enabled = true;
  return config;
}

class SoakWorld {
 public:
  static constexpr int kProviders = 4;
  static constexpr uint64_t kKeys = 1'000;
  static constexpr int kCallers = 8;  // at the same time

  SoakWorld() : network_(&env_) {
    std::vector<ProviderInfo> providers(kProviders);
    for (size_t p = 0; p < providers.size(); ++p) {
      providers[p].name = "p" + std::to_string(p);
      providers[p].models = {ModelInfo{"large", 3, 15}, ModelInfo{"small", 0.3, 1}};
    }
    engine_ = std::make_unique<Engine>(EverythingOn(true), std::move(providers), 1, &env_,
                                       &network_, &sink_);
  }

  // Makes `calls` more, and comes back when they have ended.
  void Run(uint64_t calls) {
    end_ += calls;
    for (int i = 0; i < kCallers; ++i) Spawn(env_.executor(), Caller(this));
    env_.Run();
  }

  uint64_t calls() const { return next_; }
  uint64_t answered() const { return answered_; }

 private:
  class Network final : public Transport {
   public:
    explicit Network(Env* env) : env_(*env) {}
    using Transport::Send;
    Task<HttpReply> Send(ProviderId provider, const HttpRequest& /*request*/, Time deadline,
                         std::stop_token stop, BodySink* /*sink*/) override {
      const uint64_t n = ++sent_;
      HttpReply reply;
      const double u = Draw(1, Stream("soak"), n, provider);
      const bool hangs = u < 0.01;
      const Time due =
          hangs ? deadline
                : env_.Now() + Duration(5'000'000 + static_cast<int64_t>(n % 97) * 100'000);
      const bool reached = co_await env_.SleepUntil(due, stop);
      if (!reached || hangs) {
        reply.error = reached ? TransportError::kTimeout : TransportError::kCancelled;
        co_return reply;
      }
      Answer(u, n, &reply);
      co_return reply;
    }

   private:
    // As OpenAI sends them; a bucket that is nearly full.
    static void AddLimits(uint64_t n, Headers* headers) {
      headers->Add("x-ratelimit-limit-requests", "600000");
      headers->Add("x-ratelimit-remaining-requests", std::to_string(599'000 + n % 1'000));
      headers->Add("x-ratelimit-reset-requests", "100ms");
    }
    static void Answer(double u, uint64_t n, HttpReply* reply) {
      static const std::array<std::string, 3> errors = {
          R"({"error":{"message":"no","type":"server_error","param":null,"code":null}})",
          R"({"error":{"message":"slow","type":"tokens","code":"rate_limit_exceeded"}})", ""};
      reply->status = u < 0.04 ? 500 : u < 0.06 ? 429 : 200;
      AddLimits(n, &reply->headers);
      if (u < 0.08) {
        reply->body = errors[u < 0.04 ? 0 : u < 0.06 ? 1 : 2];
        if (u >= 0.05 && u < 0.06) reply->headers.Add("retry-after", "1");
        return;
      }
      reply->body =
          R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Answer )" +
          std::to_string(n % 1'000'000) +
          R"( to the question that was asked, in so many words."},"finish_reason":"stop"}],)"
          R"("usage":{"prompt_tokens":12,"completion_tokens":14,"total_tokens":26}})";
    }

    Env& env_;
    uint64_t sent_ = 0;
  };

  static Task<> Caller(SoakWorld* world) {
    while (world->next_ < world->end_) {
      const uint64_t n = world->next_++;
      ChatRequest request;
      request.id = "r" + std::to_string(n);
      request.user = "user" + std::to_string(Mix(n) % kKeys);
      request.messages.emplace_back(Role::kUser, "What is the answer to this question?");
      const Time deadline = world->env_.Now() + 30s;
      const std::stop_token never;
      const CallResult result =
          co_await world->engine_->Call(std::move(request), nullptr, deadline, never);
      world->answered_ += result.ok ? 1 : 0;
    }
  }

  SimEnv env_;
  EventSink sink_;
  Network network_;
  std::unique_ptr<Engine> engine_;
  uint64_t next_ = 0;
  uint64_t end_ = 0;
  uint64_t answered_ = 0;
};

}  // namespace squall

// EngineConfig: everything that a preset or a scenario can say about the engine. Defaults are the
// values here; presets in scenarios/presets/*.json name the ones they change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "engine/guard_config.h"
#include "engine/knowledge_config.h"
#include "engine/opinion_config.h"
#include "engine/policy/backoff.h"
#include "engine/policy/breaker.h"
#include "engine/policy/concurrency_limit.h"
#include "engine/policy/conversation_limits.h"
#include "engine/policy/deadline.h"
#include "engine/policy/hedge.h"
#include "engine/policy/latency_quantile.h"
#include "engine/policy/quality_breaker.h"
#include "engine/policy/rate_limiter.h"
#include "engine/policy/retry_budget.h"
#include "engine/policy/routing.h"
#include "engine/policy/send_rate.h"
#include "engine/policy/stream_watch.h"
#include "engine/policy/target_health.h"

namespace squall {

struct RetryConfig {
  int64_t max_attempts = 4;             // over all providers, first attempt included, 1..32
  int64_t max_attempts_per_target = 2;  // at one model of one provider, 1..32
  int64_t max_attempts_elsewhere = 0;   // at any other than the one asked first; 0 = as many
  int64_t failover_rounds = 1;          // times that failover goes round the providers, 1..32
  // Whether a request that one provider turned down for its own sake (too long, refused, a
  // parameter) may go to one other: models differ in what they take. Two of one mind end it.
  bool failover_refused = false;
  bool degrade_timeouts = false;  // "degrade" after a timeout, too: a smaller model may be in time
  BackoffConfig backoff;
  bool obey_retry_after = true;     // a server's hint is a minimum wait
  double retry_after_spread = 0.2;  // positive jitter on a hint, share of it, 0..10; 0 = none
};

// What becomes of a streamed answer that fails after the caller has got a piece of it.
enum class AfterCommit : uint8_t {
  kError,    // the call fails: nothing that the caller holds is ever taken back
  kRestart,  // the caller is told that the answer begins anew (AnswerSink::OnRestart)
};

struct StreamConfig {
  StreamWatchConfig watch;
  AfterCommit after_commit = AfterCommit::kError;
  // Pass nothing on before the whole answer has passed the guard, which gives up streaming towards
  // the caller and keeps what it is good for against the provider: stalls are noticed early.
  bool hold_until_valid = false;
};

// What becomes of a request when no provider's circuit admits it.
enum class AllOpen : uint8_t {
  kFailFast,  // it fails at once, with the time at which a circuit may admit again
  kWait,      // it waits for that time, where its deadline leaves any
  kFailOpen,  // it is sent to the first provider all the same
};

// Not limited unless it says so: a provider's own budget is for those who know its limits.
inline RetryBudgetConfig NoBudget() {
  RetryBudgetConfig config;
  config.enabled = false;
  return config;
}

struct EngineConfig {
  // Which failures the engine notices: with diagnosis off, only transport errors and status codes
  // of 500 and above or 429 count (what a bare retry loop sees).
  bool diagnose = true;
  // Names of strategies (plan.h) in the order they are asked; empty means never try again. Failover
  // first, because an attempt elsewhere is worth more than one where it has just failed, and a
  // budget of attempts is what runs out (README, "What the order of the ladder is worth").
  std::vector<std::string> ladder = {"failover", "retry", "degrade", "learned_rule"};
  RetryConfig retry;
  DeadlineConfig deadline;
  StreamConfig stream;
  HedgeConfig hedge;
  LatencyQuantileConfig hedge_latency;  // what a quantile is of
  RoutingConfig routing;
  TargetHealthConfig health;  // what routing by health and latency goes by
  BreakerConfig breaker;
  std::vector<std::string> breaker_scopes = {"provider"};  // BreakerScopeNames(), at least one
  // Whether a failure counts against a provider where the same request has failed elsewhere before.
  // A standby sees little else: what the request is to blame for would open its circuit.
  bool breaker_counts_followed = true;
  AllOpen all_open = AllOpen::kFailFast;
  QualityConfig quality;
  RetryBudgetConfig budget;                        // of all extra attempts together
  RetryBudgetConfig provider_budget = NoBudget();  // of those that come to one provider again
  // Whether it also pays for those that return to a provider whose answer came whole and was bad,
  // which says nothing about its load.
  bool provider_budget_counts_answers = true;
  RateLimiterConfig limiter;
  SendRateConfig send_rate;
  ConcurrencyLimitConfig concurrency;
  ConversationLimitsConfig conversation;
  GuardConfig guard;
  OpinionConfig opinions;
  KnowledgeConfig knowledge;
};

void Describe(Fields& f, BackoffConfig& c);
void Describe(Fields& f, RetryConfig& c);
void Describe(Fields& f, DeadlineConfig& c);
void Describe(Fields& f, StreamWatchConfig& c);
void Describe(Fields& f, StreamConfig& c);
void Describe(Fields& f, BreakerConfig& c);
void Describe(Fields& f, RetryBudgetConfig& c);
void Describe(Fields& f, EngineConfig& c);

// What the engine may know of a provider: names and prices, nothing of its faults.
struct ModelInfo {
  std::string name;
  double usd_per_mtok_in = 0;   // US dollars per million prompt tokens
  double usd_per_mtok_out = 0;  // per million generated tokens
  int64_t context_tokens = 0;   // of prompt and answer together; 0 = not known
  int64_t max_output_tokens = 0;
  bool streaming = true;
  bool json = true;  // can be held to a contract
};
struct ProviderInfo {
  std::string name;
  std::string region;  // providers of one region fail together; "" = its own
  std::string dialect = "openai";
  std::string api_key;            // may be empty
  std::vector<ModelInfo> models;  // best first; "degrade" goes down this list
};

}  // namespace squall

// Admission: what may be sent where, and when. It holds every policy that an attempt must pass on
// its way out (rate and concurrency limits, budgets, circuit and quality breakers, limits of a
// conversation) and learns from every attempt that comes back (latency, health, headers). Plans
// look at it; the engine's loop takes through it, so that a permit is taken and given back in one
// place.
//
//   Join       a place in the provider's queues; the engine waits where it must
//   Enter      the rest at once, all or nothing
//   Settle     what came of the attempt, for all of them
//   Leave      instead, when the attempt was never sent
//
// One thread, that of its engine; time comes from the caller and must not go back.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "engine/call_state.h"
#include "engine/config.h"
#include "engine/events.h"
#include "engine/policy/breaker_scopes.h"
#include "engine/policy/concurrency_limit.h"
#include "engine/policy/conversation_limits.h"
#include "engine/policy/latency_quantile.h"
#include "engine/policy/quality_breaker.h"
#include "engine/policy/rate_limiter.h"
#include "engine/policy/recovery_budget.h"
#include "engine/policy/routing.h"
#include "engine/policy/send_rate.h"
#include "engine/policy/target_health.h"
#include "engine/policy/token_estimate.h"
#include "engine/wire/http.h"

namespace squall {

// One who waits for its time, or for a place at a provider that is at its limit.
struct PlaceWaiter {
  std::stop_source wake{std::nostopstate};  // of its present sleep
  std::optional<ConcurrencyLimit::Permit> place;
  Time since{};
  bool throttled = false;  // in the queue of the send rate
  bool listed = false;     // in that for a place
};

// What one attempt holds. Filled by Join and Enter; ends by Settle or Leave.
struct Grant {
  Target target;
  std::optional<RateTicket> ticket;
  uint64_t sending = 0;  // its number in the send rate, which counts it
  PlaceWaiter waiter;    // its place, once it has one; does not move while it waits
  BreakerScopes::Permit permit;
  QualityBreaker::Decision quality;
  ConversationLimits::Decision conversation;
  ExtraAttempt spent;
  Load reserved;
  Time sent{};
  std::string_view refusal;  // after a refusal: static name of what refused
  bool entered = false;
  bool extra = false;
  bool cut_short = false;  // by the request's deadline, before the per-try timeout
};

class Admission {
 public:
  // `config` and `providers` outlive it.
  Admission(const EngineConfig& config, std::span<const ProviderInfo> providers, uint64_t seed,
            EventSink* events);

  // ---- looking: nothing changes -------------------------------------------------------------

  // Do its circuits, and its queues as far as that is known, admit an attempt at `at`?
  bool Admits(Target target, Time at, double u) const;
  // When its circuits may admit one; `now` if they do.
  Time RetryAt(Target target, Time now, double u) const;
  // Have its answers been good enough of late, or is it to be avoided while there is an elsewhere?
  bool AnswersWell(ProviderId provider, Time at, double u) const;
  // Is there budget for another attempt?
  bool AllowsExtra(const Step& step, const CallState& call, Time now) const;
  // Where there is not: "budget", of all extra attempts, or "provider_budget". Static.
  std::string_view BudgetAgainst(const Step& step, const CallState& call, Time now) const;
  // What the limits of its conversation say of an attempt at `target`.
  ConversationLimits::Decision Afford(Target target, const CallState& call) const;
  // Providers that can serve the request, best first, by the routing policy.
  RouteOrder Order(const CallState& call, Time now) const;
  // The first model of a provider that can take the request, as far as is known; else its first.
  uint16_t FittingModel(ProviderId provider, const CallState& call) const;
  std::optional<Duration> Latency(ProviderId provider, double quantile) const;

  // ---- taking -------------------------------------------------------------------------------

  enum class Turn : uint8_t { kNow, kWait, kRefused };

  // Takes the attempt's place in the queues of `target`. kWait: until the ticket's time, then for a
  // place; the engine asks StepUp() as it wakes. Until that has said how it ends, the grant does
  // not move.
  Turn Join(Target target, const CallState& call, Time now, Grant* grant);
  // kWait: not before *until, or before grant->waiter.wake is requested.
  Turn StepUp(Time now, Time deadline, Grant* grant, Time* until);

  // Takes the rest for an attempt that is sent now. False: refused, nothing is held any more, and
  // grant->refusal says by what.
  bool Enter(const Step& step, const CallState& call, Time now, Grant* grant);

  // The attempt was never sent: gives all back.
  void Leave(Time now, Grant* grant);

  // The attempt has ended. `headers` of its reply. Returns what it cost, US dollars, as billed or
  // else as reserved; 0 where nobody counts.
  double Settle(const AttemptRecord& attempt, const Headers& headers, const CallState& call,
                Grant* grant);

  // The answer of a settled attempt turned out to be wrong after all (a judge said so).
  void Disown(Target target, Time now);

  // Whether any policy counts tokens, so that prompts must be estimated.
  bool counts_tokens() const { return counts_tokens_; }

  const Breaker& breaker(ProviderId provider) const {
    return breakers_.breaker(Index(Target{provider, 0}));
  }
  const RateLimiter& limiter(ProviderId provider) const { return lanes_[provider].limiter; }
  const SendRate& send_rate(ProviderId provider) const { return lanes_[provider].send_rate; }
  const ConcurrencyLimit& concurrency(ProviderId provider) const {
    return lanes_[provider].concurrency;
  }
  const RecoveryBudget& budget() const { return budget_; }

 private:
  // What is kept per provider.
  struct Lane {
    Lane(const EngineConfig& config, const ProviderInfo& provider);
    RateLimiter limiter;
    SendRate send_rate;
    ConcurrencyLimit concurrency;
    std::deque<PlaceWaiter*> paced;  // by the limiter, in its order; at most limiter.max_waiting
    std::deque<PlaceWaiter*> throttled;  // by the send rate; at most send_rate.max_waiting
    std::deque<PlaceWaiter*> queue;      // for a place; at most concurrency.max_waiting
    QualityBreaker quality;
    LatencyQuantile latency;
    TargetHealth health;
    TokenRatio tokens;
    Duration request_window;  // of the limit on requests that its headers tell
  };

  size_t Index(Target target) const { return first_target_[target.provider] + target.model; }
  const ModelInfo& ModelOf(Target target) const {
    return providers_[target.provider].models[target.model];
  }
  Load LoadOf(Target target, const CallState& call) const;
  static ConversationLimits::Attempt AttemptOf(const Load& load, const CallState& call);
  RateAmounts Amounts(Target target, const CallState& call) const;
  ExtraAttempt Extra(const Step& step, const CallState& call) const;
  bool AdmitsAny(ProviderId provider, Time at, double u) const;
  Turn TakeRate(Time now, Grant* grant);
  Turn AwaitRate(Time now, Time deadline, Grant* grant, Time* until);
  Turn TakePlace(Time now, Grant* grant);
  Turn AwaitPlace(Time now, Time deadline, Grant* grant, Time* until);
  Turn RefuseTurn(std::string_view by, Time now, Grant* grant);
  // What others give back may bring those who wait forward: the first of them looks, and the next
  // one once that has gone, so that each return wakes one and not all.
  static void WakeFirst(const std::deque<PlaceWaiter*>& queue) {
    if (!queue.empty()) queue.front()->wake.request_stop();
  }
  static void LeavePaced(const PlaceWaiter& waiter, Lane* lane);
  static void LeaveThrottled(PlaceWaiter* waiter, Lane* lane);
  void FreePlace(const Grant& grant, LoadSignal signal, Time now);
  bool Refuse(std::string_view by, Time now, Grant* grant);
  void SettleLimits(const AttemptRecord& attempt, const Headers& headers, Grant* grant);
  void SettleBreakers(const AttemptRecord& attempt, const CallState& call, const Grant& grant);
  double SettleBudgets(const AttemptRecord& attempt, const Grant& grant);
  void Tell(Target target, BreakerState before, Time now);

  const EngineConfig& config_;
  std::span<const ProviderInfo> providers_;
  uint64_t seed_;
  EventSink& events_;
  bool counts_tokens_;
  bool measures_latency_;
  bool measures_health_;
  std::vector<size_t> first_target_;  // by provider: index of its first model
  BreakerScopes breakers_;
  std::vector<Lane> lanes_;
  RecoveryBudget budget_;
  ConversationLimits conversations_;
};

}  // namespace squall

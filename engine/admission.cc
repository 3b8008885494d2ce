#include "engine/admission.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "engine/policy/deadline.h"
#include "engine/wire/dialect.h"

namespace squall {
namespace {

constexpr StreamId kRouting = Stream("engine/routing");

std::vector<ScopeNames> ScopesOf(std::span<const ProviderInfo> providers) {
  std::vector<ScopeNames> targets;
  for (const ProviderInfo& provider : providers) {
    for (const ModelInfo& model : provider.models) {
      // Where nobody names the key or the region, each provider has one of its own.
      const std::string& region = provider.region.empty() ? provider.name : provider.region;
      targets.push_back(
          {provider.name, provider.name + "/" + model.name, region, provider.name + "'s key"});
    }
  }
  return targets;
}

bool CountsTokens(const EngineConfig& config, std::span<const ProviderInfo> providers) {
  const bool limited = std::any_of(providers.begin(), providers.end(), [](const auto& provider) {
    return std::any_of(provider.models.begin(), provider.models.end(),
                       [](const ModelInfo& model) { return model.context_tokens > 0; });
  });
  return limited || config.limiter.enabled || config.routing.kind == RoutingKind::kCost ||
         config.budget.unit != BudgetUnit::kAttempts ||
         config.provider_budget.unit != BudgetUnit::kAttempts ||
         ConversationLimits(config.conversation).enabled();
}

// What the next attempt is made for.
Trigger TriggerOf(const Diagnosis& last) {
  switch (last.failure) {
    case FailureClass::kTimeout: return Trigger::kTimeout;
    case FailureClass::kRateLimit: return Trigger::kThrottled;
    default: return Trigger::kFailure;
  }
}

const AttemptRecord* LastAt(const CallState& call, ProviderId provider) {
  const AttemptRecord* last = nullptr;
  for (const AttemptRecord& attempt : call.result.attempts) {
    if (attempt.sent && attempt.provider == provider) last = &attempt;
  }
  return last;
}

ExtraKind KindOf(const Step& step, const CallState& call) {
  if (step.why == "hedge") return ExtraKind::kHedge;
  if (step.purpose != Purpose::kAnswer || step.reask) return ExtraKind::kRepair;
  return call.Tried(step.target.provider) ? ExtraKind::kRetry : ExtraKind::kFailover;
}

RouteTarget FactsOf(const ModelInfo& model) {
  RouteTarget target;
  target.usd_per_mtok_in = model.usd_per_mtok_in;
  target.usd_per_mtok_out = model.usd_per_mtok_out;
  target.streaming = model.streaming;
  target.json = model.json;
  target.context_tokens = model.context_tokens;
  target.max_output_tokens = model.max_output_tokens;
  return target;
}

RouteNeeds NeedsOf(const CallState& call) {
  RouteNeeds needs;
  needs.streaming = call.streaming;
  needs.json = call.wants_json;
  needs.prompt_tokens = call.prompt_tokens;
  needs.output_tokens = call.max_tokens;
  return needs;
}

double Value(const std::map<std::string, double>& by_name, const std::string& name,
             double otherwise) {
  const auto found = by_name.find(name);
  return found == by_name.end() ? otherwise : found->second;
}

}  // namespace

Admission::Lane::Lane(const EngineConfig& config, const ProviderInfo& provider)
    : limiter(config.limiter),
      send_rate(config.send_rate),
      concurrency(config.concurrency),
      quality(config.quality),
      latency(config.hedge_latency),
      health(config.health),
      tokens(TokenRatioConfig()) {
  const Dialect* const dialect = FindDialect(provider.dialect);
  request_window = dialect == nullptr ? Duration(1min) : dialect->request_window;
}

Admission::Admission(const EngineConfig& config, std::span<const ProviderInfo> providers,
                     uint64_t seed, EventSink* events)
    : config_(config),
      providers_(providers),
      seed_(seed),
      events_(*events),
      counts_tokens_(CountsTokens(config, providers)),
      measures_latency_(config.hedge.kind == HedgeKind::kQuantile ||
                        config.deadline.adaptive_factor > 0),
      measures_health_(config.routing.kind == RoutingKind::kP2c ||
                       config.routing.kind == RoutingKind::kLatency),
      breakers_(config.breaker, config.breaker_scopes, ScopesOf(providers)),
      budget_(config.budget, config.provider_budget, providers.size()),
      conversations_(config.conversation) {
  size_t targets = 0;
  for (const ProviderInfo& provider : providers) {
    first_target_.push_back(targets);
    targets += provider.models.size();
    lanes_.emplace_back(config, provider);
  }
}

// ---- looking ------------------------------------------------------------------------------------

bool Admission::Admits(Target target, Time at, double u) const {
  const Lane& lane = lanes_[target.provider];
  const auto queued = static_cast<int64_t>(lane.queue.size());
  const bool full = lane.concurrency.full() && queued >= config_.concurrency.max_waiting;
  return !full && breakers_.Admits(Index(target), at, u);
}

bool Admission::AdmitsAny(ProviderId provider, Time at, double u) const {
  for (uint16_t model = 0; model < providers_[provider].models.size(); ++model) {
    if (Admits(Target{provider, model}, at, u)) return true;
  }
  return false;
}

Time Admission::RetryAt(Target target, Time now, double u) const {
  return breakers_.RetryAt(Index(target), now, u);
}

bool Admission::AnswersWell(ProviderId provider, Time at, double u) const {
  return lanes_[provider].quality.breaker().Admits(at, u);
}

ExtraAttempt Admission::Extra(const Step& step, const CallState& call) const {
  const AttemptRecord* const last = call.LastSent();
  ExtraAttempt extra;
  extra.kind = KindOf(step, call);
  extra.provider = step.target.provider;
  extra.again = call.Tried(step.target.provider);
  const AttemptRecord* const there = LastAt(call, step.target.provider);
  extra.free = !config_.provider_budget_counts_answers && there != nullptr &&
               AnsweredBadly(there->diagnosis);
  if (last != nullptr) extra.trigger = TriggerOf(last->diagnosis);
  extra.load = LoadOf(step.target, call);
  return extra;
}

bool Admission::AllowsExtra(const Step& step, const CallState& call, Time now) const {
  return budget_.Allows(now, Extra(step, call));
}

std::string_view Admission::BudgetAgainst(const Step& step, const CallState& call, Time now) const {
  const ExtraAttempt extra = Extra(step, call);
  const bool overall = budget_.overall().Allows(now, extra.load, extra.trigger);
  return overall ? "provider_budget" : "budget";
}

RouteOrder Admission::Order(const CallState& call, Time now) const {
  absl::InlinedVector<RouteTarget, kMaxRouteTargets> targets;
  const RoutingConfig& routing = config_.routing;
  const size_t count = std::min(providers_.size(), kMaxRouteTargets);
  for (ProviderId p = 0; p < count; ++p) {
    const ProviderInfo& provider = providers_[p];
    RouteTarget& target = targets.emplace_back(FactsOf(provider.models[FittingModel(p, call)]));
    if (!routing.tiers.empty()) {
      target.tier = static_cast<int64_t>(Value(routing.tiers, provider.name, 0));
    }
    if (routing.kind == RoutingKind::kWeighted) {
      target.weight = Value(routing.weights, provider.name, 1);
    }
    if (routing.kind == RoutingKind::kP2c) target.health_cost = lanes_[p].health.Cost(now);
    if (routing.kind == RoutingKind::kLatency) target.latency_s = lanes_[p].health.Latency(now);
    target.available = routing.kind == RoutingKind::kPriority || AdmitsAny(p, now, call.ramp_u);
  }
  const uint64_t bits = DrawBits(seed_, kRouting, call.key, call.result.attempts.size());
  RouteOrder order = OrderTargets(routing, targets, NeedsOf(call), bits);
  if (order.empty()) {
    // Estimates err: where nobody seems able, those that may be asked at all are better than none.
    order = OrderTargets(routing, targets, RouteNeeds(), bits);
  }
  return order;
}

uint16_t Admission::FittingModel(ProviderId provider, const CallState& call) const {
  const std::vector<ModelInfo>& models = providers_[provider].models;
  if (models.size() == 1) return 0;  // whatever it can do
  const RouteNeeds needs = NeedsOf(call);
  for (size_t m = 0; m < models.size(); ++m) {
    if (CanServe(FactsOf(models[m]), needs)) return static_cast<uint16_t>(m);
  }
  return 0;
}

std::optional<Duration> Admission::Latency(ProviderId provider, double quantile) const {
  if (!measures_latency_) return std::nullopt;
  return lanes_[provider].latency.Quantile(quantile);
}

Load Admission::LoadOf(Target target, const CallState& call) const {
  Load load;
  if (!counts_tokens_) return load;
  const TokenRatio& ratio = lanes_[target.provider].tokens;
  const auto in = static_cast<double>(ratio.Expect(call.prompt_tokens, call.prompt_messages));
  const auto out = static_cast<double>(call.max_tokens);
  const ModelInfo& model = ModelOf(target);
  load.tokens = in + out;
  load.usd = 1e-6 * (in * model.usd_per_mtok_in + out * model.usd_per_mtok_out);
  return load;
}

RateAmounts Admission::Amounts(Target target, const CallState& call) const {
  const TokenRatio& ratio = lanes_[target.provider].tokens;
  return RateAmounts::Of(ratio.Expect(call.prompt_tokens, call.prompt_messages), call.max_tokens);
}

ConversationLimits::Decision Admission::Afford(Target target, const CallState& call) const {
  if (!conversations_.enabled()) return {};
  return conversations_.Judge(AttemptOf(LoadOf(target, call), call));
}

ConversationLimits::Attempt Admission::AttemptOf(const Load& load, const CallState& call) {
  ConversationLimits::Attempt attempt;
  attempt.conversation = call.conversation;
  attempt.first = call.sent() == 0 && call.in_flight == 0;
  attempt.usd = load.usd;
  attempt.tokens = static_cast<int64_t>(load.tokens);
  attempt.request_usd = call.spent_usd;
  return attempt;
}

// ---- taking -------------------------------------------------------------------------------------

Admission::Turn Admission::Join(Target target, const CallState& call, Time now, Grant* grant) {
  grant->target = target;
  if (config_.limiter.enabled) {
    const Time latest = std::min(SaturatingAdd(now, config_.limiter.max_wait),
                                 LatestStart(config_.deadline, call.deadline));
    grant->ticket = lanes_[target.provider].limiter.ReserveAt(Amounts(target, call), now, latest);
    if (!grant->ticket.has_value()) {
      grant->refusal = "rate_limiter";
      return Turn::kRefused;
    }
    if (grant->ticket->at > now) {
      lanes_[target.provider].paced.push_back(&grant->waiter);
      return Turn::kWait;
    }
  }
  return TakeRate(now, grant);
}

void Admission::LeavePaced(const PlaceWaiter& waiter, Lane* lane) {
  std::erase(lane->paced, &waiter);
  WakeFirst(lane->paced);
}

void Admission::LeaveThrottled(PlaceWaiter* waiter, Lane* lane) {
  std::erase(lane->throttled, waiter);
  waiter->throttled = false;
  WakeFirst(lane->throttled);
}

// Nobody overtakes those who wait already.
Admission::Turn Admission::TakeRate(Time now, Grant* grant) {
  Lane& lane = lanes_[grant->target.provider];
  if (lane.throttled.empty() && lane.send_rate.ReadyAt(now) <= now) {
    grant->sending = lane.send_rate.Take(now);
    return TakePlace(now, grant);
  }
  if (static_cast<int64_t>(lane.throttled.size()) >= config_.send_rate.max_waiting) {
    return RefuseTurn("send_rate", now, grant);
  }
  PlaceWaiter& waiter = grant->waiter;
  waiter.since = now;
  waiter.throttled = true;
  lane.throttled.push_back(&waiter);
  return Turn::kWait;
}

// The first of those who wait knows its time; the others are woken as it goes.
Admission::Turn Admission::AwaitRate(Time now, Time deadline, Grant* grant, Time* until) {
  Lane& lane = lanes_[grant->target.provider];
  PlaceWaiter& waiter = grant->waiter;
  const bool first = lane.throttled.front() == &waiter;
  const Time ready = first ? lane.send_rate.ReadyAt(now) : kNever;
  if (ready <= now) {
    grant->sending = lane.send_rate.Take(now);
    LeaveThrottled(&waiter, &lane);
    const Turn turn = TakePlace(now, grant);
    return turn == Turn::kWait ? AwaitPlace(now, deadline, grant, until) : turn;
  }
  const Time latest = std::min(SaturatingAdd(waiter.since, config_.send_rate.max_wait),
                               LatestStart(config_.deadline, deadline));
  if (now >= latest) return RefuseTurn("send_rate", now, grant);
  *until = std::min(ready, latest);
  waiter.wake = std::stop_source();
  return Turn::kWait;
}

Admission::Turn Admission::TakePlace(Time now, Grant* grant) {
  Lane& lane = lanes_[grant->target.provider];
  if (config_.concurrency.kind == ConcurrencyKind::kNone) return Turn::kNow;
  PlaceWaiter& waiter = grant->waiter;
  if (lane.queue.empty()) waiter.place = lane.concurrency.Acquire(now);
  if (waiter.place.has_value()) return Turn::kNow;
  if (static_cast<int64_t>(lane.queue.size()) >= config_.concurrency.max_waiting) {
    return RefuseTurn("concurrency", now, grant);
  }
  waiter.since = now;
  waiter.listed = true;
  lane.queue.push_back(&waiter);
  return Turn::kWait;
}

Admission::Turn Admission::AwaitPlace(Time now, Time deadline, Grant* grant, Time* until) {
  PlaceWaiter& waiter = grant->waiter;
  *until = std::min(SaturatingAdd(waiter.since, config_.concurrency.max_wait),
                    LatestStart(config_.deadline, deadline));
  waiter.wake = std::stop_source();
  return now < *until ? Turn::kWait : RefuseTurn("concurrency", now, grant);
}

Admission::Turn Admission::StepUp(Time now, Time deadline, Grant* grant, Time* until) {
  PlaceWaiter& waiter = grant->waiter;
  if (waiter.place.has_value()) return Turn::kNow;
  if (waiter.listed) return AwaitPlace(now, deadline, grant, until);
  if (waiter.throttled) return AwaitRate(now, deadline, grant, until);
  if (grant->ticket.has_value() && grant->ticket->taken == 0) {
    Lane& lane = lanes_[grant->target.provider];
    *until = lane.limiter.Claim(&*grant->ticket, now);
    if (*until != kNever && *until > now) {
      waiter.wake = std::stop_source();
      return Turn::kWait;
    }
    LeavePaced(waiter, &lane);
    if (*until == kNever) {
      grant->ticket.reset();  // it has left the queue
      grant->refusal = "rate_limiter";
      return Turn::kRefused;
    }
  }
  const Turn turn = TakeRate(now, grant);
  return turn == Turn::kWait ? StepUp(now, deadline, grant, until) : turn;
}

// A place that becomes free goes to the one who has waited longest, who then holds it: others who
// come at the same moment queue up behind.
void Admission::FreePlace(const Grant& grant, LoadSignal signal, Time now) {
  if (!grant.waiter.place.has_value()) return;
  Lane& lane = lanes_[grant.target.provider];
  lane.concurrency.Release(*grant.waiter.place, signal, now);
  while (!lane.queue.empty()) {
    PlaceWaiter& next = *lane.queue.front();
    next.place = lane.concurrency.Acquire(now);
    if (!next.place.has_value()) return;
    lane.queue.pop_front();
    next.listed = false;
    next.wake.request_stop();
  }
}

void Admission::Leave(Time now, Grant* grant) {
  Lane& lane = lanes_[grant->target.provider];
  SQUALL_CHECK(!grant->entered);
  PlaceWaiter& waiter = grant->waiter;
  if (grant->ticket.has_value()) {
    lane.limiter.Cancel(*grant->ticket, now);
    LeavePaced(waiter, &lane);
  }
  grant->ticket.reset();
  lane.send_rate.GiveBack(std::exchange(grant->sending, 0), now);
  if (waiter.throttled) LeaveThrottled(&waiter, &lane);
  WakeFirst(lane.throttled);
  if (waiter.listed) std::erase(lane.queue, &waiter);
  waiter.listed = false;
  FreePlace(*grant, LoadSignal::kIgnored, now);
  waiter.place.reset();
}

bool Admission::Refuse(std::string_view by, Time now, Grant* grant) {
  Leave(now, grant);
  grant->refusal = by;
  return false;
}

Admission::Turn Admission::RefuseTurn(std::string_view by, Time now, Grant* grant) {
  Refuse(by, now, grant);
  return Turn::kRefused;
}

bool Admission::Enter(const Step& step, const CallState& call, Time now, Grant* grant) {
  const Target target = step.target;
  const size_t index = Index(target);
  Lane& lane = lanes_[target.provider];
  grant->extra = call.sent() > 0 || call.in_flight > 0;
  grant->spent = Extra(step, call);
  grant->reserved = grant->spent.load;
  if (grant->extra && !budget_.Allows(now, grant->spent)) return Refuse("budget", now, grant);
  ConversationLimits::Attempt attempt;
  ConversationLimits::Decision afford;
  if (conversations_.enabled()) {
    attempt = AttemptOf(grant->reserved, call);
    afford = conversations_.Judge(attempt);
  }
  if (afford.verdict == ConversationLimits::Verdict::kRefuse) {
    return Refuse(afford.limit, now, grant);
  }
  const bool well = AnswersWell(target.provider, now, call.ramp_u);
  if (!well && config_.quality.action == QualityAction::kRefuse) {
    return Refuse("quality", now, grant);
  }
  const BreakerState before = breakers_.last_state(index);
  const auto permit = breakers_.Acquire(index, now, call.ramp_u);
  if (!permit.has_value() && !step.past_breaker) return Refuse("breaker", now, grant);
  Tell(target, before, now);
  grant->permit = permit.value_or(BreakerScopes::Permit());
  grant->quality = lane.quality.Check(false, now, call.ramp_u);
  if (conversations_.enabled()) {
    grant->conversation = conversations_.Reserve(attempt, afford);
  }
  if (grant->extra) {
    SQUALL_CHECK(budget_.Withdraw(now, grant->spent));
  } else {
    budget_.Deposit(now, target.provider, grant->reserved);
  }
  if (measures_health_) lane.health.Begin();
  grant->sent = now;
  grant->entered = true;
  return true;
}

void Admission::Tell(Target target, BreakerState before, Time now) {
  const BreakerState after = breakers_.last_state(Index(target));
  if (after != before) events_.OnBreaker(target.provider, before, after, now);
}

}  // namespace squall

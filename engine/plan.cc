#include "engine/plan.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <array>
#include <optional>

#include "engine/policy/backoff.h"
#include "engine/policy/deadline.h"

namespace squall {
namespace {

Step Send(Time at, Target target, std::string_view why) {
  Step step;
  step.kind = Step::Kind::kSend;
  step.at = at;
  step.target = target;
  step.why = why;
  return step;
}

Step Stop(std::string_view why) {
  Step step;
  step.at = kNever;
  step.why = why;
  return step;
}

bool Admitted(const PlanInput& in, ProviderId provider, Time at) {
  return in.breakers[provider].Admits(at, in.call.ramp_u);
}

// Has this provider asked, during this call, to be left alone until after `at`?
bool AskedToWait(const PlanInput& in, ProviderId provider, Time at) {
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    const bool asked = attempt.provider == provider && attempt.diagnosis.retry_after.has_value();
    if (asked && at < SaturatingAdd(attempt.ended, *attempt.diagnosis.retry_after)) return true;
  }
  return false;
}

// May this target be asked at `at`: time is left, its breaker admits, it has not asked to wait, and
// its share of attempts is not used up.
bool Open(const PlanInput& in, Target target, Time at) {
  const bool waits = in.config.retry.obey_retry_after && AskedToWait(in, target.provider, at);
  return FitsDeadline(at, in.call.deadline) && !waits && Admitted(in, target.provider, at) &&
         in.call.SentTo(target) < in.config.retry.max_attempts_per_target;
}

// Cut off by the request's own limit on tokens: a longer one makes it another request.
bool HitTokenLimit(const Diagnosis& last) {
  return last.failure == FailureClass::kTruncated && last.retry == RetryDecision::kNeverUnchanged;
}

int64_t PatchedLimit(const PlanInput& in, const Diagnosis& last) {
  return HitTokenLimit(last) ? in.call.max_tokens * 2 : 0;
}

// The wait before the last attempt is the gap to the attempt before it.
BackoffPast PastWaits(const PlanInput& in, int retry) {
  BackoffPast past;
  past.retry = retry;
  past.previous_u = in.previous_u;
  const AttemptRecord* last = nullptr;
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    if (attempt.sent && last != nullptr) past.previous = attempt.started - last->ended;
    if (attempt.sent) last = &attempt;
  }
  return past;
}

// The earliest time at which the provider that answered may be asked again.
Time RetryTime(const PlanInput& in, const Diagnosis& last, int retry) {
  const RetryConfig& config = in.config.retry;
  if (config.obey_retry_after && last.retry_after.has_value()) {
    // Short hints spread over the first window at least; whoever wants no spread gets none.
    const double spread = config.retry_after_spread;
    const Duration floor = spread > 0 ? config.backoff.base : 0s;
    const Duration wait = HintWithJitter(*last.retry_after, spread, floor, in.u);
    return SaturatingAdd(in.now, wait);
  }
  // An answer that came whole and is bad says nothing about load: sample again at once. Everything
  // else may be the first sign of trouble, so spread out.
  const bool answered =
      last.safety == Safety::kExecuted && last.retry != RetryDecision::kSameProviderAfterWait;
  if (answered) return in.now;
  return SaturatingAdd(in.now, BackoffDelay(config.backoff, PastWaits(in, retry), in.u));
}

bool WorthRepeating(const Diagnosis& last) {
  return last.retry == RetryDecision::kSameProviderNow ||
         last.retry == RetryDecision::kSameProviderAfterWait || HitTokenLimit(last);
}

std::optional<Step> Retry(const PlanInput& in, const AttemptRecord& last) {
  if (!WorthRepeating(last.diagnosis)) return std::nullopt;
  const Target target{last.provider, last.model};
  const Time at = RetryTime(in, last.diagnosis, in.call.SentTo(target) - 1);
  if (!Open(in, target, at)) return std::nullopt;
  return Send(at, target, "retry");
}

// Would another model of the same provider behave differently?
bool ModelMatters(FailureClass failure) {
  switch (failure) {
    case FailureClass::kInvalidModel:
    case FailureClass::kEmptyResponse:
    case FailureClass::kMalformedResponse:
    case FailureClass::kTruncated:
    case FailureClass::kSchemaViolation:
    case FailureClass::kSemantic:
    case FailureClass::kOverloaded: return true;
    case FailureClass::kOk:
    case FailureClass::kTimeout:
    case FailureClass::kConnection:
    case FailureClass::kRateLimit:
    case FailureClass::kQuotaExhausted:
    case FailureClass::kServerError:
    case FailureClass::kAuthFailure:
    case FailureClass::kPermissionDenied:
    case FailureClass::kInvalidRequest:
    case FailureClass::kContextLengthExceeded:
    case FailureClass::kContentFiltered:
    case FailureClass::kRefusedLocally:
    case FailureClass::kCancelled: return false;
  }
  return false;
}

std::optional<Step> Degrade(const PlanInput& in, const AttemptRecord& last) {
  const auto next = static_cast<uint16_t>(last.model + 1);
  const Target target{last.provider, next};
  const bool exists = next < in.providers[last.provider].models.size();
  if (!exists || !ModelMatters(last.diagnosis.failure) || !Open(in, target, in.now)) {
    return std::nullopt;
  }
  return Send(in.now, target, "degrade");
}

// Would another provider, given the same request, behave differently?
bool ProviderMatters(const Diagnosis& last) {
  return last.retry != RetryDecision::kNeverUnchanged || HitTokenLimit(last);
}

std::optional<Step> Failover(const PlanInput& in, const AttemptRecord& last) {
  if (!ProviderMatters(last.diagnosis)) return std::nullopt;
  for (size_t i = 1; i < in.providers.size(); ++i) {
    const auto provider = static_cast<ProviderId>((last.provider + i) % in.providers.size());
    const Target target{provider, 0};
    if (!in.call.Tried(provider) && Open(in, target, in.now)) {
      return Send(in.now, target, "failover");
    }
  }
  return std::nullopt;
}

// What may be done about a failure, and when. Nothing that no other strategy would ever do, but for
// one: a provider that was left may be returned to, where its last failure was worth repeating.
struct Options {
  absl::InlinedVector<Action, 8> actions;
  absl::InlinedVector<Time, 8> times;  // of each
};

void AddOption(const PlanInput& in, Target target, Time at, Options* options) {
  if (!Open(in, target, at)) return;
  options->actions.push_back(Action{target, in.call.SentTo(target) > 0});
  options->times.push_back(at);
}

bool WorthReturning(const PlanInput& in, ProviderId provider) {
  const AttemptRecord* last = nullptr;
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    if (attempt.sent && attempt.provider == provider) last = &attempt;
  }
  return last == nullptr || WorthRepeating(last->diagnosis);
}

Options OptionsAfter(const PlanInput& in, const AttemptRecord& last) {
  Options options;
  for (ProviderId provider = 0; provider < in.providers.size(); ++provider) {
    if (provider == last.provider) continue;
    if (WorthReturning(in, provider)) AddOption(in, Target{provider, 0}, in.now, &options);
  }
  const Target here{last.provider, last.model};
  if (WorthRepeating(last.diagnosis)) {
    AddOption(in, here, RetryTime(in, last.diagnosis, in.call.SentTo(here) - 1), &options);
  }
  const std::optional<Step> smaller = Degrade(in, last);
  if (smaller.has_value()) AddOption(in, smaller->target, smaller->at, &options);
  return options;
}

// What experience recommends, or, seldom, what it knows nothing of. Repeating a request only to
// learn from it is not for those that must not run twice.
std::optional<Step> LearnedRule(const PlanInput& in, const AttemptRecord& last) {
  if (!ProviderMatters(last.diagnosis)) return std::nullopt;
  const Options options = OptionsAfter(in, last);
  const Situation after = SituationOf(last);
  std::optional<size_t> chosen;
  const auto plan = static_cast<uint64_t>(in.call.result.attempts.size());
  if (in.call.repeatable && in.knowledge.Explores(in.call.key, plan)) {
    chosen = in.knowledge.LeastKnown(after, options.actions, in.now);
  }
  if (!chosen.has_value()) chosen = in.knowledge.Best(after, options.actions, in.now);
  if (!chosen.has_value()) return std::nullopt;
  return Send(options.times[*chosen], options.actions[*chosen].then, "learned_rule");
}

// Follows what it knows, where anybody gave it that; breakers and hints have nothing to add.
std::optional<Step> Clairvoyant(const PlanInput& in, const AttemptRecord& /*last*/) {
  if (in.foresight == nullptr) return std::nullopt;
  const std::optional<Foresight::Move> move = in.foresight->Next(in.call, in.now);
  if (!move.has_value()) return std::nullopt;
  return Send(move->at, move->target, "clairvoyant");
}

struct Strategy {
  std::string_view name;
  std::optional<Step> (*propose)(const PlanInput&, const AttemptRecord& last);
};

constexpr std::array kStrategies = {
    Strategy{"retry", &Retry},
    Strategy{"degrade", &Degrade},
    Strategy{"failover", &Failover},
    Strategy{"learned_rule", &LearnedRule},
    Strategy{"clairvoyant", &Clairvoyant},
};

constexpr auto kStrategyNames = [] {
  std::array<std::string_view, kStrategies.size()> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kStrategies[i].name;
  return names;
}();

Step NoneAdmits(const PlanInput& in) {
  // Those who wait race for few probes; who has lost often enough had better say so.
  constexpr int kMostRounds = 8;
  Target soonest;
  Time at = kNever;
  for (ProviderId provider = 0; provider < in.providers.size(); ++provider) {
    const Time admits = in.breakers[provider].RetryAt(in.now);
    if (admits >= at) continue;
    at = admits;
    soonest = Target{provider, 0};
  }
  Step step = Stop("all_open");
  step.at = at;
  switch (in.config.all_open) {
    case AllOpen::kFailFast: break;
    case AllOpen::kWait:
      if (FitsDeadline(at, in.call.deadline) && in.call.rounds < kMostRounds) {
        step = Send(at, soonest, "first");
      }
      break;
    case AllOpen::kFailOpen:
      step = Send(in.now, Target{0, 0}, "first");
      step.past_breaker = true;
      break;
  }
  return step;
}

Step First(const PlanInput& in) {
  for (ProviderId provider = 0; provider < in.providers.size(); ++provider) {
    if (Admitted(in, provider, in.now)) return Send(in.now, Target{provider, 0}, "first");
  }
  return NoneAdmits(in);
}

std::optional<Step> AskLadder(const PlanInput& in, const AttemptRecord& last) {
  for (const std::string& name : in.config.ladder) {
    for (const Strategy& strategy : kStrategies) {
      if (strategy.name != name) continue;
      std::optional<Step> step = strategy.propose(in, last);
      if (step.has_value()) return step;
    }
  }
  return std::nullopt;
}

}  // namespace

int CallState::sent() const {
  int count = 0;
  for (const AttemptRecord& attempt : result.attempts) count += attempt.sent ? 1 : 0;
  return count;
}

int CallState::SentTo(Target target) const {
  int count = 0;
  for (const AttemptRecord& attempt : result.attempts) {
    const bool here = attempt.provider == target.provider && attempt.model == target.model;
    count += attempt.sent && here ? 1 : 0;
  }
  return count;
}

bool CallState::Tried(ProviderId provider) const {
  for (const AttemptRecord& attempt : result.attempts) {
    if (attempt.sent && attempt.provider == provider) return true;
  }
  return false;
}

const AttemptRecord* CallState::LastSent() const {
  for (auto it = result.attempts.rbegin(); it != result.attempts.rend(); ++it) {
    if (it->sent) return &*it;
  }
  return nullptr;
}

Load LoadOf(const EngineConfig& config, const ModelInfo& model, const CallState& call) {
  Load load;
  if (config.budget.unit == BudgetUnit::kAttempts) return load;
  const auto in = static_cast<double>(call.prompt_tokens);
  const auto out = static_cast<double>(call.max_tokens);
  load.tokens = in + out;
  load.usd = 1e-6 * (in * model.usd_per_mtok_in + out * model.usd_per_mtok_out);
  return load;
}

bool IsClairvoyant(const EngineConfig& config) {
  return std::find(config.ladder.begin(), config.ladder.end(), "clairvoyant") !=
         config.ladder.end();
}

Trigger TriggerOf(const Diagnosis& last) {
  switch (last.failure) {
    case FailureClass::kTimeout: return Trigger::kTimeout;
    case FailureClass::kRateLimit: return Trigger::kThrottled;
    default: return Trigger::kFailure;
  }
}

std::span<const std::string_view> StrategyNames() { return kStrategyNames; }

Step MakePlan(const PlanInput& in) {
  if (!FitsDeadline(in.now, in.call.deadline)) return Stop("deadline");
  const AttemptRecord* last = in.call.LastSent();
  if (last == nullptr) return First(in);
  const bool binding = in.config.stream.after_commit == AfterCommit::kError;
  if (in.call.committed && binding) return Stop("committed");
  const bool may_have_run = last->diagnosis.safety != Safety::kNotSent;
  if (!in.call.repeatable && may_have_run) return Stop("not_repeatable");
  if (in.call.caller_retries) return Stop("caller_retries");
  if (in.call.sent() >= in.config.retry.max_attempts) return Stop("attempts");
  std::optional<Step> step = AskLadder(in, *last);
  if (!step.has_value()) {
    const bool final = last->diagnosis.retry == RetryDecision::kNeverUnchanged;
    return Stop(final ? "final" : "no_plan");
  }
  const ModelInfo& model = in.providers[step->target.provider].models[step->target.model];
  const Load load = LoadOf(in.config, model, in.call);
  if (!in.budget.Allows(in.now, load, TriggerOf(last->diagnosis))) return Stop("budget");
  step->max_tokens = PatchedLimit(in, last->diagnosis);
  return *step;
}

}  // namespace squall

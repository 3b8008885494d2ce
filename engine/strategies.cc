#include "engine/strategies.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <array>

#include "engine/patch.h"
#include "engine/policy/backoff.h"
#include "engine/policy/deadline.h"

namespace squall {
namespace {

using LimitVerdict = ConversationLimits::Verdict;

bool Affordable(const PlanInput& in, Target target) {
  return in.admission.Afford(target, in.call).verdict != LimitVerdict::kRefuse;
}

// Has this provider asked, during this call, to be left alone until after `at`?
bool AskedToWait(const PlanInput& in, ProviderId provider, Time at) {
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    const bool asked = attempt.provider == provider && attempt.diagnosis.retry_after.has_value();
    if (asked && at < SaturatingAdd(attempt.ended, *attempt.diagnosis.retry_after)) return true;
  }
  return false;
}

// Was it refused at this very moment? What refused may not show in any state that a plan can see.
bool JustRefused(const PlanInput& in, ProviderId provider, Time at) {
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    if (!attempt.sent && attempt.provider == provider && attempt.started == at) return true;
  }
  return false;
}

// A provider that has had its attempt leaves the others theirs.
bool LeavesOthersTime(const PlanInput& in, ProviderId provider, Time at) {
  if (!in.call.Tried(provider)) return true;
  int64_t untried = 0;
  for (ProviderId p = 0; p < in.providers.size(); ++p) {
    untried += in.call.Tried(p) || in.call.Barred(p) ? 0 : 1;
  }
  return LeavesReserves(in.config.deadline, at, in.call.deadline, untried);
}

// Attempts that one request may make there.
int64_t MostAttempts(const PlanInput& in, Target target) {
  const RetryConfig& config = in.config.retry;
  if (config.max_attempts_elsewhere == 0) return config.max_attempts_per_target;
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    if (!attempt.sent) continue;
    const bool first = attempt.provider == target.provider && attempt.model == target.model;
    return first ? config.max_attempts_per_target : config.max_attempts_elsewhere;
  }
  return config.max_attempts_per_target;
}

// What keeps an attempt from a target.
enum class Bar : uint8_t { kNone, kDeadline, kAsked, kAnswers, kMoney, kRefused, kCircuit, kUsed };

Bar BarAt(const PlanInput& in, Target target, Time at) {
  if (in.call.Barred(target.provider)) return Bar::kUsed;
  if (!FitsDeadline(in.config.deadline, at, in.call.deadline)) return Bar::kDeadline;
  if (in.config.retry.obey_retry_after && AskedToWait(in, target.provider, at)) return Bar::kAsked;
  const bool well =
      !in.avoid_bad_answers || in.admission.AnswersWell(target.provider, at, in.call.ramp_u);
  if (!well) return Bar::kAnswers;
  if (!Affordable(in, target)) return Bar::kMoney;
  if (!LeavesOthersTime(in, target.provider, at)) return Bar::kDeadline;
  if (JustRefused(in, target.provider, at)) return Bar::kRefused;
  if (!in.admission.Admits(target, at, in.call.ramp_u)) return Bar::kCircuit;
  const bool left = in.call.SentTo(target) < MostAttempts(in, target);
  return left ? Bar::kNone : Bar::kUsed;
}

// Cut off by the request's own limit on tokens: a longer one makes it another request.
bool HitTokenLimit(const Diagnosis& last) {
  return last.failure == FailureClass::kTruncated && last.retry == RetryDecision::kNeverUnchanged;
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

// The earliest time at which the provider whose attempt failed may be asked again, which is its
// `retry`-th retry (0 = first). `since` the failure, as far as it is to be waited from.
Time RetryTime(const PlanInput& in, const Diagnosis& last, int retry, Time since) {
  const RetryConfig& config = in.config.retry;
  if (config.obey_retry_after && last.retry_after.has_value()) {
    // Short hints spread over the first window at least; whoever wants no spread gets none.
    const double spread = config.retry_after_spread;
    const Duration floor = spread > 0 ? config.backoff.base : 0s;
    const Duration wait = HintWithJitter(*last.retry_after, spread, floor, in.u);
    return SaturatingAdd(since, wait);
  }
  // Everything else may be the first sign of trouble, so spread out.
  if (AnsweredBadly(last)) return since;
  return SaturatingAdd(since, BackoffDelay(config.backoff, PastWaits(in, retry), in.u));
}

bool WorthRepeating(const Diagnosis& last) {
  return last.retry == RetryDecision::kSameProviderNow ||
         last.retry == RetryDecision::kSameProviderAfterWait || HitTokenLimit(last);
}

std::optional<Step> RetrySameTarget(const PlanInput& in, const AttemptRecord& last) {
  if (!WorthRepeating(last.diagnosis)) return std::nullopt;
  const Target here{last.provider, last.model};
  const Time at = RetryTime(in, last.diagnosis, in.call.SentTo(here) - 1, in.now);
  const bool dear = in.admission.Afford(here, in.call).verdict != LimitVerdict::kAdmit;
  const Target target = dear ? BestAffordable(in, last.provider) : here;
  if (!IsOpen(in, target, at)) return std::nullopt;
  return SendStep(in, at, target, "retry");
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
  const FailureClass failure = last.diagnosis.failure;
  const bool quicker = in.config.retry.degrade_timeouts && failure == FailureClass::kTimeout;
  if (!exists || !(quicker || ModelMatters(failure)) || !IsOpen(in, target, in.now)) {
    return std::nullopt;
  }
  return SendStep(in, in.now, target, "degrade");
}

// May the same request, sent to another, have an answer?
bool Unchanged(const Diagnosis& last) {
  return last.retry != RetryDecision::kNeverUnchanged || HitTokenLimit(last);
}

// Has more than one provider turned the request down for its own sake?
bool RefusedByTwo(const PlanInput& in) {
  std::optional<ProviderId> first;
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    if (!attempt.sent || Unchanged(attempt.diagnosis)) continue;
    if (first.has_value() && *first != attempt.provider) return true;
    first = attempt.provider;
  }
  return false;
}

// Would the target, given the same request, behave differently?
bool ProviderMatters(const PlanInput& in, const AttemptRecord& last, Target target) {
  const auto window = [&](Target t) {
    return in.providers[t.provider].models[t.model].context_tokens;
  };
  const int64_t here = window(Target{last.provider, last.model});
  if (last.diagnosis.failure == FailureClass::kContextLengthExceeded && here > 0) {
    return window(target) == 0 || window(target) > here;
  }
  return Unchanged(last.diagnosis) || (in.config.retry.failover_refused && !RefusedByTwo(in));
}

const AttemptRecord* LastAt(const PlanInput& in, ProviderId provider) {
  const AttemptRecord* last = nullptr;
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    if (attempt.sent && attempt.provider == provider) last = &attempt;
  }
  return last;
}

bool WorthReturning(const PlanInput& in, ProviderId provider) {
  const AttemptRecord* const last = LastAt(in, provider);
  return last == nullptr || WorthRepeating(last->diagnosis);
}

// The return to a provider that has had `round` attempts, if it makes sense.
std::optional<Step> Return(const PlanInput& in, const AttemptRecord& last, ProviderId provider,
                           int round) {
  const Target target = BestAffordable(in, provider);
  const AttemptRecord* const before = LastAt(in, provider);
  const bool due = before != nullptr && in.call.SentTo(target) == round;
  if (!due || !ProviderMatters(in, last, target)) return std::nullopt;
  if (!WorthRepeating(before->diagnosis)) return std::nullopt;
  const Time at = std::max(in.now, RetryTime(in, before->diagnosis, round - 1, before->ended));
  if (!IsOpen(in, target, at)) return std::nullopt;
  return SendStep(in, at, target, "failover");
}

// In the first round a provider that is untried, in later ones one that has had fewer attempts than
// there have been rounds, the likeliest to answer this time before others: what is pinned to one
// may have passed at another.
std::optional<Step> Failover(const PlanInput& in, const AttemptRecord& last) {
  const std::optional<Target> untried = FirstOpen(in, &last);
  if (untried.has_value()) return SendStep(in, in.now, *untried, "failover");
  const RouteOrder order = in.admission.Order(in.call, in.now);
  const auto chance = [&](ProviderId provider) {
    const AttemptRecord* const before = LastAt(in, provider);
    return in.knowledge.returns().Chance(provider, before->diagnosis.failure);
  };
  for (int round = 1; round < in.config.retry.failover_rounds; ++round) {
    std::optional<Step> best;
    bool best_paid = false;
    for (const uint8_t provider : order) {
      if (provider == last.provider) continue;
      const std::optional<Step> step = Return(in, last, provider, round);
      if (!step.has_value()) continue;
      const bool paid = in.admission.AllowsExtra(*step, in.call, in.now);
      const bool better = !best.has_value() || (paid && !best_paid) ||
                          (paid == best_paid && chance(provider) > chance(best->target.provider));
      if (!better) continue;
      best = step;
      best_paid = paid;
    }
    if (!best.has_value()) continue;
    // Staying where it is may be likelier still, which is for the ladder's `retry` to do.
    const bool stays = Uses(in.config, "retry") && WorthRepeating(last.diagnosis) &&
                       chance(last.provider) > chance(best->target.provider);
    const Target here{last.provider, last.model};
    if (stays && in.call.SentTo(here) == round && IsOpen(in, here, in.now)) return std::nullopt;
    return best;
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
  if (!IsOpen(in, target, at)) return;
  options->actions.push_back(Action{target, in.call.SentTo(target) > 0});
  options->times.push_back(at);
}

Options OptionsAfter(const PlanInput& in, const AttemptRecord& last) {
  Options options;
  for (ProviderId provider = 0; provider < in.providers.size(); ++provider) {
    if (provider == last.provider) continue;
    if (WorthReturning(in, provider)) AddOption(in, Target{provider, 0}, in.now, &options);
  }
  const Target here{last.provider, last.model};
  if (WorthRepeating(last.diagnosis)) {
    AddOption(in, here, RetryTime(in, last.diagnosis, in.call.SentTo(here) - 1, in.now), &options);
  }
  const std::optional<Step> smaller = Degrade(in, last);
  if (smaller.has_value()) AddOption(in, smaller->target, smaller->at, &options);
  return options;
}

// What experience recommends, or, seldom, what it knows nothing of. Repeating a request only to
// learn from it is not for those that must not run twice.
std::optional<Step> LearnedRule(const PlanInput& in, const AttemptRecord& last) {
  if (!Unchanged(last.diagnosis)) return std::nullopt;
  const Options options = OptionsAfter(in, last);
  const Situation after = SituationOf(last);
  std::optional<size_t> chosen;
  const auto plan = static_cast<uint64_t>(in.call.result.attempts.size());
  if (in.call.repeatable && in.knowledge.Explores(in.call.key, plan)) {
    chosen = in.knowledge.LeastKnown(after, options.actions, in.now);
  }
  if (!chosen.has_value()) chosen = in.knowledge.Best(after, options.actions, in.now);
  if (!chosen.has_value()) return std::nullopt;
  return SendStep(in, options.times[*chosen], options.actions[*chosen].then, "learned_rule");
}

// The same model again, with the change of the request that its refusal calls for.
std::optional<Step> Adapt(const PlanInput& in, const AttemptRecord& last) {
  const Target target{last.provider, last.model};
  const ModelInfo& model = in.providers[last.provider].models[last.model];
  const std::optional<Patch> patch = PatchFor(last.diagnosis, model, in.call);
  if (!patch.has_value() || !IsOpen(in, target, in.now)) return std::nullopt;
  Step step = SendStep(in, in.now, target, "adapt");
  step.patch = *patch;
  return step;
}

// Mends the answer at hand. What comes out is validated like any other.
std::optional<Step> Repair(const PlanInput& in, const AttemptRecord& last) {
  if (in.call.refused.empty() || in.call.repair_tried || in.call.committed) return std::nullopt;
  Step step = SendStep(in, in.now, Target{last.provider, last.model}, "repair");
  step.kind = Step::Kind::kRepair;
  return step;
}

// The same model again, told what was wrong with its answer.
std::optional<Step> Reask(const PlanInput& in, const AttemptRecord& last) {
  const Target target{last.provider, last.model};
  if (in.call.complaint.empty() || !IsOpen(in, target, in.now)) return std::nullopt;
  Step step = SendStep(in, in.now, target, "reask");
  step.reask = true;
  return step;
}

// Follows what it knows, where anybody gave it that; breakers and hints have nothing to add.
std::optional<Step> Clairvoyant(const PlanInput& in, const AttemptRecord& /*last*/) {
  if (in.foresight == nullptr) return std::nullopt;
  const std::optional<Foresight::Move> move = in.foresight->Next(in.call, in.now);
  if (!move.has_value()) return std::nullopt;
  return SendStep(in, move->at, move->target, "clairvoyant");
}

struct Strategy {
  std::string_view name;
  bool sends;
  std::optional<Step> (*propose)(const PlanInput&, const AttemptRecord& last);
};

constexpr std::array kStrategies = {
    Strategy{"retry", true, &RetrySameTarget}, Strategy{"degrade", true, &Degrade},
    Strategy{"failover", true, &Failover},     Strategy{"learned_rule", true, &LearnedRule},
    Strategy{"adapt", true, &Adapt},           Strategy{"repair", false, &Repair},
    Strategy{"reask", true, &Reask},           Strategy{"clairvoyant", true, &Clairvoyant},
};

constexpr auto kStrategyNames = [] {
  std::array<std::string_view, kStrategies.size()> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kStrategies[i].name;
  return names;
}();

}  // namespace

std::span<const std::string_view> StrategyNames() { return kStrategyNames; }

bool Uses(const EngineConfig& config, std::string_view strategy) {
  return std::find(config.ladder.begin(), config.ladder.end(), strategy) != config.ladder.end();
}

Step SendStep(const PlanInput& in, Time at, Target target, std::string_view why) {
  Step step;
  step.kind = Step::Kind::kSend;
  step.at = at;
  step.target = target;
  const ModelInfo& model = in.providers[target.provider].models[target.model];
  step.patch = PatchAt(target, model, in.call);
  step.why = why;
  return step;
}

bool IsOpen(const PlanInput& in, Target target, Time at) {
  return BarAt(in, target, at) == Bar::kNone;
}

Target BestAffordable(const PlanInput& in, ProviderId provider) {
  const Target best{provider, in.admission.FittingModel(provider, in.call)};
  if (in.admission.Afford(best, in.call).verdict == LimitVerdict::kAdmit) return best;
  return Target{provider, static_cast<uint16_t>(in.providers[provider].models.size() - 1)};
}

std::optional<Target> FirstOpen(const PlanInput& in, const AttemptRecord* last) {
  const RouteOrder order = in.admission.Order(in.call, in.now);
  const auto open = [&](Target target) {
    if (last != nullptr && !ProviderMatters(in, *last, target)) return false;
    return IsOpen(in, target, in.now);
  };
  for (const bool others : {false, true}) {
    for (const uint8_t provider : order) {
      if (last != nullptr && in.call.Tried(provider)) continue;
      Target target = BestAffordable(in, provider);
      if (!others && open(target)) return target;
      const size_t models = others ? in.providers[provider].models.size() : 0;
      while (++target.model < models) {
        if (open(target)) return target;
      }
    }
  }
  return std::nullopt;
}

std::string_view UnaffordableBy(const PlanInput& in) {
  std::string_view limit;
  for (ProviderId provider = 0; provider < in.providers.size(); ++provider) {
    if (in.call.Barred(provider)) continue;
    const auto decision = in.admission.Afford(BestAffordable(in, provider), in.call);
    if (decision.verdict != LimitVerdict::kRefuse) return "";
    if (limit.empty()) limit = decision.limit;
  }
  return limit;
}

std::string_view WhyNone(const PlanInput& in, const AttemptRecord& last) {
  Bar found = Bar::kNone;
  for (ProviderId provider = 0; provider < in.providers.size(); ++provider) {
    const Target target = BestAffordable(in, provider);
    if (!WorthReturning(in, provider) || !ProviderMatters(in, last, target)) continue;
    const Bar bar = BarAt(in, target, in.now);
    if (bar == Bar::kCircuit) {
      const bool open = in.admission.RetryAt(target, in.now, in.call.ramp_u) > in.now;
      return open ? "circuit_open" : "refused";
    }
    if (bar != Bar::kUsed && bar != Bar::kNone) found = bar;
  }
  switch (found) {
    case Bar::kDeadline: return "no_time";
    case Bar::kAsked: return "asked_to_wait";
    case Bar::kRefused: return "refused";
    case Bar::kNone:
    case Bar::kAnswers:
    case Bar::kMoney:
    case Bar::kCircuit:
    case Bar::kUsed: return "no_plan";
  }
  return "no_plan";
}

std::optional<Step> AskLadder(const PlanInput& in, const AttemptRecord& last, bool may_send,
                              std::string_view* over_budget) {
  for (const std::string& name : in.config.ladder) {
    for (const Strategy& strategy : kStrategies) {
      if (strategy.name != name || (strategy.sends && !may_send)) continue;
      std::optional<Step> step = strategy.propose(in, last);
      if (!step.has_value()) continue;
      // One provider's budget is no reason not to go to another.
      if (strategy.sends && !in.admission.AllowsExtra(*step, in.call, in.now)) {
        *over_budget = in.admission.BudgetAgainst(*step, in.call, in.now);
        continue;
      }
      if (HitTokenLimit(last.diagnosis)) step->patch.max_tokens = in.call.max_tokens * 2;
      return step;
    }
  }
  return std::nullopt;
}

}  // namespace squall

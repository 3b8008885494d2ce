#include "engine/plan.h"

#include <optional>

#include "engine/policy/deadline.h"
#include "engine/strategies.h"

namespace squall {
namespace {

Step Stop(std::string_view why) {
  Step step;
  step.at = kNever;
  step.why = why;
  return step;
}

// Of one request by our own policies, before it is given up: those who lose every race for a place
// had better say so.
constexpr int kMostRefusals = 16;

// Whoever asks has seen to it that there is one.
ProviderId FirstAllowed(const PlanInput& in) {
  ProviderId provider = 0;
  while (in.call.Barred(provider) && provider + 1u < in.providers.size()) ++provider;
  return provider;
}

Step NoneAdmits(const PlanInput& in) {
  // Those who wait race for few probes; who has lost often enough had better say so.
  constexpr int kMostRounds = 8;
  Target soonest;
  Time at = kNever;
  bool closed = true;
  for (ProviderId provider = 0; provider < in.providers.size(); ++provider) {
    if (in.call.Barred(provider)) continue;
    for (uint16_t model = 0; model < in.providers[provider].models.size(); ++model) {
      const Target target{provider, model};
      closed = closed && in.admission.RetryAt(target, in.now, in.call.ramp_u) > in.now;
      const Time admits = in.admission.RetryAt(target, in.now, 0);
      if (admits >= at) continue;
      at = admits;
      soonest = target;
    }
  }
  // What stands in the way are our own limits, whose end nobody knows.
  if (!closed) return Stop("refused");
  Step step = Stop("all_open");
  step.at = at;
  switch (in.config.all_open) {
    case AllOpen::kFailFast: break;
    case AllOpen::kWait:
      if (FitsDeadline(in.config.deadline, at, in.call.deadline) && in.call.rounds < kMostRounds) {
        step = SendStep(in, at, soonest, "first");
      }
      break;
    case AllOpen::kFailOpen:
      // Past the circuits, not past our own limits, which have just been asked.
      if (!in.call.result.attempts.empty()) break;
      step = SendStep(in, in.now, Target{FirstAllowed(in), 0}, "first");
      step.past_breaker = true;
      break;
  }
  return step;
}

std::optional<Step> AskFirst(const PlanInput& in) {
  const std::optional<Target> target = FirstOpen(in, nullptr);
  if (!target.has_value()) return std::nullopt;
  return SendStep(in, in.now, *target, "first");
}

// Once more without regard to the quality of answers: a bad answer may be better than none.
template <class Propose>
std::optional<Step> AvoidingBadAnswers(PlanInput in, Propose&& propose) {
  std::optional<Step> step = propose(in);
  if (step.has_value() || !in.config.quality.enabled) return step;
  in.avoid_bad_answers = false;
  return propose(in);
}

int Refusals(const PlanInput& in) {
  return static_cast<int>(in.call.result.attempts.size()) - in.call.sent();
}

Step First(const PlanInput& in) {
  const std::optional<Step> step = AvoidingBadAnswers(in, &AskFirst);
  if (step.has_value()) return *step;
  const std::string_view limit = UnaffordableBy(in);
  return limit.empty() ? NoneAdmits(in) : Stop(limit);
}

// Why no further attempt may be sent, whatever the ladder has to say; "" if one may. What sends
// nothing, such as a repair, is free to go on.
std::string_view BarOn(const PlanInput& in, const AttemptRecord& last) {
  const bool may_have_run = last.diagnosis.safety != Safety::kNotSent;
  if (!in.call.repeatable && may_have_run) return "not_repeatable";
  if (in.call.caller_retries) return "caller_retries";
  return in.call.sent() >= in.config.retry.max_attempts ? "attempts" : "";
}

// Who has answered, or has been asked for an opinion, is no second opinion.
bool IsInvolved(const PlanInput& in, ProviderId provider) {
  for (const Opinion& opinion : in.call.opinions) {
    if (opinion.from.provider == provider) return true;
  }
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    if (attempt.sent && attempt.purpose != Purpose::kAnswer && attempt.provider == provider) {
      return true;
    }
  }
  return false;
}

// An answer is at hand that others must confirm.
Step SeekOpinion(const PlanInput& in) {
  int64_t asked = 0;
  for (const AttemptRecord& attempt : in.call.result.attempts) {
    asked += attempt.sent && attempt.purpose != Purpose::kAnswer ? 1 : 0;
  }
  if (asked >= in.config.opinions.most || in.call.sent() >= in.config.retry.max_attempts) {
    return Stop("unverified");
  }
  // Who has failed this request may well fail it again.
  for (const bool tried : {false, true}) {
    for (const uint8_t provider : in.admission.Order(in.call, in.now)) {
      const Target target = BestAffordable(in, provider);
      const bool next = in.call.Tried(provider) == tried && !IsInvolved(in, provider);
      if (!next || !IsOpen(in, target, in.now)) continue;
      const bool judges = in.call.seeks == Purpose::kJudgement;
      Step step = SendStep(in, in.now, target, judges ? "judge" : "second_opinion");
      step.purpose = in.call.seeks;
      return in.admission.AllowsExtra(step, in.call, in.now) ? step : Stop("unverified");
    }
  }
  return Stop("unverified");
}

}  // namespace

bool AnsweredBadly(const Diagnosis& diagnosis) {
  return diagnosis.safety == Safety::kExecuted &&
         diagnosis.retry != RetryDecision::kSameProviderAfterWait;
}

int CallState::sent() const {
  int count = 0;
  for (const AttemptRecord& attempt : result.attempts) count += attempt.sent ? 1 : 0;
  return count;
}

int CallState::SentTo(Target target) const {
  int count = 0;
  for (const AttemptRecord& attempt : result.attempts) {
    const bool here = attempt.provider == target.provider && attempt.model == target.model;
    count += attempt.sent && here && attempt.purpose != Purpose::kJudgement ? 1 : 0;
  }
  return count;
}

bool CallState::Tried(ProviderId provider) const {
  for (const AttemptRecord& attempt : result.attempts) {
    const bool judged = attempt.purpose == Purpose::kJudgement;
    if (attempt.sent && attempt.provider == provider && !judged) return true;
  }
  return false;
}

const AttemptRecord* CallState::LastSent() const {
  for (auto it = result.attempts.rbegin(); it != result.attempts.rend(); ++it) {
    if (it->sent && it->purpose == Purpose::kAnswer) return &*it;
  }
  return nullptr;
}

Step MakePlan(const PlanInput& in) {
  const bool late = !FitsDeadline(in.config.deadline, in.now, in.call.deadline);
  if (!in.call.opinions.empty()) return late ? Stop("unverified") : SeekOpinion(in);
  if (late) return Stop("deadline");
  const AttemptRecord* last = in.call.LastSent();
  if (last == nullptr) return First(in);
  if (Refusals(in) > kMostRefusals) return Stop("refused");
  const bool binding = in.config.stream.after_commit == AfterCommit::kError || in.call.binding;
  if (in.call.committed && binding) return Stop("committed");
  const std::string_view bar = BarOn(in, *last);
  std::string_view over_budget;
  const auto ask = [&](const PlanInput& input) {
    return AskLadder(input, *last, bar.empty(), &over_budget);
  };
  const std::optional<Step> step = AvoidingBadAnswers(in, ask);
  if (step.has_value()) return *step;
  if (!bar.empty()) return Stop(bar);
  if (!over_budget.empty()) return Stop(over_budget);
  if (last->diagnosis.retry == RetryDecision::kNeverUnchanged) return Stop("final");
  const std::string_view limit = UnaffordableBy(in);
  return Stop(limit.empty() ? WhyNone(in, *last) : limit);
}

}  // namespace squall

// What Admission learns from an attempt that came back.
#include <algorithm>

#include "engine/admission.h"
#include "engine/base/random.h"
#include "engine/rate_headers.h"

namespace squall {
namespace {

constexpr StreamId kOpenTime = Stream("engine/open_time");

// Only what says something about the provider's health counts. A rate limit is its normal work, and
// a caller's mistake or impatience is not its fault.
CallOutcome ProviderOutcome(const Diagnosis& diagnosis, bool cut_short) {
  switch (diagnosis.failure) {
    case FailureClass::kOk:
    case FailureClass::kSchemaViolation:
    case FailureClass::kSemantic: return CallOutcome::kSuccess;
    case FailureClass::kTruncated:  // by a token limit, or by a connection that broke
      return diagnosis.origin == Origin::kNetwork ? CallOutcome::kFailure : CallOutcome::kSuccess;
    case FailureClass::kTimeout: return cut_short ? CallOutcome::kNeutral : CallOutcome::kFailure;
    case FailureClass::kConnection:
    case FailureClass::kOverloaded:
    case FailureClass::kServerError:
    case FailureClass::kEmptyResponse:
    case FailureClass::kMalformedResponse: return CallOutcome::kFailure;
    case FailureClass::kRateLimit:
    case FailureClass::kQuotaExhausted:
    case FailureClass::kAuthFailure:
    case FailureClass::kPermissionDenied:
    case FailureClass::kInvalidModel:
    case FailureClass::kInvalidRequest:
    case FailureClass::kContextLengthExceeded:
    case FailureClass::kContentFiltered:
    case FailureClass::kRefusedLocally:
    case FailureClass::kCancelled: return CallOutcome::kNeutral;
  }
  return CallOutcome::kNeutral;
}

// A key is well while it opens the door, whatever happens behind it.
CallOutcome KeyOutcome(const Diagnosis& diagnosis) {
  switch (diagnosis.failure) {
    case FailureClass::kAuthFailure:
    case FailureClass::kPermissionDenied:
    case FailureClass::kQuotaExhausted: return CallOutcome::kFailure;
    case FailureClass::kOk: return CallOutcome::kSuccess;
    default: return CallOutcome::kNeutral;
  }
}

// Has the request failed at another provider before? Then it may be the request.
bool HasFailedElsewhere(const CallState& call, ProviderId here) {
  for (const AttemptRecord& attempt : call.result.attempts) {
    if (attempt.sent && attempt.provider != here && !attempt.diagnosis.ok()) return true;
  }
  return false;
}

BreakerScopes::Outcomes OutcomesFor(const Diagnosis& diagnosis, CallOutcome provider) {
  BreakerScopes::Outcomes outcomes{provider, provider, provider, KeyOutcome(diagnosis)};
  if (diagnosis.failure == FailureClass::kInvalidModel) {
    outcomes[static_cast<size_t>(BreakerScope::kModel)] = CallOutcome::kFailure;
  }
  return outcomes;
}

// By the guard: what brought no answer says nothing of answers.
CallOutcome AnswerOutcome(const Diagnosis& diagnosis) {
  switch (diagnosis.failure) {
    case FailureClass::kOk: return CallOutcome::kSuccess;
    case FailureClass::kEmptyResponse:
    case FailureClass::kSchemaViolation:
    case FailureClass::kSemantic: return CallOutcome::kFailure;
    default: return CallOutcome::kNeutral;
  }
}

LoadSignal SignalOf(const Diagnosis& diagnosis, bool cut_short) {
  switch (diagnosis.failure) {
    case FailureClass::kOk:
    case FailureClass::kSchemaViolation:
    case FailureClass::kSemantic: return LoadSignal::kServed;
    case FailureClass::kOverloaded: return LoadSignal::kOverload;
    case FailureClass::kTimeout: return cut_short ? LoadSignal::kIgnored : LoadSignal::kTimedOut;
    case FailureClass::kRateLimit:
      return diagnosis.axis == RateAxis::kConcurrency ? LoadSignal::kOverload
                                                      : LoadSignal::kIgnored;
    default: return LoadSignal::kIgnored;
  }
}

TargetOutcome HealthOf(const Diagnosis& diagnosis, bool cut_short) {
  if (diagnosis.ok()) return TargetOutcome::kSuccess;
  // For routing an answer that is no use is a failure, whosever fault it is; and so is a refusal
  // for lack of quota, which elsewhere does not lack.
  const bool useless = diagnosis.failure == FailureClass::kRateLimit ||
                       AnswerOutcome(diagnosis) == CallOutcome::kFailure ||
                       KeyOutcome(diagnosis) == CallOutcome::kFailure ||
                       ProviderOutcome(diagnosis, cut_short) == CallOutcome::kFailure;
  return useless ? TargetOutcome::kFailure : TargetOutcome::kNeutral;
}

// Good answers, but not those of hedges, which won because they were quick; and the late attempts
// that lost to a hedge, each later than the quantile at which that was sent. Without the latter the
// quantile would fall with every hedge, and the hedges grow more.
bool TellsLatency(const AttemptRecord& attempt) {
  if (attempt.strategy == "hedge") return false;
  return attempt.diagnosis.ok() || attempt.diagnosis.rule == "hedge.lost";
}

// As billed. What was not billed: all that was reserved where it may have run, else nothing.
Load UsedLoad(const AttemptRecord& attempt, const Load& reserved) {
  Load used = reserved;
  if (reserved.tokens <= 0) return used;
  const auto billed =
      static_cast<double>(attempt.usage.prompt_tokens + attempt.usage.completion_tokens);
  const bool ran = attempt.diagnosis.safety != Safety::kNotSent;
  if (billed <= 0 && ran) return used;
  used.usd = reserved.usd * billed / reserved.tokens;  // at the mean price of what was reserved
  used.tokens = billed;
  return used;
}

}  // namespace

double Admission::Settle(const AttemptRecord& attempt, const Headers& headers,
                         const CallState& call, Grant* grant) {
  SettleLimits(attempt, headers, grant);
  const double cost = SettleBudgets(attempt, *grant);
  SettleBreakers(attempt, call, *grant);
  Lane& lane = lanes_[attempt.provider];
  if (measures_latency_ && TellsLatency(attempt)) {
    lane.latency.Add(attempt.ended - attempt.started);
  }
  if (measures_health_) {
    const TargetOutcome outcome = HealthOf(attempt.diagnosis, grant->cut_short);
    lane.health.End(outcome, attempt.ended - attempt.started, attempt.ended);
  }
  // A shortened prompt is not what was estimated.
  const bool whole = attempt.purpose == Purpose::kAnswer && call.patch.keep == 1;
  if (counts_tokens_ && whole) {
    lane.tokens.Observe(call.prompt_tokens, call.prompt_messages, attempt.usage.prompt_tokens);
  }
  grant->entered = false;
  return cost;
}

void Admission::SettleLimits(const AttemptRecord& attempt, const Headers& headers, Grant* grant) {
  Lane& lane = lanes_[attempt.provider];
  const Time now = attempt.ended;
  FreePlace(*grant, SignalOf(attempt.diagnosis, grant->cut_short), now);
  grant->waiter.place.reset();
  grant->sending = 0;
  lane.send_rate.OnReply(attempt.diagnosis.failure == FailureClass::kRateLimit, now);
  WakeFirst(lane.throttled);
  if (!config_.limiter.enabled) return;
  RateAmounts used = grant->ticket->amounts;
  const bool billed = attempt.usage.prompt_tokens + attempt.usage.completion_tokens > 0;
  if (billed) {
    used = RateAmounts::Of(attempt.usage.prompt_tokens, attempt.usage.completion_tokens);
  } else if (attempt.diagnosis.safety == Safety::kNotSent) {
    used = RateAmounts();  // it counts as a request, and for no tokens
  }
  lane.limiter.Settle(*grant->ticket, used, now);
  if (attempt.diagnosis.failure == FailureClass::kRateLimit) {
    lane.limiter.On429(grant->ticket->amounts, attempt.diagnosis.retry_after.value_or(0s), now);
  }
  grant->ticket.reset();
  WakeFirst(lane.paced);
  if (!config_.limiter.learn_headers) return;
  const RateFacts facts = ReadRateFacts(headers, lane.request_window);
  for (size_t d = 0; d < kRateDimensions; ++d) {
    const bool told = facts[d].limit >= 0 || facts[d].remaining >= 0;
    if (told) lane.limiter.OnHeaders(static_cast<RateDimension>(d), facts[d], now);
  }
}

void Admission::SettleBreakers(const AttemptRecord& attempt, const CallState& call,
                               const Grant& grant) {
  const Time now = attempt.ended;
  const size_t index = Index(grant.target);
  const BreakerState before = breakers_.last_state(index);
  const auto draw = [&](uint64_t generation) {
    return Draw(seed_, kOpenTime, attempt.provider, generation);
  };
  CallOutcome outcome = ProviderOutcome(attempt.diagnosis, grant.cut_short);
  if (outcome == CallOutcome::kFailure && !config_.breaker_counts_followed &&
      HasFailedElsewhere(call, attempt.provider)) {
    outcome = CallOutcome::kNeutral;
  }
  breakers_.Report(index, grant.permit, OutcomesFor(attempt.diagnosis, outcome), now, draw);
  if (attempt.diagnosis.retry_after.has_value()) {
    breakers_.Hint(index, *attempt.diagnosis.retry_after, now);
  }
  Tell(grant.target, before, now);
  QualityBreaker& quality = lanes_[attempt.provider].quality;
  quality.Settle(grant.quality, AnswerOutcome(attempt.diagnosis), now,
                 draw(quality.breaker().generation()));
}

double Admission::SettleBudgets(const AttemptRecord& attempt, const Grant& grant) {
  AttemptEnd end;
  end.outcome = ProviderOutcome(attempt.diagnosis, grant.cut_short);
  end.reserved = grant.reserved;
  end.used = UsedLoad(attempt, grant.reserved);
  if (grant.extra) {
    budget_.SettleExtra(attempt.ended, grant.spent, end);
  } else {
    budget_.SettleFirst(attempt.ended, attempt.provider, end);
  }
  conversations_.Settle(grant.conversation, end.used.usd, static_cast<int64_t>(end.used.tokens));
  return end.used.usd;
}

void Admission::Disown(Target target, Time now) {
  QualityBreaker& quality = lanes_[target.provider].quality;
  quality.Settle(quality.Check(false, now), CallOutcome::kFailure, now);
}

}  // namespace squall

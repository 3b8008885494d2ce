#include "engine/diagnose.h"

#include <algorithm>

#include "engine/diagnose_evidence.h"
#include "engine/diagnose_rules.h"
#include "engine/diagnose_transport.h"

namespace squall {
namespace {

// A longer wait is as good as never: another provider answers first.
constexpr Duration kLongestUsefulWait = 10min;

bool Waits(FailureClass failure) {
  return failure == FailureClass::kRateLimit || failure == FailureClass::kOverloaded ||
         failure == FailureClass::kServerError || failure == FailureClass::kTimeout ||
         failure == FailureClass::kQuotaExhausted;
}

std::optional<Duration> WaitHint(const Observation& seen, const HeaderFacts& facts,
                                 const Evidence& evidence, bool limited) {
  const std::optional<Duration> asked = RetryAfter(facts);
  if (asked.has_value()) return asked;
  // Field and words may differ by a rounded fraction, or by a cap on the field: both are minimums.
  const std::optional<Duration> wait = std::max(evidence.wait, evidence.text_wait);
  if (wait.has_value()) return wait;
  if (evidence.resets_at > 0) return UntilDate(facts, evidence.resets_at);
  return limited && seen.headers != nullptr ? LimitReset(*seen.headers, facts) : std::nullopt;
}

void AddWait(const Observation& seen, const HeaderFacts& facts, const Evidence& evidence,
             Diagnosis* d) {
  if (!Waits(d->failure)) return;
  d->retry_after = WaitHint(seen, facts, evidence, d->failure == FailureClass::kRateLimit);
  if (d->retry != RetryDecision::kSameProviderAfterWait) return;
  const bool stated = d->retry_after.has_value();
  const bool long_wait = stated && *d->retry_after > kLongestUsefulWait;
  // Google sends a day's quota, known by its name, with waits of seconds that clear nothing.
  const bool day = d->axis == RateAxis::kDaily && (!stated || evidence.codes.Has(Sign::kPerDay));
  if (long_wait || day) d->retry = RetryDecision::kOtherProviderOnly;
}

bool IsGoogle(const Observation& seen) {
  return seen.dialect == "gemini" || seen.provider == "gemini" || seen.provider == "vertex";
}

// The provider's own verdict on trying again: a header that Stainless SDKs obey whatever the
// status, or a field of a problem document.
std::optional<bool> Verdict(const HeaderFacts& facts, const Evidence& evidence) {
  if (facts.should_retry == "true") return true;
  if (facts.should_retry == "false") return false;
  return evidence.retryable;
}

// So does this where nothing but the status speaks. Where the reply names a cause that a repeat
// cannot cure, such as a length or a plan, "true" cures nothing.
void ObeyVerdict(std::optional<bool> again, Diagnosis* d) {
  using enum RetryDecision;
  if (!again.has_value()) return;
  const bool retries = d->retry == kSameProviderAfterWait || d->retry == kSameProviderNow;
  if (!*again && retries) d->retry = kOtherProviderOnly;
  const bool named = !d->rule.starts_with("status.");
  const bool long_wait = d->retry_after.has_value() && *d->retry_after > kLongestUsefulWait;
  if (*again && !retries && !named && !long_wait) d->retry = kSameProviderAfterWait;
}

Diagnosis OfError(const Observation& seen, Evidence* evidence) {
  const HeaderFacts facts = seen.headers != nullptr ? ReadHeaders(*seen.headers) : HeaderFacts();
  evidence->codes = evidence->codes | SignsOfCode(facts.amzn_error_type);
  if (IsGoogle(seen)) evidence->codes.Add(Sign::kGoogle);
  Diagnosis d = DecideError(*evidence, seen.status);
  AddWait(seen, facts, *evidence, &d);
  ObeyVerdict(Verdict(facts, *evidence), &d);
  return d;
}

Diagnosis OfBytes(const Observation& seen, bool cut) {
  const bool decoded_only =
      seen.bytes.empty() && seen.body != nullptr && seen.body->shape == DecodedBody::Shape::kError;
  Evidence evidence = decoded_only ? ReadError(*seen.body) : ReadBody(seen.bytes);
  const bool failed = seen.status >= 400 || evidence.error ||
                      (evidence.flat && !evidence.reply && evidence.status >= 400) ||
                      (seen.status == 0 && evidence.flat);
  if (failed) return OfError(seen, &evidence);
  return DecideReply(evidence, cut);
}

bool Contains(std::string_view text, char c) { return text.find(c) != std::string_view::npos; }

// A success that a dialect's decoder has read.
Diagnosis OfReply(const DecodedBody& body) {
  const bool plain = body.finish == Finish::kStop || body.finish == Finish::kAbsent;
  if (plain && !body.content.empty() && !body.has_refusal) return Diagnosis();
  Evidence evidence;
  evidence.json = evidence.reply = true;
  evidence.content = body.content.empty() ? 0 : 1;
  evidence.tools = body.has_tool_calls;
  evidence.refusal = body.has_refusal;
  evidence.finish = EndingByName(body.provider_finish);
  if (evidence.finish <= BodyEnding::kStop) evidence.finish = EndingByName(body.finish_reason);
  if (evidence.finish <= BodyEnding::kStop && body.finish == Finish::kInterrupted) {
    evidence.finish = BodyEnding::kInterrupted;
  }
  return DecideReply(evidence, false);
}

Diagnosis OfDecoded(const Observation& seen) {
  using Shape = DecodedBody::Shape;
  switch (seen.body->shape) {
    case Shape::kReply: return OfReply(*seen.body);
    case Shape::kEmpty: return AnswerFault(FailureClass::kEmptyResponse, "body.empty");
    case Shape::kNotJson:
      if (!seen.bytes.empty() && Contains(seen.bytes, ':')) break;
      return AnswerFault(FailureClass::kMalformedResponse, "body.not_json");
    case Shape::kError:
    case Shape::kOther: break;
  }
  if (!seen.bytes.empty()) {
    const Diagnosis d = OfBytes(seen, false);
    // Whatever else the bytes may be, this dialect's decoder found no answer in them.
    if (!d.ok()) return d;
  }
  if (seen.body->shape != Shape::kError) {
    return AnswerFault(FailureClass::kMalformedResponse, "body.shape");
  }
  Evidence evidence = ReadError(*seen.body);
  return OfError(seen, &evidence);
}

Diagnosis OfBroken(const Observation& seen) {
  const bool answering = seen.status >= 200 && seen.status < 300;
  if (answering || seen.status >= 400) {
    const bool cut = seen.error == TransportError::kNone || seen.error == TransportError::kCut;
    if (!seen.bytes.empty() && (cut || seen.status >= 400)) {
      // An error that arrived before the end says more than the end does.
      const Diagnosis d = OfBytes(seen, true);
      if (d.failure != FailureClass::kTruncated) return d;
    }
    if (seen.error == TransportError::kNone) {
      const Diagnosis d = OfTransportText(seen.transport_text);
      const bool partial = !seen.bytes.empty() || d.failure != FailureClass::kTimeout;
      return partial ? OfTransport(TransportError::kCut, 200) : d;
    }
  }
  if (seen.error != TransportError::kNone) return OfTransport(seen.error, seen.status);
  return OfTransportText(seen.transport_text);
}

}  // namespace

Diagnosis AnswerFault(FailureClass failure, std::string_view rule) {
  Diagnosis d = OfClass(failure, rule);
  d.origin = Origin::kProvider;
  d.retry = RetryDecision::kSameProviderNow;
  return d;
}

Diagnosis Diagnose(const Observation& seen) {
  if (seen.error != TransportError::kNone || !seen.transport_text.empty()) return OfBroken(seen);
  if (seen.status >= 400) return OfBytes(seen, false);
  if (seen.body != nullptr) return OfDecoded(seen);
  return OfBytes(seen, false);
}

Diagnosis DiagnoseByStatus(const Observation& seen) {
  if (seen.error != TransportError::kNone) return OfTransport(seen.error, seen.status);
  if (seen.status < 400) return Diagnosis();
  Diagnosis d = DecideStatus(seen.status);
  if (seen.headers != nullptr) d.retry_after = RetryAfter(*seen.headers);
  return d;
}

}  // namespace squall

#include "engine/diagnose.h"

#include <charconv>
#include <cmath>

namespace squall {
namespace {

Diagnosis Make(FailureClass failure, Origin origin, Safety safety, RetryDecision retry,
               std::string_view rule) {
  Diagnosis d;
  d.failure = failure;
  d.origin = origin;
  d.safety = safety;
  d.retry = retry;
  d.rule = rule;
  return d;
}

Diagnosis OfTransport(TransportError error, int status) {
  using enum RetryDecision;
  switch (error) {
    case TransportError::kTimeout:
      return Make(FailureClass::kTimeout, Origin::kProvider, Safety::kMaybeExecuted,
                  kSameProviderNow, "transport.timeout");
    case TransportError::kConnect:
      return Make(FailureClass::kConnection, Origin::kNetwork, Safety::kNotSent, kSameProviderNow,
                  "transport.connect");
    case TransportError::kReset:
      return Make(FailureClass::kConnection, Origin::kNetwork, Safety::kMaybeExecuted,
                  kSameProviderNow, "transport.reset");
    case TransportError::kCut:
      // With a status line in hand the provider was answering: part of an answer is there.
      return Make(status == 200 ? FailureClass::kTruncated : FailureClass::kConnection,
                  Origin::kNetwork, Safety::kMaybeExecuted, kSameProviderNow, "transport.cut");
    case TransportError::kProtocol:
      return Make(FailureClass::kMalformedResponse, Origin::kProvider, Safety::kMaybeExecuted,
                  kSameProviderNow, "transport.protocol");
    case TransportError::kTooLarge:
      return Make(FailureClass::kMalformedResponse, Origin::kProvider, Safety::kExecuted,
                  kOtherProviderOnly, "transport.too_large");
    case TransportError::kCancelled:
      return Make(FailureClass::kCancelled, Origin::kCaller, Safety::kMaybeExecuted,
                  kNeverUnchanged, "transport.cancelled");
    case TransportError::kNone: break;
  }
  return Diagnosis();
}

struct StatusRule {
  int status;
  FailureClass failure;
  Origin origin;
  RetryDecision retry;
  std::string_view rule;
};

constexpr StatusRule kStatusRules[] = {
    {400, FailureClass::kInvalidRequest, Origin::kCaller, RetryDecision::kNeverUnchanged,
     "status.400"},
    {401, FailureClass::kAuthFailure, Origin::kCaller, RetryDecision::kOtherProviderOnly,
     "status.401"},
    {402, FailureClass::kQuotaExhausted, Origin::kCaller, RetryDecision::kOtherProviderOnly,
     "status.402"},
    {403, FailureClass::kPermissionDenied, Origin::kCaller, RetryDecision::kOtherProviderOnly,
     "status.403"},
    {404, FailureClass::kInvalidModel, Origin::kCaller, RetryDecision::kOtherProviderOnly,
     "status.404"},
    {408, FailureClass::kTimeout, Origin::kProvider, RetryDecision::kSameProviderAfterWait,
     "status.408"},
    {413, FailureClass::kContextLengthExceeded, Origin::kCaller, RetryDecision::kNeverUnchanged,
     "status.413"},
    {429, FailureClass::kRateLimit, Origin::kProvider, RetryDecision::kSameProviderAfterWait,
     "status.429"},
    {503, FailureClass::kOverloaded, Origin::kProvider, RetryDecision::kSameProviderAfterWait,
     "status.503"},
    {504, FailureClass::kTimeout, Origin::kProvider, RetryDecision::kSameProviderAfterWait,
     "status.504"},
    {529, FailureClass::kOverloaded, Origin::kProvider, RetryDecision::kSameProviderAfterWait,
     "status.529"},
};

Diagnosis OfStatus(int status) {
  // An error reply was made by the server, so whatever ran there has ended.
  for (const StatusRule& rule : kStatusRules) {
    if (rule.status == status) {
      return Make(rule.failure, rule.origin, Safety::kExecuted, rule.retry, rule.rule);
    }
  }
  if (status >= 500) {
    return Make(FailureClass::kServerError, Origin::kProvider, Safety::kExecuted,
                RetryDecision::kSameProviderAfterWait, "status.5xx");
  }
  return Make(FailureClass::kInvalidRequest, Origin::kCaller, Safety::kExecuted,
              RetryDecision::kNeverUnchanged, "status.4xx");
}

// A 429 that no waiting cures carries a code of its own; the status cannot tell.
Diagnosis OfErrorReply(const Observation& seen) {
  Diagnosis d = OfStatus(seen.status);
  if (seen.headers != nullptr) d.retry_after = RetryAfter(*seen.headers);
  const bool coded = seen.body != nullptr && seen.body->shape == DecodedBody::Shape::kError;
  if (!coded) return d;
  const std::string_view code = seen.body->error_code;
  if (code == "insufficient_quota") {
    return Make(FailureClass::kQuotaExhausted, Origin::kCaller, Safety::kExecuted,
                RetryDecision::kOtherProviderOnly, "code.insufficient_quota");
  }
  if (code == "context_length_exceeded") {
    return Make(FailureClass::kContextLengthExceeded, Origin::kCaller, Safety::kExecuted,
                RetryDecision::kNeverUnchanged, "code.context_length_exceeded");
  }
  return d;
}

Diagnosis OfSuccess(const DecodedBody& body) {
  using Shape = DecodedBody::Shape;
  switch (body.shape) {
    case Shape::kEmpty: return AnswerFault(FailureClass::kEmptyResponse, "body.empty");
    case Shape::kNotJson: return AnswerFault(FailureClass::kMalformedResponse, "body.not_json");
    case Shape::kOther: return AnswerFault(FailureClass::kMalformedResponse, "body.shape");
    case Shape::kError:
      return Make(FailureClass::kServerError, Origin::kProvider, Safety::kExecuted,
                  RetryDecision::kSameProviderAfterWait, "body.error_in_200");
    case Shape::kReply: break;
  }
  // The finish reason explains a missing text, so it speaks before emptiness does.
  if (body.finish_reason == "length") {
    return Make(FailureClass::kTruncated, Origin::kProvider, Safety::kExecuted,
                RetryDecision::kNeverUnchanged, "finish.length");
  }
  if (body.finish_reason == "content_filter" || body.has_refusal) {
    return Make(FailureClass::kContentFiltered, Origin::kCaller, Safety::kExecuted,
                RetryDecision::kNeverUnchanged, "finish.content_filter");
  }
  if (body.content.empty() && !body.has_tool_calls) {
    return AnswerFault(FailureClass::kEmptyResponse, "content.empty");
  }
  return Diagnosis();
}

}  // namespace

Diagnosis AnswerFault(FailureClass failure, std::string_view rule) {
  return Make(failure, Origin::kProvider, Safety::kExecuted, RetryDecision::kSameProviderNow, rule);
}

std::optional<Duration> RetryAfter(const Headers& headers) {
  constexpr std::pair<std::string_view, double> kHints[] = {{"retry-after-ms", 1e-3},
                                                            {"retry-after", 1.0}};
  for (const auto& [name, seconds] : kHints) {
    const std::optional<std::string_view> text = headers.Find(name);
    if (!text.has_value()) continue;
    double value = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, value);
    if (error == std::errc() && stop == end && value >= 0 && std::isfinite(value)) {
      return FromSeconds(value * seconds);
    }
  }
  return std::nullopt;
}

Diagnosis Diagnose(const Observation& seen) {
  if (seen.error != TransportError::kNone) return OfTransport(seen.error, seen.status);
  if (seen.status >= 400) return OfErrorReply(seen);
  if (seen.body == nullptr) return Diagnosis();
  return OfSuccess(*seen.body);
}

Diagnosis DiagnoseByStatus(const Observation& seen) {
  if (seen.error != TransportError::kNone) return OfTransport(seen.error, seen.status);
  if (seen.status < 400) return Diagnosis();
  Diagnosis d = OfStatus(seen.status);
  if (seen.headers != nullptr) d.retry_after = RetryAfter(*seen.headers);
  return d;
}

}  // namespace squall

#include "engine/diagnosis.h"

#include "engine/base/check.h"

namespace squall {
namespace {

template <class E>
E ByName(std::string_view name, int count, std::string_view (*name_of)(E)) {
  int index = 0;
  while (index < count && name_of(static_cast<E>(index)) != name) ++index;
  SQUALL_CHECK(index < count);
  return static_cast<E>(index);
}

}  // namespace

FailureClass FailureClassByName(std::string_view name) {
  return ByName(name, kFailureClassCount, &FailureClassName);
}

RetryDecision RetryDecisionByName(std::string_view name) {
  return ByName(name, kRetryDecisionCount, &RetryDecisionName);
}

std::string_view FailureClassName(FailureClass c) {
  switch (c) {
    case FailureClass::kOk: return "ok";
    case FailureClass::kTimeout: return "timeout";
    case FailureClass::kConnection: return "connection";
    case FailureClass::kRateLimit: return "rate_limit";
    case FailureClass::kQuotaExhausted: return "quota_exhausted";
    case FailureClass::kOverloaded: return "overloaded";
    case FailureClass::kServerError: return "server_error";
    case FailureClass::kAuthFailure: return "auth_failure";
    case FailureClass::kPermissionDenied: return "permission_denied";
    case FailureClass::kInvalidModel: return "invalid_model";
    case FailureClass::kInvalidRequest: return "invalid_request";
    case FailureClass::kContextLengthExceeded: return "context_length_exceeded";
    case FailureClass::kContentFiltered: return "content_filtered";
    case FailureClass::kEmptyResponse: return "empty_response";
    case FailureClass::kMalformedResponse: return "malformed_response";
    case FailureClass::kTruncated: return "truncated";
    case FailureClass::kSchemaViolation: return "schema_violation";
    case FailureClass::kSemantic: return "semantic";
    case FailureClass::kRefusedLocally: return "refused_locally";
    case FailureClass::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string_view FailureClassSummary(FailureClass c) {
  switch (c) {
    case FailureClass::kOk: return "A usable answer.";
    case FailureClass::kTimeout: return "No complete answer in time.";
    case FailureClass::kConnection: return "The connection failed below HTTP.";
    case FailureClass::kRateLimit: return "A limit over time is used up.";
    case FailureClass::kQuotaExhausted: return "Money, credit or a plan is used up.";
    case FailureClass::kOverloaded: return "The provider lacks capacity.";
    case FailureClass::kServerError: return "The provider failed.";
    case FailureClass::kAuthFailure: return "The credential is missing, wrong or expired.";
    case FailureClass::kPermissionDenied: return "The credential is fine and may not do this.";
    case FailureClass::kInvalidModel: return "The model does not exist here or is retired.";
    case FailureClass::kInvalidRequest: return "The request is not accepted as it is.";
    case FailureClass::kContextLengthExceeded: return "The request is larger than what fits.";
    case FailureClass::kContentFiltered: return "A filter or the model refused the content.";
    case FailureClass::kEmptyResponse: return "A success without an answer.";
    case FailureClass::kMalformedResponse: return "A success that cannot be read.";
    case FailureClass::kTruncated: return "The answer stops before its end.";
    case FailureClass::kSchemaViolation: return "The answer breaks the caller's contract.";
    case FailureClass::kSemantic: return "The answer is well formed and wrong.";
    case FailureClass::kRefusedLocally: return "Not sent: a limit of ours said no.";
    case FailureClass::kCancelled: return "The caller stopped waiting.";
  }
  return "";
}

std::string_view OriginName(Origin o) {
  switch (o) {
    case Origin::kNone: return "none";
    case Origin::kProvider: return "provider";
    case Origin::kNetwork: return "network";
    case Origin::kCaller: return "caller";
    case Origin::kSelf: return "self";
  }
  return "unknown";
}

std::string_view SafetyName(Safety s) {
  switch (s) {
    case Safety::kNotSent: return "not_sent";
    case Safety::kMaybeExecuted: return "maybe_executed";
    case Safety::kExecuted: return "executed";
  }
  return "unknown";
}

std::string_view RetryDecisionName(RetryDecision d) {
  switch (d) {
    case RetryDecision::kNone: return "none";
    case RetryDecision::kSameProviderNow: return "same_provider_now";
    case RetryDecision::kSameProviderAfterWait: return "same_provider_after_wait";
    case RetryDecision::kOtherProviderOnly: return "other_provider_only";
    case RetryDecision::kNeverUnchanged: return "never_unchanged";
  }
  return "unknown";
}

std::string_view RateAxisName(RateAxis a) {
  switch (a) {
    case RateAxis::kUnknown: return "unknown";
    case RateAxis::kRequests: return "requests";
    case RateAxis::kTokens: return "tokens";
    case RateAxis::kConcurrency: return "concurrency";
    case RateAxis::kDaily: return "daily";
  }
  return "unknown";
}

std::string_view AdaptationName(Adaptation a) {
  switch (a) {
    case Adaptation::kNone: return "none";
    case Adaptation::kReduceMaxTokens: return "reduce_max_tokens";
    case Adaptation::kDropParam: return "drop_param";
    case Adaptation::kRefreshCredential: return "refresh_credential";
  }
  return "unknown";
}

}  // namespace squall

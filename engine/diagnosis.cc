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

}  // namespace squall

// What the engine concludes from one attempt (the A of MAPE-K). Plain values: rules that fill them
// are in diagnose.h, plans that read them in plan.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"

namespace squall {

// A class exists only where the plan differs or the report must tell it apart.
enum class FailureClass : uint8_t {
  kOk,
  kTimeout,         // no complete answer before the deadline of the attempt
  kConnection,      // reset, refused or cut below HTTP
  kRateLimit,       // a quota over time is used up; waiting helps
  kQuotaExhausted,  // money or plan used up; waiting does not help
  kOverloaded,      // the provider lacks capacity for everybody
  kServerError,     // the provider failed
  kAuthFailure,
  kPermissionDenied,
  kInvalidModel,
  kInvalidRequest,
  kContextLengthExceeded,
  kContentFiltered,
  kEmptyResponse,      // success without an answer
  kMalformedResponse,  // success whose envelope cannot be read
  kTruncated,          // an answer that stops early
  kSchemaViolation,    // an answer that breaks the caller's contract
  kSemantic,           // an answer that keeps the contract and is wrong (silent degradation)
  kRefusedLocally,     // not sent: a breaker, budget or limit of ours said no
  kCancelled,          // the caller stopped waiting
};
inline constexpr int kFailureClassCount = static_cast<int>(FailureClass::kCancelled) + 1;

std::string_view FailureClassName(FailureClass c);
std::string_view FailureClassSummary(FailureClass c);    // a sentence for people
FailureClass FailureClassByName(std::string_view name);  // the name must exist

// Whose doing it is. Only what is the provider's or the network's may count against a breaker.
enum class Origin : uint8_t { kNone, kProvider, kNetwork, kCaller, kSelf };
std::string_view OriginName(Origin o);

// What may have happened at the provider, for callers whose requests must not run twice.
enum class Safety : uint8_t { kNotSent, kMaybeExecuted, kExecuted };
std::string_view SafetyName(Safety s);

// The strongest statement about sending the same request again.
enum class RetryDecision : uint8_t {
  kNone,  // nothing failed
  kSameProviderNow,
  kSameProviderAfterWait,
  kOtherProviderOnly,
  kNeverUnchanged,  // the request itself must change
};
inline constexpr int kRetryDecisionCount = static_cast<int>(RetryDecision::kNeverUnchanged) + 1;
std::string_view RetryDecisionName(RetryDecision d);
RetryDecision RetryDecisionByName(std::string_view name);  // the name must exist

// What a rate limit counts.
enum class RateAxis : uint8_t { kUnknown, kRequests, kTokens, kConcurrency, kDaily };
std::string_view RateAxisName(RateAxis a);

// A change of the request or of the account that would cure the failure.
enum class Adaptation : uint8_t { kNone, kReduceMaxTokens, kDropParam, kRefreshCredential };
std::string_view AdaptationName(Adaptation a);

// What a provider says of a request that is too long, in its own tokens; 0 where it does not.
struct TokenCounts {
  int64_t prompt = 0;
  int64_t window = 0;  // for the prompt, or prompt and answer together
};

struct Diagnosis {
  FailureClass failure = FailureClass::kOk;
  Origin origin = Origin::kNone;
  Safety safety = Safety::kExecuted;
  RetryDecision retry = RetryDecision::kNone;
  std::optional<Duration> retry_after;  // the provider's own word, a minimum
  std::string_view rule = "ok";         // static name of the rule that decided
  RateAxis axis = RateAxis::kUnknown;   // of kRateLimit
  Adaptation adapt = Adaptation::kNone;
  TokenCounts counts;  // of kContextLengthExceeded

  bool ok() const { return failure == FailureClass::kOk; }
};

}  // namespace squall

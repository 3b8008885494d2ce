// Signs: what a piece of an error body can mean, whoever wrote it. Codes (exact values of fields
// such as error.code) and phrases (word sequences in error texts) are two tables that map to signs;
// diagnose_rules.cc decides from the set. Adding a provider's wording is adding a row to
// diagnose_codes.cc or diagnose_phrases.cc. Pure functions, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace squall {

enum class Sign : uint8_t {
  // Limits over time
  kRate,         // a rate limit
  kPerMinute,    // of a short window
  kPerDay,       // of a day
  kPerMonth,     // of a month: as good as a plan
  kRequests,     // counts requests
  kTokens,       // counts tokens
  kConcurrency,  // counts requests in flight
  kManyTokens,   // "too many tokens": a throttle under 429, too long under 400
  kOverLimit,    // one request larger than a whole window
  // Money and plans
  kMoney,
  kQuotaUnclear,  // "current quota": money at OpenAI, a minute's limit at Google
  kUsageWindow,   // a plan's window of hours or days
  kLimitZero,     // the tier has none of it
  kNotPlan,       // says that no plan's limit is meant
  // The provider's state
  kOverload,
  kSlowDown,  // capacity under 503, a rate elsewhere
  kServerFault,
  kTimedOut,
  kUpstreamLost,  // an edge could not reach the provider, for whatever reason
  kNoMemory,
  kBadOutput,  // the model produced what the provider cannot pass on
  kNoOutput,   // a gateway reports an empty answer from upstream
  // The caller's doing
  kAuth,
  kAuthWords,  // as kAuth, but only under 401 and 403
  kPermission,
  kRegion,
  kUnverified,
  kModel,
  kModelWords,  // as kModel, but only under 400, 404, 410 and 422
  kNotFound,    // of something
  kRoute,       // the path does not exist
  kContext,
  kMaxTokens,  // the limit on tokens to generate is part of the problem
  kBadParam,   // a parameter the model does not take
  kTooLarge,   // a value is above its maximum
  kBound,      // the value at fault is the limit on tokens to generate
  kSum,        // prompt and answer together are too long
  kRequest,    // says only that the request is wrong
  kFilter,
  // Marks
  kGoogle,    // Google wrote this
  kWaitLead,  // a wait follows this phrase
  kSuccess,   // a code that says success
};

class SignSet {
 public:
  constexpr SignSet() = default;
  constexpr SignSet(std::initializer_list<Sign> signs) {
    for (const Sign sign : signs) Add(sign);
  }
  constexpr void Add(Sign sign) { bits_ |= Bit(sign); }
  constexpr bool Has(Sign sign) const { return (bits_ & Bit(sign)) != 0; }
  constexpr bool HasAny(SignSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool HasAll(SignSet other) const { return (bits_ & other.bits_) == other.bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr uint64_t bits() const { return bits_; }  // bit i is Sign i
  constexpr SignSet operator|(SignSet other) const {
    SignSet sum;
    sum.bits_ = bits_ | other.bits_;
    return sum;
  }

 private:
  static constexpr uint64_t Bit(Sign sign) { return uint64_t{1} << static_cast<int>(sign); }
  uint64_t bits_ = 0;
};

// The signs of a code such as "insufficient_quota"; empty for unknown ones. Ignores case.
SignSet SignsOfCode(std::string_view code);

// Folds text for matching: lower case, escapes decoded, runs of blanks as one. `out` has kFoldSlack
// bytes more than `room`, so that matching may read past the end of what this gives.
inline constexpr size_t kFoldSlack = 24;
std::string_view FoldText(std::string_view raw, char* out, size_t room);

// Adds the signs of all phrases in what FoldText gave. Gives the text after the first kWaitLead
// phrase that is followed by a digit, for reading the wait.
std::string_view FindPhrases(std::string_view folded, SignSet* signs);

}  // namespace squall

#include "engine/diagnose_rules.h"

#include <algorithm>
#include <array>
#include <bit>

namespace squall {
namespace {

using enum Sign;
using enum FailureClass;
using Retry = RetryDecision;

// Statuses by what they can hide.
enum StatusGroup : uint32_t {
  kS2xx = 1 << 0,  // or none
  kS400 = 1 << 1,
  kS401 = 1 << 2,
  kS402 = 1 << 3,
  kS403 = 1 << 4,
  kS404 = 1 << 5,
  kS408 = 1 << 6,
  kS413 = 1 << 7,
  kS422 = 1 << 8,
  kS429 = 1 << 9,
  kS4xx = 1 << 10,  // the others
  kS500 = 1 << 11,
  kS503 = 1 << 12,
  kS5xx = 1 << 13,
  kSEdge = 1 << 14,  // the edge speaks about the connection to the provider: its texts are advice
};
constexpr uint32_t kAnyStatus = ~0U;
constexpr uint32_t kServer = kS500 | kS503 | kS5xx;
constexpr uint32_t kRequestFault = kS2xx | kS400 | kS404 | kS413 | kS422 | kS4xx;

uint32_t GroupOf(int status) {
  switch (status) {
    case 400: return kS400;
    case 401: return kS401;
    case 402: return kS402;
    case 403: return kS403;
    case 404: return kS404;
    case 408: return kS408;
    case 413: return kS413;
    case 422: return kS422;
    case 429: return kS429;
    case 500: return kS500;
    case 503: return kS503;
    case 520:
    case 521:
    case 522:
    case 523:
    case 524:
    case 525:
    case 526: return kSEdge;
    default: return status < 400 ? kS2xx : status < 500 ? kS4xx : kS5xx;
  }
}

struct Rule {
  std::string_view name;
  FailureClass failure;
  uint32_t statuses;
  SignSet codes;             // any of these codes,
  SignSet texts;             // or any of these phrases,
  SignSet with = {};         // and all of these in either,
  SignSet unless_code = {};  // and no code
  SignSet unless_text = {};  // or phrase of these
};

// Vetoes and order: payload collections show which wordings collide. OpenAI: error-codes guide;
// Anthropic: errors page; Google: troubleshooting page and gemini-cli's quota classes; AWS: Bedrock
// InvokeModel errors; Azure: quota and content filter pages.
constexpr Rule kRules[] = {
    {"code.content_filter", kContentFiltered, kAnyStatus, {kFilter}, {}},
    {"output.unusable",
     kMalformedResponse,
     kS2xx | kS400 | kS422 | kServer,
     {kBadOutput},
     {kBadOutput}},
    {"limit.request_larger",
     kContextLengthExceeded,
     kAnyStatus,
     {},
     {kOverLimit},
     {},
     {},
     {kOverload}},
    {"code.too_long", kContextLengthExceeded, kAnyStatus, {kContext}, {}, {}, {kRate}},
    {"code.money", kQuotaExhausted, kAnyStatus, {kMoney}, {}},
    {"code.plan_window", kQuotaExhausted, kAnyStatus, {kUsageWindow}, {}, {}, {}, {kNotPlan}},
    {"status.402", kQuotaExhausted, kS402, {}, {}},
    {"code.overloaded", kOverloaded, kAnyStatus, {kOverload}, {}},
    {"capacity.slow_down", kOverloaded, kS503, {kSlowDown}, {kSlowDown}},
    {"text.limit_zero", kQuotaExhausted, kAnyStatus, {}, {kLimitZero}},
    {"text.region", kPermissionDenied, kRequestFault | kS401 | kS403, {kRegion}, {kRegion}},
    {"text.unverified", kPermissionDenied, kRequestFault | kS401 | kS403, {}, {kUnverified}},
    {"text.money", kQuotaExhausted, kAnyStatus, {}, {kMoney, kPerMonth}},
    {"text.plan_window",
     kQuotaExhausted,
     kS2xx | kS400 | kS403 | kS429 | kS4xx,
     {},
     {kUsageWindow},
     {},
     {},
     {kNotPlan}},
    {"host.memory", kServerError, kS2xx | kS400 | kServer, {}, {kNoMemory}},
    {"text.overloaded",
     kOverloaded,
     kS2xx | kS400 | kS408 | kS429 | kS4xx | kServer,
     {},
     {kOverload}},
    {"limit.day", kRateLimit, kS429, {kPerDay}, {kPerDay}},
    {"limit.day",
     kRateLimit,
     kS2xx | kS400 | kS403 | kServer,
     {kRate, kQuotaUnclear},
     {kRate, kQuotaUnclear, kManyTokens},
     {kPerDay}},
    {"limit.quota_of_window",
     kRateLimit,
     kS2xx | kS400 | kS403 | kS429 | kServer,
     {},
     {kRate, kPerMinute, kGoogle},
     {kQuotaUnclear}},
    {"limit.quota_of_window", kRateLimit, kS2xx | kS429, {kGoogle}, {}, {kQuotaUnclear}},
    {"quota.current",
     kQuotaExhausted,
     kS2xx | kS400 | kS403 | kS429 | kS4xx | kServer,
     {kQuotaUnclear},
     {kQuotaUnclear}},
    {"limit.rate",
     kRateLimit,
     kS2xx | kS400 | kS403 | kS429 | kS4xx | kServer,
     {kRate, kSlowDown},
     {kRate, kSlowDown}},
    {"limit.tokens", kRateLimit, kS429, {}, {kManyTokens, kConcurrency}},
    {"status.429", kRateLimit, kS429, {}, {}},
    {"text.too_long", kContextLengthExceeded, kRequestFault | kS500, {}, {kContext, kManyTokens}},
    {"status.413", kContextLengthExceeded, kS413, {}, {}},
    {"text.empty_upstream", kEmptyResponse, kRequestFault | kServer, {}, {kNoOutput}},
    {"text.content_filter", kContentFiltered, kRequestFault | kS403 | kServer, {}, {kFilter}},
    {"text.route", kInvalidRequest, kRequestFault, {kRoute}, {kRoute}, {}, {}, {kModel}},
    {"text.permission", kPermissionDenied, kS401, {}, {kPermission}, {}, {}, {kAuth}},
    {"code.permission", kPermissionDenied, kS401, {kPermission}, {}, {}, {}, {kAuth}},
    {"text.auth", kAuthFailure, kRequestFault | kS401 | kS403, {}, {kAuth}},
    {"code.auth", kAuthFailure, kRequestFault | kS401 | kS403, {kAuth}, {}},
    {"status.401", kAuthFailure, kS401, {}, {}},
    {"text.model", kInvalidModel, kRequestFault, {}, {kModel}, {}, {kBadParam}},
    {"text.permission", kPermissionDenied, kRequestFault, {}, {kPermission}, {}, {kBadParam}},
    {"code.model", kInvalidModel, kRequestFault, {kModel}, {}},
    {"text.model_refused", kInvalidModel, kRequestFault, {}, {kModelWords}, {}, {kBadParam}},
    {"text.credential", kAuthFailure, kS403, {}, {kAuthWords}, {}, {kPermission}, {kPermission}},
    {"code.permission", kPermissionDenied, kRequestFault | kS403, {kPermission}, {}},
    {"status.403", kPermissionDenied, kS403, {}, {}},
    {"edge.upstream_lost", kServerError, kS2xx | kServer, {}, {kUpstreamLost}},
    {"code.timeout", kTimeout, kS2xx | kS408 | kServer | kS4xx, {kTimedOut}, {}},
    {"text.timeout", kTimeout, kS2xx | kS408 | kServer | kS4xx, {}, {kTimedOut}},
    {"code.not_found", kInvalidModel, kS2xx, {kNotFound}, {}},
    {"code.server", kServerError, kS2xx | kServer, {kServerFault}, {}},
    {"text.server", kServerError, kS2xx | kServer, {}, {kServerFault}},
    {"text.server", kServerError, kS400, {}, {kServerFault}, {}, {kRequest, kBadParam}},
    {"code.request", kInvalidRequest, kS2xx, {kRequest}, {}},
};

bool Applies(const Rule& rule, const Evidence& e, SignSet both) {
  return both.HasAll(rule.with) && !e.codes.HasAny(rule.unless_code) &&
         !e.texts.HasAny(rule.unless_text);
}

constexpr int kGroupCount = 15;
constexpr int kSignCount = 64;
using RuleBits = unsigned __int128;
static_assert(std::size(kRules) <= 128);

// The table turned around: which rules a status, a code's sign and a phrase's sign make candidates.
struct RuleIndex {
  std::array<RuleBits, kGroupCount> by_group{};
  std::array<RuleBits, kSignCount> by_code{};
  std::array<RuleBits, kSignCount> by_text{};
  RuleBits by_status_alone = 0;
};

constexpr RuleIndex kRuleIndex = [] {
  RuleIndex index;
  for (size_t i = 0; i < std::size(kRules); ++i) {
    const Rule& rule = kRules[i];
    const RuleBits bit = RuleBits{1} << i;
    for (int group = 0; group < kGroupCount; ++group) {
      if ((rule.statuses >> group & 1) != 0) index.by_group[group] |= bit;
    }
    for (int sign = 0; sign < kSignCount; ++sign) {
      if ((rule.codes.bits() >> sign & 1) != 0) index.by_code[sign] |= bit;
      if ((rule.texts.bits() >> sign & 1) != 0) index.by_text[sign] |= bit;
    }
    if (rule.codes.empty() && rule.texts.empty()) index.by_status_alone |= bit;
  }
  return index;
}();

RuleBits CandidatesOf(SignSet signs, const std::array<RuleBits, kSignCount>& by_sign) {
  RuleBits rules = 0;
  for (uint64_t bits = signs.bits(); bits != 0; bits &= bits - 1) {
    rules |= by_sign[static_cast<size_t>(std::countr_zero(bits))];
  }
  return rules;
}

// The first rule that applies, nullptr when none does.
const Rule* FindRule(const Evidence& e, SignSet both, uint32_t group) {
  RuleBits rules = CandidatesOf(e.codes, kRuleIndex.by_code) |
                   CandidatesOf(e.texts, kRuleIndex.by_text) | kRuleIndex.by_status_alone;
  rules &= kRuleIndex.by_group[static_cast<size_t>(std::countr_zero(group))];
  for (; rules != 0; rules &= rules - 1) {
    const auto low = static_cast<uint64_t>(rules);
    const int at = low != 0 ? std::countr_zero(low)
                            : 64 + std::countr_zero(static_cast<uint64_t>(rules >> 64));
    if (Applies(kRules[at], e, both)) return &kRules[at];
  }
  return nullptr;
}

struct StatusRule {
  int status;
  FailureClass failure;
  std::string_view rule;
  Safety safety = Safety::kExecuted;  // an error reply was made: whatever ran there has ended
};

// RFC 9110 for the common ones; 446 is Portkey's, 498 Groq's, 529 Anthropic's, 52x Cloudflare's.
constexpr StatusRule kStatusRules[] = {
    {400, kInvalidRequest, "status.400"},
    {401, kAuthFailure, "status.401"},
    {402, kQuotaExhausted, "status.402"},
    {403, kPermissionDenied, "status.403"},
    {404, kInvalidModel, "status.404"},
    {407, kAuthFailure, "status.407", Safety::kNotSent},
    {408, kTimeout, "status.408", Safety::kMaybeExecuted},
    {409, kServerError, "status.409"},
    {410, kInvalidModel, "status.410"},
    {413, kContextLengthExceeded, "status.413"},
    {422, kInvalidRequest, "status.422"},
    {424, kServerError, "status.424"},
    {425, kServerError, "status.425", Safety::kNotSent},
    {429, kRateLimit, "status.429"},
    {446, kContentFiltered, "status.446"},
    {498, kOverloaded, "status.498"},
    {499, kTimeout, "status.499", Safety::kMaybeExecuted},
    {503, kOverloaded, "status.503"},
    {504, kTimeout, "status.504", Safety::kMaybeExecuted},
    {521, kServerError, "status.521", Safety::kNotSent},
    {522, kTimeout, "status.522", Safety::kNotSent},
    {523, kServerError, "status.523", Safety::kNotSent},
    {524, kTimeout, "status.524", Safety::kMaybeExecuted},
    {525, kServerError, "status.525", Safety::kNotSent},
    {526, kServerError, "status.526", Safety::kNotSent},
    {529, kOverloaded, "status.529"},
    {598, kTimeout, "status.598", Safety::kMaybeExecuted},
};

struct ClassRow {
  FailureClass failure;
  Origin origin;
  Retry retry;
};

constexpr ClassRow kClasses[] = {
    {kTimeout, Origin::kProvider, Retry::kSameProviderAfterWait},
    {kConnection, Origin::kNetwork, Retry::kSameProviderNow},
    {kRateLimit, Origin::kProvider, Retry::kSameProviderAfterWait},
    {kQuotaExhausted, Origin::kCaller, Retry::kOtherProviderOnly},
    {kOverloaded, Origin::kProvider, Retry::kSameProviderAfterWait},
    {kServerError, Origin::kProvider, Retry::kSameProviderAfterWait},
    {kAuthFailure, Origin::kCaller, Retry::kOtherProviderOnly},
    {kPermissionDenied, Origin::kCaller, Retry::kOtherProviderOnly},
    {kInvalidModel, Origin::kCaller, Retry::kOtherProviderOnly},
    {kInvalidRequest, Origin::kCaller, Retry::kNeverUnchanged},
    {kContextLengthExceeded, Origin::kCaller, Retry::kNeverUnchanged},
    {kContentFiltered, Origin::kCaller, Retry::kNeverUnchanged},
    {kEmptyResponse, Origin::kProvider, Retry::kSameProviderNow},
    {kMalformedResponse, Origin::kProvider, Retry::kSameProviderNow},
    {kTruncated, Origin::kProvider, Retry::kNeverUnchanged},
};

// Rows by class and by status, 1 + row and 0 where there is none.
constexpr auto kClassIndex = [] {
  std::array<uint8_t, kFailureClassCount> index{};
  for (uint8_t row = 0; row < std::size(kClasses); ++row) {
    index[static_cast<size_t>(kClasses[row].failure)] = static_cast<uint8_t>(row + 1);
  }
  return index;
}();

constexpr int kFirstErrorStatus = 400;
constexpr auto kStatusIndex = [] {
  std::array<uint8_t, 200> index{};
  for (uint8_t row = 0; row < std::size(kStatusRules); ++row) {
    const int at = kStatusRules[row].status - kFirstErrorStatus;
    index[static_cast<size_t>(at)] = static_cast<uint8_t>(row + 1);
  }
  return index;
}();

RateAxis AxisOf(SignSet signs) {
  if (signs.Has(kPerDay)) return RateAxis::kDaily;
  if (signs.Has(kConcurrency)) return RateAxis::kConcurrency;
  if (signs.Has(kTokens)) return RateAxis::kTokens;
  if (signs.Has(kRequests)) return RateAxis::kRequests;
  return RateAxis::kUnknown;
}

Adaptation AdaptationOf(FailureClass failure, SignSet signs) {
  if (signs.HasAny({kMaxTokens, kOverLimit}) || signs.HasAll({kBound, kTooLarge}))
    return Adaptation::kReduceMaxTokens;
  if (failure == kPermissionDenied && signs.Has(kUnverified)) return Adaptation::kDropParam;
  if (failure == kInvalidRequest && signs.Has(kBadParam)) return Adaptation::kDropParam;
  if (failure == kAuthFailure) return Adaptation::kRefreshCredential;
  return Adaptation::kNone;
}

Diagnosis Unexplained(const Evidence& e, int status) {
  if (status < 400) {
    return e.words || !e.codes.empty() ? OfClass(kServerError, "body.error_in_200")
                                       : OfClass(kMalformedResponse, "body.error_without_words");
  }
  // Only an edge's page or a text about something else: then 503 says no more than 500.
  if (status == 503 && !e.blank) return OfClass(kServerError, "status.503");
  if (status == 404 && e.html) return OfClass(kInvalidRequest, "page.404");
  return DecideStatus(status);
}

struct FinishRule {
  BodyEnding finish;
  FailureClass failure;
  std::string_view rule;
};

constexpr FinishRule kFinishRules[] = {
    {BodyEnding::kLength, kTruncated, "finish.length"},
    {BodyEnding::kIncomplete, kTruncated, "finish.incomplete"},
    {BodyEnding::kPaused, kTruncated, "finish.paused"},
    {BodyEnding::kFilter, kContentFiltered, "finish.content_filter"},
    {BodyEnding::kContext, kContextLengthExceeded, "finish.context"},
    {BodyEnding::kBadOutput, kMalformedResponse, "finish.bad_output"},
    {BodyEnding::kOverload, kOverloaded, "finish.overloaded"},
    {BodyEnding::kTimeout, kTimeout, "finish.timeout"},
    {BodyEnding::kError, kServerError, "finish.error"},
};

Diagnosis CutStream(std::string_view rule) {
  Diagnosis d = OfClass(kTruncated, rule);
  d.origin = Origin::kNetwork;
  d.safety = Safety::kMaybeExecuted;
  d.retry = Retry::kSameProviderNow;
  return d;
}

}  // namespace

Diagnosis OfClass(FailureClass failure, std::string_view rule) {
  Diagnosis d;
  d.failure = failure;
  d.rule = rule;
  const uint8_t row = kClassIndex[static_cast<size_t>(failure)];
  if (row == 0) return d;
  d.origin = kClasses[row - 1].origin;
  d.retry = kClasses[row - 1].retry;
  return d;
}

std::vector<std::string_view> RulesOf(FailureClass failure) {
  std::vector<std::string_view> rules;
  const auto add = [&](FailureClass gives, std::string_view name) {
    if (gives != failure || std::find(rules.begin(), rules.end(), name) != rules.end()) return;
    rules.push_back(name);
  };
  for (const Rule& rule : kRules) add(rule.failure, rule.name);
  for (const StatusRule& rule : kStatusRules) add(rule.failure, rule.rule);
  for (const FinishRule& rule : kFinishRules) add(rule.failure, rule.rule);
  return rules;
}

Diagnosis DecideStatus(int status) {
  constexpr StatusRule kOtherServer{0, kServerError, "status.5xx"};
  constexpr StatusRule kOtherRequest{0, kInvalidRequest, "status.4xx"};
  const auto at = static_cast<size_t>(status - kFirstErrorStatus);
  const uint8_t row = at < kStatusIndex.size() ? kStatusIndex[at] : 0;
  const StatusRule& rule = row != 0        ? kStatusRules[row - 1]
                           : status >= 500 ? kOtherServer
                                           : kOtherRequest;
  Diagnosis d = OfClass(rule.failure, rule.rule);
  d.safety = rule.safety;
  return d;
}

Diagnosis DecideError(const Evidence& e, int status) {
  if (status < 400 && e.status >= 400) status = e.status;
  const SignSet both = e.codes | e.texts;
  // A body without a sign cannot override its status.
  const Rule* rule = both.empty() ? nullptr : FindRule(e, both, GroupOf(status));
  Diagnosis d = rule != nullptr ? OfClass(rule->failure, rule->name) : Unexplained(e, status);
  if (d.failure == kRateLimit) d.axis = AxisOf(both);
  if (d.failure == kServerError && both.Has(kNoMemory)) d.retry = Retry::kOtherProviderOnly;
  if (d.failure == kTimeout && status >= 400) d.safety = DecideStatus(status).safety;
  d.adapt = AdaptationOf(d.failure, both);
  if (d.failure == kContextLengthExceeded) d.counts = e.counts;
  return d;
}

Diagnosis DecideReply(const Evidence& e, bool cut) {
  const bool answered = e.content > 0 || e.tools;
  if (e.blank) return cut ? CutStream("transport.cut") : OfClass(kEmptyResponse, "body.empty");
  if (cut) return CutStream("transport.cut");
  if (e.html || (!e.json && !e.stream)) return OfClass(kMalformedResponse, "body.not_json");
  for (const FinishRule& rule : kFinishRules) {
    if (rule.finish == e.finish) return OfClass(rule.failure, rule.rule);
  }
  if (e.finish == BodyEnding::kInterrupted) return CutStream("finish.interrupted");
  if (e.refusal) return OfClass(kContentFiltered, "content.refusal");
  if (e.broken)
    return OfClass(kMalformedResponse, e.stream ? "stream.broken_event" : "body.not_json");
  if (e.bad_arguments) return OfClass(kMalformedResponse, "tool.arguments_not_json");
  if (e.stream) {
    // A stream that only ever said "in progress" has not ended.
    const bool ended = e.finish != BodyEnding::kNone && e.finish != BodyEnding::kPending;
    const bool complete = e.terminal || ended;
    if (!complete && (answered || e.reply)) return CutStream("stream.no_terminal_event");
    return answered ? Diagnosis() : OfClass(kEmptyResponse, "stream.no_content");
  }
  if (e.finish == BodyEnding::kPending) return Diagnosis();
  if (!e.reply) return OfClass(kMalformedResponse, "body.shape");
  return answered ? Diagnosis() : OfClass(kEmptyResponse, "content.empty");
}

}  // namespace squall

#include "mock_providers/edge_page.h"
#include "mock_providers/fault_edits.h"
#include "mock_providers/quota.h"
#include "mock_providers/stream_edits.h"

namespace squall {
namespace {

// Nobody who waits for an answer waits longer than this on a server's word.
constexpr Duration kLongestUsefulWait = 10min;
constexpr Duration kNinety = 90s;

void SetHint(Duration wait, HintForm form, ApiError* error) {
  error->retry_after = form == HintForm::kNinety ? kNinety : wait;
  error->hint = form;
}

// A failure after the 200: `events` of the reply, then the dialect's error in the stream.
void FailInStream(const FaultContext& context, ApiErrorKind kind, int status, size_t events,
                  ReplyPlan* plan) {
  KeepFirstEvents(events, plan);
  context.server.AppendStreamError(fault_edits::ErrorOf(context, kind, status), &plan->body);
  AddEvent(Duration::zero(), plan);
}

void BlameLoad(std::string_view kind, std::string_view variant, ReplyPlan* plan) {
  plan->fault = FaultTruth();
  plan->fault.kind = FindFault(kind);
  plan->fault.variant = variant;
  plan->fault.by_load = true;
  plan->wrong_by_model = false;
}

}  // namespace

namespace fault_edits {

void Early(const FaultContext& context, double share_of_ttft, ReplyPlan* plan) {
  plan->at = SaturatingAdd(context.answer.now, FromSeconds(Seconds(context.ttft) * share_of_ttft));
  plan->completion_tokens = 0;
}

ApiError ErrorOf(const FaultContext& context, ApiErrorKind kind, int status) {
  ApiError error;
  error.kind = kind;
  error.status = status;
  error.model = context.answer.model;
  error.tokens = context.answer.prompt_tokens + context.answer.completion_tokens;
  error.id_bits = context.answer.id_bits;
  error.format = context.answer.format;
  error.now = context.answer.now;
  return error;
}

void WriteRefusal(const FaultContext& context, const ApiError& error, ReplyPlan* plan) {
  plan->retry_not_before = kStart;
  context.server.WriteError(error, plan);
  if (plan->retry_not_before - plan->at > kLongestUsefulWait) plan->fault.retry_decision = kOther;
}

void Fail(const FaultContext& context, ApiErrorKind kind, int status, bool hint, ReplyPlan* plan) {
  ApiError error = ErrorOf(context, kind, status);
  if (hint) SetHint(context.config.retry_after, context.config.hint, &error);
  WriteRefusal(context, error, plan);
}

void RateLimitWithHint(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.1, plan);
  Fail(context, ApiErrorKind::kRateLimit, 429, true, plan);
}

void RateLimitWithoutHint(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.1, plan);
  Fail(context, ApiErrorKind::kRateLimit, 429, false, plan);
}

void Status500(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 1, plan);
  Fail(context, ApiErrorKind::kServerError, 500, false, plan);
}

void Status502(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 1, plan);
  WriteEdgePage(502, "502 Bad gateway", "The web server reported a bad gateway error.", plan);
}

void Status503(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.5, plan);
  const bool hint = context.u < context.config.retry_after_present;
  Fail(context, ApiErrorKind::kOverloaded, 503, hint, plan);
}

// The vendor states no wait with it; a hint of another form must be asked for by name.
void Status529(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.5, plan);
  const bool hint =
      context.config.hint != HintForm::kUsual && context.u < context.config.retry_after_present;
  Fail(context, ApiErrorKind::kOverloaded, 529, hint, plan);
}

void Status408(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 1, plan);
  Fail(context, ApiErrorKind::kTimeout, 408, false, plan);
}

void Status409(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.5, plan);
  Fail(context, ApiErrorKind::kConflict, 409, false, plan);
}

// The vendor's word that trying again is of no use, in a header that its own clients obey. Where
// the dialect has no such header this is a 500 like others.
void ShouldNotRetry(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 1, plan);
  ApiError error = ErrorOf(context, ApiErrorKind::kServerError, 500);
  error.should_retry = false;
  WriteRefusal(context, error, plan);
  if (!plan->headers.Find(kShouldRetryHeader)) plan->fault.retry_decision = kAfterWait;
}

void Status504(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 1, plan);
  Fail(context, ApiErrorKind::kTimeout, 504, false, plan);
}

void RateLimitInStream(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return RateLimitWithoutHint(context, plan);
  FailInStream(context, ApiErrorKind::kRateLimit, 429, 0, plan);
}

void ErrorEvent(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Status500(context, plan);
  const size_t events = FaultyEvent(context, *plan);
  FailInStream(context, ApiErrorKind::kServerError, 500, events, plan);
}

void ErrorEventFirst(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Status500(context, plan);
  FailInStream(context, ApiErrorKind::kServerError, 500, 0, plan);
}

// The whole text, but not the word that it is the whole.
void ErrorEventLast(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Status500(context, plan);
  FailInStream(context, ApiErrorKind::kServerError, 500, TextEnd(*plan), plan);
}

void OverloadedEventFirst(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Status529(context, plan);
  FailInStream(context, ApiErrorKind::kOverloaded, 529, 0, plan);
}

// What a gateway makes of a failure behind it once it has said 200.
void ErrorBody200(const FaultContext& context, ReplyPlan* plan) {
  Status500(context, plan);
  plan->status = 200;
}

void QuotaExhausted(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.1, plan);
  Fail(context, ApiErrorKind::kQuotaExhausted, 429, false, plan);
}

}  // namespace fault_edits

void ApplyQueueFull(const FaultContext& context, ReplyPlan* plan) {
  BlameLoad("server_error", "queue_full", plan);
  plan->fault.failure_class = "overloaded";
  plan->fault.retry_decision = fault_edits::kAfterWait;
  fault_edits::Early(context, 0.1, plan);
  fault_edits::Fail(context, ApiErrorKind::kOverloaded, 503, false, plan);
}

void ApplyModelLimit(const LimitHit& hit, const FaultContext& context, ReplyPlan* plan) {
  struct Row {
    std::string_view fault;
    std::string_view variant;
    std::string_view failure_class;
    std::string_view retry_decision;
    ApiErrorKind kind;
  };
  constexpr Row kRows[] = {{"context_length_exceeded", "window", "context_length_exceeded",
                            fault_edits::kUnchangedNever, ApiErrorKind::kContextLength},
                           {"invalid_request", "max_tokens", "invalid_request",
                            fault_edits::kUnchangedNever, ApiErrorKind::kMaxTokensTooLarge},
                           {"invalid_request", "rejected_parameter", "invalid_request",
                            fault_edits::kUnchangedNever, ApiErrorKind::kUnsupportedParameter},
                           {"invalid_model", "method", "invalid_model", fault_edits::kOther,
                            ApiErrorKind::kUnknownModel}};
  const Row& row = kRows[static_cast<size_t>(hit.limit)];
  plan->fault = FaultTruth();
  plan->fault.kind = FindFault(row.fault);
  plan->fault.variant = row.variant;
  plan->fault.failure_class = row.failure_class;
  plan->fault.retry_decision = row.retry_decision;
  plan->wrong_by_model = false;
  plan->end = End::kClean;
  plan->body_sent = 0;
  fault_edits::Early(context, 0.2, plan);
  ApiError error = fault_edits::ErrorOf(context, row.kind, 400);
  error.limit = hit.tokens;
  error.prompt_tokens = context.request.prompt_tokens;
  const bool counted = hit.limit == ModelLimit::kMaxTokens || context.server.CountsAnswerInWindow();
  error.max_tokens = counted ? context.request.max_tokens : 0;
  error.parameter = hit.parameter;
  fault_edits::WriteRefusal(context, error, plan);
}

void ApplyQuota(const QuotaVerdict& verdict, const FaultContext& context, ReplyPlan* plan) {
  // What no wait of use would cure is exhausted rather than limited.
  const bool spent = verdict.hit == QuotaLimit::kSpend;
  const bool exhausted = spent || verdict.daily_window;
  BlameLoad(exhausted ? "quota_exhausted" : "rate_limit", QuotaLimitName(verdict.hit), plan);
  plan->fault.failure_class = exhausted ? "quota_exhausted" : "rate_limit";
  plan->fault.retry_decision = exhausted ? fault_edits::kOther : fault_edits::kAfterWait;
  if (verdict.hit == QuotaLimit::kTooLarge) {
    plan->fault.retry_decision = fault_edits::kUnchangedNever;
  }
  fault_edits::Early(context, 0.1, plan);
  ApiError error = fault_edits::ErrorOf(
      context, spent ? ApiErrorKind::kQuotaExhausted : ApiErrorKind::kRateLimit, 429);
  error.quota = &verdict;
  if (verdict.wait) SetHint(*verdict.wait, verdict.hint, &error);
  // The trap of daily quotas: they come with a hint of seconds, though nothing works until
  // midnight.
  if (verdict.daily_window) SetHint(22s, verdict.hint, &error);
  fault_edits::WriteRefusal(context, error, plan);
}

}  // namespace squall

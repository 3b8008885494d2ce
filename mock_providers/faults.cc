#include "mock_providers/faults.h"

#include <algorithm>

#include "mock_providers/quota.h"
#include "mock_providers/stream_edits.h"
#include "mock_providers/task_texts.h"

namespace squall {
namespace {

constexpr std::string_view kNow = "same_provider_now";
constexpr std::string_view kAfterWait = "same_provider_after_wait";
constexpr std::string_view kOther = "other_provider_only";
constexpr std::string_view kUnchangedNever = "never_unchanged";

// Nobody who waits for an answer waits longer than this on a server's word.
constexpr Duration kLongestUsefulWait = 10min;

// ---- what several edits need ----

// The server turned the request down before it began to generate.
void Early(const FaultContext& context, double share_of_ttft, ReplyPlan* plan) {
  plan->at = SaturatingAdd(context.answer.now, FromSeconds(Seconds(context.ttft) * share_of_ttft));
  plan->completion_tokens = 0;
}

// A point inside `size` bytes that leaves something on both sides, if there are two bytes at all.
size_t CutPoint(double u, size_t size) {
  if (size < 2) return 0;
  const auto point = static_cast<size_t>((0.25 + 0.7 * u) * static_cast<double>(size));
  return std::clamp<size_t>(point, 1, size - 1);
}

void Answer(const FaultContext& context, std::optional<std::string_view> content, ReplyPlan* plan) {
  ApiAnswer answer = context.answer;
  answer.content = content;
  answer.completion_tokens = CountTokens(content ? content->size() : 0);
  plan->completion_tokens = answer.completion_tokens;
  context.server.WriteAnswer(answer, plan);
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

void Write(const FaultContext& context, const ApiError& error, ReplyPlan* plan) {
  context.server.WriteError(error, plan);
  if (!error.retry_after) return;
  plan->retry_not_before = SaturatingAdd(plan->at, *error.retry_after);
  if (*error.retry_after > kLongestUsefulWait) plan->fault.retry_decision = kOther;
}

void Fail(const FaultContext& context, ApiErrorKind kind, int status, bool hint, ReplyPlan* plan) {
  ApiError error = ErrorOf(context, kind, status);
  if (hint) error.retry_after = context.config.retry_after;
  Write(context, error, plan);
}

bool IsStream(const FaultContext& context, const ReplyPlan* plan) {
  return context.answer.format.stream && !plan->chunks.empty();
}

// Everything that a stream had is gone.
void DropStream(ReplyPlan* plan) {
  plan->chunks.clear();
  plan->text_begin = plan->text_end = 0;
}

// Where to end a body early: in a stream, inside an event of text.
size_t CutBody(const FaultContext& context, const ReplyPlan* plan) {
  if (!IsStream(context, plan)) return CutPoint(context.u, plan->body.size());
  const size_t event = MiddleEvent(context.u, *plan);
  const size_t start = EventStart(event, *plan);
  return start + (plan->chunks[event].end - start) / 2;
}

// A page of the edge in front of the API, in no dialect at all.
void EdgePage(int status, std::string_view title, std::string_view text, ReplyPlan* plan) {
  DropStream(plan);
  plan->framing = Framing::kContentLength;
  plan->status = status;
  plan->headers.clear();
  plan->headers.Add("content-type", "text/html; charset=UTF-8");
  plan->headers.Add("server", "cloudflare");
  plan->headers.Add("cache-control", "private, max-age=0, no-store");
  plan->body.assign("<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>");
  plan->body.append(title).append("</title></head>\n<body>\n<h1>").append(title);
  plan->body.append("</h1>\n<p>").append(text).append("</p>\n</body>\n</html>\n");
}

// ---- timeout, slow ----

void Hang(const FaultContext&, ReplyPlan* plan) {
  plan->end = End::kHang;
  plan->at = kNever;
}

void Slow(const FaultContext& context, ReplyPlan* plan) {
  const double seconds = Seconds(plan->at - context.answer.now) * context.config.slowdown;
  plan->at = SaturatingAdd(context.answer.now, FromSeconds(seconds));
  SlowDown(context.config.slowdown, plan);
}

// The first token in time, the others by drops.
void SlowDrip(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Slow(context, plan);
  SlowDown(context.config.slowdown, plan);
}

// Some events, then silence on a connection that stays open.
void Stall(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Hang(context, plan);
  plan->end = End::kHang;
  plan->body_sent = EventStart(MiddleEvent(context.u, *plan), *plan);
}

void KeepAlivesOnly(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Hang(context, plan);
  OnlyKeepAlives(plan);
}

// ---- rate_limit, server_error ----

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
  EdgePage(502, "502 Bad gateway", "The web server reported a bad gateway error.", plan);
}

void Status503(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.5, plan);
  const bool hint = context.u < context.config.retry_after_present;
  Fail(context, ApiErrorKind::kOverloaded, 503, hint, plan);
}

void Status529(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.5, plan);
  Fail(context, ApiErrorKind::kOverloaded, 529, false, plan);
}

void Status504(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 1, plan);
  Fail(context, ApiErrorKind::kTimeout, 504, false, plan);
}

// A failure after the 200: `events` of the reply, then the dialect's error in the stream.
void FailInStream(const FaultContext& context, size_t events, ReplyPlan* plan) {
  KeepFirstEvents(events, plan);
  context.server.AppendStreamError(ErrorOf(context, ApiErrorKind::kServerError, 500), &plan->body);
  AddEvent(Duration::zero(), plan);
}

void ErrorEvent(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Status500(context, plan);
  FailInStream(context, MiddleEvent(context.u, *plan), plan);
}

void ErrorEventFirst(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Status500(context, plan);
  FailInStream(context, 0, plan);
}

// ---- quota_exhausted, refusal ----

void QuotaExhausted(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.1, plan);
  Fail(context, ApiErrorKind::kQuotaExhausted, 429, false, plan);
}

// The model declines, in a reply that is a success to everybody below the application.
void Refused(const FaultContext& context, ReplyPlan* plan) {
  ApiAnswer answer = context.answer;
  answer.content = std::nullopt;
  answer.refused = true;
  answer.completion_tokens = CountTokens(48);
  plan->completion_tokens = answer.completion_tokens;
  context.server.WriteAnswer(answer, plan);
}

void PromptBlocked(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.5, plan);
  Fail(context, ApiErrorKind::kContentFilter, 400, false, plan);
}

// ---- empty_body, empty_content ----

void EmptyChunked(const FaultContext&, ReplyPlan* plan) {
  DropStream(plan);
  plan->body.clear();
  plan->framing = Framing::kChunked;
}

void EmptyContentLength(const FaultContext&, ReplyPlan* plan) {
  DropStream(plan);
  plan->body.clear();
  plan->framing = Framing::kContentLength;
}

void EmptyText(const FaultContext& context, ReplyPlan* plan) { Answer(context, "", plan); }
void NullText(const FaultContext& context, ReplyPlan* plan) { Answer(context, std::nullopt, plan); }

// ---- schema_drift: edits of the answer's JSON text, which the mock wrote itself ----

struct DriftingKey {
  std::string_view name;
  std::string_view renamed;
};

DriftingKey KeyOf(const ApiRequest& request) {
  if (!request.task) return {"answer", "response"};
  switch (request.task->kind) {
    case TaskKind::kExtract: return {"total_cents", "totalCents"};
    case TaskKind::kClassify: return {"priority", "priority_level"};
    case TaskKind::kArithmetic: return {"result", "total"};
  }
  return {};
}

// The healthy answer as JSON. Where prose was asked for, JSON is the break of contract.
std::string JsonAnswer(const FaultContext& context) {
  if (context.answer.content->starts_with('{')) return std::string(*context.answer.content);
  std::string text;
  AppendSmallTalk(AnswerKind::kRight, /*json=*/true, &text);
  return text;
}

void RenamedKey(const FaultContext& context, ReplyPlan* plan) {
  const DriftingKey key = KeyOf(context.request);
  std::string text = JsonAnswer(context);
  const size_t at = text.find('"' + std::string(key.name) + "\":");
  if (at != std::string::npos) text.replace(at + 1, key.name.size(), key.renamed);
  Answer(context, text, plan);
}

// A number becomes a string, a string a list of one. An answer that was cut short stays as it is.
void WrongType(const FaultContext& context, ReplyPlan* plan) {
  const DriftingKey key = KeyOf(context.request);
  std::string text = JsonAnswer(context);
  const size_t at = text.find('"' + std::string(key.name) + "\":");
  const size_t from = at == std::string::npos ? text.size() : at + key.name.size() + 3;
  const bool is_text = from < text.size() && text[from] == '"';
  const size_t to = is_text ? text.find('"', from + 1) : text.find_first_of(",}", from);
  if (to != std::string::npos) {
    text.insert(is_text ? to + 1 : to, is_text ? "]" : "\"");
    text.insert(from, is_text ? "[" : "\"");
  }
  Answer(context, text, plan);
}

void ExtraNesting(const FaultContext& context, ReplyPlan* plan) {
  Answer(context, R"({"data":)" + JsonAnswer(context) + "}", plan);
}

void Fenced(const FaultContext& context, ReplyPlan* plan) {
  Answer(context, "```json\n" + JsonAnswer(context) + "\n```", plan);
}

void ProseWrapped(const FaultContext& context, ReplyPlan* plan) {
  Answer(context,
         "Sure! Here is the JSON object you asked for:\n\n" + JsonAnswer(context) +
             "\n\nLet me know if you need anything else.",
         plan);
}

// ---- malformed_json: the envelope itself is broken ----

void Unbalanced(const FaultContext& context, ReplyPlan* plan) {
  if (IsStream(context, plan)) return BreakEvent(MiddleEvent(context.u, *plan), plan);
  DropStream(plan);
  plan->body.resize(CutPoint(context.u, plan->body.size()));
}

void Html200(const FaultContext&, ReplyPlan* plan) {
  EdgePage(200, "Just a moment...", "This page reloads by itself when the service is back.", plan);
}

void StrayText(const FaultContext& context, ReplyPlan* plan) {
  const bool stream = IsStream(context, plan);
  if (stream) {
    KeepFirstEvents(MiddleEvent(context.u, *plan), plan);
  } else {
    DropStream(plan);
  }
  plan->body.append("\nupstream connect error or disconnect/reset before headers");
  if (stream) AddEvent(Duration::zero(), plan);
}

void DuplicateEvent(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Unbalanced(context, plan);
  RepeatEvent(MiddleEvent(context.u, *plan), plan);
}

// ---- truncated, connection_reset ----

void FinishLength(const FaultContext& context, ReplyPlan* plan) {
  ApiAnswer answer = context.answer;
  const std::string_view whole = *answer.content;
  answer.content = whole.substr(0, WholeCodePoints(whole, CutPoint(context.u, whole.size())));
  answer.completion_tokens = CountTokens(answer.content->size());
  answer.out_of_tokens = true;
  plan->completion_tokens = answer.completion_tokens;
  context.server.WriteAnswer(answer, plan);
}

void CutConnection(const FaultContext& context, ReplyPlan* plan) {
  plan->end = End::kCut;
  plan->body_sent = CutBody(context, plan);
  if (!IsStream(context, plan)) plan->framing = Framing::kContentLength;
}

// An orderly end in the middle: nothing below the dialect shows that anything is missing.
void NoTerminal(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return CutConnection(context, plan);
  KeepFirstEvents(MiddleEvent(context.u, *plan), plan);
}

void ResetBeforeHeaders(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.1, plan);
  DropStream(plan);
  plan->end = End::kReset;
  plan->status = 0;
  plan->headers.clear();
  plan->body.clear();
}

void ResetMidBody(const FaultContext& context, ReplyPlan* plan) {
  plan->end = End::kReset;
  plan->body_sent = CutBody(context, plan);
}

// ---- silent_degradation: the form is perfect, the content is not ----

template <AnswerKind kKind>
void Degraded(const FaultContext& context, ReplyPlan* plan) {
  std::string text;
  if (context.request.task) {
    AppendAnswer(context.seed, *context.request.task, kKind, &text, context.answer.id_bits);
  } else {
    AppendSmallTalk(kKind, context.request.json, &text);
  }
  Answer(context, text, plan);
}

// ---- the table ----

constexpr FaultVariant kTimeout[] = {{"hang", 1, "timeout", kNow, Hang},
                                     {"stall", kOptIn, "timeout", kNow, Stall},
                                     {"keep_alives_only", kOptIn, "timeout", kNow, KeepAlivesOnly}};
constexpr FaultVariant kSlow[] = {{"slow", 1, "ok", "none", Slow},
                                  {"drip", kOptIn, "ok", "none", SlowDrip}};
constexpr FaultVariant kRateLimit[] = {
    {"with_hint", 0, "rate_limit", kAfterWait, RateLimitWithHint},
    {"without_hint", 0, "rate_limit", kAfterWait, RateLimitWithoutHint}};
constexpr FaultVariant kEmptyBody[] = {
    {"chunked", 1, "empty_response", kNow, EmptyChunked},
    {"content_length_0", 1, "empty_response", kNow, EmptyContentLength}};
constexpr FaultVariant kEmptyContent[] = {{"empty_text", 1, "empty_response", kNow, EmptyText},
                                          {"null_text", 1, "empty_response", kNow, NullText}};
constexpr FaultVariant kSchemaDrift[] = {
    {"renamed_key", 1, "schema_violation", kNow, RenamedKey},
    {"wrong_type", 1, "schema_violation", kNow, WrongType},
    {"extra_nesting", 1, "schema_violation", kNow, ExtraNesting},
    {"fenced", 1, "schema_violation", kNow, Fenced},
    {"prose_wrapped", 1, "schema_violation", kNow, ProseWrapped}};
constexpr FaultVariant kMalformedJson[] = {
    {"unbalanced", 1, "malformed_response", kNow, Unbalanced},
    {"html_200", 1, "malformed_response", kNow, Html200},
    {"stray_text", 1, "malformed_response", kNow, StrayText},
    {"duplicate_event", kOptIn, "malformed_response", kNow, DuplicateEvent}};
constexpr FaultVariant kTruncated[] = {
    {"finish_length", 1, "truncated", kUnchangedNever, FinishLength},
    {"cut", 1, "truncated", kNow, CutConnection},
    {"no_terminal", kOptIn, "truncated", kNow, NoTerminal}};
constexpr FaultVariant kServerError[] = {
    {"500", 4, "server_error", kAfterWait, Status500},
    {"502", 3, "server_error", kAfterWait, Status502},
    {"503", 2, "overloaded", kAfterWait, Status503},
    {"529", 1, "overloaded", kAfterWait, Status529},
    {"504", kOptIn, "timeout", kAfterWait, Status504},
    {"error_event", kOptIn, "server_error", kAfterWait, ErrorEvent},
    {"error_event_first", kOptIn, "server_error", kAfterWait, ErrorEventFirst}};
constexpr FaultVariant kQuotaExhausted[] = {
    {"no_money", 1, "quota_exhausted", kOther, QuotaExhausted}};
constexpr FaultVariant kRefusal[] = {
    {"refused", 1, "content_filtered", kUnchangedNever, Refused},
    {"prompt_blocked", 1, "content_filtered", kUnchangedNever, PromptBlocked}};
constexpr FaultVariant kConnectionReset[] = {
    {"before_headers", 1, "connection", kNow, ResetBeforeHeaders},
    {"mid_body", 1, "connection", kNow, ResetMidBody}};
constexpr FaultVariant kSilentDegradation[] = {
    {"wrong_answer", 1, "semantic", kOther, Degraded<AnswerKind::kWrong>},
    {"wrong_language", 1, "semantic", kOther, Degraded<AnswerKind::kWrongLanguage>},
    {"stale", 1, "semantic", kOther, Degraded<AnswerKind::kStale>},
    {"garbage", 1, "semantic", kOther, Degraded<AnswerKind::kGarbage>}};

constexpr FaultRow kTable[] = {
    {"timeout", "The reply never comes.", false, kTimeout},
    {"slow", "The reply is good but takes several times as long.", true, kSlow},
    {"rate_limit", "429, with or without a hint how long to wait.", false, kRateLimit},
    {"empty_body", "200 without a single byte of body.", false, kEmptyBody},
    {"empty_content", "200 with an answer that has no text.", false, kEmptyContent},
    {"schema_drift", "200 with an answer that breaks the contract asked for.", false, kSchemaDrift},
    {"malformed_json", "200 with an envelope that is not JSON.", false, kMalformedJson},
    {"truncated", "The answer or its connection ends early.", false, kTruncated},
    {"server_error", "500, 502, 503 or 529.", false, kServerError},
    {"connection_reset", "The connection is reset.", false, kConnectionReset},
    {"silent_degradation", "200, well formed, and wrong.", false, kSilentDegradation},
    {"quota_exhausted", "429 or 402 that no waiting cures.", false, kQuotaExhausted},
    {"refusal", "The model or a filter declines the request.", false, kRefusal},
};

}  // namespace

std::span<const FaultRow> FaultTable() { return kTable; }

void ApplyQueueFull(const FaultContext& context, ReplyPlan* plan) {
  plan->fault = FaultTruth();
  plan->fault.kind = FindFault("server_error");
  plan->fault.variant = "queue_full";
  plan->fault.failure_class = "overloaded";
  plan->fault.retry_decision = kAfterWait;
  plan->fault.by_load = true;
  plan->wrong_by_model = false;
  Early(context, 0.1, plan);
  Fail(context, ApiErrorKind::kOverloaded, 503, false, plan);
}

void ApplyQuota(const QuotaVerdict& verdict, const FaultContext& context, ReplyPlan* plan) {
  // What no wait of use would cure is exhausted rather than limited.
  const bool exhausted = verdict.hit == QuotaLimit::kSpend || verdict.daily_window;
  plan->fault = FaultTruth();
  plan->fault.kind = FindFault(exhausted ? "quota_exhausted" : "rate_limit");
  plan->fault.variant = QuotaLimitName(verdict.hit);
  plan->fault.failure_class = exhausted ? "quota_exhausted" : "rate_limit";
  plan->fault.retry_decision = exhausted ? kOther : kAfterWait;
  if (verdict.hit == QuotaLimit::kTooLarge) plan->fault.retry_decision = kUnchangedNever;
  plan->fault.by_load = true;
  plan->wrong_by_model = false;
  Early(context, 0.1, plan);
  const bool spent = verdict.hit == QuotaLimit::kSpend;
  ApiError error =
      ErrorOf(context, spent ? ApiErrorKind::kQuotaExhausted : ApiErrorKind::kRateLimit, 429);
  error.quota = &verdict;
  error.retry_after = verdict.wait;
  // The trap of daily quotas: they come with a hint of seconds, though nothing works until
  // midnight.
  if (verdict.daily_window) error.retry_after = 22s;
  Write(context, error, plan);
}

}  // namespace squall

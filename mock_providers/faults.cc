#include "mock_providers/faults.h"

#include <algorithm>
#include <iterator>

#include "engine/base/check.h"
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

void Fail(const FaultContext& context, ApiErrorKind kind, int status, bool hint, ReplyPlan* plan) {
  ApiError error;
  error.kind = kind;
  error.status = status;
  if (hint) error.retry_after = context.config.retry_after;
  error.model = context.answer.model;
  error.tokens = context.answer.prompt_tokens + context.answer.completion_tokens;
  error.id_bits = context.answer.id_bits;
  context.server.WriteError(error, plan);
  if (hint && context.config.retry_after > kLongestUsefulWait) plan->fault.retry_decision = kOther;
}

// A page of the edge in front of the API, in no dialect at all.
void EdgePage(int status, std::string_view title, std::string_view text, ReplyPlan* plan) {
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

// ---- empty_body, empty_content ----

void EmptyChunked(const FaultContext&, ReplyPlan* plan) {
  plan->body.clear();
  plan->framing = Framing::kChunked;
}

void EmptyContentLength(const FaultContext&, ReplyPlan* plan) {
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
  plan->body.resize(CutPoint(context.u, plan->body.size()));
}

void Html200(const FaultContext&, ReplyPlan* plan) {
  EdgePage(200, "Just a moment...", "This page reloads by itself when the service is back.", plan);
}

void StrayText(const FaultContext&, ReplyPlan* plan) {
  plan->body.append("\nupstream connect error or disconnect/reset before headers");
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
  plan->framing = Framing::kContentLength;
  plan->body_sent = CutPoint(context.u, plan->body.size());
}

void ResetBeforeHeaders(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.1, plan);
  plan->end = End::kReset;
  plan->status = 0;
  plan->headers.clear();
  plan->body.clear();
}

void ResetMidBody(const FaultContext& context, ReplyPlan* plan) {
  plan->end = End::kReset;
  plan->body_sent = CutPoint(context.u, plan->body.size());
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

constexpr FaultVariant kTimeout[] = {{"hang", 1, "timeout", kNow, Hang}};
constexpr FaultVariant kSlow[] = {{"slow", 1, "ok", "none", Slow}};
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
    {"stray_text", 1, "malformed_response", kNow, StrayText}};
constexpr FaultVariant kTruncated[] = {
    {"finish_length", 1, "truncated", kUnchangedNever, FinishLength},
    {"cut", 1, "truncated", kNow, CutConnection}};
constexpr FaultVariant kServerError[] = {{"500", 4, "server_error", kAfterWait, Status500},
                                         {"502", 3, "server_error", kAfterWait, Status502},
                                         {"503", 2, "overloaded", kAfterWait, Status503},
                                         {"529", 1, "overloaded", kAfterWait, Status529}};
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
};

constexpr std::string_view kWithHint = "with_hint";

}  // namespace

std::span<const FaultRow> FaultTable() { return kTable; }

int FindFault(std::string_view name) {
  for (size_t i = 0; i < std::size(kTable); ++i) {
    if (kTable[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int FindVariant(int kind, std::string_view name) {
  const std::span<const FaultVariant> variants = kTable[kind].variants;
  for (size_t i = 0; i < variants.size(); ++i) {
    if (variants[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<double> VariantWeights(int kind, const std::map<std::string, double>& variants,
                                   double hint_present) {
  std::vector<double> weights;
  double sum = 0;
  for (const FaultVariant& variant : kTable[kind].variants) {
    double weight = variant.weight;
    if (weight == 0) weight = variant.name == kWithHint ? hint_present : 1 - hint_present;
    if (!variants.empty()) {
      const auto it = variants.find(std::string(variant.name));
      weight = it == variants.end() ? 0 : it->second;
    }
    weights.push_back(weight);
    sum += weight;
  }
  SQUALL_CHECK(sum > 0);  // the loader has checked the names and that one weight is positive
  for (double& weight : weights) weight /= sum;
  return weights;
}

void ApplyFault(int kind, int variant, const FaultContext& context, ReplyPlan* plan) {
  const FaultVariant& row = kTable[kind].variants[static_cast<size_t>(variant)];
  plan->fault.kind = kind;
  plan->fault.variant = row.name;
  plan->fault.failure_class = row.failure_class;
  plan->fault.retry_decision = row.retry_decision;
  row.apply(context, plan);
}

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

}  // namespace squall

#include "mock_providers/openai_errors.h"

#include <algorithm>

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "mock_providers/edge_page.h"
#include "mock_providers/hints.h"
#include "mock_providers/quota.h"
#include "mock_providers/task_facts.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

constexpr std::string_view kInvalidRequestError = "invalid_request_error";
constexpr StreamId kOpenAiErrorIds = Stream("openai/id");

// "tokens per min (TPM)", by the limit and its window.
std::string_view UnitOf(QuotaLimit hit) {
  switch (hit) {
    case QuotaLimit::kTokens:
    case QuotaLimit::kInputTokens:
    case QuotaLimit::kOutputTokens:
    case QuotaLimit::kTooLarge: return "tokens per min (TPM)";
    case QuotaLimit::kDay: return "requests per day (RPD)";
    case QuotaLimit::kConcurrency: return "concurrent requests";
    case QuotaLimit::kNone:
    case QuotaLimit::kRequests:
    case QuotaLimit::kSpend: break;
  }
  return "requests per min (RPM)";
}

bool IsOfTokens(QuotaLimit hit) { return UnitOf(hit).starts_with("tokens"); }

// A hint of the fault table has no limiter behind it. These figures would have led to it.
QuotaVerdict MadeUpVerdict(int64_t tokens, Duration wait) {
  constexpr int64_t kLimits[] = {10'000'000, 2'000'000, 800'000, 450'000, 200'000,
                                 90'000,     40'000,    30'000,  10'000};
  QuotaVerdict verdict;
  verdict.wait = wait;
  const double seconds = std::max(Seconds(wait), 0.001);
  const int64_t requested = std::max<int64_t>(tokens, 1);
  for (const int64_t limit : kLimits) {
    const bool fits = static_cast<double>(limit) * seconds <= 60.0 * static_cast<double>(requested);
    if (!fits || limit < requested) continue;
    const auto missing = static_cast<int64_t>(static_cast<double>(limit) * seconds / 60.0 + 0.5);
    verdict.hit = QuotaLimit::kTokens;
    verdict.limit = limit;
    verdict.used = limit + missing - requested;
    verdict.requested = requested;
    return verdict;
  }
  verdict.hit = seconds <= 60 ? QuotaLimit::kRequests : QuotaLimit::kDay;
  const double window = seconds <= 60 ? 60 : 86'400;
  verdict.limit = std::max<int64_t>(static_cast<int64_t>(window / seconds), 1);
  verdict.used = verdict.limit;
  verdict.requested = 1;
  return verdict;
}

Refusal QuotaError(std::string_view model, const QuotaVerdict& quota) {
  return {429,
          OpenAiQuotaMessage(model, quota),
          IsOfTokens(quota.hit) ? "tokens" : "requests",
          {},
          "rate_limit_exceeded"};
}

Refusal OpenAiRateLimitError(const ApiError& error) {
  const std::optional<Duration> wait = WaitInWords(error);
  if (error.quota != nullptr) {
    QuotaVerdict quota = *error.quota;
    quota.wait = wait;
    return QuotaError(error.model, quota);
  }
  if (wait) return QuotaError(error.model, MadeUpVerdict(error.tokens, *wait));
  if (error.id_bits % 2 == 0)
    return {error.status, "Too Many Requests", kInvalidRequestError, {}, {}};
  std::string message = "Rate limit reached for ";
  message.append(error.model).append(" on requests per min. Visit ");
  message.append("https://platform.openai.com/account/rate-limits to learn more.");
  return {error.status, std::move(message), "requests", {}, "rate_limit_exceeded"};
}

Refusal OverloadError(const ApiError& error) {
  if (error.status == 529) return {error.status, "Overloaded", "overloaded_error", {}, {}};
  if (error.id_bits % 2 == 0) {
    return {error.status,
            "The engine is currently overloaded, please try again later",
            "server_error",
            {},
            {}};
  }
  return {error.status,
          "Our servers are at capacity right now. Please try again later.",
          "service_unavailable_error",
          {},
          "server_is_overloaded"};
}

// Responses says it as it says a bound that is too small.
Refusal MaxTokensError(const ApiError& error) {
  if (error.parameter != "max_output_tokens") {
    return {400, OpenAiMaxTokensMessage(error), kInvalidRequestError, error.parameter,
            "invalid_value"};
  }
  std::string message =
      "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= ";
  AppendInt(error.limit, &message);
  message.append(", but got ");
  AppendInt(error.max_tokens, &message);
  return {400, message.append(" instead."), kInvalidRequestError, error.parameter,
          "integer_above_max_value"};
}

// What the caller must change: OpenAI's error-codes guide and captured replies.
Refusal OpenAiCallerError(const ApiError& error) {
  const std::string model(error.model);
  switch (error.kind) {
    case ApiErrorKind::kKeyRevoked:
      return {401,
              "Incorrect API key provided: sk-squal****************0000. You can find your API key "
              "at https://platform.openai.com/account/api-keys.",
              kInvalidRequestError,
              {},
              "invalid_api_key"};
    case ApiErrorKind::kNoAccess:
      return {403,
              "Project `proj_squall` does not have access to model `" + model + "`",
              kInvalidRequestError,
              {},
              "model_not_found"};
    case ApiErrorKind::kRegion:
      return {403,
              "Country, region, or territory not supported",
              "request_forbidden",
              {},
              "unsupported_country_region_territory"};
    case ApiErrorKind::kUnknownModel: return UnknownModel(error.model);
    case ApiErrorKind::kRetiredModel:
      return {404,
              "The model `" + model +
                  "` has been deprecated, learn more here: "
                  "https://platform.openai.com/docs/deprecations",
              kInvalidRequestError,
              {},
              "model_not_found"};
    case ApiErrorKind::kContextLength:
      return {400, OpenAiContextMessage(error, "Please reduce the length of the messages."),
              kInvalidRequestError, "messages", "context_length_exceeded"};
    case ApiErrorKind::kMaxTokensTooLarge: return MaxTokensError(error);
    case ApiErrorKind::kUnsupportedParameter: {
      std::string message = "Unsupported parameter: '";
      message.append(error.parameter).append("' is not supported with this model.");
      if (error.parameter == "max_tokens") message.append(" Use 'max_completion_tokens' instead.");
      return {400, std::move(message), kInvalidRequestError, error.parameter,
              "unsupported_parameter"};
    }
    case ApiErrorKind::kUnknownParameter:
      return {400, "Unknown parameter: 'reasoning_budget'.", kInvalidRequestError,
              "reasoning_budget", "unknown_parameter"};
    default: break;
  }
  return {400,
          "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default "
          "(1) value is supported.",
          kInvalidRequestError, "temperature", "unsupported_value"};
}

}  // namespace

std::string OpenAiContextMessage(const ApiError& error, std::string_view advice) {
  constexpr int64_t kContext = 128'000;
  const int64_t limit = error.limit > 0 ? error.limit : kContext;
  const int64_t messages =
      error.limit > 0 ? error.prompt_tokens : kContext + std::max<int64_t>(error.tokens, 1);
  std::string out = "This model's maximum context length is ";
  AppendInt(limit, &out);
  if (messages > limit) {
    out.append(" tokens. However, your messages resulted in ");
    AppendInt(messages, &out);
    return out.append(" tokens. ").append(advice);
  }
  out.append(" tokens. However, you requested ");
  AppendInt(messages + error.max_tokens, &out);
  out.append(" tokens (");
  AppendInt(messages, &out);
  out.append(" in the messages, ");
  AppendInt(error.max_tokens, &out);
  return out.append(" in the completion). Please reduce the length of the messages or completion.");
}

std::string OpenAiMaxTokensMessage(const ApiError& error) {
  std::string out = "max_tokens is too large: ";
  AppendInt(error.max_tokens, &out);
  out.append(". This model supports at most ");
  AppendInt(error.limit, &out);
  out.append(" completion tokens, whereas you provided ");
  AppendInt(error.max_tokens, &out);
  return out.append(".");
}

void AddShouldRetry(const ApiError& error, Headers* headers) {
  if (error.should_retry) headers->Add(kShouldRetryHeader, *error.should_retry ? "true" : "false");
}

std::string OpenAiQuotaMessage(std::string_view model, const QuotaVerdict& quota) {
  const bool too_large = quota.hit == QuotaLimit::kTooLarge;
  std::string out = too_large ? "Request too large for " : "Rate limit reached for ";
  out.append(model).append(" in organization org-squall on ").append(UnitOf(quota.hit));
  out.append(": Limit ");
  AppendInt(quota.limit, &out);
  if (!too_large) {
    out.append(", Used ");
    AppendInt(quota.used, &out);
  }
  out.append(", Requested ");
  AppendInt(quota.requested, &out);
  out.append(".");
  if (too_large) {
    out.append(" The input or output tokens must be reduced in order to run successfully.");
  } else if (quota.wait) {
    out.append(" Please try again in ").append(GoDuration(*quota.wait)).append(".");
  }
  return out.append(" Visit https://platform.openai.com/account/rate-limits to learn more.");
}

Refusal OpenAiError(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kRateLimit: return OpenAiRateLimitError(error);
    case ApiErrorKind::kOverloaded: return OverloadError(error);
    case ApiErrorKind::kQuotaExhausted:
      return {429,
              "You exceeded your current quota, please check your plan and billing details. For "
              "more information on this error, read the docs: "
              "https://platform.openai.com/docs/guides/error-codes/api-errors.",
              "insufficient_quota",
              {},
              "insufficient_quota"};
    case ApiErrorKind::kContentFilter:
      return {400,
              "Invalid prompt: your prompt was flagged as potentially violating our usage policy. "
              "Please try again with a different prompt.",
              kInvalidRequestError,
              {},
              "content_policy_violation"};
    case ApiErrorKind::kTimeout:
      return {error.status, "The request timed out. Please try again.", "server_error", {}, {}};
    case ApiErrorKind::kConflict:
      return {409,
              "The request conflicts with another one that is still being worked on. Please try "
              "again.",
              kInvalidRequestError,
              {},
              {}};
    case ApiErrorKind::kKeyRevoked:
    case ApiErrorKind::kNoAccess:
    case ApiErrorKind::kRegion:
    case ApiErrorKind::kUnknownModel:
    case ApiErrorKind::kRetiredModel:
    case ApiErrorKind::kContextLength:
    case ApiErrorKind::kPayloadTooLarge:
    case ApiErrorKind::kUnknownParameter:
    case ApiErrorKind::kUnsupportedValue:
    case ApiErrorKind::kMaxTokensTooLarge:
    case ApiErrorKind::kUnsupportedParameter: return OpenAiCallerError(error);
    case ApiErrorKind::kServerError: break;
  }
  return {error.status,
          "The server had an error while processing your request. Sorry about that!",
          "server_error",
          {},
          {}};
}

Headers OpenAiHeaders() {
  Headers headers;
  headers.Add("access-control-expose-headers", "X-Request-ID");
  headers.Add("openai-organization", "org-squall");
  headers.Add("openai-version", "2020-10-01");
  headers.Add("x-content-type-options", "nosniff");
  headers.Add("server", "cloudflare");
  headers.Add("cf-cache-status", "DYNAMIC");
  return headers;
}

void AddOpenAiRequestId(uint64_t id_bits, Headers* headers) {
  std::string id = "req_";
  AppendHex(DrawBits(id_bits, kOpenAiErrorIds), 32, &id);
  headers->Add("x-request-id", id);
}

void AddOpenAiQuota(const QuotaView& view, Headers* headers) {
  if (view.requests.limit > 0) {
    AddInt("x-ratelimit-limit-requests", view.requests.limit, headers);
    AddInt("x-ratelimit-remaining-requests", view.requests.remaining, headers);
    headers->Add("x-ratelimit-reset-requests", GoDuration(view.requests.reset));
  }
  if (view.tokens.limit > 0) {
    AddInt("x-ratelimit-limit-tokens", view.tokens.limit, headers);
    AddInt("x-ratelimit-remaining-tokens", view.tokens.remaining, headers);
    headers->Add("x-ratelimit-reset-tokens", GoDuration(view.tokens.reset));
  }
}

void WriteOpenAiError(const Refusal& error, const Headers& common, uint64_t id_bits,
                      ReplyPlan* plan) {
  ClearStream(plan);
  plan->status = error.status;
  plan->headers = common;
  plan->headers.Add("content-type", "application/json");
  AddOpenAiRequestId(id_bits, &plan->headers);
  std::string& body = plan->body;
  body.clear();
  body.append("{\n  \"error\": {\n    \"message\": ");
  AppendJsonString(error.message, &body);
  body.append(",\n    \"type\": ");
  AppendTextOrNull(error.type, &body);
  body.append(",\n    \"param\": ");
  AppendTextOrNull(error.param, &body);
  body.append(",\n    \"code\": ");
  AppendTextOrNull(error.code, &body);
  body.append("\n  }\n}\n");
}

void WriteOpenAiError(const ApiError& error, const Headers& common, ReplyPlan* plan) {
  if (error.kind == ApiErrorKind::kPayloadTooLarge) return WriteTooLargePage(plan);
  WriteOpenAiError(OpenAiError(error), common, error.id_bits, plan);
  HintPlaces places;
  places.exact = HintPlaces::Exact::kIfRounded;
  places.words = error.kind == ApiErrorKind::kRateLimit;
  const QuotaView view = HintView(error);
  StateHint(error, places, view, plan);
  AddShouldRetry(error, &plan->headers);
  AddOpenAiQuota(view, &plan->headers);
}

void ClearStream(ReplyPlan* plan) {
  plan->chunks.clear();
  plan->text_begin = plan->text_end = 0;
  plan->framing = Framing::kContentLength;
}

}  // namespace squall

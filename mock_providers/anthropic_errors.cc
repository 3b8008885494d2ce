#include "mock_providers/anthropic_errors.h"

#include <algorithm>

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "mock_providers/hints.h"
#include "mock_providers/openai_errors.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

constexpr StreamId kErrorIds = Stream("anthropic/id");

// "30,000"
std::string WithCommas(int64_t value) {
  std::string digits;
  AppendInt(value, &digits);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out.push_back(',');
    out.push_back(digits[i]);
  }
  return out;
}

std::string RateLimitMessage(const ApiError& error) {
  int64_t limit = 30'000;
  std::string_view unit = error.id_bits % 2 == 0 ? "input tokens" : "output tokens";
  if (error.quota != nullptr) {
    limit = error.quota->limit;
    switch (error.quota->hit) {
      case QuotaLimit::kRequests: unit = "requests"; break;
      case QuotaLimit::kTokens: unit = "tokens"; break;
      case QuotaLimit::kOutputTokens: unit = "output tokens"; break;
      case QuotaLimit::kConcurrency:
        return "Number of concurrent connections has exceeded your rate limit. Please try again "
               "later.";
      default: unit = "input tokens"; break;
    }
  }
  std::string out = "This request would exceed your organization's rate limit of ";
  if (error.quota != nullptr && error.quota->hit == QuotaLimit::kDay) {
    out.append(WithCommas(limit)).append(" requests per day");
  } else {
    out.append(WithCommas(limit)).append(" ").append(unit).append(" per minute");
  }
  out.append(" (org: ").append(kAnthropicOrganization).append(", model: ").append(error.model);
  out.append("). For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see ");
  out.append("the response headers for current usage. Please reduce the prompt length or the ");
  return out.append("maximum tokens requested, or try again later.");
}

// Since Claude 3.7 a prompt that fits must fit with the answer's bound.
std::string ContextMessage(const ApiError& error) {
  constexpr int64_t kContext = 200'000;
  const int64_t limit = error.limit > 0 ? error.limit : kContext;
  const int64_t prompt =
      error.limit > 0 ? error.prompt_tokens : kContext + std::max<int64_t>(error.tokens, 1);
  if (prompt > limit) {
    std::string out = "prompt is too long: ";
    AppendInt(prompt, &out);
    out.append(" tokens > ");
    AppendInt(limit, &out);
    return out.append(" maximum");
  }
  std::string out = "input length and `max_tokens` exceed context limit: ";
  AppendInt(prompt, &out);
  out.append(" + ");
  AppendInt(error.max_tokens, &out);
  out.append(" > ");
  AppendInt(limit, &out);
  return out.append(", decrease input length or `max_tokens` and try again");
}

// What the caller must change. Sources: the errors page and captured replies; the refusal of a
// region is as its users report it.
AnthropicError CallerError(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kKeyRevoked: return {401, "authentication_error", "invalid x-api-key"};
    case ApiErrorKind::kNoAccess:
      return {403, "permission_error",
              "Your API key does not have permission to use the specified resource."};
    case ApiErrorKind::kRegion: return {403, "forbidden", "Request not allowed"};
    case ApiErrorKind::kUnknownModel:
    case ApiErrorKind::kRetiredModel:  // it does not tell the one from the other
      return {404, "not_found_error", "model: " + std::string(error.model)};
    case ApiErrorKind::kContextLength: return {400, "invalid_request_error", ContextMessage(error)};
    case ApiErrorKind::kMaxTokensTooLarge: {
      std::string message = "max_tokens: ";
      AppendInt(error.max_tokens, &message);
      message.append(" > ");
      AppendInt(error.limit, &message);
      message.append(", which is the maximum allowed number of output tokens for ");
      return {400, "invalid_request_error", message.append(error.model)};
    }
    case ApiErrorKind::kUnsupportedParameter:
      return {400, "invalid_request_error",
              std::string(error.parameter) + ": Extra inputs are not permitted"};
    case ApiErrorKind::kPayloadTooLarge:
      return {413, "request_too_large", "Request exceeds the maximum size"};
    case ApiErrorKind::kUnknownParameter:
      return {400, "invalid_request_error", "frequency_penalty: Extra inputs are not permitted"};
    default: break;
  }
  return {400, "invalid_request_error",
          "thinking.budget_tokens: Input should be greater than or equal to 1024"};
}

// `remaining` is told in whole thousands where there are thousands.
void AddLine(std::string_view unit, const QuotaLine& line, bool rounded, Time now,
             Headers* headers) {
  if (line.limit == 0) return;
  const std::string name = "anthropic-ratelimit-" + std::string(unit);
  const int64_t remaining =
      rounded && line.limit >= 1000 ? (line.remaining + 500) / 1000 * 1000 : line.remaining;
  AddInt(name + "-limit", line.limit, headers);
  AddInt(name + "-remaining", remaining, headers);
  headers->Add(name + "-reset", Rfc3339(now + line.reset));
}

// As it is printed.
QuotaView InThousands(QuotaView view) {
  for (QuotaLine* line : {&view.tokens, &view.input_tokens, &view.output_tokens}) {
    if (line->limit >= 1000) line->remaining = (line->remaining + 500) / 1000 * 1000;
  }
  return view;
}

}  // namespace

std::string_view AnthropicErrorType(int status) {
  switch (status) {
    case 400: return "invalid_request_error";
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 409: return "conflict_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 504: return "timeout_error";
    case 529: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
  }
}

AnthropicError AnthropicErrorOf(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kRateLimit: return {429, "rate_limit_error", RateLimitMessage(error)};
    case ApiErrorKind::kOverloaded:
      return {error.status, "overloaded_error", "Overloaded"};  // 529, and 503 behind other clouds
    case ApiErrorKind::kQuotaExhausted:
      if (error.quota == nullptr && error.id_bits % 2 == 0) {
        return {400, "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & "
                "Billing to upgrade or purchase credits."};
      }
      return {429, "rate_limit_error",
              "You have reached your API usage limits: your organization has crossed its monthly "
              "API usage threshold, set based on your organization's API tier. You will regain "
              "access on 2026-02-01 at 00:00 UTC.",
              "enforced_spend_limit_reached"};
    case ApiErrorKind::kContentFilter:
      return {400, "invalid_request_error", "Output blocked by content filtering policy"};
    case ApiErrorKind::kTimeout: return {error.status, "timeout_error", "Request timed out"};
    case ApiErrorKind::kConflict:
      return {409, "conflict_error", "The request conflicts with the state of the resource"};
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
    case ApiErrorKind::kUnsupportedParameter: return CallerError(error);
    case ApiErrorKind::kServerError: break;
  }
  return {error.status, "api_error", "Internal server error"};
}

std::string AnthropicRequestId(uint64_t id_bits) {
  std::string id = "req_011C";
  AppendLetters(DrawBits(id_bits, kErrorIds), 20, &id);
  return id;
}

// {"type":"error","error":{...}; `in_stream` as captured there: details first, no request id.
void AppendAnthropicError(const AnthropicError& error, std::string_view request_id, bool in_stream,
                          std::string* out) {
  out->append(in_stream ? R"({"type":"error","error":{"details":null,"type":")"
                        : R"({"type":"error","error":{"type":")");
  out->append(error.type).append(R"(","message":)");
  AppendJsonString(error.message, out);
  if (!error.details_code.empty()) {
    out->append(R"(,"details":{"error_code":")").append(error.details_code).append("\"}");
  }
  out->append("}");
  if (!in_stream) out->append(R"(,"request_id":")").append(request_id).append("\"");
  out->append("}");
}

void WriteAnthropicError(const AnthropicError& error, const Headers& common, uint64_t id_bits,
                         ReplyPlan* plan) {
  ClearStream(plan);
  const std::string id = AnthropicRequestId(id_bits);
  plan->status = error.status;
  plan->headers = common;
  plan->headers.Add("content-type", "application/json");
  plan->headers.Add("request-id", id);
  plan->body.clear();
  AppendAnthropicError(error, id, /*in_stream=*/false, &plan->body);
}

void WriteAnthropicError(const ApiError& error, const Headers& common, ReplyPlan* plan) {
  WriteAnthropicError(AnthropicErrorOf(error), common, error.id_bits, plan);
  const QuotaView view = InThousands(HintView(error));
  plan->headers.Add("date", HttpDate(plan->at));  // its resets are dates
  StateHint(error, HintPlaces(), view, plan);
  AddShouldRetry(error, &plan->headers);
  AddAnthropicQuota(view, plan->at, &plan->headers);
}

void AddAnthropicQuota(const QuotaView& view, Time now, Headers* headers) {
  AddLine("requests", view.requests, false, now, headers);
  AddLine("input-tokens", view.input_tokens, true, now, headers);
  AddLine("output-tokens", view.output_tokens, true, now, headers);
  // The most restrictive one stands for all tokens.
  const QuotaLine* least = &view.tokens;
  for (const QuotaLine* line : {&view.input_tokens, &view.output_tokens}) {
    if (line->limit == 0) continue;
    if (least->limit == 0 || line->remaining < least->remaining) least = line;
  }
  AddLine("tokens", *least, true, now, headers);
}

}  // namespace squall

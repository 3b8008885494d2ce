#include "mock_providers/gemini_errors.h"

#include <algorithm>

#include "engine/base/json_text.h"
#include "mock_providers/hints.h"
#include "mock_providers/openai_errors.h"
#include "mock_providers/quota.h"
#include "mock_providers/task_facts.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

std::string_view StatusName(int status) {
  switch (status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    case 500: return "INTERNAL";
    case 408:
    case 504: return "DEADLINE_EXCEEDED";
    default: return status < 500 ? "INVALID_ARGUMENT" : "UNAVAILABLE";
  }
}

// As protobuf prints a duration in JSON: "22s", "0.5s".
std::string ProtoDuration(Duration d) {
  std::string out;
  AppendInt(d / 1s, &out);
  if (const int64_t rest = d % 1s / 1ns; rest > 0) {
    out += '.';
    AppendPadded(static_cast<uint64_t>(rest), 9, &out);
  }
  return out += 's';
}

struct QuotaNames {
  std::string_view metric;
  std::string_view id;
};

QuotaNames NamesOf(QuotaLimit hit) {
  if (hit == QuotaLimit::kDay) {
    return {"generate_requests_per_model_per_day", "GenerateRequestsPerDayPerProjectPerModel"};
  }
  if (hit == QuotaLimit::kRequests || hit == QuotaLimit::kConcurrency) {
    return {"generate_requests_per_model", "GenerateRequestsPerMinutePerProjectPerModel"};
  }
  return {"generate_content_paid_tier_input_token_count",
          "GenerateContentPaidTierInputTokensPerModelPerMinute"};
}

void AppendQuotaFailure(const QuotaNames& names, std::string_view model, int64_t limit,
                        std::string* out) {
  out->append(R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{)");
  out->append(R"("quotaMetric":"generativelanguage.googleapis.com/)").append(names.metric);
  out->append(R"(","quotaId":")").append(names.id);
  out->append(R"(","quotaDimensions":{"location":"global","model":)");
  AppendJsonString(model, out);
  out->append(R"(},"quotaValue":")");
  AppendInt(limit, out);
  out->append(R"("}]},{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":)"
              R"("Learn more about Gemini API quotas","url":)"
              R"("https://ai.google.dev/gemini-api/docs/rate-limits"}]})");
}

// What RetryInfo says. It is the API's only place for a wait, so forms of headers are told here.
std::optional<Duration> RetryDelay(const ApiError& error) {
  if (!error.retry_after) return std::nullopt;
  switch (error.hint) {
    case HintForm::kNone:
    case HintForm::kPastDate:
    case HintForm::kRemaining: return std::nullopt;
    case HintForm::kZero: return Duration::zero();
    case HintForm::kNegative: return -1s;
    default: return error.retry_after;
  }
}

GeminiError RateLimitError(const ApiError& error) {
  if (!RetryDelay(error) && error.quota == nullptr) {
    return {429, "Resource has been exhausted (e.g. check quota)."};
  }
  const QuotaLimit hit = error.quota != nullptr ? error.quota->hit : QuotaLimit::kRequests;
  const int64_t limit = error.quota != nullptr ? error.quota->limit : 10;
  const QuotaNames names = NamesOf(hit);
  GeminiError out{429,
                  "You exceeded your current quota, please check your plan and billing details. "
                  "For more information on this error, head to: "
                  "https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for "
                  "metric: generativelanguage.googleapis.com/"};
  out.message.append(names.metric).append(", limit: ");
  AppendInt(limit, &out.message);
  out.message.append(", model: ").append(error.model);
  AppendQuotaFailure(names, error.model, limit, &out.details);
  const std::optional<Duration> delay = RetryDelay(error);
  if (!delay) return out;
  const Duration told = WaitInWords(error).value_or(*delay);
  out.message.append("\nPlease retry in ").append(ProtoDuration(told)).append(".");
  out.details.append(R"(,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")");
  out.details.append(ProtoDuration(*delay)).append("\"}");
  return out;
}

constexpr std::string_view kService = R"("service":"generativelanguage.googleapis.com")";

std::string ErrorInfo(std::string_view reason) {
  std::string out = R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":")";
  out.append(reason).append(R"(","domain":"googleapis.com","metadata":{)");
  return out.append(kService).append("}}");
}

GeminiError UnknownName(std::string_view name, std::string_view where) {
  std::string what = "Invalid JSON payload received. Unknown name \"";
  what.append(name).append("\"").append(where).append(": Cannot find field.");
  std::string details =
      R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[)"
      R"({"description":)";
  AppendJsonString(what, &details);
  return {400, what, details.append("}]}")};
}

// What the caller must change. Sources: the troubleshooting page and captured replies.
GeminiError GeminiCallerError(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kKeyRevoked:  // with the status of a request that is wrong
      return {400,
              error.id_bits % 2 == 0 ? "API key expired. Please renew the API key."
                                     : "API key not valid. Please pass a valid API key.",
              ErrorInfo("API_KEY_INVALID")};
    case ApiErrorKind::kNoAccess:
      return {403,
              "Generative Language API has not been used in project 100000000000 before or it is "
              "disabled.",
              ErrorInfo("SERVICE_DISABLED")};
    case ApiErrorKind::kRegion:
      return {400, "User location is not supported for the API use.", {}, "FAILED_PRECONDITION"};
    case ApiErrorKind::kUnknownModel: return GeminiUnknownModel(error.model);
    case ApiErrorKind::kRetiredModel:
      return {404, "This model models/" + std::string(error.model) +
                       " is no longer available. Please update your code to use a newer model."};
    case ApiErrorKind::kContextLength: {
      constexpr int64_t kContext = 1'048'576;
      const bool known = error.limit > 0;
      std::string message = "The input token count (";
      AppendInt(known ? error.prompt_tokens : kContext + std::max<int64_t>(error.tokens, 1),
                &message);
      message.append(") exceeds the maximum number of tokens allowed (");
      AppendInt(known ? error.limit : kContext, &message);
      return {400, message.append(").")};
    }
    case ApiErrorKind::kPayloadTooLarge:
      return {400, "Request payload size exceeds the limit: 20971520 bytes."};
    case ApiErrorKind::kMaxTokensTooLarge: {
      std::string message = "Unable to submit request because it has a maxOutputTokens value of ";
      AppendInt(error.max_tokens, &message);
      message.append(" but the supported range is from 1 (inclusive) to ");
      AppendInt(error.limit + 1, &message);
      return {400, message.append(" (exclusive). Update the value and try again.")};
    }
    case ApiErrorKind::kUnsupportedParameter:
      return UnknownName(error.parameter, " at 'generation_config'");
    case ApiErrorKind::kUnknownParameter: return UnknownName("reasoningBudget", "");
    default: break;
  }
  return {400,
          "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are "
          "`text/plain`, `application/json`, `application/xml` and `text/x.enum`.\n"};
}

}  // namespace

GeminiError GeminiUnknownModel(std::string_view model) {
  return {404, "models/" + std::string(model) +
                   " is not found for API version v1beta, or is not supported for "
                   "generateContent. Call ListModels to see the list of available models and "
                   "their supported methods."};
}

GeminiError GeminiErrorOf(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kRateLimit: return RateLimitError(error);
    case ApiErrorKind::kOverloaded:
      return {error.status, "The model is overloaded. Please try again later."};
    case ApiErrorKind::kQuotaExhausted:
      return {429,
              "Your prepayment credits are depleted. Please go to AI Studio to manage your project "
              "and billing."};
    case ApiErrorKind::kContentFilter:
      return {400, "The prompt was blocked by the safety policy of this project."};
    case ApiErrorKind::kConflict:
      return {409, "The operation was aborted. Please retry.", {}, "ABORTED"};
    case ApiErrorKind::kTimeout:
      return {error.status, "The request timed out. Please try again or use a longer deadline."};
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
    case ApiErrorKind::kUnsupportedParameter: return GeminiCallerError(error);
    case ApiErrorKind::kServerError: break;
  }
  return {error.status,
          "An internal error has occurred. Please retry or report in "
          "https://developers.generativeai.google/guide/troubleshooting"};
}

void AppendGeminiError(const GeminiError& error, std::string* out) {
  out->append("{\n  \"error\": {\n    \"code\": ");
  AppendInt(error.status, out);
  out->append(",\n    \"message\": ");
  AppendJsonString(error.message, out);
  out->append(",\n    \"status\": \"")
      .append(error.name.empty() ? StatusName(error.status) : error.name)
      .append("\"");
  if (!error.details.empty()) {
    out->append(",\n    \"details\": [\n      ").append(error.details).append("\n    ]");
  }
  out->append("\n  }\n}\n");
}

void AddGeminiHeaders(Headers* headers) {
  headers->Add("vary", "Origin");
  headers->Add("vary", "X-Origin");
  headers->Add("server", "scaffolding on HTTPServer2");
  headers->Add("x-xss-protection", "0");
  headers->Add("x-frame-options", "SAMEORIGIN");
  headers->Add("x-content-type-options", "nosniff");
}

// A stream that is an array is one from its start, so its errors are in an array too.
void WriteGeminiError(const GeminiError& error, bool in_array, ReplyPlan* plan) {
  ClearStream(plan);
  plan->status = error.status;
  plan->headers.clear();
  plan->headers.Add("content-type", "application/json; charset=UTF-8");
  AddGeminiHeaders(&plan->headers);
  plan->body.assign(in_array ? "[" : "");
  AppendGeminiError(error, &plan->body);
  if (in_array) plan->body.append("]\n");
}

void WriteGeminiError(const ApiError& error, bool in_array, ReplyPlan* plan) {
  WriteGeminiError(GeminiErrorOf(error), in_array, plan);
  plan->retry_not_before = kStart;
  const bool limited = error.kind == ApiErrorKind::kRateLimit;
  const std::optional<Duration> delay = limited ? RetryDelay(error) : std::nullopt;
  if (!delay || *delay <= Duration::zero()) return;
  plan->retry_not_before =
      SaturatingAdd(plan->at, std::max(*delay, WaitInWords(error).value_or(*delay)));
}

}  // namespace squall

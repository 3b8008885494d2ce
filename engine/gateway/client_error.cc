#include "engine/gateway/client_error.h"

#include <simdjson.h>

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/cat.h"
#include "engine/base/json_text.h"

namespace squall {
namespace {

struct FailureRow {
  FailureClass failure;
  int status;
  std::string_view code;
  std::string_view message;
  bool retry;
};

// What the last attempt's failure means once nothing more can be done about it. A provider's own
// 401 or 403 is the gateway's fault and not its client's.
constexpr FailureRow kFailureRows[] = {
    {FailureClass::kTimeout, 504, "upstream_timeout", "No provider answered in time.", true},
    {FailureClass::kConnection, 502, "upstream_connection", "The connection to the provider broke.",
     true},
    {FailureClass::kRateLimit, 429, "rate_limit_exceeded",
     "The providers' rate limits are used up.", true},
    {FailureClass::kQuotaExhausted, 503, "upstream_quota_exhausted",
     "The gateway's quota at the provider is used up.", false},
    {FailureClass::kOverloaded, 503, "upstream_overloaded", "The providers are overloaded.", true},
    {FailureClass::kServerError, 502, "upstream_error", "The provider failed.", true},
    {FailureClass::kAuthFailure, 502, "upstream_auth",
     "The provider does not accept the gateway's credential.", false},
    {FailureClass::kPermissionDenied, 502, "upstream_permission",
     "The provider does not let the gateway use this model.", false},
    {FailureClass::kInvalidModel, 502, "upstream_model",
     "The provider does not know the model that the gateway asks for.", false},
    {FailureClass::kInvalidRequest, 400, "invalid_request", "The provider refused the request.",
     false},
    {FailureClass::kContextLengthExceeded, 400, "context_length_exceeded",
     "The request is too long for the model.", false},
    {FailureClass::kContentFiltered, 400, "content_filter",
     "The provider's content filter stopped the answer.", false},
    {FailureClass::kEmptyResponse, 502, "empty_response", "The provider's answers were empty.",
     true},
    {FailureClass::kMalformedResponse, 502, "malformed_response",
     "The provider's answers could not be read.", true},
    {FailureClass::kTruncated, 502, "truncated_response", "The provider's answers stopped early.",
     true},
    {FailureClass::kSchemaViolation, 502, "schema_violation",
     "The answers did not keep to the requested format.", true},
    {FailureClass::kSemantic, 502, "wrong_answer", "The answers were found to be wrong.", true},
    {FailureClass::kRefusedLocally, 503, "gateway_limit", "The gateway's own limits are used up.",
     true},
    {FailureClass::kCancelled, 499, "cancelled", "The request was cancelled.", true},
    {FailureClass::kOk, 502, "unverified", "No answer could be verified.", true},
};

const FailureRow& RowOf(FailureClass failure) {
  for (const FailureRow& row : kFailureRows) {
    if (row.failure == failure) return row;
  }
  return kFailureRows[0];
}

const AttemptRecord* LastAnswerAttempt(const CallResult& result) {
  for (auto it = result.attempts.rbegin(); it != result.attempts.rend(); ++it) {
    if (it->sent && it->purpose == Purpose::kAnswer) return &*it;
  }
  return nullptr;
}

bool IsRequestsOwn(FailureClass failure) {
  return failure == FailureClass::kInvalidRequest ||
         failure == FailureClass::kContextLengthExceeded ||
         failure == FailureClass::kContentFiltered;
}

// Keys are long words of letters and digits; so are parts of URLs, which are no client's business.
bool LooksSecret(std::string_view word) {
  constexpr size_t kLongestWord = 40;
  if (word.size() > kLongestWord || word.find("://") != std::string_view::npos) return true;
  constexpr std::string_view kPrefixes[] = {"sk-", "sk_", "AIza", "key-", "Bearer"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](std::string_view prefix) {
    return word.find(prefix) != std::string_view::npos;
  });
}

}  // namespace

std::string_view ErrorType(ApiShape shape, int status) {
  const bool openai = shape == ApiShape::kOpenAi;
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return openai ? "invalid_request_error" : "not_found_error";
    case 413: return openai ? "invalid_request_error" : "request_too_large";
    case 429: return "rate_limit_error";
    case 503: return openai ? "service_unavailable_error" : "overloaded_error";
    case 504: return openai ? "server_error" : "timeout_error";
    default: break;
  }
  if (status < 500) return "invalid_request_error";
  return openai ? "server_error" : "api_error";
}

std::string ErrorBody(const ClientError& error, ApiShape shape, std::string_view request_id) {
  std::string body;
  const std::string_view type = ErrorType(shape, error.status);
  if (shape == ApiShape::kAnthropic) {
    AppendTo(&body, R"({"type":"error","error":{"type":")", type, R"(","message":)");
    AppendJsonString(error.message, &body);
    AppendTo(&body, R"(,"code":")", error.code, R"("},"request_id":)");
    AppendJsonString(request_id, &body);
    body.append("}");
    return body;
  }
  body.append(R"({"error":{"message":)");
  AppendJsonString(error.message, &body);
  AppendTo(&body, R"(,"type":")", type, R"(","param":)");
  if (error.param.empty()) {
    body.append("null");
  } else {
    AppendJsonString(error.param, &body);
  }
  AppendTo(&body, R"(,"code":")", error.code, R"("}})");
  return body;
}

std::string ErrorHeaders(const ClientError& error) {
  std::string headers;
  if (error.retry_after.has_value()) {
    const Duration wait = std::max<Duration>(*error.retry_after, 0ms);
    AppendTo(&headers, "Retry-After: ", std::chrono::ceil<std::chrono::seconds>(wait).count(),
             "\r\nretry-after-ms: ", std::chrono::ceil<std::chrono::milliseconds>(wait).count(),
             "\r\n");
  }
  if (!error.retry) headers.append("x-should-retry: false\r\n");
  return headers;
}

ClientError ErrorOfCall(const CallResult& result, Time now) {
  const AttemptRecord* const last = LastAnswerAttempt(result);
  if (last == nullptr) {
    const bool closed = result.stop_reason == "all_open";
    ClientError error(503, closed ? "all_circuits_open" : "gateway_limit",
                      closed ? "All providers of this model are failing; none was asked."
                             : Cat("No provider could be asked: ", result.stop_reason, "."));
    if (result.retry_at != kNever) error.retry_after = result.retry_at - now;
    return error;
  }
  const FailureRow& row = RowOf(last->diagnosis.failure);
  ClientError error(row.status, row.code, std::string(row.message));
  error.retry = row.retry;
  if (IsRequestsOwn(row.failure)) {
    const std::string words = ProviderWords(result.reply_body);
    if (!words.empty()) error.message = words;
  }
  // The latest word of any provider that asked to be left alone.
  for (const AttemptRecord& attempt : result.attempts) {
    if (!attempt.diagnosis.retry_after.has_value()) continue;
    const Duration wait = SaturatingAdd(attempt.ended, *attempt.diagnosis.retry_after) - now;
    if (error.status == 429 || error.status == 503) {
      error.retry_after = std::max(error.retry_after.value_or(0ms), std::max<Duration>(wait, 0ms));
    }
  }
  return error;
}

std::string ProviderWords(std::string_view body) {
  constexpr size_t kLongest = 1024;
  if (body.empty()) return "";
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) return "";
  simdjson::dom::array list;
  if (root.get(list) == simdjson::SUCCESS && list.at(0).get(root) != simdjson::SUCCESS) return "";
  std::string_view message;
  if (root["error"]["message"].get(message) != simdjson::SUCCESS &&
      root["message"].get(message) != simdjson::SUCCESS) {
    return "";
  }
  std::string words;
  message = message.substr(0, kLongest);
  while (!message.empty()) {
    const size_t end = std::min(message.find_first_of(" \n\t,'\"()"), message.size() - 1) + 1;
    const std::string_view word = message.substr(0, end);
    words.append(LooksSecret(word) ? std::string_view("[...] ") : word);
    message.remove_prefix(end);
  }
  return words;
}

}  // namespace squall

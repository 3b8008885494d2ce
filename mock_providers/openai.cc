#include "mock_providers/openai.h"

#include <simdjson.h>

#include <cstring>
#include <iterator>

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "mock_providers/task_facts.h"

namespace squall {
namespace {

using simdjson::dom::element;

constexpr std::string_view kPath = "/v1/chat/completions";
constexpr std::string_view kInvalid = "invalid_request_error";
constexpr int64_t kEpochSeconds = 1'767'225'600;  // 2026-01-01T00:00:00Z, when every run starts
constexpr StreamId kIds = Stream("openai/id");

// The error object. Empty texts are written as null.
struct ErrorObject {
  int status = 400;
  std::string message;
  std::string_view type = kInvalid;
  std::string_view param = {};
  std::string_view code = {};
};

void AppendTextOrNull(std::string_view text, std::string* out) {
  if (text.empty()) {
    out->append("null");
  } else {
    AppendJsonString(text, out);
  }
}

// "chatcmpl-" and 29 characters.
void AppendCompletionId(uint64_t id_bits, std::string* out) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789Zz";
  char text[29];
  uint64_t bits = 0;
  for (size_t i = 0; i < sizeof(text); ++i) {
    if (i % 10 == 0) bits = Mix(id_bits + i);
    text[i] = kLetters[bits & 63];
    bits >>= 6;
  }
  out->append("chatcmpl-").append(text, sizeof(text));
}

void AddRequestId(uint64_t id_bits, Headers* headers) {
  constexpr std::string_view kHex = "0123456789abcdef";
  char id[4 + 32] = {'r', 'e', 'q', '_'};
  uint64_t bits = DrawBits(id_bits, kIds);
  for (size_t i = 0; i < 32; ++i) {
    if (i == 16) bits = Mix(bits);
    id[4 + i] = kHex[bits >> (4 * (15 - i % 16)) & 15];
  }
  headers->Add("x-request-id", std::string_view(id, sizeof id));
}

// As Go prints a duration: "84ms", "1.146s", "7m12s", "1h0m3s".
std::string GoDuration(Duration d) {
  std::string out;
  const auto ms = static_cast<uint64_t>(std::max<int64_t>(d / 1ms, 0));
  if (ms < 1000) {
    AppendNumber(ms, &out);
    return out += "ms";
  }
  const uint64_t seconds = ms / 1000;
  if (seconds >= 3600) {
    AppendNumber(seconds / 3600, &out);
    out += 'h';
  }
  if (seconds >= 60) {
    AppendNumber(seconds / 60 % 60, &out);
    out += 'm';
  }
  AppendNumber(seconds % 60, &out);
  if (ms % 1000 != 0) {
    out += '.';
    AppendPadded(ms % 1000, 3, &out);
    while (out.back() == '0') out.pop_back();
  }
  return out += 's';
}

void AppendQuota(std::string_view unit, uint64_t limit, uint64_t used, uint64_t requested,
                 std::string* out) {
  out->append(unit).append(": Limit ");
  AppendNumber(limit, out);
  out->append(", Used ");
  AppendNumber(used, out);
  out->append(", Requested ");
  AppendNumber(requested, out);
}

// A 429 that states a wait. Its figures obey the rule of the real limiter, a bucket that refills
// evenly: wait = (used + requested - limit) / limit * window.
ErrorObject QuotaObject(std::string_view model, int64_t tokens, Duration wait) {
  constexpr uint64_t kLimits[] = {10'000'000, 2'000'000, 800'000, 450'000, 200'000,
                                  90'000,     40'000,    30'000,  10'000};
  std::string out = "Rate limit reached for ";
  out.append(model).append(" in organization org-squall on ");
  const double seconds = std::max(Seconds(wait), 0.001);
  const auto requested = static_cast<uint64_t>(std::max<int64_t>(tokens, 1));
  uint64_t limit = 0;
  for (const uint64_t candidate : kLimits) {
    const bool fits =
        static_cast<double>(candidate) * seconds <= 60.0 * static_cast<double>(requested);
    if (limit == 0 && fits && candidate >= requested) limit = candidate;
  }
  const bool by_tokens = limit > 0;
  if (by_tokens) {
    const auto missing = static_cast<uint64_t>(static_cast<double>(limit) * seconds / 60.0 + 0.5);
    AppendQuota("tokens per min (TPM)", limit, limit + missing - requested, requested, &out);
  } else if (seconds <= 60) {
    limit = static_cast<uint64_t>(60 / seconds);
    AppendQuota("requests per min (RPM)", limit, limit, 1, &out);
  } else {
    limit = std::max<uint64_t>(static_cast<uint64_t>(86'400 / seconds), 1);
    AppendQuota("requests per day (RPD)", limit, limit, 1, &out);
  }
  out.append(". Please try again in ").append(GoDuration(wait));
  out.append(". Visit https://platform.openai.com/account/rate-limits to learn more.");
  return {429, std::move(out), by_tokens ? "tokens" : "requests", {}, "rate_limit_exceeded"};
}

ErrorObject RateLimitObject(const ApiError& error) {
  if (error.retry_after) return QuotaObject(error.model, error.tokens, *error.retry_after);
  if (error.id_bits % 2 == 0) return {error.status, "Too Many Requests", kInvalid, {}, {}};
  std::string message = "Rate limit reached for ";
  message.append(error.model).append(" on requests per min. Visit ");
  message.append("https://platform.openai.com/account/rate-limits to learn more.");
  return {error.status, std::move(message), "requests", {}, "rate_limit_exceeded"};
}

ErrorObject OverloadObject(const ApiError& error) {
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

ErrorObject ObjectOf(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kRateLimit: return RateLimitObject(error);
    case ApiErrorKind::kOverloaded: return OverloadObject(error);
    case ApiErrorKind::kServerError: break;
  }
  return {error.status,
          "The server had an error while processing your request. Sorry about that!",
          "server_error",
          {},
          {}};
}

// Whole seconds, rounded up, as RFC 9110 wants it; the exact figure beside it where that loses
// some.
void AddRetryAfter(Duration wait, Headers* headers) {
  std::string text;
  const Duration whole = std::chrono::ceil<std::chrono::seconds>(wait);
  AppendNumber(static_cast<uint64_t>(whole / 1s), &text);
  headers->Add("retry-after", text);
  if (whole == wait) return;
  text.clear();
  AppendNumber(static_cast<uint64_t>(wait / 1ms), &text);
  headers->Add("retry-after-ms", text);
}

void Write(const ErrorObject& error, const Headers& common, uint64_t id_bits, ReplyPlan* plan) {
  plan->status = error.status;
  plan->headers = common;
  AddRequestId(id_bits, &plan->headers);
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

ErrorObject WrongType(std::string_view param, std::string_view expected) {
  std::string message = "Invalid type for '";
  message.append(param).append("': expected ").append(expected).append(".");
  return {400, std::move(message), kInvalid, param, "invalid_type"};
}

// ---- reading ----

using Problem = std::optional<ErrorObject>;

// One text of a message: counts its bytes and looks for a task.
void TakeText(std::string_view text, size_t* bytes, ApiRequest* out) {
  *bytes += text.size();
  if (!out->task) out->task = FindTask(text);
}

Problem ReadContent(element content, size_t* bytes, ApiRequest* out) {
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) {
    TakeText(text, bytes, out);
    return {};
  }
  simdjson::dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) {
    return WrongType("messages[].content", "a string or an array of parts");
  }
  for (const element part : parts) {
    if (part["text"].get(text) != simdjson::SUCCESS) {
      return WrongType("messages[].content[].text", "a string");
    }
    TakeText(text, bytes, out);
  }
  return {};
}

Problem ReadMessages(element value, ApiRequest* out) {
  simdjson::dom::array messages;
  if (value.get(messages) != simdjson::SUCCESS) return WrongType("messages", "an array of objects");
  size_t bytes = 0;
  size_t count = 0;
  for (const element message : messages) {
    std::string_view role;
    if (message["role"].get(role) != simdjson::SUCCESS)
      return WrongType("messages[].role", "a string");
    element content;
    if (message["content"].get(content) != simdjson::SUCCESS) {
      return WrongType("messages[].content", "a string or an array of parts");
    }
    if (Problem problem = ReadContent(content, &bytes, out)) return problem;
    ++count;
  }
  if (count == 0) {
    return ErrorObject{400, "Invalid 'messages': empty array. Expected at least one message.",
                       kInvalid, "messages", "empty_array"};
  }
  out->prompt_tokens = CountTokens(bytes);
  return {};
}

Problem ReadMaxTokens(element value, std::string_view param, ApiRequest* out) {
  if (value.is_null()) return {};
  if (value.get(out->max_tokens) != simdjson::SUCCESS) return WrongType(param, "an integer");
  if (out->max_tokens >= 1) return {};
  return ErrorObject{400, "Invalid 'max_tokens': integer below minimum value of 1.", kInvalid,
                     param, "integer_below_min_value"};
}

Problem ReadResponseFormat(element value, ApiRequest* out) {
  std::string_view type;
  if (value["type"].get(type) != simdjson::SUCCESS)
    return WrongType("response_format", "an object");
  out->json = type == "json_object" || type == "json_schema";
  if (out->json || type == "text") return {};
  return ErrorObject{400, "Invalid value for 'response_format.type'.", kInvalid,
                     "response_format.type", "invalid_value"};
}

Problem ReadTemperature(element value) {
  double temperature = 0;
  if (value.is_null()) return {};
  if (value.get(temperature) != simdjson::SUCCESS) return WrongType("temperature", "a number");
  if (temperature >= 0 && temperature <= 2) return {};
  return ErrorObject{400, "Invalid 'temperature': expected a number from 0 to 2.", kInvalid,
                     "temperature", "invalid_value"};
}

Problem ReadStream(element value) {
  bool stream = false;
  if (value.is_null() || (value.get(stream) == simdjson::SUCCESS && !stream)) return {};
  return ErrorObject{400, "Unsupported value: 'stream' must be false with this server.", kInvalid,
                     "stream", "unsupported_value"};
}

Problem ReadField(std::string_view key, element value, std::string_view* model, bool* has_messages,
                  ApiRequest* out) {
  if (key == "messages") {
    *has_messages = true;
    return ReadMessages(value, out);
  }
  if (key == "model") {
    return value.get(*model) == simdjson::SUCCESS ? Problem() : WrongType("model", "a string");
  }
  if (key == "user") {
    return value.get(out->user) == simdjson::SUCCESS ? Problem() : WrongType("user", "a string");
  }
  if (key == "max_tokens") return ReadMaxTokens(value, "max_tokens", out);
  if (key == "max_completion_tokens") return ReadMaxTokens(value, "max_completion_tokens", out);
  if (key == "response_format") return ReadResponseFormat(value, out);
  if (key == "temperature") return ReadTemperature(value);
  if (key == "stream") return ReadStream(value);
  return {};  // parameters that change nothing here
}

Problem FindModel(std::string_view model, const std::vector<std::string>& models, ApiRequest* out) {
  for (size_t i = 0; i < models.size(); ++i) {
    if (models[i] != model) continue;
    out->model = i;
    return {};
  }
  std::string message = "The model `";
  message.append(model).append("` does not exist or you do not have access to it.");
  return ErrorObject{404, std::move(message), kInvalid, {}, "model_not_found"};
}

Problem ReadBody(const simdjson::simdjson_result<element>& document,
                 const std::vector<std::string>& models, ApiRequest* out) {
  simdjson::dom::object body;
  if (document.get(body) != simdjson::SUCCESS) {
    return ErrorObject{400,
                       "We could not parse the JSON body of your request. The OpenAI API expects a "
                       "JSON payload, but what was sent was not valid JSON."};
  }
  std::string_view model;
  bool has_messages = false;
  for (const auto field : body) {
    if (Problem problem = ReadField(field.key, field.value, &model, &has_messages, out)) {
      return problem;
    }
  }
  if (model.data() == nullptr) {
    return ErrorObject{400, "you must provide a model parameter", kInvalid, {}, {}};
  }
  if (!has_messages) {
    return ErrorObject{400, "Missing required parameter: 'messages'.", kInvalid, "messages",
                       "missing_required_parameter"};
  }
  return FindModel(model, models, out);
}

}  // namespace

struct OpenAiServer::Reader {
  simdjson::dom::parser parser;
  std::vector<char> buffer;  // the body and the padding that the parser reads past it

  simdjson::simdjson_result<element> Parse(std::string_view body) {
    const size_t needed = body.size() + simdjson::SIMDJSON_PADDING;
    if (buffer.size() < needed) buffer.resize(needed * 2);
    if (!body.empty()) std::memcpy(buffer.data(), body.data(), body.size());
    return parser.parse(buffer.data(), body.size(), /*realloc_if_needed=*/false);
  }
};

OpenAiServer::OpenAiServer(std::vector<std::string> models)
    : models_(std::move(models)), reader_(std::make_unique<Reader>()) {
  common_headers_.Add("content-type", "application/json");
  common_headers_.Add("access-control-expose-headers", "X-Request-ID");
  common_headers_.Add("openai-organization", "org-squall");
  common_headers_.Add("openai-version", "2020-10-01");
  common_headers_.Add("x-content-type-options", "nosniff");
  common_headers_.Add("server", "cloudflare");
  common_headers_.Add("cf-cache-status", "DYNAMIC");
}

OpenAiServer::~OpenAiServer() = default;

bool OpenAiServer::Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
                        ReplyPlan* refusal) {
  const std::string_view target = request.target;
  Problem problem;
  if (target.substr(0, target.find('?')) != kPath) {
    problem = ErrorObject{404, "Invalid URL (" + request.method + " " + request.target + ")"};
  } else if (request.method != "POST") {
    problem = ErrorObject{405,
                          "Not allowed to " + request.method + " on " + std::string(kPath) + ".",
                          kInvalid,
                          {},
                          "method_not_supported"};
  } else {
    problem = ReadBody(reader_->Parse(request.body), models_, out);
  }
  if (!problem) return true;
  Write(*problem, common_headers_, id_bits, refusal);
  if (problem->status == 405) refusal->headers.Add("allow", "POST");
  return false;
}

void OpenAiServer::WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const {
  plan->status = 200;
  plan->headers.reserve(400);
  plan->headers = common_headers_;
  std::string number;
  AppendNumber(static_cast<uint64_t>(answer.processing / 1ms), &number);
  plan->headers.Add("openai-processing-ms", number);
  AddRequestId(answer.id_bits, &plan->headers);

  std::string& body = plan->body;
  body.clear();
  body.reserve(640 + (answer.content ? answer.content->size() * 9 / 8 : 0));
  body.append(R"({"id":")");
  AppendCompletionId(answer.id_bits, &body);
  body.append(R"(","object":"chat.completion","created":)");
  AppendNumber(static_cast<uint64_t>(kEpochSeconds + answer.now.time_since_epoch() / 1s), &body);
  body.append(R"(,"model":)");
  AppendJsonString(answer.model, &body);
  body.append(R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)");
  if (answer.content) {
    AppendJsonString(*answer.content, &body);
  } else {
    body.append("null");
  }
  body.append(R"(,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":")");
  body.append(answer.out_of_tokens ? "length" : "stop").append(R"("}],"usage":{"prompt_tokens":)");
  AppendNumber(static_cast<uint64_t>(answer.prompt_tokens), &body);
  body.append(R"(,"completion_tokens":)");
  AppendNumber(static_cast<uint64_t>(answer.completion_tokens), &body);
  body.append(R"(,"total_tokens":)");
  AppendNumber(static_cast<uint64_t>(answer.prompt_tokens + answer.completion_tokens), &body);
  body.append(R"(,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
              R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
              R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},)"
              R"("service_tier":"default","system_fingerprint":"fp_5d3a11c0e2"})");
}

void OpenAiServer::WriteError(const ApiError& error, ReplyPlan* plan) const {
  Write(ObjectOf(error), common_headers_, error.id_bits, plan);
  if (error.retry_after) AddRetryAfter(*error.retry_after, &plan->headers);
}

}  // namespace squall

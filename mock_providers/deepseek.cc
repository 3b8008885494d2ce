#include "mock_providers/deepseek.h"

#include "engine/base/random.h"
#include "mock_providers/chat_writer.h"
#include "mock_providers/edge_page.h"
#include "mock_providers/openai_errors.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

constexpr StreamId kTraces = Stream("deepseek/trace");
constexpr Duration kCommentEvery = 2s;
constexpr int64_t kMaxKeepAlives = 300;

void AddTraceId(uint64_t id_bits, Headers* headers) {
  std::string id;
  AppendHex(DrawBits(id_bits, kTraces), 32, &id);
  headers->Add("x-ds-trace-id", id);
}

Refusal UnknownField(std::string_view name) {
  constexpr std::string_view kInvalid = "invalid_request_error";
  std::string message = "Failed to deserialize the JSON body into the target type: unknown field `";
  return {422, message.append(name).append("`"), kInvalid, {}, kInvalid};
}

// What the caller must change. Source: the error-codes page; 403 is not on it, nor a wording for
// keys that may not do something.
Refusal DeepSeekCallerError(const ApiError& error) {
  constexpr std::string_view kInvalid = "invalid_request_error";
  switch (error.kind) {
    case ApiErrorKind::kKeyRevoked:
      return {401,
              "Authentication Fails, Your api key: ****0000 is invalid",
              "authentication_error",
              {},
              kInvalid};
    case ApiErrorKind::kNoAccess:
    case ApiErrorKind::kRegion: return {403, "Access denied", "permission_error", {}, kInvalid};
    case ApiErrorKind::kUnknownModel:
    case ApiErrorKind::kRetiredModel: return {400, "Model Not Exist", kInvalid, {}, kInvalid};
    case ApiErrorKind::kContextLength:
      return {
          400,
          OpenAiContextMessage(error, "Please reduce the length of the messages or completion."),
          kInvalid,
          {},
          kInvalid};
    case ApiErrorKind::kMaxTokensTooLarge: {
      std::string message = "Invalid max_tokens value, the valid range of max_tokens is [1, ";
      AppendInt(error.limit, &message);
      return {400, message.append("]"), kInvalid, {}, kInvalid};
    }
    case ApiErrorKind::kUnsupportedParameter: return UnknownField(error.parameter);
    case ApiErrorKind::kUnknownParameter: return UnknownField("reasoning_budget");
    default: break;
  }
  return {400,
          "Invalid temperature value, the valid range of temperature is [0, 2]",
          kInvalid,
          {},
          kInvalid};
}

Refusal ObjectOf(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kRateLimit:
      return {429, "Rate Limit Reached", "rate_limit_error", {}, "rate_limit_reached"};
    case ApiErrorKind::kOverloaded:
      return {error.status, "Server Overloaded", "service_unavailable_error", {}, {}};
    case ApiErrorKind::kQuotaExhausted:
      return {402, "Insufficient Balance", "unknown_error", {}, "invalid_request_error"};
    case ApiErrorKind::kContentFilter:
      return {400, "Content Exists Risk", "invalid_request_error", {}, "invalid_request_error"};
    case ApiErrorKind::kTimeout: return {error.status, "Server Timeout", "server_error", {}, {}};
    case ApiErrorKind::kConflict: return {409, "Conflict", "server_error", {}, {}};
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
    case ApiErrorKind::kUnsupportedParameter: return DeepSeekCallerError(error);
    case ApiErrorKind::kServerError: break;
  }
  return {error.status, "Server Error", "server_error", {}, {}};
}

void Write(const Refusal& error, const Headers& common, uint64_t id_bits, ReplyPlan* plan) {
  ClearStream(plan);
  plan->status = error.status;
  plan->headers = common;
  plan->headers.Add("content-type", "application/json");
  AddTraceId(id_bits, &plan->headers);
  plan->body.clear();
  AppendChatError(error, &plan->body);
}

// The governor in front of the API speaks plain text, and names no type for it.
void WriteGovernor(const Headers& common, uint64_t id_bits, ReplyPlan* plan) {
  plan->status = 401;
  plan->headers = common;
  plan->headers.Add("eo-cache-status", "MISS");
  AddTraceId(id_bits, &plan->headers);
  plan->body = "Authentication Fails (governor)";
}

// While a request waits, its connection is kept busy: 200 and nothing but `sign` every so often.
void PrependKeepAlives(const ApiAnswer& answer, std::string_view sign, ReplyPlan* plan) {
  const Duration wait = plan->at - answer.now;
  const int64_t count = std::min<int64_t>(wait / kCommentEvery, kMaxKeepAlives);
  if (count <= 0) return;
  if (plan->chunks.empty()) plan->chunks.push_back({Duration::zero(), plan->body.size()});
  std::string body;
  std::vector<Chunk> chunks;
  for (int64_t i = 0; i < count; ++i) {
    body.append(sign);
    chunks.push_back({i == 0 ? Duration::zero() : kCommentEvery, body.size()});
  }
  plan->chunks.front().after += wait - kCommentEvery * count;
  for (const Chunk& chunk : plan->chunks) chunks.push_back({chunk.after, chunk.end + body.size()});
  plan->at = answer.now + kCommentEvery;
  plan->text_begin += static_cast<size_t>(count);
  plan->text_end += static_cast<size_t>(count);
  plan->chunks = std::move(chunks);
  plan->body.insert(0, body);
  plan->framing = Framing::kChunked;
}

}  // namespace

DeepSeekServer::DeepSeekServer(std::vector<std::string> models) : reader_(std::move(models)) {
  common_headers_.Add("server", "openresty");
  common_headers_.Add("strict-transport-security", "max-age=31536000; includeSubDomains; preload");
  common_headers_.Add("x-content-type-options", "nosniff");
}

bool DeepSeekServer::Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
                          ReplyPlan* refusal) {
  const std::string_view path = PathOf(request.target);
  if (!request.headers.Find("authorization")) {
    WriteGovernor(common_headers_, id_bits, refusal);
    return false;
  }
  Problem problem;
  if (path != "/chat/completions" && path != "/v1/chat/completions") {
    problem = Refusal{404, "Not Found"};
  } else if (request.method != "POST") {
    problem = Refusal{405, "Method Not Allowed"};
  } else {
    problem = reader_.Read(request.body, {}, out);
  }
  if (!problem) return true;
  // What OpenAI calls an unknown model is an invalid parameter here.
  if (problem->code == "model_not_found") {
    *problem =
        Refusal{400, "Model Not Exist", "invalid_request_error", {}, "invalid_request_error"};
  }
  Write(*problem, common_headers_, id_bits, refusal);
  return false;
}

void DeepSeekServer::WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const {
  plan->status = 200;
  plan->headers = common_headers_;
  AddTraceId(answer.id_bits, &plan->headers);
  if (!answer.format.stream) {
    ClearStream(plan);
    plan->at = SaturatingAdd(answer.now, answer.processing);
  }
  WriteChatAnswer(ChatVendor::kDeepSeek, answer, plan);
  PrependKeepAlives(answer, answer.format.stream ? ": keep-alive\n\n" : "\n", plan);
}

void DeepSeekServer::WriteError(const ApiError& error, ReplyPlan* plan) const {
  plan->retry_not_before = kStart;  // no hint is documented, so there is none
  if (error.kind == ApiErrorKind::kPayloadTooLarge) return WriteTooLargePage(plan);
  Write(ObjectOf(error), common_headers_, error.id_bits, plan);
}

void DeepSeekServer::AppendStreamError(const ApiError& error, std::string* out) const {
  out->append("data: ");
  AppendChatError(ObjectOf(error), out);
  out->append("\n\n");
}

}  // namespace squall

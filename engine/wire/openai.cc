#include "engine/wire/openai.h"

#include <absl/strings/str_cat.h>
#include <simdjson.h>

#include "engine/base/json_text.h"
#include "engine/wire/chat_json.h"
#include "engine/wire/json_body.h"
#include "engine/wire/stream_state.h"

namespace squall {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// wire-formats 1.1 and, for the last, DeepSeek's own word in section 5.
Finish ChatFinish(std::string_view word) {
  if (word.empty()) return Finish::kAbsent;
  if (word == "stop") return Finish::kStop;
  if (word == "length") return Finish::kLength;
  if (word == "tool_calls" || word == "function_call") return Finish::kToolCalls;
  if (word == "content_filter") return Finish::kContentFilter;
  if (word == "insufficient_system_resource") return Finish::kInterrupted;
  return Finish::kOther;
}

Usage ReadUsage(const object& usage) {
  Usage out;
  out.prompt_tokens = JsonCount(usage, "prompt_tokens");
  out.completion_tokens = JsonCount(usage, "completion_tokens");
  object details;
  if (JsonObject(usage, "prompt_tokens_details", &details)) {
    out.cached_tokens = JsonCount(details, "cached_tokens");
  } else {
    out.cached_tokens = JsonCount(usage, "prompt_cache_hit_tokens");  // DeepSeek, section 5
  }
  if (JsonObject(usage, "completion_tokens_details", &details)) {
    out.reasoning_tokens = JsonCount(details, "reasoning_tokens");
  }
  return out;
}

// Thoughts: "reasoning_content" at DeepSeek (section 5), "reasoning" at OpenRouter.
std::string_view ReasoningText(const object& message) {
  const std::string_view text = JsonText(message, "reasoning_content");
  return text.empty() ? JsonText(message, "reasoning") : text;
}

// Azure puts an error in place of the verdicts when its filter did not run (section 4, Z13).
bool FilterWasDown(const object& choice) {
  object results;
  object error;
  return JsonObject(choice, "content_filter_results", &results) &&
         JsonObject(results, "error", &error);
}

void ReadReply(const object& top, const array& choices, DecodedBody* out) {
  object usage;
  if (JsonObject(top, "usage", &usage)) out->usage = ReadUsage(usage);
  out->shape = DecodedBody::Shape::kReply;
  out->model = JsonText(top, "model");
  object choice;
  if (choices.at(0).get(choice) != simdjson::SUCCESS) return;
  const std::string_view reason = JsonText(choice, "finish_reason");
  SetFinish(ChatFinish(reason), reason, out);
  out->unfiltered = FilterWasDown(choice);
  object message;
  if (!JsonObject(choice, "message", &message)) return;
  out->content = JsonText(message, "content");
  out->has_refusal = !JsonText(message, "refusal").empty();
  out->has_reasoning = !ReasoningText(message).empty();
  array calls;
  out->has_tool_calls = JsonArray(message, "tool_calls", &calls) && calls.size() > 0;
}

void ReadToolCalls(const array& calls, StreamState* state) {
  for (const element call : calls) {
    object fields;
    if (call.get(fields) != simdjson::SUCCESS) continue;
    object function;
    std::string_view name;
    std::string_view arguments;
    if (JsonObject(fields, "function", &function)) {
      name = JsonText(function, "name");
      arguments = JsonText(function, "arguments");
    }
    state->ToolCall(JsonCount(fields, "index"), JsonText(fields, "id"), name, arguments);
  }
}

void ReadChunkChoice(const object& choice, StreamState* state) {
  if (JsonInt(choice, "index") != 0) return;  // squall asks for one choice
  object delta;
  if (JsonObject(choice, "delta", &delta)) {
    state->Reasoning(ReasoningText(delta));
    state->Content(JsonText(delta, "content"));
    state->Refusal(JsonText(delta, "refusal"));
    array calls;
    if (JsonArray(delta, "tool_calls", &calls)) ReadToolCalls(calls, state);
  }
  const std::string_view reason = JsonText(choice, "finish_reason");
  state->SetFinish(ChatFinish(reason), reason);
  if (FilterWasDown(choice)) state->MarkUnfiltered();
}

// {"error": {...}}, {"error": "text"}, and flat as some compatible servers write it.
bool IsError(const object& top) {
  element error;
  if (top["error"].get(error) == simdjson::SUCCESS) return !error.is_null();
  return JsonText(top, "object") == "error";
}

}  // namespace

void AppendChatBody(const ChatRequest& request, std::string_view model,
                    std::string_view max_tokens_key, int64_t max_tokens, std::string* out) {
  out->append("{\"model\":");
  AppendJsonString(model, out);
  out->append(",\"messages\":[");
  bool first = true;
  for (const ChatMessage& message : request.messages) {
    if (!first) out->push_back(',');
    first = false;
    out->append("{\"role\":\"").append(RoleName(message.role)).append("\",\"content\":");
    AppendJsonString(message.content, out);
    out->push_back('}');
  }
  out->append("],\"").append(max_tokens_key);
  absl::StrAppend(out, "\":", max_tokens,
                  ",\"temperature\":0,\"response_format\":{\"type\":\"json_object\"}");
  if (!request.user.empty()) {
    out->append(",\"user\":");
    AppendJsonString(request.user, out);
  }
  // Without include_usage a stream never says what it cost (section 1.4).
  if (request.stream) out->append(",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
  out->push_back('}');
}

void EncodeOpenAiChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                      std::string_view api_key, HttpRequest* out) {
  BeginRequest(request, "authorization", "Bearer ", api_key, out);
  out->target = "/v1/chat/completions";
  AppendChatBody(request, model, "max_completion_tokens", max_tokens, &out->body);
}

void ReadOpenAiError(const object& error, DecodedBody* out) {
  out->shape = DecodedBody::Shape::kError;
  out->error_message = JsonText(error, "message");
  out->error_type = JsonText(error, "type");
  out->error_code = JsonText(error, "code");
  out->error_param = JsonText(error, "param");
  out->error_resets_at_s = JsonInt(error, "resets_at");  // section 1.3, O8
  // OpenRouter's code is the HTTP status as a number (section 5); Azure has a "status" (section 4).
  int64_t status = JsonInt(error, "code");
  if (status == 0) status = JsonInt(error, "status");
  if (status > 0 && status < 1000) out->error_status = static_cast<int>(status);
  object inner;
  if (JsonObject(error, "innererror", &inner)) out->error_inner_code = JsonText(inner, "code");
}

void ReadChatBody(const element& root, TextParts* /*parts*/, DecodedBody* out) {
  object top;
  if (root.get(top) != simdjson::SUCCESS) return;
  array choices;
  object error;
  if (JsonArray(top, "choices", &choices)) {
    ReadReply(top, choices, out);
  } else if (JsonObject(top, "error", &error)) {
    ReadOpenAiError(error, out);
  } else if (JsonText(top, "object") == "error") {
    ReadOpenAiError(top, out);
  }
}

void ReadChatEvent(std::string_view type, const element& data, StreamState* state) {
  object top;
  if (data.get(top) != simdjson::SUCCESS) return;
  if (type == "error" || IsError(top)) return state->Error();
  state->SeeId(JsonText(top, "id"));
  state->SetModel(JsonText(top, "model"));
  array choices;
  if (JsonArray(top, "choices", &choices)) {
    for (const element entry : choices) {
      object choice;
      if (entry.get(choice) == simdjson::SUCCESS) ReadChunkChoice(choice, state);
    }
  }
  object usage;
  if (JsonObject(top, "usage", &usage)) state->SetUsage(ReadUsage(usage));
}

std::unique_ptr<ReplyDecoder> MakeOpenAiDecoder() { return MakeJsonDecoder(&ReadChatBody); }

}  // namespace squall

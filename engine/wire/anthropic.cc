#include "engine/wire/anthropic.h"

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

Finish StopReason(std::string_view word) {
  if (word.empty()) return Finish::kAbsent;
  if (word == "end_turn" || word == "stop_sequence") return Finish::kStop;
  if (word == "max_tokens" || word == "model_context_window_exceeded") return Finish::kLength;
  if (word == "tool_use") return Finish::kToolCalls;
  if (word == "refusal") return Finish::kContentFilter;
  if (word == "pause_turn") return Finish::kInterrupted;
  return Finish::kOther;
}

// input_tokens leaves out what the cache held or took in; Usage counts the whole prompt.
Usage ReadUsage(const object& usage) {
  Usage out;
  out.cached_tokens = JsonCount(usage, "cache_read_input_tokens");
  out.cache_write_tokens = JsonCount(usage, "cache_creation_input_tokens");
  out.prompt_tokens = JsonCount(usage, "input_tokens") + out.cached_tokens + out.cache_write_tokens;
  out.completion_tokens = JsonCount(usage, "output_tokens");
  return out;
}

void ReadReply(const object& top, const array& blocks, TextParts* parts, DecodedBody* out) {
  out->shape = DecodedBody::Shape::kReply;
  out->model = JsonText(top, "model");
  const std::string_view reason = JsonText(top, "stop_reason");
  SetFinish(StopReason(reason), reason, out);
  out->has_refusal = reason == "refusal";
  object usage;
  if (JsonObject(top, "usage", &usage)) out->usage = ReadUsage(usage);
  for (const element entry : blocks) {
    object block;
    if (entry.get(block) != simdjson::SUCCESS) continue;
    const std::string_view type = JsonText(block, "type");
    if (type == "text") parts->Add(JsonText(block, "text"));
    if (type == "tool_use") {
      out->has_tool_calls = true;
      const std::string arguments = JsonArguments(block, "input");
      parts->AddToolCall({JsonText(block, "id"), JsonText(block, "name"), arguments});
    }
    if (type == "thinking" || type == "redacted_thinking") out->has_reasoning = true;
  }
  out->content = parts->text();
  out->tool_calls = parts->tool_calls();
}

// By the page "Messages".
bool IsWholeMessage(const element& root) {
  object top;
  array content;
  object usage;
  return root.get(top) == simdjson::SUCCESS && JsonArray(top, "content", &content) &&
         HasJsonText(top, "id") && HasJsonText(top, "type") && HasJsonText(top, "role") &&
         HasJsonText(top, "model") && HasJsonText(top, "stop_reason") &&
         JsonObject(top, "usage", &usage) && HasJsonInt(usage, "output_tokens") &&
         HasJsonInt(usage, "input_tokens");
}

void ReadBlockStart(const object& top, StreamState* state) {
  object block;
  if (!JsonObject(top, "content_block", &block)) return;
  const std::string_view type = JsonText(block, "type");
  if (type == "tool_use") {
    state->ToolCall(JsonCount(top, "index"), JsonText(block, "id"), JsonText(block, "name"), "");
  } else if (type == "text") {
    state->Content(JsonText(block, "text"));
  }
}

void ReadBlockDelta(const object& top, StreamState* state) {
  object delta;
  if (!JsonObject(top, "delta", &delta)) return;
  const std::string_view type = JsonText(delta, "type");
  if (type == "text_delta") {
    state->Content(JsonText(delta, "text"));
  } else if (type == "input_json_delta") {
    state->ToolCall(JsonCount(top, "index"), "", "", JsonText(delta, "partial_json"));
  } else if (type == "thinking_delta") {
    state->Reasoning(JsonText(delta, "thinking"));
  }
}

// Usage of message_delta is cumulative, but older servers repeat only the output tokens.
void ReadMessageDelta(const object& top, StreamState* state) {
  object delta;
  if (JsonObject(top, "delta", &delta)) {
    const std::string_view reason = JsonText(delta, "stop_reason");
    state->SetFinish(StopReason(reason), reason);
    if (reason == "refusal") state->MarkRefused();
  }
  object usage;
  if (!JsonObject(top, "usage", &usage)) return;
  Usage seen = ReadUsage(usage);
  if (seen.prompt_tokens == 0) {
    const int64_t completion = seen.completion_tokens;
    seen = state->usage();
    seen.completion_tokens = completion;
  }
  state->SetUsage(seen);
}

void ReadMessageStart(const object& top, StreamState* state) {
  object message;
  if (!JsonObject(top, "message", &message)) return;
  state->SeeId(JsonText(message, "id"));
  state->SetModel(JsonText(message, "model"));
  object usage;
  if (JsonObject(message, "usage", &usage)) state->SetUsage(ReadUsage(usage));
}

// The system's words, which stand apart, and the messages.
void AppendPrompt(const ChatRequest& request, std::string* body) {
  if (HasSystemMessage(request)) {
    body->append(",\"system\":");
    AppendSystemText(request, body);
  }
  body->append(",\"messages\":[");
  bool first = true;
  for (const ChatMessage& message : request.messages) {
    if (message.role == Role::kSystem) continue;
    if (!first) body->push_back(',');
    first = false;
    body->append("{\"role\":\"").append(RoleName(message.role)).append("\",\"content\":");
    AppendJsonString(message.content, body);
    body->push_back('}');
  }
  body->push_back(']');
}

}  // namespace

void EncodeAnthropic(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                     std::string_view api_key, HttpRequest* out) {
  BeginRequest(request, "x-api-key", "", api_key, out);
  out->headers.Add("anthropic-version", "2023-06-01");
  out->target = "/v1/messages";
  std::string& body = out->body;
  body.append("{\"model\":");
  AppendJsonString(model, &body);
  absl::StrAppend(&body, ",\"max_tokens\":", max_tokens);
  const ClientText* const client = ClientTextFor(request, kAnthropicFamily);
  if (client != nullptr) {
    body.append(client->members);
  } else if (request.client_text != nullptr) {
    AppendSampling(request.client_text->sampling, "temperature", "top_p", &body);
    AppendTexts("stop_sequences", request.client_text->sampling.stop, &body);
  } else if (!request.plain) {
    body.append(",\"temperature\":0");
  }
  if (client != nullptr && request.client_messages) {
    if (!client->system.empty()) body.append(",\"system\":").append(client->system);
    body.append(",\"messages\":").append(client->messages);
  } else {
    AppendPrompt(request, &body);
  }
  if (!request.plain && !request.user.empty() && client == nullptr) {
    body.append(",\"metadata\":{\"user_id\":");
    AppendJsonString(request.user, &body);
    body.push_back('}');
  }
  if (request.stream) body.append(",\"stream\":true");
  body.push_back('}');
}

void ReadAnthropicBody(const element& root, TextParts* parts, DecodedBody* out) {
  object top;
  if (root.get(top) != simdjson::SUCCESS) return;
  array blocks;
  object error;
  if (JsonArray(top, "content", &blocks)) {
    ReadReply(top, blocks, parts, out);
  } else if (JsonObject(top, "error", &error)) {
    out->shape = DecodedBody::Shape::kError;
    out->error_message = JsonText(error, "message");
    out->error_type = JsonText(error, "type");
    object details;  // null in most errors; names the spend cap (section 2.3, A3)
    if (JsonObject(error, "details", &details)) out->error_code = JsonText(details, "error_code");
    out->request_id = JsonText(top, "request_id");
  }
}

void ReadAnthropicEvent(std::string_view type, const element& data, StreamState* state) {
  object top;
  if (data.get(top) != simdjson::SUCCESS) return;
  std::string_view kind = JsonText(top, "type");
  if (kind.empty()) kind = type;
  if (kind == "content_block_delta") return ReadBlockDelta(top, state);
  if (kind == "ping") return state->KeepAlive();
  object error;
  const bool bare = kind.empty() && JsonObject(top, "error", &error);
  if (kind == "error" || type == "error" || bare) return state->Error();
  if (kind == "message_start") return ReadMessageStart(top, state);
  if (kind == "content_block_start") return ReadBlockStart(top, state);
  if (kind == "message_delta") return ReadMessageDelta(top, state);
  if (kind == "message_stop") return state->Terminal();
  // content_block_stop says nothing new; unknown events are announced to come and to be ignored.
}

std::unique_ptr<ReplyDecoder> MakeAnthropicDecoder() {
  return MakeJsonDecoder(&ReadAnthropicBody, &IsWholeMessage);
}

}  // namespace squall

#include "engine/wire/openai.h"

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
  if (IsKey(word, "stop")) return Finish::kStop;
  if (word == "length") return Finish::kLength;
  if (word == "tool_calls" || word == "function_call") return Finish::kToolCalls;
  if (word == "content_filter") return Finish::kContentFilter;
  if (word == "insufficient_system_resource") return Finish::kInterrupted;
  return Finish::kOther;
}

// Thoughts: "reasoning_content" at DeepSeek (section 5), "reasoning" at OpenRouter.
bool IsReasoning(std::string_view key) {
  return IsKey(key, "reasoning_content") || IsKey(key, "reasoning");
}

// Replies are read in one pass over each object: a lookup by name walks the object each time, and
// this is done for every reply.
std::string_view TextOf(const element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return {};
  return text;
}

int64_t CountOf(const element& value, std::string_view member) {
  object details;
  return value.get(details) == simdjson::SUCCESS ? JsonCount(details, member) : 0;
}

Usage ReadChatUsage(const object& usage) {
  Usage out;
  for (const auto [key, value] : usage) {
    if (IsKey(key, "prompt_tokens")) {
      out.prompt_tokens = JsonCount(value);
    } else if (IsKey(key, "completion_tokens")) {
      out.completion_tokens = JsonCount(value);
    } else if (IsKey(key, "prompt_tokens_details")) {
      out.cached_tokens = CountOf(value, "cached_tokens");
    } else if (IsKey(key, "prompt_cache_hit_tokens")) {  // DeepSeek, section 5
      out.cached_tokens = JsonCount(value);
    } else if (IsKey(key, "completion_tokens_details")) {
      out.reasoning_tokens = CountOf(value, "reasoning_tokens");
    }
  }
  return out;
}

// Azure puts an error in place of the verdicts when its filter did not run (section 4, Z13).
bool FilterWasDown(const element& results) {
  object verdicts;
  object error;
  return results.get(verdicts) == simdjson::SUCCESS && JsonObject(verdicts, "error", &error);
}

void AddToolCalls(const array& calls, TextParts* parts) {
  for (const element entry : calls) {
    object call;
    object function;
    if (entry.get(call) != simdjson::SUCCESS) continue;
    if (!JsonObject(call, "function", &function)) continue;
    const std::string arguments = JsonArguments(function, "arguments");
    parts->AddToolCall({JsonText(call, "id"), JsonText(function, "name"), arguments});
  }
}

void ReadMessage(const object& message, TextParts* parts, DecodedBody* out) {
  for (const auto [key, value] : message) {
    if (IsKey(key, "content")) {
      out->content = TextOf(value);
    } else if (IsKey(key, "refusal")) {
      out->has_refusal = !TextOf(value).empty();
    } else if (IsKey(key, "tool_calls")) {
      array calls;
      if (value.get(calls) != simdjson::SUCCESS || calls.size() == 0) continue;
      out->has_tool_calls = true;
      AddToolCalls(calls, parts);
      out->tool_calls = parts->tool_calls();
    } else if (IsReasoning(key)) {
      out->has_reasoning = out->has_reasoning || !TextOf(value).empty();
    }
  }
}

void ReadChoice(const object& choice, TextParts* parts, DecodedBody* out) {
  for (const auto [key, value] : choice) {
    if (IsKey(key, "message")) {
      object message;
      if (value.get(message) == simdjson::SUCCESS) ReadMessage(message, parts, out);
    } else if (IsKey(key, "finish_reason")) {
      const std::string_view reason = TextOf(value);
      SetFinish(ChatFinish(reason), reason, out);
    } else if (IsKey(key, "content_filter_results")) {
      out->unfiltered = FilterWasDown(value);
    }
  }
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

void ReadDelta(const object& delta, StreamState* state) {
  for (const auto [key, value] : delta) {
    if (IsKey(key, "content")) {
      state->Content(TextOf(value));
    } else if (IsKey(key, "refusal")) {
      state->Refusal(TextOf(value));
    } else if (IsReasoning(key)) {
      state->Reasoning(TextOf(value));
    } else if (IsKey(key, "tool_calls")) {
      array calls;
      if (value.get(calls) == simdjson::SUCCESS) ReadToolCalls(calls, state);
    }
  }
}

void ReadChunkChoice(const object& choice, StreamState* state) {
  if (JsonInt(choice, "index") != 0) return;  // squall asks for one choice
  for (const auto [key, value] : choice) {
    if (IsKey(key, "delta")) {
      object delta;
      if (value.get(delta) == simdjson::SUCCESS) ReadDelta(delta, state);
    } else if (IsKey(key, "finish_reason")) {
      const std::string_view reason = TextOf(value);
      state->SetFinish(ChatFinish(reason), reason);
    } else if (IsKey(key, "content_filter_results")) {
      if (FilterWasDown(value)) state->MarkUnfiltered();
    }
  }
}

void WriteMessages(const ChatRequest& request, JsonWriter* json) {
  json->Raw("[");
  bool first = true;
  for (const ChatMessage& message : request.messages) {
    if (!first) json->Raw(",");
    first = false;
    json->Raw("{\"role\":\"");
    json->Raw(RoleName(message.role));
    json->Raw("\",\"content\":");
    json->String(message.content);
    json->Raw("}");
  }
  json->Raw("]");
}

// By CreateChatCompletionResponse.
bool IsWholeChat(const element& root) {
  object top;
  array choices;
  object choice;
  object message;
  if (root.get(top) != simdjson::SUCCESS || !JsonArray(top, "choices", &choices)) return false;
  if (choices.at(0).get(choice) != simdjson::SUCCESS) return false;
  if (!JsonObject(choice, "message", &message)) return false;
  const bool says = message["content"].error() == simdjson::SUCCESS ||
                    message["tool_calls"].error() == simdjson::SUCCESS;
  return says && HasJsonText(message, "role") && HasJsonText(choice, "finish_reason") &&
         HasJsonInt(choice, "index") && HasJsonText(top, "id") && HasJsonText(top, "object") &&
         HasJsonText(top, "model") && HasJsonInt(top, "created");
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
  JsonWriter json(out);
  const ClientText* const client = ClientTextFor(request, kOpenAiFamily);
  json.Raw("{\"model\":");
  json.String(model);
  json.Raw(",\"messages\":");
  if (client != nullptr && request.client_messages) {
    json.Raw(client->messages);
  } else {
    WriteMessages(request, &json);
  }
  if (!request.unlimited || max_tokens != request.max_tokens) {
    json.Raw(",\"");
    json.Raw(max_tokens_key);
    json.Raw("\":");
    json.Number(max_tokens);
  }
  if (client != nullptr) {
    json.Raw(client->members);
  } else if (request.client_text != nullptr) {
    std::string sampling;
    AppendSampling(request.client_text->sampling, "temperature", "top_p", &sampling);
    AppendTexts("stop", request.client_text->sampling.stop, &sampling);
    json.Raw(sampling);
  } else if (!request.plain) {
    json.Raw(",\"temperature\":0,\"response_format\":{\"type\":\"json_object\"}");
  }
  if (!request.plain && !request.user.empty() && client == nullptr) {
    json.Raw(",\"user\":");
    json.String(request.user);
  }
  // Without include_usage a stream never says what it cost (section 1.4).
  if (request.stream) json.Raw(",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
  json.Raw("}");
}

void EncodeOpenAiChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                      std::string_view api_key, HttpRequest* out) {
  BeginRequest(request, "authorization", "Bearer ", api_key, out);
  out->target = "/v1/chat/completions";
  const ClientText* const client = ClientTextFor(request, kOpenAiFamily);
  std::string_view name = "max_completion_tokens";
  if (client != nullptr && !client->max_tokens_name.empty()) name = client->max_tokens_name;
  AppendChatBody(request, model, name, max_tokens, &out->body);
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

void ReadChatBody(const element& root, TextParts* parts, DecodedBody* out) {
  object top;
  if (root.get(top) != simdjson::SUCCESS) return;
  object usage;
  object error;
  bool has_error = false;  // a reply with choices is one, whatever else stands beside them
  for (const auto [key, value] : top) {
    array choices;
    object first;
    if (IsKey(key, "choices") && value.get(choices) == simdjson::SUCCESS) {
      out->shape = DecodedBody::Shape::kReply;
      if (choices.at(0).get(first) == simdjson::SUCCESS) ReadChoice(first, parts, out);
    } else if (IsKey(key, "model")) {
      out->model = TextOf(value);
    } else if (IsKey(key, "usage") && value.get(usage) == simdjson::SUCCESS) {
      out->usage = ReadChatUsage(usage);
    } else if (IsKey(key, "error") && value.get(error) == simdjson::SUCCESS) {
      has_error = true;
    }
  }
  if (out->shape == DecodedBody::Shape::kReply) return;
  if (has_error) {
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
  if (JsonObject(top, "usage", &usage)) state->SetUsage(ReadChatUsage(usage));
}

std::unique_ptr<ReplyDecoder> MakeOpenAiDecoder() {
  return MakeJsonDecoder(&ReadChatBody, &IsWholeChat);
}

}  // namespace squall

#include "engine/wire/responses.h"

#include <absl/strings/str_cat.h>
#include <simdjson.h>

#include "engine/base/json_text.h"
#include "engine/wire/chat_json.h"
#include "engine/wire/json_body.h"
#include "engine/wire/openai.h"
#include "engine/wire/stream_state.h"

namespace squall {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

Usage ReadResponseUsage(const object& usage) {
  Usage out;
  out.prompt_tokens = JsonCount(usage, "input_tokens");
  out.completion_tokens = JsonCount(usage, "output_tokens");
  object details;
  if (JsonObject(usage, "input_tokens_details", &details)) {
    out.cached_tokens = JsonCount(details, "cached_tokens");
  }
  if (JsonObject(usage, "output_tokens_details", &details)) {
    out.reasoning_tokens = JsonCount(details, "reasoning_tokens");
  }
  return out;
}

struct Ending {
  Finish finish = Finish::kAbsent;
  std::string_view own;
};

// The reason of an incomplete response says more than its status.
Ending ReadEnding(const object& response, bool has_tool_calls) {
  const std::string_view status = JsonText(response, "status");
  object details;
  std::string_view reason;
  if (JsonObject(response, "incomplete_details", &details)) reason = JsonText(details, "reason");
  if (reason == "max_output_tokens") return {Finish::kLength, reason};
  if (reason == "content_filter") return {Finish::kContentFilter, reason};
  if (status == "completed") {
    return {has_tool_calls ? Finish::kToolCalls : Finish::kStop, status};
  }
  if (status == "incomplete" || status == "in_progress" || status == "queued" ||
      status == "cancelled") {
    return {Finish::kInterrupted, reason.empty() ? status : reason};
  }
  return {Finish::kOther, status};
}

void ReadOutputMessage(const object& item, TextParts* parts, DecodedBody* out) {
  array content;
  if (!JsonArray(item, "content", &content)) return;
  for (const element entry : content) {
    object part;
    if (entry.get(part) != simdjson::SUCCESS) continue;
    if (JsonText(part, "type") == "output_text") parts->Add(JsonText(part, "text"));
    if (!JsonText(part, "refusal").empty()) out->has_refusal = true;
  }
}

void ReadResponse(const object& response, const array& output, TextParts* parts, DecodedBody* out) {
  out->shape = DecodedBody::Shape::kReply;
  out->model = JsonText(response, "model");
  object usage;
  if (JsonObject(response, "usage", &usage)) out->usage = ReadResponseUsage(usage);
  for (const element entry : output) {
    object item;
    if (entry.get(item) != simdjson::SUCCESS) continue;
    const std::string_view type = JsonText(item, "type");
    if (type == "message") ReadOutputMessage(item, parts, out);
    const bool custom = type == "custom_tool_call";
    if (custom || type == "function_call") {
      out->has_tool_calls = true;
      const std::string arguments = JsonArguments(item, custom ? "input" : "arguments");
      parts->AddToolCall({JsonText(item, "call_id"), JsonText(item, "name"), arguments});
    }
    if (type == "reasoning") out->has_reasoning = true;
  }
  out->content = parts->text();
  out->tool_calls = parts->tool_calls();
  const Ending ending = ReadEnding(response, out->has_tool_calls);
  SetFinish(ending.finish, ending.own, out);
}

// response.completed and .incomplete repeat the whole response; its pieces were passed on already.
void ReadEndingEvent(const object& top, StreamState* state) {
  object response;
  if (JsonObject(top, "response", &response)) {
    state->SetModel(JsonText(response, "model"));
    object usage;
    if (JsonObject(response, "usage", &usage)) state->SetUsage(ReadResponseUsage(usage));
    const Ending ending = ReadEnding(response, state->has_tool_calls());
    state->SetFinish(ending.finish, ending.own);
  }
  state->Terminal();
}

void ReadCreated(const object& top, StreamState* state) {
  object response;
  if (!JsonObject(top, "response", &response)) return;
  state->SeeId(JsonText(response, "id"));
  state->SetModel(JsonText(response, "model"));
}

void ReadItem(const object& top, StreamState* state) {
  object item;
  if (!JsonObject(top, "item", &item)) return;
  if (JsonText(item, "type") != "function_call") return;
  state->ToolCall(JsonCount(top, "output_index"), JsonText(item, "call_id"), JsonText(item, "name"),
                  JsonText(item, "arguments"));
}

// Events that carry a piece of the answer; false for all others.
bool ReadDelta(std::string_view kind, const object& top, StreamState* state) {
  const std::string_view text = JsonText(top, "delta");
  if (kind == "response.output_text.delta") {
    state->Content(text);
  } else if (kind == "response.refusal.delta") {
    state->Refusal(text);
  } else if (kind == "response.function_call_arguments.delta") {
    state->ToolCall(JsonCount(top, "output_index"), "", "", text);
  } else if (kind == "response.reasoning_text.delta" ||
             kind == "response.reasoning_summary_text.delta") {
    state->Reasoning(text);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void EncodeResponses(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                     std::string_view api_key, HttpRequest* out) {
  BeginRequest(request, "authorization", "Bearer ", api_key, out);
  out->target = "/v1/responses";
  std::string& body = out->body;
  body.append("{\"model\":");
  AppendJsonString(model, &body);
  body.append(",\"input\":[");
  bool first = true;
  for (const ChatMessage& message : request.messages) {
    if (!first) body.push_back(',');
    first = false;
    body.append("{\"role\":\"").append(RoleName(message.role)).append("\",\"content\":");
    AppendJsonString(message.content, &body);
    body.push_back('}');
  }
  absl::StrAppend(&body, "],\"max_output_tokens\":", max_tokens, ",\"store\":false");
  if (request.client_text != nullptr) {
    AppendSampling(request.client_text->sampling, "temperature", "top_p", &body);
  } else if (!request.plain) {
    body.append(",\"temperature\":0,\"text\":{\"format\":{\"type\":\"json_object\"}}");
  }
  if (!request.plain && !request.user.empty()) {
    body.append(",\"user\":");
    AppendJsonString(request.user, &body);
  }
  if (request.stream) body.append(",\"stream\":true");
  body.push_back('}');
}

// Reads a body, and also each event that is an error: response.failed wraps a failed response, and
// "error" has its fields nested or flat (section 1.5).
void ReadResponsesBody(const element& root, TextParts* parts, DecodedBody* out) {
  object top;
  if (root.get(top) != simdjson::SUCCESS) return;
  JsonObject(top, "response", &top);
  array output;
  object error;
  if (JsonObject(top, "error", &error)) {
    ReadOpenAiError(error, out);
  } else if (JsonText(top, "status") == "failed") {
    out->shape = DecodedBody::Shape::kError;
  } else if (JsonArray(top, "output", &output)) {
    ReadResponse(top, output, parts, out);
  } else if (JsonText(top, "type") == "error") {
    ReadOpenAiError(top, out);
    out->error_type = {};  // it only says that this is an error
  }
}

void ReadResponsesEvent(std::string_view type, const element& data, StreamState* state) {
  object top;
  if (data.get(top) != simdjson::SUCCESS) return;
  int64_t number = 0;
  if (top["sequence_number"].get(number) == simdjson::SUCCESS) state->SeeSequenceNumber(number);
  std::string_view kind = JsonText(top, "type");
  if (kind.empty()) kind = type;
  if (ReadDelta(kind, top, state)) return;
  object error;
  const bool bare_error = kind.empty() && JsonObject(top, "error", &error);
  if (kind == "error" || type == "error" || kind == "response.failed" || bare_error) {
    return state->Error();
  }
  if (kind == "response.completed" || kind == "response.incomplete") {
    return ReadEndingEvent(top, state);
  }
  if (kind == "response.created") return ReadCreated(top, state);
  if (kind == "response.output_item.added") return ReadItem(top, state);
  // The others repeat what is known, as .done events do, or are of tools that squall does not ask
  // for.
}

std::unique_ptr<ReplyDecoder> MakeResponsesDecoder() { return MakeJsonDecoder(&ReadResponsesBody); }

}  // namespace squall

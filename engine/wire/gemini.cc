#include "engine/wire/gemini.h"

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

// wire-formats 3.1. OTHER, LANGUAGE, MALFORMED_FUNCTION_CALL and their like have no counterpart.
Finish FinishReason(std::string_view word) {
  if (word.empty()) return Finish::kAbsent;
  if (word == "STOP") return Finish::kStop;
  if (word == "MAX_TOKENS") return Finish::kLength;
  constexpr std::string_view kFiltered[] = {"SAFETY",
                                            "RECITATION",
                                            "BLOCKLIST",
                                            "PROHIBITED_CONTENT",
                                            "SPII",
                                            "IMAGE_SAFETY",
                                            "IMAGE_PROHIBITED_CONTENT",
                                            "IMAGE_RECITATION"};
  for (const std::string_view filtered : kFiltered) {
    if (word == filtered) return Finish::kContentFilter;
  }
  return Finish::kOther;
}

// The prompt's count holds the cached share; thoughts are counted beside the candidates.
Usage ReadUsageMetadata(const object& usage) {
  Usage out;
  out.prompt_tokens = JsonCount(usage, "promptTokenCount");
  out.cached_tokens = JsonCount(usage, "cachedContentTokenCount");
  out.reasoning_tokens = JsonCount(usage, "thoughtsTokenCount");
  out.completion_tokens = JsonCount(usage, "candidatesTokenCount") + out.reasoning_tokens;
  return out;
}

bool FirstCandidate(const object& top, object* out) {
  array candidates;
  return JsonArray(top, "candidates", &candidates) &&
         candidates.at(0).get(*out) == simdjson::SUCCESS;
}

// Calls visit(part) for each part of the candidate's content.
template <class Visit>
void ForEachPart(const object& candidate, Visit visit) {
  object content;
  array list;
  if (!JsonObject(candidate, "content", &content) || !JsonArray(content, "parts", &list)) return;
  for (const element entry : list) {
    object part;
    if (entry.get(part) == simdjson::SUCCESS) visit(part);
  }
}

std::string_view BlockReason(const object& top) {
  object feedback;
  return JsonObject(top, "promptFeedback", &feedback) ? JsonText(feedback, "blockReason") : "";
}

void ReadReply(const object& top, TextParts* parts, DecodedBody* out) {
  out->shape = DecodedBody::Shape::kReply;
  out->model = JsonText(top, "modelVersion");
  object usage;
  if (JsonObject(top, "usageMetadata", &usage)) out->usage = ReadUsageMetadata(usage);
  const std::string_view blocked = BlockReason(top);
  if (!blocked.empty()) {
    SetFinish(Finish::kContentFilter, blocked, out);
    out->has_refusal = true;
  }
  object candidate;
  if (!FirstCandidate(top, &candidate)) return;
  ForEachPart(candidate, [&](const object& part) {
    object call;
    if (JsonObject(part, "functionCall", &call)) {
      out->has_tool_calls = true;
      const std::string arguments = JsonArguments(call, "args");
      parts->AddToolCall({JsonText(call, "id"), JsonText(call, "name"), arguments});
    }
    if (JsonBool(part, "thought")) {
      out->has_reasoning = true;
    } else {
      parts->Add(JsonText(part, "text"));
    }
  });
  out->content = parts->text();
  out->tool_calls = parts->tool_calls();
  const std::string_view reason = JsonText(candidate, "finishReason");
  if (reason.empty()) return;
  const Finish finish = FinishReason(reason);
  // STOP is also what a call of a function ends with.
  const bool calls = finish == Finish::kStop && out->has_tool_calls;
  SetFinish(calls ? Finish::kToolCalls : finish, reason, out);
  if (finish == Finish::kContentFilter && out->content.empty()) out->has_refusal = true;
}

// google.rpc.Status: details name what the status word leaves open (section 3.2).
void ReadDetails(const array& details, DecodedBody* out) {
  for (const element entry : details) {
    object detail;
    if (entry.get(detail) != simdjson::SUCCESS) continue;
    const std::string_view type = JsonText(detail, "@type");
    if (type.ends_with(".ErrorInfo")) {
      out->error_code = JsonText(detail, "reason");
    } else if (type.ends_with(".RetryInfo")) {
      out->error_retry_delay = JsonText(detail, "retryDelay");
    }
    array violations;
    if (!JsonArray(detail, "violations", &violations)) continue;
    for (const element row : violations) {
      object violation;
      if (row.get(violation) != simdjson::SUCCESS) continue;
      const std::string_view id = JsonText(violation, "quotaId");
      const bool daily = out->error_quota_id.find("PerDay") != std::string_view::npos;
      if (!id.empty() && !daily) out->error_quota_id = id;
    }
  }
}

void ReadError(const object& error, DecodedBody* out) {
  out->shape = DecodedBody::Shape::kError;
  out->error_message = JsonText(error, "message");
  out->error_type = JsonText(error, "status");
  const int64_t code = JsonInt(error, "code");
  if (code > 0 && code < 1000) out->error_status = static_cast<int>(code);
  array details;
  if (JsonArray(error, "details", &details)) ReadDetails(details, out);
}

// The root itself, or the first element where the root is an array.
bool FirstObject(const element& root, object* out) {
  if (root.get(*out) == simdjson::SUCCESS) return true;
  array list;
  return root.get(list) == simdjson::SUCCESS && list.at(0).get(*out) == simdjson::SUCCESS;
}

// Proto3 leaves out empty lists, so a reply without candidates shows itself by what is left.
bool IsReply(const object& top) {
  array candidates;
  object some;
  return JsonArray(top, "candidates", &candidates) || JsonObject(top, "promptFeedback", &some) ||
         JsonObject(top, "usageMetadata", &some);
}

void ReadChunk(const object& top, StreamState* state) {
  state->SeeId(JsonText(top, "responseId"));
  state->SetModel(JsonText(top, "modelVersion"));
  object usage;
  if (JsonObject(top, "usageMetadata", &usage)) state->SetUsage(ReadUsageMetadata(usage));
  const std::string_view blocked = BlockReason(top);
  if (!blocked.empty()) {
    state->SetFinish(Finish::kContentFilter, blocked);
    state->MarkRefused();
    state->Terminal();
  }
  object candidate;
  if (!FirstCandidate(top, &candidate)) return;
  ForEachPart(candidate, [&](const object& part) {
    object call;
    const std::string_view text = JsonText(part, "text");
    if (JsonObject(part, "functionCall", &call)) {
      element args;
      const bool has_args = call["args"].get(args) == simdjson::SUCCESS;
      state->ToolCall(state->calls_begun(), JsonText(call, "id"), JsonText(call, "name"),
                      has_args ? simdjson::minify(args) : std::string());
    } else if (JsonBool(part, "thought")) {
      state->Reasoning(text);
    } else {
      state->Content(text);
    }
  });
  const std::string_view reason = JsonText(candidate, "finishReason");
  if (reason.empty()) return;
  const Finish finish = FinishReason(reason);
  const bool calls = finish == Finish::kStop && state->has_tool_calls();
  state->SetFinish(calls ? Finish::kToolCalls : finish, reason);
  if (finish == Finish::kContentFilter && state->content().empty()) state->MarkRefused();
  state->Terminal();
}

void AppendContents(const ChatRequest& request, std::string* body) {
  body->append("{\"contents\":[");
  bool first = true;
  for (const ChatMessage& message : request.messages) {
    if (message.role == Role::kSystem) continue;
    if (!first) body->push_back(',');
    first = false;
    const bool model = message.role == Role::kAssistant;
    body->append(model ? "{\"role\":\"model\"" : "{\"role\":\"user\"");
    body->append(",\"parts\":[{\"text\":");
    AppendJsonString(message.content, body);
    body->append("}]}");
  }
  body->push_back(']');
}

}  // namespace

void EncodeGemini(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                  std::string_view api_key, HttpRequest* out) {
  BeginRequest(request, "x-goog-api-key", "", api_key, out);
  out->target = "/v1beta/models/";
  AppendPathSegment(model, &out->target);
  out->target.append(request.stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
  AppendContents(request, &out->body);
  if (HasSystemMessage(request)) {
    out->body.append(",\"systemInstruction\":{\"parts\":[{\"text\":");
    AppendSystemText(request, &out->body);
    out->body.append("}]}");
  }
  absl::StrAppend(&out->body, ",\"generationConfig\":{\"maxOutputTokens\":", max_tokens);
  if (request.client_text != nullptr) {
    AppendSampling(request.client_text->sampling, "temperature", "topP", &out->body);
    AppendTexts("stopSequences", request.client_text->sampling.stop, &out->body);
  } else if (!request.plain) {
    out->body.append(",\"temperature\":0,\"responseMimeType\":\"application/json\"");
  }
  out->body.append("}}");
}

void ReadGeminiBody(const element& root, TextParts* parts, DecodedBody* out) {
  object top;
  if (!FirstObject(root, &top)) return;
  object error;
  if (JsonObject(top, "error", &error)) {
    ReadError(error, out);
  } else if (IsReply(top)) {
    ReadReply(top, parts, out);
  }
}

// Without alt=sse a stream is one array of chunks, which arrives here whole.
void ReadGeminiEvent(std::string_view type, const element& data, StreamState* state) {
  array chunks;
  if (data.get(chunks) == simdjson::SUCCESS) {
    for (const element chunk : chunks) {
      if (chunk.is_object()) ReadGeminiEvent(type, chunk, state);
    }
    return;
  }
  object top;
  if (data.get(top) != simdjson::SUCCESS) return;
  object error;
  if (JsonObject(top, "error", &error)) return state->Error();
  ReadChunk(top, state);
}

std::unique_ptr<ReplyDecoder> MakeGeminiDecoder() { return MakeJsonDecoder(&ReadGeminiBody); }

}  // namespace squall

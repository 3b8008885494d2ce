#include "engine/gateway/answer.h"

#include <algorithm>

#include "engine/base/cat.h"
#include "engine/base/json_text.h"
#include "engine/wire/tool_calls.h"

namespace squall {
namespace {

std::string_view FinishOf(const ChatAnswer& answer) {
  if (answer.finish == Finish::kLength) return "length";
  if (answer.finish == Finish::kContentFilter) return "content_filter";
  return answer.tool_calls.empty() ? "stop" : "tool_calls";
}

void AppendChatUsage(const Usage& usage, std::string* body) {
  AppendTo(body, R"({"prompt_tokens":)", usage.prompt_tokens, R"(,"completion_tokens":)",
           usage.completion_tokens, R"(,"total_tokens":)",
           usage.prompt_tokens + usage.completion_tokens,
           R"(,"prompt_tokens_details":{"cached_tokens":)", usage.cached_tokens,
           R"(},"completion_tokens_details":{"reasoning_tokens":)", usage.reasoning_tokens, "}}");
}

std::string ChatBody(const ChatAnswer& answer) {
  std::string body = R"({"id":"chatcmpl-)" + answer.id;
  AppendTo(&body, R"(","object":"chat.completion","created":)", answer.created, R"(,"model":)");
  AppendJsonString(answer.model, &body);
  body.append(R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)");
  if (answer.content.empty() && !answer.tool_calls.empty()) {
    body.append("null");
  } else {
    AppendJsonString(answer.content, &body);
  }
  body.append(R"(,"refusal":null)");
  bool first = true;
  ForEachToolCall(answer.tool_calls, [&](const ToolCall& call) {
    body.append(first ? R"(,"tool_calls":[)" : ",");
    first = false;
    body.append(R"({"id":)");
    AppendJsonString(call.id, &body);
    body.append(R"(,"type":"function","function":{"name":)");
    AppendJsonString(call.name, &body);
    body.append(R"(,"arguments":)");
    AppendJsonString(call.arguments, &body);
    body.append("}}");
  });
  if (!first) body.append("]");
  AppendTo(&body, R"(},"logprobs":null,"finish_reason":")", FinishOf(answer), R"("}],"usage":)");
  AppendChatUsage(answer.usage, &body);
  body.append("}");
  return body;
}

std::string MessageBody(const ChatAnswer& answer) {
  std::string body = R"({"id":"msg_)" + answer.id;
  body.append(R"(","type":"message","role":"assistant","model":)");
  AppendJsonString(answer.model, &body);
  body.append(R"(,"content":[)");
  if (!answer.content.empty() || answer.tool_calls.empty()) {
    body.append(R"({"type":"text","text":)");
    AppendJsonString(answer.content, &body);
    body.append("}");
  }
  ForEachToolCall(answer.tool_calls, [&](const ToolCall& call) {
    if (!body.ends_with('[')) body.append(",");
    body.append(R"({"type":"tool_use","id":)");
    AppendJsonString(call.id, &body);
    body.append(R"(,"name":)");
    AppendJsonString(call.name, &body);
    AppendTo(&body, R"(,"input":)", call.arguments.empty() ? "{}" : call.arguments, "}");
  });
  Finish finish = answer.finish;
  if (!answer.tool_calls.empty() && finish != Finish::kLength) finish = Finish::kToolCalls;
  AppendTo(
      &body, R"(],"stop_reason":")", StopReasonWord(finish),
      R"(","stop_sequence":null,"usage":{"input_tokens":)",
      answer.usage.prompt_tokens - answer.usage.cached_tokens - answer.usage.cache_write_tokens,
      R"(,"cache_creation_input_tokens":)", answer.usage.cache_write_tokens,
      R"(,"cache_read_input_tokens":)", answer.usage.cached_tokens, R"(,"output_tokens":)",
      answer.usage.completion_tokens, "}}");
  return body;
}

}  // namespace

std::string_view StopReasonWord(Finish finish) {
  switch (finish) {
    case Finish::kLength: return "max_tokens";
    case Finish::kToolCalls: return "tool_use";
    case Finish::kContentFilter: return "refusal";
    case Finish::kAbsent:
    case Finish::kStop:
    case Finish::kInterrupted:
    case Finish::kOther: return "end_turn";
  }
  return "end_turn";
}

std::string AnswerBody(const ChatAnswer& answer, ApiShape shape) {
  if (!answer.reply.empty() && answer.reply_is_whole) return answer.reply;
  return shape == ApiShape::kOpenAi ? ChatBody(answer) : MessageBody(answer);
}

std::unique_ptr<AnswerEvents> MakeAnswerEvents(ApiShape shape, const EventsOptions& options) {
  return shape == ApiShape::kOpenAi ? MakeOpenAiEvents(options) : MakeAnthropicEvents(options);
}

std::string_view FirstPiece(std::string_view text, int64_t bytes) {
  size_t end = std::min(text.size(), static_cast<size_t>(bytes));
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return text.substr(0, end);
}

std::string EventsOf(const ChatAnswer& answer, int64_t piece_bytes, AnswerEvents* events) {
  std::string out;
  StreamDelta delta;
  std::string_view rest = answer.content;
  while (!rest.empty()) {
    delta.text = FirstPiece(rest, piece_bytes);
    rest.remove_prefix(delta.text.size());
    out.append(events->Piece(delta));
  }
  int64_t index = 0;
  ForEachToolCall(answer.tool_calls, [&](const ToolCall& call) {
    delta.kind = StreamDelta::Kind::kToolCall;
    delta.tool_index = index++;
    delta.tool_id = call.id;
    delta.tool_name = call.name;
    delta.text = call.arguments;
    out.append(events->Piece(delta));
  });
  out.append(events->End(answer.finish, answer.usage));
  return out;
}

}  // namespace squall

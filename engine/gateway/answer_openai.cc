// Streams of OpenAI's chat completions.
#include <simdjson.h>

#include <map>

#include "engine/base/cat.h"
#include "engine/base/json_text.h"
#include "engine/gateway/answer.h"

namespace squall {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

class OpenAiEvents final : public AnswerEvents {
 public:
  explicit OpenAiEvents(const EventsOptions& options) : usage_(options.usage) {
    AppendTo(&head_, R"(data: {"id":"chatcmpl-)", options.id,
             R"(","object":"chat.completion.chunk","created":)", options.created, R"(,"model":)");
    AppendJsonString(options.model, &head_);
  }

  std::string Begin() override {
    return Chunk(R"({"role":"assistant","content":"","refusal":null})", "null");
  }

  std::string Piece(const StreamDelta& delta) override {
    std::string text;
    switch (delta.kind) {
      case StreamDelta::Kind::kContent: text = R"({"content":)"; break;
      case StreamDelta::Kind::kReasoning: text = R"({"reasoning_content":)"; break;
      case StreamDelta::Kind::kRefusal: text = R"({"refusal":)"; break;
      case StreamDelta::Kind::kToolCall: return ToolPiece(delta);
    }
    AppendJsonString(delta.text, &text);
    return Chunk(text + "}", "null");
  }

  std::string End(Finish finish, const Usage& usage) override {
    std::string_view word = FinishWord(finish);
    if (word.empty()) word = "stop";
    if (!tools_.empty() && finish != Finish::kLength) word = "tool_calls";
    std::string out = Chunk("{}", Cat("\"", word, "\""));
    if (usage_) {
      AppendTo(&out, head_, R"(,"choices":[],"usage":{"prompt_tokens":)", usage.prompt_tokens,
               R"(,"completion_tokens":)", usage.completion_tokens, R"(,"total_tokens":)",
               usage.prompt_tokens + usage.completion_tokens, "}}\n\n");
    }
    return out + "data: [DONE]\n\n";
  }

  std::string Fail(const ClientError& error) override {
    return Cat("data: ", ErrorBody(error, ApiShape::kOpenAi, ""), "\n\ndata: [DONE]\n\n");
  }

  std::string KeepAlive() const override { return ": keep-alive\n\n"; }

 private:
  std::string Chunk(std::string_view delta, std::string_view finish) const {
    return Cat(head_, R"(,"choices":[{"index":0,"delta":)", delta,
               R"(,"logprobs":null,"finish_reason":)", finish,
               usage_ ? R"(}],"usage":null})" : "}]}", "\n\n");
  }

  // Providers number calls as they like (Anthropic by blocks); clients count them from 0.
  std::string ToolPiece(const StreamDelta& delta) {
    const auto [found, fresh] =
        tools_.emplace(delta.tool_index, static_cast<int64_t>(tools_.size()));
    std::string text = Cat(R"({"tool_calls":[{"index":)", found->second);
    if (fresh) {
      text.append(R"(,"id":)");
      AppendJsonString(delta.tool_id, &text);
      text.append(R"(,"type":"function")");
    }
    text.append(R"(,"function":{)");
    if (fresh) {
      text.append(R"("name":)");
      AppendJsonString(delta.tool_name, &text);
      text.append(",");
    }
    text.append(R"("arguments":)");
    AppendJsonString(delta.text, &text);
    return Chunk(text + "}}]}", "null");
  }

  bool usage_;
  std::string head_;
  std::map<int64_t, int64_t> tools_;  // at most as many as StreamState keeps
};

void AppendMember(std::string_view key, const element& value, std::string* out) {
  if (!out->ends_with('{')) out->push_back(',');
  AppendJsonString(key, out);
  out->push_back(':');
  out->append(simdjson::minify(value));
}

// The delta that says what `message` does, but for its content.
std::string DeltaOf(const object& message) {
  std::string delta = "{";
  for (const auto [key, value] : message) {
    array calls;
    if (key == "content") continue;
    if (key != "tool_calls" || value.get(calls) != simdjson::SUCCESS) {
      AppendMember(key, value, &delta);
      continue;
    }
    delta.append(delta.ends_with('{') ? R"("tool_calls":[)" : R"(,"tool_calls":[)");
    int64_t index = 0;
    for (const element call : calls) {
      object fields;
      if (call.get(fields) != simdjson::SUCCESS) continue;
      AppendTo(&delta, index > 0 ? "," : "", "{\"index\":", index);
      ++index;
      for (const auto [name, field] : fields) {
        if (name != "index") AppendMember(name, field, &delta);
      }
      delta.push_back('}');
    }
    delta.push_back(']');
  }
  return delta + "}";
}

}  // namespace

std::unique_ptr<AnswerEvents> MakeOpenAiEvents(const EventsOptions& options) {
  return std::make_unique<OpenAiEvents>(options);
}

std::string ChatEventsOfReply(const element& root, int64_t piece_bytes, bool usage) {
  element choice;
  object message;
  array choices;
  if (root["choices"].get(choices) != simdjson::SUCCESS) return "";
  if (choices.at(0).get(choice) != simdjson::SUCCESS) return "";
  if (choice["message"].get(message) != simdjson::SUCCESS) return "";
  std::string head = "data: {";
  object top;
  if (root.get(top) != simdjson::SUCCESS) return "";
  for (const auto [key, value] : top) {
    if (key == "choices" || key == "usage") continue;
    if (key == "object") {
      AppendTo(&head, head.ends_with('{') ? "" : ",", R"("object":"chat.completion.chunk")");
    } else {
      AppendMember(key, value, &head);
    }
  }
  const auto chunk = [&](std::string_view delta, std::string_view logprobs,
                         std::string_view finish) {
    return Cat(head, R"(,"choices":[{"index":0,"delta":)", delta, R"(,"logprobs":)", logprobs,
               R"(,"finish_reason":)", finish, usage ? R"(}],"usage":null})" : "}]}", "\n\n");
  };
  element member;
  std::string logprobs = "null";
  if (choice["logprobs"].get(member) == simdjson::SUCCESS) logprobs = simdjson::minify(member);
  std::string out = chunk(DeltaOf(message), "null", "null");
  std::string_view content;
  const bool has_content = message["content"].get(content) == simdjson::SUCCESS;
  while (has_content && !content.empty()) {
    // Of logprobs nobody can say which belong to which piece.
    const std::string_view piece = logprobs == "null" ? FirstPiece(content, piece_bytes) : content;
    std::string delta = R"({"content":)";
    AppendJsonString(piece, &delta);
    out.append(chunk(delta + "}", logprobs, "null"));
    content.remove_prefix(piece.size());
  }
  std::string finish = "\"stop\"";
  if (choice["finish_reason"].get(member) == simdjson::SUCCESS) finish = simdjson::minify(member);
  out.append(chunk("{}", "null", finish));
  if (usage && root["usage"].get(member) == simdjson::SUCCESS) {
    AppendTo(&out, head, R"(,"choices":[],"usage":)", simdjson::minify(member), "}\n\n");
  }
  return out + "data: [DONE]\n\n";
}

}  // namespace squall

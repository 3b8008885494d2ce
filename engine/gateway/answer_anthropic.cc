// Streams of Anthropic's messages.
#include <simdjson.h>

#include "engine/base/cat.h"
#include "engine/base/json_text.h"
#include "engine/gateway/answer.h"

namespace squall {

std::string ChatEventsOfReply(const simdjson::dom::element& root, int64_t piece_bytes, bool usage);

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string NamedEvent(std::string_view name, std::string_view data) {
  return Cat("event: ", name, "\ndata: ", data, "\n\n");
}

class AnthropicEvents final : public AnswerEvents {
 public:
  explicit AnthropicEvents(const EventsOptions& options) : id_(options.id), model_(options.model) {}

  std::string Begin() override {
    std::string data = Cat(R"({"type":"message_start","message":{"id":"msg_)", id_,
                           R"(","type":"message","role":"assistant","model":)");
    AppendJsonString(model_, &data);
    data.append(R"(,"content":[],"stop_reason":null,"stop_sequence":null,)"
                R"("usage":{"input_tokens":0,"output_tokens":0}}})");
    return NamedEvent("message_start", data);
  }

  std::string Piece(const StreamDelta& delta) override {
    if (delta.kind == StreamDelta::Kind::kReasoning) return "";  // without its signature of no use
    const bool tool = delta.kind == StreamDelta::Kind::kToolCall;
    std::string out;
    if (!open_ || tool != in_tool_ || (tool && delta.tool_index != tool_index_)) {
      out = CloseBlock();
      out.append(OpenBlock(delta, tool));  // which changes what closing would say
    }
    if (delta.text.empty()) return out;
    std::string data = Cat(R"({"type":"content_block_delta","index":)", block_,
                           tool ? R"(,"delta":{"type":"input_json_delta","partial_json":)"
                                : R"(,"delta":{"type":"text_delta","text":)");
    AppendJsonString(delta.text, &data);
    return out + NamedEvent("content_block_delta", data + "}}");
  }

  std::string End(Finish finish, const Usage& usage) override {
    if (any_tool_ && finish != Finish::kLength) finish = Finish::kToolCalls;
    std::string out = CloseBlock();
    const int64_t input = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens;
    out.append(NamedEvent(
        "message_delta",
        Cat(R"({"type":"message_delta","delta":{"stop_reason":")", StopReasonWord(finish),
            R"(","stop_sequence":null},"usage":{"input_tokens":)", input,
            R"(,"cache_creation_input_tokens":)", usage.cache_write_tokens,
            R"(,"cache_read_input_tokens":)", usage.cached_tokens, R"(,"output_tokens":)",
            usage.completion_tokens, "}}")));
    return out + NamedEvent("message_stop", R"({"type":"message_stop"})");
  }

  std::string Fail(const ClientError& error) override {
    return NamedEvent("error", ErrorBody(error, ApiShape::kAnthropic, id_));
  }

  std::string KeepAlive() const override { return NamedEvent("ping", R"({"type":"ping"})"); }

 private:
  std::string OpenBlock(const StreamDelta& delta, bool tool) {
    open_ = true;
    in_tool_ = tool;
    any_tool_ = any_tool_ || tool;
    tool_index_ = delta.tool_index;
    ++block_;
    std::string data = Cat(R"({"type":"content_block_start","index":)", block_);
    if (!tool) {
      data.append(R"(,"content_block":{"type":"text","text":""}})");
      return NamedEvent("content_block_start", data);
    }
    data.append(R"(,"content_block":{"type":"tool_use","id":)");
    AppendJsonString(delta.tool_id, &data);
    data.append(R"(,"name":)");
    AppendJsonString(delta.tool_name, &data);
    return NamedEvent("content_block_start", data + R"(,"input":{}}})");
  }

  std::string CloseBlock() {
    if (!open_) return "";
    open_ = false;
    return NamedEvent("content_block_stop",
                      Cat(R"({"type":"content_block_stop","index":)", block_, "}"));
  }

  std::string id_;
  std::string model_;
  int64_t block_ = -1;  // the present or last one
  int64_t tool_index_ = 0;
  bool open_ = false;
  bool in_tool_ = false;
  bool any_tool_ = false;
};

// One block of a whole reply. What is not known here stands in its start.
std::string BlockEvents(const object& block, int64_t index, int64_t piece_bytes) {
  struct Kind {
    std::string_view type, member, delta, name;
  };
  constexpr Kind kKinds[] = {{"text", "text", "text_delta", "text"},
                             {"thinking", "thinking", "thinking_delta", "thinking"},
                             {"tool_use", "input", "input_json_delta", "partial_json"}};
  std::string_view type;
  if (block["type"].get(type) != simdjson::SUCCESS) return "";
  const Kind* kind = nullptr;
  for (const Kind& row : kKinds) {
    if (row.type == type) kind = &row;
  }
  std::string start = "{";
  std::string text;
  for (const auto [key, value] : block) {
    if (kind != nullptr && key == "signature") continue;
    if (!start.ends_with('{')) start.push_back(',');
    AppendJsonString(key, &start);
    start.push_back(':');
    std::string_view words;
    if (kind == nullptr || key != kind->member) {
      start.append(simdjson::minify(value));
    } else if (value.get(words) == simdjson::SUCCESS) {
      start.append("\"\"");
      text = std::string(words);
    } else {
      start.append("{}");
      text = simdjson::minify(value);
    }
  }
  std::string out = NamedEvent(
      "content_block_start",
      Cat(R"({"type":"content_block_start","index":)", index, R"(,"content_block":)", start, "}}"));
  const auto delta = [&](std::string_view delta_type, std::string_view name,
                         std::string_view piece) {
    std::string data = Cat(R"({"type":"content_block_delta","index":)", index,
                           R"(,"delta":{"type":")", delta_type, "\",\"", name, "\":");
    AppendJsonString(piece, &data);
    out.append(NamedEvent("content_block_delta", data + "}}"));
  };
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view piece = FirstPiece(rest, piece_bytes);
    delta(kind->delta, kind->name, piece);
    rest.remove_prefix(piece.size());
  }
  std::string_view signature;
  if (block["signature"].get(signature) == simdjson::SUCCESS) {
    delta("signature_delta", "signature", signature);
  }
  return out + NamedEvent("content_block_stop",
                          Cat(R"({"type":"content_block_stop","index":)", index, "}"));
}

std::string MessageEventsOfReply(const element& root, int64_t piece_bytes) {
  object top;
  array blocks;
  element usage;
  if (root.get(top) != simdjson::SUCCESS) return "";
  if (root["content"].get(blocks) != simdjson::SUCCESS) return "";
  if (root["usage"].get(usage) != simdjson::SUCCESS) return "";
  std::string start;
  std::string delta;
  const auto add = [](std::string_view key, std::string_view json, std::string* list) {
    if (!list->empty()) list->push_back(',');
    AppendJsonString(key, list);
    list->append(":").append(json);
  };
  for (const auto [key, value] : top) {
    if (key == "stop_reason" || key == "stop_sequence") {
      add(key, "null", &start);
      add(key, simdjson::minify(value), &delta);
    } else {
      add(key, key == "content" ? "[]" : simdjson::minify(value), &start);
    }
  }
  std::string out =
      NamedEvent("message_start", Cat(R"({"type":"message_start","message":{)", start, "}}"));
  int64_t index = 0;
  for (const element entry : blocks) {
    object block;
    if (entry.get(block) == simdjson::SUCCESS) out.append(BlockEvents(block, index++, piece_bytes));
  }
  out.append(NamedEvent("message_delta", Cat(R"({"type":"message_delta","delta":{)", delta,
                                             R"(},"usage":)", simdjson::minify(usage), "}")));
  return out + NamedEvent("message_stop", R"({"type":"message_stop"})");
}

}  // namespace

std::unique_ptr<AnswerEvents> MakeAnthropicEvents(const EventsOptions& options) {
  return std::make_unique<AnthropicEvents>(options);
}

std::string EventsOfReply(std::string_view reply, ApiShape shape, int64_t piece_bytes, bool usage) {
  thread_local simdjson::dom::parser parser;
  element root;
  if (parser.parse(reply.data(), reply.size()).get(root) != simdjson::SUCCESS) return "";
  return shape == ApiShape::kOpenAi ? ChatEventsOfReply(root, piece_bytes, usage)
                                    : MessageEventsOfReply(root, piece_bytes);
}

}  // namespace squall

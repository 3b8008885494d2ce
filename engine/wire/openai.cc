#include "engine/wire/openai.h"

#include <simdjson.h>

#include <charconv>

#include "engine/base/json_text.h"

namespace squall {
namespace {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
  }
  return "user";
}

void AppendInt(int64_t value, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out->append(digits, end);
}

size_t BodySizeHint(const ChatRequest& request) {
  size_t size = 256;
  for (const ChatMessage& message : request.messages) size += message.content.size() + 64;
  return size;
}

void EncodeBody(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                std::string* out) {
  out->reserve(BodySizeHint(request));
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
  out->append("],\"max_completion_tokens\":");
  AppendInt(max_tokens, out);
  out->append(",\"temperature\":0,\"response_format\":{\"type\":\"json_object\"}");
  if (!request.user.empty()) {
    out->append(",\"user\":");
    AppendJsonString(request.user, out);
  }
  out->push_back('}');
}

using simdjson::dom::element;
using simdjson::dom::object;

// The member as text; empty when absent, null or of another type.
std::string_view Text(const object& parent, std::string_view key) {
  std::string_view value;
  if (parent[key].get(value) != simdjson::SUCCESS) return {};
  return value;
}

int64_t Integer(const object& parent, std::string_view key) {
  int64_t value = 0;
  if (parent[key].get(value) != simdjson::SUCCESS) return 0;
  return value;
}

class OpenAiDecoder final : public ReplyDecoder {
 public:
  DecodedBody Decode(std::string* body) override {
    DecodedBody decoded;
    if (body->find_first_not_of(" \t\r\n") == std::string::npos) return decoded;
    if (body->capacity() - body->size() < simdjson::SIMDJSON_PADDING) {
      body->reserve(body->size() + simdjson::SIMDJSON_PADDING);
    }
    element root;
    constexpr bool kCopy = false;  // the padding is there
    if (parser_.parse(body->data(), body->size(), kCopy).get(root) != simdjson::SUCCESS) {
      decoded.shape = DecodedBody::Shape::kNotJson;
      return decoded;
    }
    decoded.shape = DecodedBody::Shape::kOther;
    object top;
    if (root.get(top) == simdjson::SUCCESS) ReadTop(top, &decoded);
    return decoded;
  }

 private:
  static void ReadTop(const object& top, DecodedBody* out) {
    simdjson::dom::array choices;
    object error;
    if (top["choices"].get(choices) == simdjson::SUCCESS) {
      ReadReply(top, choices, out);
    } else if (top["error"].get(error) == simdjson::SUCCESS) {
      out->shape = DecodedBody::Shape::kError;
      out->error_message = Text(error, "message");
      out->error_type = Text(error, "type");
      out->error_code = Text(error, "code");
    }
  }

  static void ReadReply(const object& top, const simdjson::dom::array& choices, DecodedBody* out) {
    object usage;
    if (top["usage"].get(usage) == simdjson::SUCCESS) {
      out->usage.prompt_tokens = Integer(usage, "prompt_tokens");
      out->usage.completion_tokens = Integer(usage, "completion_tokens");
    }
    out->shape = DecodedBody::Shape::kReply;
    out->model = Text(top, "model");
    object choice;
    if (choices.at(0).get(choice) != simdjson::SUCCESS) return;
    out->finish_reason = Text(choice, "finish_reason");
    object message;
    if (choice["message"].get(message) != simdjson::SUCCESS) return;
    out->content = Text(message, "content");
    out->has_refusal = !Text(message, "refusal").empty();
    simdjson::dom::array calls;
    out->has_tool_calls = message["tool_calls"].get(calls) == simdjson::SUCCESS && calls.size() > 0;
  }

  simdjson::dom::parser parser_;
};

}  // namespace

void EncodeOpenAiChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                      std::string_view api_key, HttpRequest* out) {
  out->method = "POST";
  out->target = "/v1/chat/completions";
  out->headers.reserve(192);
  out->headers.Add("content-type", "application/json");
  if (!api_key.empty()) out->headers.Add("authorization", "Bearer " + std::string(api_key));
  out->headers.Add("x-squall-request", request.id);
  EncodeBody(request, model, max_tokens, &out->body);
}

std::unique_ptr<ReplyDecoder> MakeOpenAiDecoder() { return std::make_unique<OpenAiDecoder>(); }

}  // namespace squall

#include "engine/gateway/chat_intake.h"

#include <absl/container/flat_hash_set.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "engine/base/cat.h"
#include "engine/base/json_text.h"
#include "engine/gateway/chat_members.h"
#include "engine/wire/dialect.h"

namespace squall {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Of the members of a request but its messages. With more, what holds them grows.
constexpr size_t kUsualMembers = 16;
constexpr size_t kUsualBytes = 256;

size_t SkipBlanks(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

// Behind the string that begins at `at`.
size_t SkipString(std::string_view text, size_t at) {
  const size_t begin = at + 1;
  while ((at = text.find('"', at + 1)) != text.npos) {
    size_t slashes = 0;
    while (at - slashes > begin && text[at - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return at + 1;  // not escaped
  }
  return text.size() + 1;
}

// Behind the value that begins at `at`.
size_t SkipValue(std::string_view text, size_t at) {
  int64_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = SkipString(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (depth == 0 &&
        (c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
      return at;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return at;
}

ClientError Wrong(std::string_view param, std::string message) {
  ClientError error(400, "invalid_value", std::move(message));
  error.param = param;
  error.retry = false;
  return error;
}

}  // namespace

std::vector<JsonMember> TopMembers(std::string_view text) {
  std::vector<JsonMember> members;
  members.reserve(kUsualMembers);
  size_t at = SkipBlanks(text, 0) + 1;  // the brace
  while (true) {
    at = SkipBlanks(text, at);
    if (at >= text.size() || text[at] == '}') return members;
    if (text[at] == ',') at = SkipBlanks(text, at + 1);
    const size_t key = at + 1;
    at = SkipString(text, at);
    const std::string_view name = text.substr(key, at - key - 1);
    at = SkipBlanks(text, SkipBlanks(text, at) + 1);  // the colon
    const size_t end = SkipValue(text, at);
    members.push_back({name, text.substr(at, end - at)});
    at = end;
  }
}

std::optional<ClientError> ReadChat(std::string_view body, ApiShape shape,
                                    int64_t default_max_tokens, ChatIntake* out) {
  // Kept between requests: its buffers are as large as the largest body so far.
  thread_local simdjson::dom::parser parser;
  element root;
  object top;
  const auto failure = parser.parse(body.data(), body.size()).get(root);
  if (failure != simdjson::SUCCESS) {
    ClientError error(400, "invalid_json",
                      Cat("The body is not JSON: ", simdjson::error_message(failure)));
    error.retry = false;
    return error;
  }
  if (root.get(top) != simdjson::SUCCESS) return Wrong("", "The body must be a JSON object.");
  out->shape = shape;
  out->request.plain = true;
  out->request.takes_cut = true;
  out->request.keep_reply = true;
  out->request.unlimited = true;
  out->request.max_tokens = default_max_tokens;
  ClientText text;
  text.members.reserve(kUsualBytes);
  text.family = shape == ApiShape::kOpenAi ? kOpenAiFamily : kAnthropicFamily;
  absl::flat_hash_set<std::string_view> seen(kUsualMembers);
  const std::vector<JsonMember> members = TopMembers(body);
  auto parsed = top.begin();
  for (const JsonMember& member : members) {
    if (member.key != parsed.key()) {
      return Wrong("", "The body has an escape in the name of a member.");
    }
    if (!seen.insert(member.key).second) {
      return Wrong(member.key, Cat("The member \"", member.key, "\" stands twice."));
    }
    const element value = parsed.value();
    ++parsed;
    const std::string wrong = ReadChatMember(member, value, out, &text);
    if (!wrong.empty()) return Wrong(member.key, wrong);
  }
  for (const std::string_view needed : {std::string_view("model"), std::string_view("messages")}) {
    if (!seen.contains(needed)) return Wrong(needed, Cat("\"", needed, "\" is missing."));
  }
  if (shape == ApiShape::kAnthropic && !seen.contains("max_tokens")) {
    return Wrong("max_tokens", "\"max_tokens\" is missing.");
  }
  if (!out->wants_stream) out->whole = false;
  out->request.stream = out->wants_stream && !out->whole;
  text.opaque = !out->opaque_member.empty();
  out->request.client_text = std::make_shared<const ClientText>(std::move(text));
  return std::nullopt;
}

}  // namespace squall

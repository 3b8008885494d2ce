// Messages of both APIs. A message of plain text can be told to any provider; tools, images and
// whatever else there is only to those that speak the client's dialect.
#include <simdjson.h>

#include "engine/base/cat.h"
#include "engine/gateway/chat_members.h"

namespace squall {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// What of a content is text. Sets *plain to false where there is more to it.
void AppendContent(const element& content, std::string* text, bool* plain) {
  std::string_view piece;
  if (content.get(piece) == simdjson::SUCCESS) {
    text->append(piece);
    return;
  }
  array parts;
  if (content.get(parts) != simdjson::SUCCESS) {
    *plain = false;
    return;
  }
  for (const element part : parts) {
    object fields;
    if (part.get(fields) != simdjson::SUCCESS) {
      *plain = false;
      continue;
    }
    for (const auto [key, value] : fields) {
      std::string_view word;
      const bool is_text = value.get(word) == simdjson::SUCCESS;
      // "cache_control" marks what to keep in a cache: of no use elsewhere, and no part of the
      // text.
      if (key == "cache_control" || (key == "type" && is_text && word == "text")) continue;
      if (key != "text" || !is_text) {
        *plain = false;
        continue;
      }
      if (!text->empty()) text->append("\n");
      text->append(word);
    }
  }
}

std::optional<Role> RoleOf(std::string_view name, bool* plain) {
  if (name == "user") return Role::kUser;
  if (name == "assistant") return Role::kAssistant;
  if (name == "system" || name == "developer") return Role::kSystem;
  *plain = false;
  if (name == "tool" || name == "function") return Role::kUser;
  return std::nullopt;
}

}  // namespace

std::string ReadMessages(const element& value, ChatIntake* out) {
  array messages;
  if (value.get(messages) != simdjson::SUCCESS || messages.size() == 0) {
    return "\"messages\" must be a list of at least one message.";
  }
  bool plain = true;
  for (const element message : messages) {
    object fields;
    if (message.get(fields) != simdjson::SUCCESS) return "A message must be an object.";
    std::optional<Role> role;
    std::string text;
    for (const auto [key, member] : fields) {
      std::string_view name;
      if (key == "role") {
        if (member.get(name) == simdjson::SUCCESS) role = RoleOf(name, &plain);
      } else if (key == "content") {
        AppendContent(member, &text, &plain);
      } else if (!member.is_null()) {
        plain = false;
      }
    }
    if (!role.has_value()) return "A message has no role, or one that is not known.";
    const bool apart = out->shape == ApiShape::kAnthropic && *role == Role::kSystem;
    if (apart) return "A message has the role \"system\", which stands apart as \"system\".";
    out->request.messages.emplace_back(*role, std::move(text));
  }
  if (!plain) out->opaque_member = "messages";
  return "";
}

std::string ReadSystem(const element& value, ChatIntake* out) {
  std::string text;
  bool plain = true;
  AppendContent(value, &text, &plain);
  if (!plain) out->opaque_member = "system";
  out->request.messages.emplace(out->request.messages.begin(), Role::kSystem, std::move(text));
  return "";
}

}  // namespace squall

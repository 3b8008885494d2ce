#include "engine/wire/chat_json.h"

#include "engine/base/json_text.h"

namespace squall {
namespace {

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

size_t BodySizeHint(const ChatRequest& request) {
  size_t size = 256;
  for (const ChatMessage& message : request.messages) size += message.content.size() + 64;
  return size;
}

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
  }
  return "user";
}

void BeginRequest(const ChatRequest& request, std::string_view auth_header,
                  std::string_view auth_prefix, std::string_view api_key, HttpRequest* out) {
  out->method = "POST";
  out->headers.reserve(192);
  out->headers.Add("content-type", "application/json");
  if (!api_key.empty()) {
    out->headers.Add(auth_header, std::string(auth_prefix).append(api_key));
  }
  out->headers.Add("x-squall-request", request.id);
  out->body.reserve(BodySizeHint(request));
}

bool HasSystemMessage(const ChatRequest& request) {
  for (const ChatMessage& message : request.messages) {
    if (message.role == Role::kSystem) return true;
  }
  return false;
}

void AppendSystemText(const ChatRequest& request, std::string* out) {
  std::string text;
  for (const ChatMessage& message : request.messages) {
    if (message.role != Role::kSystem) continue;
    if (!text.empty()) text.append("\n\n");
    text.append(message.content);
  }
  AppendJsonString(text, out);
}

void AppendPathSegment(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out->push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out->push_back('%');
    out->push_back(kHex[byte >> 4]);
    out->push_back(kHex[byte & 15]);
  }
}

}  // namespace squall

#include "engine/wire/chat_json.h"

#include <array>
#include <charconv>

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
  if (request.client_text != nullptr) {
    size += request.client_text->messages.size() + request.client_text->members.size();
  }
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

const ClientText* ClientTextFor(const ChatRequest& request, std::string_view family) {
  const ClientText* const text = request.client_text.get();
  return text != nullptr && text->family == family ? text : nullptr;
}

void AppendNumber(double number, std::string* out) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out->append(digits.data(), end);
}

void AppendTexts(std::string_view name, const std::vector<std::string>& texts, std::string* out) {
  if (texts.empty()) return;
  out->append(",\"").append(name).append("\":[");
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonString(texts[i], out);
  }
  out->push_back(']');
}

void AppendSampling(const Sampling& sampling, std::string_view temperature, std::string_view top_p,
                    std::string* out) {
  const auto append = [out](std::string_view name, std::optional<double> value) {
    if (!value.has_value()) return;
    out->append(",\"").append(name).append("\":");
    AppendNumber(*value, out);
  };
  append(temperature, sampling.temperature);
  append(top_p, sampling.top_p);
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

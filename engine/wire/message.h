// Chat messages, independent of any provider's dialect.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace squall {

enum class Role : uint8_t { kSystem, kUser, kAssistant };

struct ChatMessage {
  ChatMessage(Role role_in, std::string content_in)
      : role(role_in), content(std::move(content_in)) {}
  Role role;
  std::string content;
};

struct ChatRequest {
  ChatRequest() {}
  std::string id;    // unique per request; travels as x-squall-request
  std::string user;  // end-user or session id; OpenAI's "user" field; may be empty
  std::vector<ChatMessage> messages;
  int64_t max_tokens = 1024;  // upper bound of generated tokens
};

// Tokens as the provider bills them.
struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
};

struct ChatReply {
  ChatReply() {}
  std::string model;    // as the provider names what served it
  std::string content;  // text of the first choice
  std::string finish_reason;
  Usage usage;
};

}  // namespace squall

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
  bool stream = false;        // ask for server-sent events; see stream_decoder.h
  // Without parameters that some models do not take: temperature, JSON mode, user.
  bool plain = false;
  // Another model must give an equivalent answer before this one is returned.
  bool require_equivalence = false;
  // False: running it twice does harm (tools that act). Only what surely did not run is sent again.
  bool repeatable = true;
  // The layer above repeats what fails, so this one must not: retries of n layers multiply.
  bool caller_retries = false;
};

// Tokens as the provider bills them. The last three are shares of the first two, whose prices
// differ: whatever the dialect, prompt_tokens counts what was read from a cache or written to it,
// and completion_tokens counts the model's thoughts.
struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t cached_tokens = 0;       // of the prompt, read from the provider's cache
  int64_t cache_write_tokens = 0;  // of the prompt, written to it
  int64_t reasoning_tokens = 0;    // of the completion
};

struct ChatReply {
  ChatReply() {}
  std::string model;    // as the provider names what served it
  std::string content;  // text of the first choice
  std::string finish_reason;
  Usage usage;
};

}  // namespace squall

// Chat messages, independent of any provider's dialect.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

// What most families have in common; empty: not said.
struct Sampling {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::vector<std::string> stop;
};

// A request as its client wrote it, for providers of the same family of dialects (Dialect::family):
// what the engine does not model goes to them unread. The texts are JSON and have been checked.
struct ClientText {
  std::string family;
  std::string messages;  // the value of "messages"
  std::string system;    // likewise of Anthropic's "system"; empty = none
  // The other members, each as `,"name":value`, but for those that an encoder writes itself: model,
  // the limit on tokens, stream and stream_options.
  std::string members;
  std::string max_tokens_name;  // as the client calls that limit; empty: as the provider does
  // It says what no other family can be told, and what cannot be shortened: tools, images, ...
  bool opaque = false;
  Sampling sampling;  // what of its members other families can be told
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
  // max_tokens is only an estimate; providers that need no limit are given none.
  bool unlimited = false;
  // The limit is the caller's own, so an answer that ends there is one.
  bool takes_cut = false;
  // The bytes of the last reply are of use (CallResult::reply_body).
  bool keep_reply = false;
  uint32_t barred = 0;                            // bit i: provider i cannot take this request
  std::shared_ptr<const ClientText> client_text;  // nullptr: this is no client's
  bool client_messages = true;  // those are its own still, and not the ones above, changed
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

// ChatIntake: a client's request, read. What the engine models goes into its ChatRequest; all else
// is kept as it was written, for providers that speak the client's dialect (ClientText). What no
// provider could honour is refused here, never dropped.
//
// Beside the members of the APIs, both take `wait` and `idempotency_key` (README, "The gateway").
// Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/gateway/client_error.h"
#include "engine/json_schema.h"
#include "engine/wire/message.h"

namespace squall {

struct ChatIntake {
  ApiShape shape = ApiShape::kOpenAi;
  std::string model;  // as the client calls it
  // Its id, barred providers and user are for the caller to set.
  ChatRequest request;
  std::shared_ptr<const JsonSchema> schema;  // that the answer must keep; may be nullptr
  bool wants_stream = false;
  bool wants_usage = false;  // in the stream
  // Pieces of a stream cannot carry all that it asks for, so its answer is fetched whole.
  bool whole = false;
  std::string opaque_member;  // why the request is opaque: a member's name
  std::optional<bool> wait;
  std::string idempotency_key;
  std::string conversation;  // of "metadata"
};

// Reads the body of POST /v1/chat/completions or of POST /v1/messages. `default_max_tokens` is the
// estimate where it gives no limit. Returns what is wrong with it: 400, or 422.
std::optional<ClientError> ReadChat(std::string_view body, ApiShape shape,
                                    int64_t default_max_tokens, ChatIntake* out);

// One member at the top of a JSON object: where its value stands in the text.
struct JsonMember {
  std::string_view key;    // as written, without its quotes
  std::string_view value;  // as written
};

// The members of an object that is known to be valid JSON, in order.
std::vector<JsonMember> TopMembers(std::string_view object);

}  // namespace squall

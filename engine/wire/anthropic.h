// Anthropic Messages, the client's side: POST /v1/messages with x-api-key and anthropic-version.
// System messages are a field of their own; there is no switch for JSON output. A refusal is a
// success with stop_reason "refusal". Streams name every event and repeat the name as data.type.
// Source: docs.claude.com, pages "Messages", "Errors" and "Streaming messages".
#pragma once

#include <memory>
#include <string_view>

#include "engine/wire/dialect.h"

namespace squall {

void EncodeAnthropic(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                     std::string_view api_key, HttpRequest* out);

void ReadAnthropicBody(const simdjson::dom::element& root, TextParts* parts, DecodedBody* out);
void ReadAnthropicEvent(std::string_view type, const simdjson::dom::element& data,
                        StreamState* state);

std::unique_ptr<ReplyDecoder> MakeAnthropicDecoder();

}  // namespace squall

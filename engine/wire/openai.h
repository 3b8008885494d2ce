// OpenAI chat completions, the client's side: POST /v1/chat/completions. Azure OpenAI and DeepSeek
// speak the same with differences of their own (azure.h, deepseek.h), so what they share is here.
// Source: OpenAI's OpenAPI document, schemas CreateChatCompletionRequest,
// CreateChatCompletionResponse, CreateChatCompletionStreamResponse and ErrorResponse.
#pragma once

#include <memory>
#include <string_view>

#include "engine/wire/dialect.h"

namespace simdjson::dom {
class object;
}  // namespace simdjson::dom

namespace squall {

void EncodeOpenAiChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                      std::string_view api_key, HttpRequest* out);

std::unique_ptr<ReplyDecoder> MakeOpenAiDecoder();

// The body of a request. `max_tokens_key` is the name that the provider has for the limit.
void AppendChatBody(const ChatRequest& request, std::string_view model,
                    std::string_view max_tokens_key, int64_t max_tokens, std::string* out);

void ReadChatBody(const simdjson::dom::element& root, TextParts* parts, DecodedBody* out);
void ReadChatEvent(std::string_view type, const simdjson::dom::element& data, StreamState* state);

// Fills the fields of an error from an envelope of OpenAI's kind.
void ReadOpenAiError(const simdjson::dom::object& error, DecodedBody* out);

}  // namespace squall

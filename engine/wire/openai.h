// OpenAI chat completions, the client's side: POST /v1/chat/completions, non-streaming.
// Source: OpenAI's OpenAPI document, schemas CreateChatCompletionRequest and
// CreateChatCompletionResponse, and ErrorResponse for the error object.
#pragma once

#include <memory>
#include <string_view>

#include "engine/wire/dialect.h"

namespace squall {

void EncodeOpenAiChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                      std::string_view api_key, HttpRequest* out);

std::unique_ptr<ReplyDecoder> MakeOpenAiDecoder();

}  // namespace squall

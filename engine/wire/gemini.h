// Gemini generateContent, the client's side: POST /v1beta/models/{model}:generateContent, or
// :streamGenerateContent?alt=sse, with x-goog-api-key. Answers are parts, thoughts among them. A
// blocked prompt is a success without candidates. Errors may stand inside an array of one. A stream
// has no terminal event: the chunk with a finishReason is the last. Source: ai.google.dev, API
// reference "Generating content", and google.rpc.Status with its standard details.
#pragma once

#include <memory>
#include <string_view>

#include "engine/wire/dialect.h"

namespace squall {

void EncodeGemini(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                  std::string_view api_key, HttpRequest* out);

void ReadGeminiBody(const simdjson::dom::element& root, TextParts* parts, DecodedBody* out);
void ReadGeminiEvent(std::string_view type, const simdjson::dom::element& data, StreamState* state);

std::unique_ptr<ReplyDecoder> MakeGeminiDecoder();

}  // namespace squall

// OpenAI Responses, the client's side: POST /v1/responses. The answer is a list of output items;
// how it ended is `status` and `incomplete_details`. A failed response is an error inside a 200.
// Streams have typed, numbered events; errors in them come nested as on the wire or flat as in the
// API document. Source: OpenAI's OpenAPI document, schemas CreateResponse, Response and
// ResponseStreamEvent.
#pragma once

#include <memory>
#include <string_view>

#include "engine/wire/dialect.h"

namespace squall {

void EncodeResponses(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                     std::string_view api_key, HttpRequest* out);

void ReadResponsesBody(const simdjson::dom::element& root, TextParts* parts, DecodedBody* out);
void ReadResponsesEvent(std::string_view type, const simdjson::dom::element& data,
                        StreamState* state);

std::unique_ptr<ReplyDecoder> MakeResponsesDecoder();

}  // namespace squall

// What OpenAI says when it says no, and the headers of all its replies: shared by chat completions
// and Responses. Sources: OpenAI's OpenAPI document (ErrorResponse), its guides on error codes and
// rate limits, and captured replies.
#pragma once

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"

namespace squall {

// The error object for a failure of the server.
Refusal OpenAiError(const ApiError& error);

// "max_tokens is too large: ...", with figures of the request.
std::string OpenAiMaxTokensMessage(const ApiError& error);

// The message of a 429 that hit this limit: "Rate limit reached for ... Please try again in ...".
std::string OpenAiQuotaMessage(std::string_view model, const QuotaVerdict& quota);

// "This model's maximum context length is ... <advice>", with figures of the request.
std::string OpenAiContextMessage(const ApiError& error, std::string_view advice);

// kShouldRetryHeader, where the error has a word on it.
void AddShouldRetry(const ApiError& error, Headers* headers);

// Headers that every reply carries; content-type is not among them.
Headers OpenAiHeaders();
void AddOpenAiRequestId(uint64_t id_bits, Headers* headers);
void AddOpenAiQuota(const QuotaView& view, Headers* headers);

// Status, headers and body of a refusal or an error; of an error its hint too.
void WriteOpenAiError(const Refusal& error, const Headers& common, uint64_t id_bits,
                      ReplyPlan* plan);
void WriteOpenAiError(const ApiError& error, const Headers& common, ReplyPlan* plan);

// A reply without a stream has nothing of one.
void ClearStream(ReplyPlan* plan);

}  // namespace squall

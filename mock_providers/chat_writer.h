// Writes chat completions and their streams, for the three vendors that speak this format. They
// differ in ids, fingerprints, what stands beside the text, and how a stream begins and ends.
// Sources: OpenAI's OpenAPI document (CreateChatCompletionResponse, ...StreamResponse); Microsoft's
// and DeepSeek's API references; replies captured in public test fixtures.
#pragma once

#include <string>

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"

namespace squall {

enum class ChatVendor : uint8_t { kOpenAi, kAzure, kDeepSeek };

// Body, and chunks of a stream. Status and headers are the caller's, but for content-type, which is
// added here as the form decides it.
void WriteChatAnswer(ChatVendor vendor, const ApiAnswer& answer, ReplyPlan* plan);

// The four-key error object on one line, as it stands in a stream and, with DeepSeek, in a body.
void AppendChatError(const Refusal& error, std::string* out);

// Token counts of an answer as a JSON object.
void AppendChatUsage(ChatVendor vendor, const ApiAnswer& answer, std::string* out);

}  // namespace squall

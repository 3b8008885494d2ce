// Azure OpenAI chat completions, the client's side:
// POST /openai/deployments/{deployment}/chat/completions?api-version=2024-10-21 with an api-key
// header. The deployment stands where others have a model. Bodies are OpenAI's plus content filter
// verdicts; errors may carry an innererror and a numeric status. Source: Microsoft's REST reference
// of Azure OpenAI, data plane, version 2024-10-21.
#pragma once

#include <string_view>

#include "engine/wire/dialect.h"

namespace squall {

// Azure grants 6 requests a minute per 1,000 tokens a minute and counts them over ten seconds, and
// so do its x-ratelimit-*-requests headers: of a deployment of 240,000 tokens a minute (1,440
// requests) they tell a limit of 240. Sources: Microsoft's quota documentation and its
// aoai-api-simulator; headers of a recorded reply (remaining 237 requests and 239,952 tokens).
inline constexpr Duration kAzureRequestWindow = 10s;

void EncodeAzureChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                     std::string_view api_key, HttpRequest* out);

}  // namespace squall

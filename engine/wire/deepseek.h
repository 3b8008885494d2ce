// DeepSeek chat completions, the client's side: POST /chat/completions, OpenAI's shapes with
// differences that ReadChatBody and ReadChatEvent know: thoughts in reasoning_content, cache counts
// of their own, the finish reason insufficient_system_resource, blank lines before a body while the
// request waits in a queue. Source: api-docs.deepseek.com, pages "Create Chat Completion" and "Rate
// Limit".
#pragma once

#include <string_view>

#include "engine/wire/dialect.h"

namespace squall {

void EncodeDeepSeekChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                        std::string_view api_key, HttpRequest* out);

}  // namespace squall

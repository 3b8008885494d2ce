#include "engine/wire/deepseek.h"

#include "engine/wire/chat_json.h"
#include "engine/wire/openai.h"

namespace squall {

void EncodeDeepSeekChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                        std::string_view api_key, HttpRequest* out) {
  BeginRequest(request, "authorization", "Bearer ", api_key, out);
  out->target = "/chat/completions";
  AppendChatBody(request, model, "max_tokens", max_tokens, &out->body);
}

}  // namespace squall

#include "engine/wire/azure.h"

#include "engine/wire/chat_json.h"
#include "engine/wire/openai.h"

namespace squall {

void EncodeAzureChat(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                     std::string_view api_key, HttpRequest* out) {
  BeginRequest(request, "api-key", "", api_key, out);
  out->target = "/openai/deployments/";
  AppendPathSegment(model, &out->target);
  out->target.append("/chat/completions?api-version=2024-10-21");
  // This version of the API knows the older name of the limit only.
  AppendChatBody(request, model, "max_tokens", max_tokens, &out->body);
}

}  // namespace squall

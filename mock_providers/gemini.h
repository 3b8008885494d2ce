// GeminiServer: the mock side of the Gemini Developer API,
// POST /v1beta/models/{model}:generateContent, and :streamGenerateContent as events (alt=sse) or as
// a JSON array that grows. Wants x-goog-api-key, ?key= or a bearer. It has no rate headers: hints
// are a RetryInfo in the body, which a daily quota carries too, though waiting that long is no use.
// Sources: Google's API reference and troubleshooting guide, its SDK and CLI, captured replies.
#pragma once

#include <string>
#include <vector>

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"
#include "mock_providers/json_body.h"

namespace squall {

class GeminiServer final : public DialectServer {
 public:
  explicit GeminiServer(std::vector<std::string> models) : models_(std::move(models)) {}

  bool Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
            ReplyPlan* refusal) override;
  void WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const override;
  void WriteError(const ApiError& error, ReplyPlan* plan) const override;
  void AppendStreamError(const ApiError& error, std::string* out) const override;
  bool CountsAnswerInWindow() const override { return false; }  // inputTokenLimit is of the prompt

 private:
  Problem ReadBody(std::string_view body, ApiRequest* out);

  std::vector<std::string> models_;
  JsonBody json_;
};

}  // namespace squall

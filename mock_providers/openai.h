// OpenAiServer: the mock side of OpenAI chat completions, POST /v1/chat/completions, non-streaming.
// Sources: OpenAI's OpenAPI document (CreateChatCompletionRequest, CreateChatCompletionResponse,
// ErrorResponse) and its guides on error codes and rate limits; header set as served in 2025.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mock_providers/dialect_server.h"

namespace squall {

class OpenAiServer final : public DialectServer {
 public:
  explicit OpenAiServer(std::vector<std::string> models);
  ~OpenAiServer() override;

  bool Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
            ReplyPlan* refusal) override;
  void WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const override;
  void WriteError(const ApiError& error, ReplyPlan* plan) const override;

 private:
  struct Reader;  // JSON parser and its buffers
  std::vector<std::string> models_;
  std::unique_ptr<Reader> reader_;
  Headers common_headers_;  // those that every reply carries
};

}  // namespace squall

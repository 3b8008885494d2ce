// DeepSeekServer: the mock side of DeepSeek's chat completions, POST /chat/completions or
// /v1/chat/completions. OpenAI's format with quirks: blank lines before the JSON, or comments in a
// stream, while a request waits; x-ds-trace-id in place of x-request-id; a missing key answered
// with plain text that has no content-type; no hints and no rate headers.
// Sources: api-docs.deepseek.com (error codes, rate limit) and captured replies.
#pragma once

#include <string>
#include <vector>

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"

namespace squall {

class DeepSeekServer final : public DialectServer {
 public:
  explicit DeepSeekServer(std::vector<std::string> models);

  bool Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
            ReplyPlan* refusal) override;
  void WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const override;
  void WriteError(const ApiError& error, ReplyPlan* plan) const override;
  void AppendStreamError(const ApiError& error, std::string* out) const override;

 private:
  ChatReader reader_;
  Headers common_headers_;
};

}  // namespace squall

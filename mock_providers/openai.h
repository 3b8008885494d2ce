// OpenAiServer: the mock side of OpenAI chat completions, POST /v1/chat/completions, in one piece
// or as a stream. Credentials are not looked at: many servers that speak this format want none.
// Sources: see chat_writer.h and openai_errors.h; header set as served in 2025.
#pragma once

#include <string>
#include <vector>

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"

namespace squall {

class OpenAiServer final : public DialectServer {
 public:
  explicit OpenAiServer(std::vector<std::string> models);

  bool Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
            ReplyPlan* refusal) override;
  void WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const override;
  void WriteError(const ApiError& error, ReplyPlan* plan) const override;
  void AppendStreamError(const ApiError& error, std::string* out) const override;

 private:
  ChatReader reader_;
  Headers common_headers_;  // those that every reply carries
};

}  // namespace squall

// AzureServer: the mock side of Azure OpenAI chat completions,
// POST /openai/deployments/{deployment}/chat/completions?api-version=...: the models of the
// provider are its deployments. Content filter annotations beside every text; rate headers in whole
// seconds, on errors too.
// Sources: Microsoft's API reference and quota guide, its API simulator, captured replies.
#pragma once

#include <string>
#include <vector>

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"

namespace squall {

class AzureServer final : public DialectServer {
 public:
  explicit AzureServer(std::vector<std::string> models);

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

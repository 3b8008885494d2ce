// AnthropicServer: the mock side of Anthropic Messages, POST /v1/messages, in one piece or as a
// stream of named events. Wants x-api-key (or a bearer) and anthropic-version.
// Sources: Anthropic's API reference (messages, errors, rate limits, streaming) and captured
// replies. Its rate headers are three buckets with RFC 3339 times of refill.
#pragma once

#include <string>
#include <vector>

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"
#include "mock_providers/json_body.h"

namespace squall {

class AnthropicServer final : public DialectServer {
 public:
  explicit AnthropicServer(std::vector<std::string> models);

  bool Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
            ReplyPlan* refusal) override;
  void WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const override;
  void WriteError(const ApiError& error, ReplyPlan* plan) const override;
  void AppendStreamError(const ApiError& error, std::string* out) const override;

 private:
  Problem ReadBody(std::string_view body, ApiRequest* out);

  std::vector<std::string> models_;
  JsonBody json_;
  Headers common_headers_;
};

}  // namespace squall

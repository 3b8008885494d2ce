// ResponsesServer: the mock side of OpenAI Responses, POST /v1/responses, in one piece or as a
// stream of named events with sequence numbers. Wants a bearer.
// Sources: OpenAI's OpenAPI document (CreateResponse, Response, ResponseStreamEvent) and captured
// streams, whose error event nests what the document has flat.
#pragma once

#include <string>
#include <vector>

#include "mock_providers/chat_reader.h"
#include "mock_providers/dialect_server.h"
#include "mock_providers/json_body.h"

namespace squall {

class ResponsesServer final : public DialectServer {
 public:
  explicit ResponsesServer(std::vector<std::string> models);

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

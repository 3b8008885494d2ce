#include "mock_providers/openai.h"

#include "mock_providers/chat_writer.h"
#include "mock_providers/openai_errors.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

constexpr std::string_view kChatPath = "/v1/chat/completions";
constexpr std::string_view kInvalid = "invalid_request_error";

}  // namespace

OpenAiServer::OpenAiServer(std::vector<std::string> models)
    : reader_(std::move(models)), common_headers_(OpenAiHeaders()) {}

bool OpenAiServer::Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
                        ReplyPlan* refusal) {
  Problem problem;
  if (PathOf(request.target) != kChatPath) {
    problem = Refusal{404, "Invalid URL (" + request.method + " " + request.target + ")"};
  } else if (request.method != "POST") {
    problem = Refusal{405,
                      "Not allowed to " + request.method + " on " + std::string(kChatPath) + ".",
                      kInvalid,
                      {},
                      "method_not_supported"};
  } else {
    problem = reader_.Read(request.body, {}, out);
  }
  if (!problem) return true;
  WriteOpenAiError(*problem, common_headers_, id_bits, refusal);
  if (problem->status == 405) refusal->headers.Add("allow", "POST");
  return false;
}

void OpenAiServer::WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const {
  plan->status = 200;
  plan->headers.reserve(400);
  plan->headers = common_headers_;
  AddInt("openai-processing-ms", answer.processing / 1ms, &plan->headers);
  AddOpenAiRequestId(answer.id_bits, &plan->headers);
  if (answer.quota != nullptr) AddOpenAiQuota(*answer.quota, &plan->headers);
  WriteChatAnswer(ChatVendor::kOpenAi, answer, plan);
}

void OpenAiServer::WriteError(const ApiError& error, ReplyPlan* plan) const {
  WriteOpenAiError(error, common_headers_, plan);
}

void OpenAiServer::AppendStreamError(const ApiError& error, std::string* out) const {
  out->append("data: ");
  AppendChatError(OpenAiError(error), out);
  out->append("\n\n");
}

}  // namespace squall

// What the caller must change, in each vendor's own status and words. Facts: OpenAI's error-codes
// guide, Anthropic's errors page, Google's troubleshooting page, Microsoft's and DeepSeek's lists
// of errors, captured replies.
#include "mock_providers/faults.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::caller_faults_test {
namespace {

struct Row {
  const char* fault;
  const char* variant;
  const char* dialect;
  int status;
  const char* bytes;  // somewhere in the body
};

constexpr Row kRows[] = {
    {"auth_failure", "revoked_key", "openai", 401, "invalid_api_key"},
    {"auth_failure", "revoked_key", "openai_responses", 401, "invalid_api_key"},
    {"auth_failure", "revoked_key", "azure", 401, "invalid subscription key"},
    {"auth_failure", "revoked_key", "anthropic", 401, R"("type":"authentication_error")"},
    {"auth_failure", "revoked_key", "gemini", 400, R"("reason":"API_KEY_INVALID")"},
    {"auth_failure", "revoked_key", "deepseek", 401, "Authentication Fails"},
    {"permission_denied", "no_access", "openai", 403, "does not have access to model"},
    {"permission_denied", "no_access", "openai_responses", 403, "does not have access to model"},
    {"permission_denied", "no_access", "azure", 401, "PermissionDenied"},
    {"permission_denied", "no_access", "anthropic", 403, "permission_error"},
    {"permission_denied", "no_access", "gemini", 403, "SERVICE_DISABLED"},
    {"permission_denied", "no_access", "deepseek", 403, "Access denied"},
    {"permission_denied", "region", "openai", 403, "unsupported_country_region_territory"},
    {"permission_denied", "region", "openai_responses", 403, "request_forbidden"},
    {"permission_denied", "region", "azure", 403, "Virtual Network/Firewall rules"},
    {"permission_denied", "region", "anthropic", 403, "Request not allowed"},
    {"permission_denied", "region", "gemini", 400, R"("status": "FAILED_PRECONDITION")"},
    {"permission_denied", "region", "deepseek", 403, "permission_error"},
    {"invalid_model", "unknown", "openai", 404, "model_not_found"},
    {"invalid_model", "unknown", "openai_responses", 400, "model_not_found"},
    {"invalid_model", "unknown", "azure", 404, "DeploymentNotFound"},
    {"invalid_model", "unknown", "anthropic", 404, "model: large"},
    {"invalid_model", "unknown", "gemini", 404, "models/large is not found"},
    {"invalid_model", "unknown", "deepseek", 400, "Model Not Exist"},
    {"invalid_model", "retired", "openai", 404, "has been deprecated"},
    {"invalid_model", "retired", "openai_responses", 404, "has been deprecated"},
    {"invalid_model", "retired", "azure", 410, "ServiceModelDeprecated"},
    {"invalid_model", "retired", "anthropic", 404, "not_found_error"},
    {"invalid_model", "retired", "gemini", 404, "is no longer available"},
    {"invalid_model", "retired", "deepseek", 400, "Model Not Exist"},
    {"context_length_exceeded", "too_long", "openai", 400, "context_length_exceeded"},
    {"context_length_exceeded", "too_long", "openai_responses", 400, "context_length_exceeded"},
    {"context_length_exceeded", "too_long", "azure", 400, "context_length_exceeded"},
    {"context_length_exceeded", "too_long", "anthropic", 400, "tokens > 200000 maximum"},
    {"context_length_exceeded", "too_long", "gemini", 400, "exceeds the maximum number of tokens"},
    {"context_length_exceeded", "too_long", "deepseek", 400, "maximum context length is"},
    {"context_length_exceeded", "payload_too_large", "openai", 413, "<html"},
    {"context_length_exceeded", "payload_too_large", "openai_responses", 413, "<html"},
    {"context_length_exceeded", "payload_too_large", "azure", 413, "<html"},
    {"context_length_exceeded", "payload_too_large", "anthropic", 413, "request_too_large"},
    {"context_length_exceeded", "payload_too_large", "gemini", 400, "payload size exceeds"},
    {"context_length_exceeded", "payload_too_large", "deepseek", 413, "<html"},
    {"invalid_request", "unknown_parameter", "openai", 400, "unknown_parameter"},
    {"invalid_request", "unknown_parameter", "openai_responses", 400, "unknown_parameter"},
    {"invalid_request", "unknown_parameter", "azure", 400, "Unrecognized request argument"},
    {"invalid_request", "unknown_parameter", "anthropic", 400, "Extra inputs are not permitted"},
    {"invalid_request", "unknown_parameter", "gemini", 400, "google.rpc.BadRequest"},
    {"invalid_request", "unknown_parameter", "deepseek", 422, "unknown field"},
    {"invalid_request", "unsupported_value", "openai", 400, "unsupported_value"},
    {"invalid_request", "unsupported_value", "openai_responses", 400, "unsupported_value"},
    {"invalid_request", "unsupported_value", "azure", 400, "unsupported_value"},
    {"invalid_request", "unsupported_value", "anthropic", 400, "greater than or equal to 1024"},
    {"invalid_request", "unsupported_value", "gemini", 400, "allowed mimetypes are"},
    {"invalid_request", "unsupported_value", "deepseek", 400, "valid range of temperature"},
};

TEST_CASE("caller faults: every dialect says them in its own status and words") {
  for (const Row& row : kRows) {
    for (const bool stream : {false, true}) {
      for (const char* id : {"a", "b", "c", "d"}) {
        GroundTruth truth;
        const ProviderConfig config = WithFault(row.fault, 1, {{row.variant, 1}});
        Provider provider(0, InDialect(row.dialect, config), kTestSeed, nullptr, &truth);
        Ask ask;
        ask.stream = stream;
        const ReplyPlan plan = provider.Plan(DialectHttp(row.dialect, ask, id), kStart + 100s);
        CAPTURE(row.fault, row.variant, row.dialect, stream, plan.body);
        CHECK(plan.status == row.status);
        CHECK(plan.body.find(row.bytes) != std::string::npos);
        CHECK(plan.chunks.empty());
        CHECK(plan.retry_not_before == kStart);
        CHECK(plan.completion_tokens == 0);
        if (row.status == 413 && plan.body.starts_with("<")) continue;
        CHECK(ReadReply(row.dialect, plan).well_formed);
      }
    }
  }
}

TEST_CASE("caller faults: the table of words knows every variant in every dialect") {
  for (const char* fault : {"auth_failure", "permission_denied", "invalid_model",
                            "context_length_exceeded", "invalid_request"}) {
    const FaultRow& row = FaultTable()[static_cast<size_t>(FindFault(fault))];
    for (const FaultVariant& variant : row.variants) {
      for (const std::string_view dialect : kAllDialects) {
        int64_t count = 0;
        for (const Row& known : kRows) {
          count +=
              known.fault == row.name && known.variant == variant.name && known.dialect == dialect;
        }
        CAPTURE(fault, variant.name, dialect);
        CHECK(count == 1);
      }
    }
  }
}

TEST_CASE("caller faults: a filter that stops an answer says so in each dialect's way") {
  const std::map<std::string_view, std::string_view> words = {
      {"openai", "content_filter"},   {"azure", "content_filter"},
      {"deepseek", "content_filter"}, {"anthropic", "refusal"},
      {"gemini", "SAFETY"},           {"openai_responses", "incomplete"}};
  for (const std::string_view dialect : kAllDialects) {
    for (const bool stream : {false, true}) {
      GroundTruth truth;
      const ProviderConfig config = WithFault("refusal", 1, {{"answer_filtered", 1}});
      Provider provider(0, InDialect(dialect, config), kTestSeed, nullptr, &truth);
      Ask ask;
      ask.prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 5), 0);
      ask.stream = stream;
      const ReplyPlan plan = provider.Plan(DialectHttp(dialect, ask, "r"), kStart + 100s);
      const Understood got = ReadReply(dialect, plan);
      CAPTURE(dialect, stream, plan.body, got.problem);
      CHECK(plan.status == 200);
      CHECK(got.well_formed);
      CHECK(got.finish == words.at(dialect));
      CHECK_FALSE(got.content.empty());
      if (dialect == "azure") CHECK(plan.body.find(R"("filtered":true)") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace squall::caller_faults_test

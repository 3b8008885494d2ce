#include "engine/diagnose.h"

#include "tests/catch.h"

namespace squall::diagnose_test {
namespace {

using enum FailureClass;
using enum RetryDecision;

Diagnosis OfReply(int status, std::string body, const Headers& headers = Headers()) {
  const auto decoder = FindDialect("openai")->make_decoder();
  const DecodedBody decoded = decoder->Decode(body);
  Observation seen;
  seen.status = status;
  seen.headers = &headers;
  seen.body = &decoded;
  seen.bytes = body;
  return Diagnose(seen);
}

std::string Reply(const std::string& message, const std::string& finish) {
  return R"({"model":"m","choices":[{"index":0,"message":)" + message + R"(,"finish_reason":)" +
         finish + "}]}";
}

TEST_CASE("diagnose: how the transport ended comes before everything else", "[engine]") {
  struct Row {
    TransportError error;
    FailureClass failure;
    Safety safety;
  };
  const Row rows[] = {{TransportError::kTimeout, kTimeout, Safety::kMaybeExecuted},
                      {TransportError::kConnect, kConnection, Safety::kNotSent},
                      {TransportError::kReset, kConnection, Safety::kMaybeExecuted},
                      {TransportError::kCut, kConnection, Safety::kMaybeExecuted},
                      {TransportError::kProtocol, kMalformedResponse, Safety::kMaybeExecuted},
                      {TransportError::kTooLarge, kMalformedResponse, Safety::kExecuted},
                      {TransportError::kCancelled, kCancelled, Safety::kMaybeExecuted}};
  for (const Row& row : rows) {
    CAPTURE(TransportErrorName(row.error));
    Observation seen;
    seen.error = row.error;
    CHECK(Diagnose(seen).failure == row.failure);
    CHECK(Diagnose(seen).safety == row.safety);
    CHECK(DiagnoseByStatus(seen).failure == row.failure);
  }
}

TEST_CASE("diagnose: a reply cut off after its status line is a truncated answer", "[engine]") {
  Observation seen;
  seen.error = TransportError::kCut;
  seen.status = 200;
  CHECK(Diagnose(seen).failure == kTruncated);
  CHECK(Diagnose(seen).retry == kSameProviderNow);
}

TEST_CASE("diagnose: an error status decides unless a code knows better", "[engine]") {
  struct Row {
    int status;
    const char* code;
    FailureClass failure;
    RetryDecision retry;
  };
  const Row rows[] = {{400, "null", kInvalidRequest, kNeverUnchanged},
                      {400, "\"context_length_exceeded\"", kContextLengthExceeded, kNeverUnchanged},
                      {401, "\"invalid_api_key\"", kAuthFailure, kOtherProviderOnly},
                      {403, "null", kPermissionDenied, kOtherProviderOnly},
                      {404, "\"model_not_found\"", kInvalidModel, kOtherProviderOnly},
                      {408, "null", kTimeout, kSameProviderAfterWait},
                      {418, "null", kInvalidRequest, kNeverUnchanged},
                      {429, "\"rate_limit_exceeded\"", kRateLimit, kSameProviderAfterWait},
                      {429, "\"insufficient_quota\"", kQuotaExhausted, kOtherProviderOnly},
                      {500, "null", kServerError, kSameProviderAfterWait},
                      {502, "null", kServerError, kSameProviderAfterWait},
                      {503, "null", kServerError, kSameProviderAfterWait},
                      {503, "\"overloaded\"", kOverloaded, kSameProviderAfterWait},
                      {504, "null", kTimeout, kSameProviderAfterWait},
                      {529, "null", kOverloaded, kSameProviderAfterWait}};
  for (const Row& row : rows) {
    CAPTURE(row.status, row.code);
    const Diagnosis d = OfReply(row.status, std::string(R"({"error":{"message":"m","type":"t",)") +
                                                R"("param":null,"code":)" + row.code + "}}");
    CHECK(FailureClassName(d.failure) == FailureClassName(row.failure));
    CHECK(RetryDecisionName(d.retry) == RetryDecisionName(row.retry));
  }
}

TEST_CASE("diagnose: an error page that is not JSON is read by its status", "[engine]") {
  CHECK(OfReply(502, "<html><body>502 Bad Gateway</body></html>").failure == kServerError);
  CHECK(OfReply(503, "").failure == kOverloaded);
}

TEST_CASE("diagnose: a success without an answer is a failure", "[engine]") {
  struct Row {
    std::string body;
    FailureClass failure;
  };
  const Row rows[] = {
      {"", kEmptyResponse},
      {" \n ", kEmptyResponse},
      {"<html>200</html>", kMalformedResponse},
      {R"({"choices":[{"message":{"content":"x")", kMalformedResponse},
      {R"({"object":"list"})", kMalformedResponse},
      {"[]", kMalformedResponse},
      {R"({"choices":[]})", kEmptyResponse},
      {R"({"error":{"message":"boom","code":null}})", kServerError},
      {Reply(R"({"content":"","refusal":null})", "\"stop\""), kEmptyResponse},
      {Reply(R"({"content":null})", "\"stop\""), kEmptyResponse},
      {Reply(R"({"content":null})", "\"length\""), kTruncated},
      {Reply(R"({"content":"half"})", "\"length\""), kTruncated},
      {Reply(R"({"content":null,"refusal":"I cannot"})", "\"stop\""), kContentFiltered},
      {Reply(R"({"content":null})", "\"content_filter\""), kContentFiltered}};
  for (const Row& row : rows) {
    CAPTURE(row.body);
    CHECK(FailureClassName(OfReply(200, row.body).failure) == FailureClassName(row.failure));
  }
}

TEST_CASE("diagnose: a good answer is ok whatever words it uses", "[engine]") {
  CHECK(OfReply(200, Reply(R"({"content":"HTTP 500, rate limit, overloaded"})", "\"stop\"")).ok());
  CHECK(
      OfReply(200, Reply(R"({"content":null,"tool_calls":[{"id":"c"}]})", "\"tool_calls\"")).ok());
}

TEST_CASE("diagnose: a bare retry loop sees the status and nothing else", "[engine]") {
  Observation seen;
  seen.status = 200;
  const DecodedBody empty;
  seen.body = &empty;
  CHECK(DiagnoseByStatus(seen).ok());
  seen.status = 500;
  CHECK(DiagnoseByStatus(seen).failure == kServerError);
}

TEST_CASE("diagnose: wait hints are read in seconds and milliseconds", "[engine]") {
  struct Row {
    const char* name;
    const char* value;
    std::optional<Duration> wait;
  };
  const Row rows[] = {{"Retry-After", "3", 3s},       {"retry-after", "0.5", 500ms},
                      {"Retry-After-Ms", "84", 84ms}, {"retry-after", "0", 0s},
                      {"retry-after", "-3", {}},      {"retry-after", "soon", {}},
                      {"retry-after", "", {}},        {"x-other", "3", {}}};
  for (const Row& row : rows) {
    CAPTURE(row.name, row.value);
    Headers headers;
    headers.Add(row.name, row.value);
    CHECK(RetryAfter(headers) == row.wait);
    CHECK(OfReply(429, "", headers).retry_after == row.wait);
  }
  Headers both;
  both.Add("retry-after", "2");
  both.Add("retry-after-ms", "1500");
  CHECK(RetryAfter(both) == Duration(1500ms));
}

TEST_CASE("names of classes and decisions read back", "[engine]") {
  for (int i = 0; i < kFailureClassCount; ++i) {
    const auto c = static_cast<FailureClass>(i);
    CHECK(FailureClassByName(FailureClassName(c)) == c);
  }
  for (int i = 0; i < kRetryDecisionCount; ++i) {
    const auto d = static_cast<RetryDecision>(i);
    CHECK(RetryDecisionByName(RetryDecisionName(d)) == d);
  }
}

}  // namespace
}  // namespace squall::diagnose_test

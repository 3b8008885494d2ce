// One row per distinction that providers' wordings make, all of them written for this test: what
// would be lost if diagnosis read the status alone.
#include <string>
#include <vector>

#include "engine/diagnose.h"
#include "tests/catch.h"

namespace squall::diagnose_wordings_test {
namespace {

using enum FailureClass;
using enum RetryDecision;

struct Row {
  const char* what;
  int status;
  std::string body;
  FailureClass failure;
  RetryDecision retry;
  int64_t wait_ms = 0;  // 0: none
};

Diagnosis Of(const Row& row) {
  static const Headers none;
  Observation seen;
  seen.status = row.status;
  seen.headers = &none;
  seen.bytes = row.body;
  return Diagnose(seen);
}

void CheckRows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const Diagnosis d = Of(row);
    CAPTURE(row.what, row.body, d.rule);
    CHECK(FailureClassName(d.failure) == FailureClassName(row.failure));
    CHECK(RetryDecisionName(d.retry) == RetryDecisionName(row.retry));
    CHECK(d.retry_after.value_or(0ns) == Duration(std::chrono::milliseconds(row.wait_ms)));
  }
}

std::string OpenAi(const std::string& message, const std::string& code = "null") {
  return R"({"error":{"message":")" + message + R"(","type":"t","param":null,"code":)" + code +
         "}}";
}

std::string Google(int code, const std::string& message, const std::string& status,
                   const std::string& details = "") {
  return R"({"error":{"code":)" + std::to_string(code) + R"(,"message":")" + message +
         R"(","status":")" + status + R"(","details":[)" + details + "]}}";
}

TEST_CASE("diagnose: faults of the caller hide behind other statuses", "[engine]") {
  CheckRows({
      {"xAI bad key", 400, R"({"code":"some text","error":"Incorrect API key provided: ab**."})",
       kAuthFailure, kOtherProviderOnly},
      {"xAI no credit", 403, R"({"code":"no","error":"Your team doesn't have any credits yet."})",
       kQuotaExhausted, kOtherProviderOnly},
      {"Gemini bad key", 400,
       Google(400, "Something about keys.", "INVALID_ARGUMENT", R"({"reason":"API_KEY_INVALID"})"),
       kAuthFailure, kOtherProviderOnly},
      {"Gemini region", 400, Google(400, "User location is not supported.", "FAILED_PRECONDITION"),
       kPermissionDenied, kOtherProviderOnly},
      {"Anthropic no credit", 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance )"
       R"(is too low."}})",
       kQuotaExhausted, kOtherProviderOnly},
      {"revoked token", 403,
       R"({"type":"error","error":{"type":"permission_error","message":"This token has been )"
       R"(revoked."}})",
       kAuthFailure, kOtherProviderOnly},
      {"unverified organization", 404,
       OpenAi("Your organization must be verified to use this.", "\"model_not_found\""),
       kPermissionDenied, kOtherProviderOnly},
      {"missing scope", 401, OpenAi("You have insufficient permissions. Missing scopes: a.b"),
       kPermissionDenied, kOtherProviderOnly},
      {"model not found as 400", 400, OpenAi("No.", "\"model_not_found\""), kInvalidModel,
       kOtherProviderOnly},
      {"wrong path is no model", 404, OpenAi("Unknown request URL: POST /v9", "\"unknown_url\""),
       kInvalidRequest, kNeverUnchanged},
      {"blocked content as 400", 400, OpenAi("Content Exists Risk", "\"invalid_request_error\""),
       kContentFiltered, kNeverUnchanged},
      {"moderation as 403", 403, OpenAi("m/x requires moderation. Your input was flagged."),
       kContentFiltered, kNeverUnchanged},
      {"suspended account as 412", 412, OpenAi("Account a is suspended: spending limit."),
       kQuotaExhausted, kOtherProviderOnly},
      {"plain text 401", 401, "Authentication Fails (x)", kAuthFailure, kOtherProviderOnly},
      {"error is a string", 401, R"({"error":"Unauthorized"})", kAuthFailure, kOtherProviderOnly},
      {"detail", 401, R"({"detail":"Unauthorized"})", kAuthFailure, kOtherProviderOnly},
      {"schema fault", 422, R"({"detail":[{"loc":["body"],"msg":"Field required"}]})",
       kInvalidRequest, kNeverUnchanged},
  });
}

TEST_CASE("diagnose: a request that is too long is found at any status", "[engine]") {
  CheckRows({
      {"as 400", 400, OpenAi("This model's maximum context length is 10 tokens."),
       kContextLengthExceeded, kNeverUnchanged},
      {"as 500", 500, OpenAi("Context size has been exceeded.", "500"), kContextLengthExceeded,
       kNeverUnchanged},
      {"by type", 500, R"({"error":{"code":500,"type":"exceed_context_size_error"}})",
       kContextLengthExceeded, kNeverUnchanged},
      {"as 413 without a body", 413, "", kContextLengthExceeded, kNeverUnchanged},
      {"larger than the limit of a minute", 429,
       OpenAi("Request too large for m on tokens per min (TPM): Limit 9, Requested 12.",
              "\"rate_limit_exceeded\""),
       kContextLengthExceeded, kNeverUnchanged},
      {"inside a stream", 200, "data: {\"error\":{\"message\":\"Context length exceeded\"}}\n\n",
       kContextLengthExceeded, kNeverUnchanged},
      {"a minute's tokens are no length", 429,
       R"({"error":{"type":"rate_limit_error","message":"exceeds 9 input tokens per minute. )"
       R"(Please reduce the prompt length."}})",
       kRateLimit, kSameProviderAfterWait},
  });
}

TEST_CASE("diagnose: 429 is a rate, money, a plan, capacity or a day", "[engine]") {
  const std::string quota = "You exceeded your current quota, please check your plan.";
  CheckRows({
      {"OpenAI's current quota", 429, OpenAi(quota, "\"insufficient_quota\""), kQuotaExhausted,
       kOtherProviderOnly},
      {"Google's current quota", 429,
       Google(429, quota, "RESOURCE_EXHAUSTED", R"({"retryDelay":"34.07s"})"), kRateLimit,
       kSameProviderAfterWait, 34070},
      {"Google's day", 429,
       Google(429, quota, "RESOURCE_EXHAUSTED",
              R"({"violations":[{"quotaId":"RequestsPerDayPerProject"}]})"),
       kRateLimit, kOtherProviderOnly},
      {"Google's tier without it", 429,
       Google(429, quota + " limit: 0, model: x", "RESOURCE_EXHAUSTED"), kQuotaExhausted,
       kOtherProviderOnly},
      {"Google's capacity", 429,
       Google(429, "No.", "RESOURCE_EXHAUSTED", R"({"reason":"MODEL_CAPACITY_EXHAUSTED"})"),
       kOverloaded, kSameProviderAfterWait},
      {"no balance, by number", 429, R"({"error":{"code":"1113","message":"x"}})", kQuotaExhausted,
       kOtherProviderOnly},
      {"no balance, in Chinese", 429, R"({"error":{"message":"\u4f59\u989d\u4e0d\u8db3"}})",
       kQuotaExhausted, kOtherProviderOnly},
      {"engine overloaded", 429, R"({"error":{"type":"engine_overloaded_error"}})", kOverloaded,
       kSameProviderAfterWait},
      {"tier capacity", 429, R"({"message":"Service tier capacity exceeded","code":"3505"})",
       kOverloaded, kSameProviderAfterWait},
      {"a short day", 429,
       OpenAi("Rate limit reached on requests per day (RPD). Please try again in 7m12s."),
       kRateLimit, kSameProviderAfterWait, 432'000},
      {"a long minute", 429, OpenAi("exceeded token rate limit. Please retry after 86400 seconds."),
       kRateLimit, kOtherProviderOnly, 86'400'000},
      {"billing is a trap", 429,
       OpenAi("Rate limit reached on requests per min (RPM). You can increase it by adding a "
              "payment method."),
       kRateLimit, kSameProviderAfterWait},
      {"a plan's window", 429,
       R"({"error":{"type":"usage_limit_reached","message":"x","resets_in_seconds":13872}})",
       kQuotaExhausted, kOtherProviderOnly, 13'872'000},
      {"a budget", 400, OpenAi("Budget has been exceeded! Current cost: 7"), kQuotaExhausted,
       kOtherProviderOnly},
      {"concurrency", 429, OpenAi("Too many concurrent requests."), kRateLimit,
       kSameProviderAfterWait},
      {"Bedrock's throttle", 429, R"({"message":"Too many tokens, please wait."})", kRateLimit,
       kSameProviderAfterWait},
  });
}

TEST_CASE("diagnose: what failed at the provider", "[engine]") {
  CheckRows({
      {"memory never comes back", 500,
       R"({"error":"model requires more system memory than there is"})", kServerError,
       kOtherProviderOnly},
      {"bad output", 400, R"({"error":{"code":"tool_use_failed","failed_generation":"{"}})",
       kMalformedResponse, kSameProviderNow},
      {"edge page", 502, "<html><head><title>502 Bad Gateway</title></head></html>", kServerError,
       kSameProviderAfterWait},
      {"edge page, unavailable", 503, "<html><title>503 Service Unavailable</title></html>",
       kServerError, kSameProviderAfterWait},
      {"edge timeout", 504, "<html><title>504 Gateway Time-out</title></html>", kTimeout,
       kSameProviderAfterWait},
      {"edge problem document", 522,
       R"({"title":"Error 522","detail":"may be overloaded","status":522,"retry_after":120})",
       kTimeout, kSameProviderAfterWait, 120'000},
      {"loading", 503, R"({"error":"Model x is currently loading","estimated_time":20.5})",
       kOverloaded, kSameProviderAfterWait, 20'500},
      {"busy", 503, OpenAi("The engine is currently overloaded"), kOverloaded,
       kSameProviderAfterWait},
      {"model error", 424, R"({"message":"An error while processing."})", kServerError,
       kSameProviderAfterWait},
      {"flex tier", 498, OpenAi("x"), kOverloaded, kSameProviderAfterWait},
  });
}

TEST_CASE("diagnose: wrapped, listed and broken errors are read all the same", "[engine]") {
  CheckRows({
      {"JSON in a message", 429,
       OpenAi(R"({\n \"error\": {\"status\": \"UNAVAILABLE\", )"
              R"(\"message\": \"The model is overloaded.\"}})"),
       kOverloaded, kSameProviderAfterWait},
      {"bytes of Python", 400,
       OpenAi(R"(x.BadRequestError: YException - b'{\"error\":{\"message\":\"prompt is too )"
              R"(long: 9 tokens\"}}')"),
       kContextLengthExceeded, kNeverUnchanged},
      {"a Python dict", 429,
       OpenAi("Error code: 429 - {'error': {'code': 'insufficient_quota', 'param': None}}"),
       kQuotaExhausted, kOtherProviderOnly},
      {"raw", 429,
       R"({"error":{"message":"Provider returned error","metadata":{"raw":)"
       R"("m is temporarily rate-limited upstream"}}})",
       kRateLimit, kSameProviderAfterWait},
      {"a list of one", 503,
       std::string("[") + Google(503, "The model is overloaded.", "UNAVAILABLE") + "]", kOverloaded,
       kSameProviderAfterWait},
      {"a stray comma", 429,
       R"([{"error":{"message":"x","details":[{"reason":"QUOTA_EXHAUSTED",,},)"
       R"({"retryDelay":"68940s"}]}}])",
       kQuotaExhausted, kOtherProviderOnly, 68'940'000},
      {"cut short", 401, R"({"error":{"message":"Incorrect API key pro)", kAuthFailure,
       kOtherProviderOnly},
      {"a line end in a text", 429, "{\"error\":{\"message\":\"Too many\nrequests\"}}", kRateLimit,
       kSameProviderAfterWait},
  });
}

TEST_CASE("diagnose: failures inside a success", "[engine]") {
  const std::string chunk =
      R"(data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":null}]})";
  CheckRows({
      {"event of an overload", 200,
       "event: error\ndata: {\"type\":\"error\",\"error\":{\"details\":null,"
       "\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
       kOverloaded, kSameProviderAfterWait},
      {"flat event", 200, R"(data:{"type":"error","code":"rate_limit_exceeded","message":"x"})",
       kRateLimit, kSameProviderAfterWait},
      {"failed response", 200,
       R"(data: {"type":"response.failed","response":{"status":"failed","error":)"
       R"({"code":"insufficient_quota","message":"x"}}})",
       kQuotaExhausted, kOtherProviderOnly},
      {"error in a choice", 200,
       R"({"choices":[{"message":{"content":"a"},"finish_reason":"error","error":{"code":502,)"
       R"("message":"Provider disconnected"}}]})",
       kServerError, kSameProviderAfterWait},
      {"own status in a frame", 200,
       R"({"type":"error","error":{"type":"usage_limit_reached","message":"x"},"status_code":429})",
       kQuotaExhausted, kOtherProviderOnly},
      {"Cohere's words", 200, R"({"finish_reason":"TIMEOUT","message":{"content":[]}})", kTimeout,
       kSameProviderAfterWait},
      {"thinking ate the budget", 200, R"({"candidates":[{"finishReason":"MAX_TOKENS"}]})",
       kTruncated, kNeverUnchanged},
      {"blocked prompt", 200, R"({"promptFeedback":{"blockReason":"SAFETY"}})", kContentFiltered,
       kNeverUnchanged},
      {"refusal", 200, R"({"choices":[{"message":{"content":null,"refusal":"No."}}]})",
       kContentFiltered, kNeverUnchanged},
      {"window full", 200,
       R"({"choices":[{"message":{"content":""},)"
       R"("finish_reason":"model_context_window_exceeded"}]})",
       kContextLengthExceeded, kNeverUnchanged},
      {"interrupted", 200,
       R"({"choices":[{"message":{"content":"a"},)"
       R"("finish_reason":"insufficient_system_resource"}]})",
       kOverloaded, kSameProviderAfterWait},
      {"only thoughts", 200,
       R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]},)"
       R"("finishReason":"STOP"}]})",
       kEmptyResponse, kSameProviderNow},
      {"no parts", 200, R"({"candidates":[{"content":{},"finishReason":"STOP"}]})", kEmptyResponse,
       kSameProviderNow},
      {"null choices", 200, R"({"id":null,"choices":null})", kEmptyResponse, kSameProviderNow},
      {"only [DONE]", 200, "data: [DONE]\n\n", kEmptyResponse, kSameProviderNow},
      {"only keep-alives", 200, ": keep-alive\n\n: keep-alive\n\n", kEmptyResponse,
       kSameProviderNow},
      {"blank lines", 200, "\n\n\n", kEmptyResponse, kSameProviderNow},
      {"no terminal event", 200, chunk + "\n\n", kTruncated, kSameProviderNow},
      {"broken event", 200, chunk + "\n\ndata: {\"choices\":[{\"delta\" {}]}\n\ndata: [DONE]\n\n",
       kMalformedResponse, kSameProviderNow},
      {"arguments that are no JSON", 200,
       R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"f",)"
       R"("arguments":"{\"a\": "}}]},)"
       R"("finish_reason":"tool_calls"}]})",
       kMalformedResponse, kSameProviderNow},
      {"another API's success", 200, R"({"code":1001,"msg":"success","data":{"text":"a"}})",
       kMalformedResponse, kSameProviderNow},
      {"an error without words", 200, R"({"error":{}})", kMalformedResponse, kSameProviderNow},
  });
}

TEST_CASE("diagnose: healthy answers that look like failures", "[engine]") {
  const std::string trap = "error 429: rate limit, invalid api key, 500 Internal Server Error";
  const char* events[] = {R"(data: {"choices":[{"delta":{"content":"Hi"}}]})",
                          R"(data: {"choices":[{"delta":{},"finish_reason":"stop"}]})",
                          R"(data: {"choices":[],"usage":{"completion_tokens":429}})"};
  std::string stream = ": PROCESSING\n\n";
  for (const char* event : events) stream += std::string(event) + "\n\n";
  stream += "data: [DONE]\n\n";
  CheckRows({
      {"words in an answer", 200,
       R"({"choices":[{"message":{"content":")" + trap + R"("},"finish_reason":"stop"}]})", kOk,
       kNone},
      {"an error object in an answer", 200,
       R"({"content":[{"type":"tool_use","input":{"error":{"message":")" + trap +
           R"("}}}],"stop_reason":"tool_use"})",
       kOk, kNone},
      {"closing chunk without choices", 200, stream, kOk, kNone},
      {"opening message without content", 200,
       "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[],"
       "\"stop_reason\":null}}\n\nevent: content_block_delta\ndata: {\"type\":"
       "\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n"
       "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
       kOk, kNone},
      {"queued", 200, R"({"object":"response","status":"queued","error":null,"output":[]})", kOk,
       kNone},
      {"reasoning beside an answer", 200,
       R"({"object":"response","error":null,"output":[{"type":"reasoning","content":[{"text":"a",)"
       R"("type":"reasoning_text"}]},{"type":"message","content":[{"text":"b",)"
       R"("type":"output_text"}]}],"status":"completed","text":{"format":{"type":"text"}}})",
       kOk, kNone},
      {"JSON lines", 200,
       "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"message\":{\"content\":\"\"},"
       "\"done\":true,\"done_reason\":\"stop\"}\n",
       kOk, kNone},
  });
}

TEST_CASE("diagnose: the axis of a rate limit", "[engine]") {
  const std::pair<const char*, RateAxis> rows[] = {
      {"Limit 3 / min on requests per min (RPM)", RateAxis::kRequests},
      {"exceeded token rate limit", RateAxis::kTokens},
      {"Too many concurrent requests", RateAxis::kConcurrency},
      {"Tokens per day limit exceeded", RateAxis::kDaily},
      {"Please wait and try again", RateAxis::kUnknown}};
  for (const auto& [message, axis] : rows) {
    CAPTURE(message);
    CHECK(RateAxisName(Of({"", 429, OpenAi(message), kOk, kNone}).axis) == RateAxisName(axis));
  }
}

TEST_CASE("diagnose: what would cure it", "[engine]") {
  const auto adapt = [](int status, const std::string& body) {
    return AdaptationName(Of({"", status, body, kOk, kNone}).adapt);
  };
  CHECK(adapt(402, OpenAi("You requested 9 tokens, but can only afford 3.")) ==
        "reduce_max_tokens");
  CHECK(adapt(400, OpenAi("max_tokens must be at least 1, got -1.")) == "reduce_max_tokens");
  CHECK(adapt(400, OpenAi("x", "\"unsupported_parameter\"")) == "drop_param");
  CHECK(adapt(401, OpenAi("Token expired.")) == "refresh_credential");
  CHECK(adapt(500, OpenAi("x")) == "none");
  // Which limit, by its name and by words.
  const auto above = [&](const std::string& param) {
    return adapt(400, R"({"error":{"message":"x","type":"invalid_request_error","param":")" +
                          param + R"(","code":"integer_above_max_value"}})");
  };
  CHECK(above("max_output_tokens") == "reduce_max_tokens");
  CHECK(above("top_logprobs") == "none");
  CHECK(adapt(400, OpenAi("Range of max_tokens should be [1, 8192]")) == "reduce_max_tokens");
  CHECK(adapt(400, Google(400, "It has a maxOutputTokens value of 9 but the supported range is 1.",
                          "INVALID_ARGUMENT")) == "reduce_max_tokens");
  CHECK(adapt(400, Google(400, R"(Unknown name \"topK\": Cannot find field.)",
                          "INVALID_ARGUMENT")) == "drop_param");
  CHECK(adapt(400, OpenAi("top_k: Extra inputs are not permitted")) == "drop_param");
  CHECK(adapt(422, OpenAi("cannot read the body: unknown field `seed`")) == "drop_param");
  CHECK(adapt(400, OpenAi("Unrecognized request argument supplied: seed")) == "drop_param");
}

// Would the prompt fit without the answer? Then the answer's limit must give way, else the prompt.
TEST_CASE("diagnose: which part of a request is too long", "[engine]") {
  const auto adapt = [](const std::string& requested) {
    const Row row{"", 400,
                  OpenAi("This model's maximum context length is 5000 tokens. However, " +
                             requested + " Please reduce the length of the messages.",
                         "\"context_length_exceeded\""),
                  kContextLengthExceeded, kNeverUnchanged};
    const Diagnosis d = Of(row);
    CHECK(d.failure == kContextLengthExceeded);
    return AdaptationName(d.adapt);
  };
  CHECK(adapt("you requested 5500 tokens (1000 in the messages, 4500 in the completion).") ==
        "reduce_max_tokens");
  CHECK(adapt("you requested 9500 tokens (5000 in the messages, 4500 in the completion).") ==
        "none");
  CHECK(adapt("your messages resulted in 9000 tokens.") == "none");
  CHECK(adapt("you requested tokens in the messages, in the completion.") == "none");
  CHECK(adapt("(99999999999999999999 in the messages, 1 in the completion).") == "none");
}

TEST_CASE("diagnose: a refusal says how long the request is, and how long it may be", "[engine]") {
  struct Counts {
    const char* message;
    int64_t prompt;
    int64_t window;
  };
  constexpr Counts kCounts[] = {
      {"This model's maximum context length is 5000 tokens. However, your messages resulted in "
       "6003 "
       "tokens. Please reduce the length of the messages.",
       6003, 5000},
      {"This model's maximum context length is 5000 tokens. However, you requested 5500 tokens "
       "(1000 in the messages, 4500 in the completion).",
       1000, 5000},
      {"prompt is too long: 6003 tokens > 5000 maximum", 6003, 5000},
      {"input length and `max_tokens` exceed context limit: 1000 + 4500 > 5000, decrease input "
       "length or `max_tokens` and try again",
       1000, 5000},
      {"The input token count (6003) exceeds the maximum number of tokens allowed (5000).", 6003,
       5000},
      {"prompt is too long", 0, 0},
      {"prompt is too long: 6003 tokens", 0, 0}};
  for (const Counts& row : kCounts) {
    CAPTURE(row.message);
    const Diagnosis d = Of({"", 400, OpenAi(row.message), kOk, kNone});
    CHECK(d.failure == kContextLengthExceeded);
    CHECK(d.counts.prompt == row.prompt);
    CHECK(d.counts.window == row.window);
  }
}

TEST_CASE("diagnose: the words of client libraries", "[engine]") {
  struct Text {
    const char* text;
    int status;
    FailureClass failure;
    RetryDecision retry;
  };
  const Text rows[] = {{"getaddrinfo ENOTFOUND host", 0, kConnection, kOtherProviderOnly},
                       {"self-signed certificate in chain", 0, kConnection, kOtherProviderOnly},
                       {"connect ECONNREFUSED 127.0.0.1:1", 0, kConnection, kSameProviderAfterWait},
                       {"read ECONNRESET", 0, kConnection, kSameProviderNow},
                       {"ReadTimeout: timed out", 0, kTimeout, kSameProviderNow},
                       {"IncompleteRead(5 bytes read)", 200, kTruncated, kSameProviderNow}};
  for (const Text& row : rows) {
    CAPTURE(row.text);
    Observation seen;
    seen.status = row.status;
    seen.transport_text = row.text;
    seen.bytes = row.status == 200 ? R"({"choices":[{"mess)" : "";
    CHECK(Diagnose(seen).failure == row.failure);
    CHECK(Diagnose(seen).retry == row.retry);
  }
}

TEST_CASE("diagnose: an error keeps its status's kind wherever its body is cut", "[engine]") {
  const std::string body = OpenAi("Rate limit reached. Please try again in 3s.", "\"rate_limit\"");
  for (size_t size = 0; size <= body.size(); ++size) {
    CAPTURE(size);
    CHECK(Of({"", 429, body.substr(0, size), kOk, kNone}).failure == kRateLimit);
    CHECK(Of({"", 401, body.substr(0, size), kOk, kNone}).failure == kAuthFailure);
  }
}

TEST_CASE("diagnose: types in headers count as codes", "[engine]") {
  Headers headers;
  headers.Add("x-amzn-errortype", "ModelNotReadyException:http://example/");
  Observation seen;
  seen.status = 429;
  seen.headers = &headers;
  seen.bytes = R"({"message":"Try later."})";
  CHECK(Diagnose(seen).failure == kOverloaded);
}

TEST_CASE("diagnose: a provider that says not to retry is obeyed", "[engine]") {
  Headers headers;
  headers.Add("x-should-retry", "false");
  Observation seen;
  seen.status = 500;
  seen.headers = &headers;
  CHECK(Diagnose(seen).retry == kOtherProviderOnly);
}

}  // namespace
}  // namespace squall::diagnose_wordings_test

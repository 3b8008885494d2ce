#include <cstdio>

#include "mock_providers/openai.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::mock_openai_test {
namespace {

OpenAiServer Server() { return OpenAiServer({"large", "small"}); }

// What the server understood, or the refusal.
struct Understood {
  bool ok = false;
  ApiRequest api;
  std::string user;  // api.user dies with the server
  ReplyPlan refusal;
  json error() const { return ParseJson(refusal.body)["error"]; }
};

Understood Read(const HttpRequest& request) {
  OpenAiServer server = Server();
  Understood out;
  out.ok = server.Read(request, 7, &out.api, &out.refusal);
  out.user = std::string(out.api.user);
  out.api.user = {};
  return out;
}

Understood ReadText(std::string body) {
  HttpRequest request = ChatHttp(json::object());
  request.body = std::move(body);
  return Read(request);
}

// A body with one member changed.
Understood ReadWith(std::string_view key, json value) {
  json body = ChatRequestBody("hello");
  body[std::string(key)] = std::move(value);
  return Read(ChatHttp(body));
}

ReplyPlan Written(const ApiAnswer& answer) {
  ReplyPlan plan;
  Server().WriteAnswer(answer, &plan);
  return plan;
}

ApiAnswer SomeAnswer() {
  ApiAnswer answer;
  answer.model = "large";
  answer.content = R"({"result":1755,"unit":"crates"})";
  answer.prompt_tokens = 16;
  answer.completion_tokens = 8;
  answer.now = kStart + 90s;
  answer.processing = 1234ms;
  answer.id_bits = 42;
  return answer;
}

// Is `id` the prefix and then `length` characters of `alphabet`?
bool IsId(std::string_view id, std::string_view prefix, size_t length, std::string_view alphabet) {
  return id.starts_with(prefix) && id.size() == prefix.size() + length &&
         id.find_first_not_of(alphabet, prefix.size()) == std::string_view::npos;
}

TEST_CASE("mock openai: reads model, user, limit, format and task of a request") {
  const TaskSpec task = MakeTask(TaskKind::kClassify, 12, 33);
  json body = ChatRequestBody(TaskPrompt(kTestSeed, task, 0), "small");
  body["max_completion_tokens"] = 99;
  const Understood got = Read(ChatHttp(body));
  REQUIRE(got.ok);
  CHECK(got.api.model == 1);
  CHECK(got.user == "user-1");
  CHECK(got.api.max_tokens == 99);
  CHECK(got.api.json);
  REQUIRE(got.api.task.has_value());
  CHECK(got.api.task->number == 12);
  CHECK(got.api.task->answer_tokens == 33);
}

TEST_CASE("mock openai: bills the bytes of all messages, four a token") {
  json body = ChatRequestBody("12345");
  body["messages"].push_back({{"role", "system"}, {"content", "äöü"}});
  CHECK(Read(ChatHttp(body)).api.prompt_tokens == CountTokens(5 + 6));
}

TEST_CASE("mock openai: takes content in parts, and the older name of the limit") {
  json body = ChatRequestBody("");
  body["messages"][0]["content"] =
      json::array({{{"type", "text"}, {"text", "1234"}}, {{"type", "text"}, {"text", "5678"}}});
  body.erase("max_completion_tokens");
  body["max_tokens"] = 5;
  const Understood got = Read(ChatHttp(body));
  REQUIRE(got.ok);
  CHECK(got.api.prompt_tokens == 2);
  CHECK(got.api.max_tokens == 5);
}

TEST_CASE("mock openai: optional members may be absent or null") {
  const Understood got = ReadText(R"({"model":"large","messages":[{"role":"user","content":"x"}],)"
                                  R"("max_tokens":null,"temperature":null,"stream":false})");
  REQUIRE(got.ok);
  CHECK(got.api.max_tokens == 0);
  CHECK_FALSE(got.api.json);
  CHECK_FALSE(got.api.task.has_value());
}

TEST_CASE("mock openai: an unreadable body is a 400 in the dialect's error object") {
  for (const std::string body : {"", "{", "[]", "null", "{\"model\":\"large\"", "\xff\xfe"}) {
    const Understood got = ReadText(body);
    REQUIRE_FALSE(got.ok);
    CHECK(got.refusal.status == 400);
    CHECK(got.error()["type"] == "invalid_request_error");
    CHECK(got.error()["param"].is_null());
    CHECK(got.error()["code"].is_null());
    CHECK(got.error()["message"].is_string());
  }
}

TEST_CASE("mock openai: says which member of a request is wrong") {
  struct Row {
    const char* key;
    json value;
    const char* param;
  };
  const Row rows[] = {
      {"messages", json::array(), "messages"},
      {"messages", "hello", "messages"},
      {"messages", json::array({{{"role", "user"}}}), "messages[].content"},
      {"messages", json::array({{{"content", "x"}}}), "messages[].role"},
      {"messages", json::array({{{"role", "user"}, {"content", 7}}}), "messages[].content"},
      {"messages", json::array({{{"role", "user"}, {"content", {{{"type", "text"}}}}}}),
       "messages[].content[].text"},
      {"model", 3, "model"},
      {"user", json::array(), "user"},
      {"max_tokens", 0, "max_tokens"},
      {"max_completion_tokens", "many", "max_completion_tokens"},
      {"temperature", 2.5, "temperature"},
      {"temperature", "hot", "temperature"},
      {"response_format", "json", "response_format"},
      {"response_format", {{"type", "xml"}}, "response_format.type"},
      {"stream", "yes", "stream"},
      {"tools", "all", "tools"},
      {"tools", json::array({json::object()}), "tools[].function.name"},
      {"tool_choice", "sometimes", "tool_choice"},
      {"tool_choice", {{"type", "function"}}, "tool_choice"},
  };
  for (const Row& row : rows) {
    const Understood got = ReadWith(row.key, row.value);
    CAPTURE(row.key, row.value.dump());
    REQUIRE_FALSE(got.ok);
    CHECK(got.refusal.status == 400);
    CHECK(got.error()["param"] == row.param);
    CHECK(got.error()["type"] == "invalid_request_error");
  }
}

TEST_CASE("mock openai: missing members are named") {
  const Understood no_messages = ReadText(R"({"model":"large"})");
  CHECK(no_messages.refusal.status == 400);
  CHECK(no_messages.error()["param"] == "messages");
  const Understood no_model = ReadText(R"({"messages":[{"role":"user","content":"x"}]})");
  CHECK(no_model.refusal.status == 400);
}

TEST_CASE("mock openai: an unknown model, path or method is refused as the API refuses it") {
  const Understood model = ReadWith("model", "gpt\"4");
  CHECK(model.refusal.status == 404);
  CHECK(model.error()["code"] == "model_not_found");
  CHECK(model.error()["message"].get<std::string>().find("gpt\"4") != std::string::npos);

  HttpRequest request = ChatHttp(ChatRequestBody("x"));
  request.target = "/v1/completions";
  CHECK(Read(request).refusal.status == 404);
  request.target = "/v1/chat/completions?api-version=1";
  CHECK(Read(request).ok);
  request.method = "GET";
  const Understood method = Read(request);
  CHECK(method.refusal.status == 405);
  CHECK(method.refusal.headers.Find("allow") == "POST");
  CHECK(method.error()["code"] == "method_not_supported");
}

TEST_CASE("mock openai: an answer has every required key") {
  const json body = ParseJson(Written(SomeAnswer()).body);
  REQUIRE(body.is_object());
  CHECK(IsId(body["id"].get<std::string>(), "chatcmpl-", 29,
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"));
  CHECK(body["object"] == "chat.completion");
  CHECK(body["created"] == 1767225600 + 90);
  CHECK(body["model"] == "large");
  REQUIRE(body["choices"].size() == 1);
  const json& choice = body["choices"][0];
  CHECK(choice["index"] == 0);
  CHECK(choice["finish_reason"] == "stop");
  CHECK(choice.at("logprobs").is_null());
  CHECK(choice["message"]["role"] == "assistant");
  CHECK(choice["message"]["content"] == R"({"result":1755,"unit":"crates"})");
  CHECK(choice["message"].at("refusal").is_null());
  CHECK(body["usage"]["prompt_tokens"] == 16);
  CHECK(body["usage"]["completion_tokens"] == 8);
  CHECK(body["usage"]["total_tokens"] == 24);
}

TEST_CASE("mock openai: an answer carries the API's headers and no framing of its own") {
  const ReplyPlan plan = Written(SomeAnswer());
  CHECK(plan.status == 200);
  CHECK(plan.headers.Find("content-type") == "application/json");
  CHECK(plan.headers.Find("openai-processing-ms") == "1234");
  CHECK(plan.headers.Find("openai-version").has_value());
  const std::string id(plan.headers.Find("x-request-id").value());
  CHECK(IsId(id, "req_", 32, "0123456789abcdef"));
  CHECK_FALSE(plan.headers.Find("content-length").has_value());
  CHECK_FALSE(plan.headers.Find("transfer-encoding").has_value());
}

TEST_CASE("mock openai: ids follow from the key alone") {
  ApiAnswer answer = SomeAnswer();
  CHECK(Written(answer).body == Written(answer).body);
  const std::string first = Written(answer).body;
  answer.id_bits = 43;
  CHECK(Written(answer).body != first);
}

TEST_CASE("mock openai: any text survives as content") {
  std::string all;
  for (int c = 1; c < 0x80; ++c) all += static_cast<char>(c);
  all += "äöü 東海 \xf0\x9f\x8c\xaa";
  for (size_t length = 0; length <= all.size(); ++length) {
    const std::string text = all.substr(length);
    if (!text.empty() && (static_cast<unsigned char>(text[0]) & 0xc0) == 0x80) continue;
    ApiAnswer answer = SomeAnswer();
    answer.content = text;
    const json body = ParseJson(Written(answer).body);
    REQUIRE(body.is_object());
    REQUIRE(body["choices"][0]["message"]["content"] == text);
  }
  ApiAnswer answer = SomeAnswer();
  const std::string quotes(5000, '"');
  answer.content = quotes;
  CHECK(ParseJson(Written(answer).body)["choices"][0]["message"]["content"] == quotes);
}

TEST_CASE("mock openai: no text is null, and running out of tokens is told") {
  ApiAnswer answer = SomeAnswer();
  answer.content = std::nullopt;
  CHECK(ParseJson(Written(answer).body)["choices"][0]["message"].at("content").is_null());
  answer.out_of_tokens = true;
  CHECK(ParseJson(Written(answer).body)["choices"][0]["finish_reason"] == "length");
}

ReplyPlan Error(ApiErrorKind kind, int status, std::optional<Duration> wait, uint64_t bits = 0) {
  ApiError error;
  error.kind = kind;
  error.status = status;
  error.retry_after = wait;
  error.model = "large";
  error.tokens = 200;
  error.id_bits = bits;
  ReplyPlan plan;
  Server().WriteError(error, &plan);
  return plan;
}

TEST_CASE("mock openai: every error is the four-key object of the API") {
  for (const ReplyPlan& plan :
       {Error(ApiErrorKind::kRateLimit, 429, 1s), Error(ApiErrorKind::kRateLimit, 429, {}, 0),
        Error(ApiErrorKind::kRateLimit, 429, {}, 1), Error(ApiErrorKind::kServerError, 500, {}),
        Error(ApiErrorKind::kOverloaded, 503, {}, 0), Error(ApiErrorKind::kOverloaded, 503, 2s, 1),
        Error(ApiErrorKind::kOverloaded, 529, {})}) {
    const json body = ParseJson(plan.body);
    REQUIRE(body["error"].is_object());
    CHECK(body["error"].size() == 4);
    CHECK(body["error"]["message"].is_string());
    CHECK(body["error"]["type"].is_string());
    CHECK(body["error"].contains("param"));
    CHECK(body["error"].contains("code"));
    CHECK(plan.headers.Find("x-request-id").has_value());
    CHECK(plan.headers.Find("content-type") == "application/json");
  }
}

TEST_CASE("mock openai: a hint stands in header and message alike") {
  struct Row {
    Duration wait;
    const char* header;
    const char* text;
  };
  const Row rows[] = {{1s, "1", "try again in 1s."},        {1146ms, "2", "try again in 1.146s."},
                      {84ms, "1", "try again in 84ms."},    {20s, "20", "try again in 20s."},
                      {432s, "432", "try again in 7m12s."}, {3723s, "3723", "try again in 1h2m3s."},
                      {1500ms, "2", "try again in 1.5s."}};
  for (const Row& row : rows) {
    const ReplyPlan plan = Error(ApiErrorKind::kRateLimit, 429, row.wait);
    CAPTURE(row.text, plan.body);
    CHECK(plan.headers.Find("retry-after") == row.header);
    CHECK(plan.headers.Find("retry-after-ms").has_value() == (row.wait % 1s != 0s));
    CHECK(plan.body.find(row.text) != std::string::npos);
  }
  CHECK(Error(ApiErrorKind::kRateLimit, 429, 1146ms).headers.Find("retry-after-ms") == "1146");
  CHECK_FALSE(Error(ApiErrorKind::kRateLimit, 429, {}).headers.Find("retry-after").has_value());
}

TEST_CASE("mock openai: the figures of a 429 obey the bucket that they describe") {
  for (const Duration wait : {50ms, 300ms, 1000ms, 1146ms}) {
    const std::string body = Error(ApiErrorKind::kRateLimit, 429, wait).body;
    double limit = 0;
    double used = 0;
    double requested = 0;
    const size_t at = body.find("Limit ");
    REQUIRE(at != std::string::npos);
    REQUIRE(std::sscanf(body.c_str() + at, "Limit %lf, Used %lf, Requested %lf", &limit, &used,
                        &requested) == 3);
    CAPTURE(body);
    REQUIRE(body.find("(TPM)") != std::string::npos);
    CHECK(used <= limit);
    CHECK((used + requested - limit) / limit * 60 ==
          Approx(Seconds(wait)).margin(30 / limit));  // whole tokens
  }
  CHECK(
      Error(ApiErrorKind::kRateLimit, 429, 20s).body.find("(RPM): Limit 3, Used 3, Requested 1") !=
      std::string::npos);
  CHECK(Error(ApiErrorKind::kRateLimit, 429, 432s).body.find("(RPD): Limit 200, Used 200") !=
        std::string::npos);
}

TEST_CASE("mock dialects: every name makes a server") {
  for (const std::string_view name : DialectServerNames()) {
    CHECK(MakeDialectServer(name, {"large"}) != nullptr);
  }
}

}  // namespace
}  // namespace squall::mock_openai_test

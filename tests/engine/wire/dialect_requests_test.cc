// Requests as each dialect writes them, read back by a JSON library that shares nothing with the
// encoders.
#include <nlohmann/json.hpp>

#include "engine/wire/dialect.h"
#include "tests/catch.h"

namespace squall::dialect_requests_test {
namespace {

using nlohmann::json;

ChatRequest SampleRequest() {
  ChatRequest request;
  request.id = "r42";
  request.user = "user-7";
  request.messages.emplace_back(Role::kSystem, "Be brief.");
  request.messages.emplace_back(Role::kUser, "first \"one\"");
  request.messages.emplace_back(Role::kAssistant, "second");
  request.messages.emplace_back(Role::kSystem, "Answer in JSON.");
  request.messages.emplace_back(Role::kUser, "third\n\xc3\xbc");
  return request;
}

HttpRequest Encode(std::string_view dialect, const ChatRequest& request, std::string_view model) {
  const Dialect* found = FindDialect(dialect);
  REQUIRE(found != nullptr);
  HttpRequest out;
  found->encode(request, model, 77, "key", &out);
  return out;
}

TEST_CASE("dialects: a request goes where the API documents, with its key", "[wire]") {
  struct Row {
    std::string_view dialect;
    std::string_view target;
    std::string_view stream_target;
    std::string_view key_header;
    std::string_view key;
  };
  const Row rows[] = {
      {"openai", "/v1/chat/completions", "/v1/chat/completions", "authorization", "Bearer key"},
      {"openai_responses", "/v1/responses", "/v1/responses", "authorization", "Bearer key"},
      {"anthropic", "/v1/messages", "/v1/messages", "x-api-key", "key"},
      {"gemini", "/v1beta/models/m-1%2Fa%20b:generateContent",
       "/v1beta/models/m-1%2Fa%20b:streamGenerateContent?alt=sse", "x-goog-api-key", "key"},
      {"azure", "/openai/deployments/m-1%2Fa%20b/chat/completions?api-version=2024-10-21",
       "/openai/deployments/m-1%2Fa%20b/chat/completions?api-version=2024-10-21", "api-key", "key"},
      {"deepseek", "/chat/completions", "/chat/completions", "authorization", "Bearer key"},
  };
  CHECK(std::size(rows) == Dialects().size());
  for (const Row& row : rows) {
    CAPTURE(row.dialect);
    ChatRequest request = SampleRequest();
    HttpRequest http = Encode(row.dialect, request, "m-1/a b");
    CHECK(http.method == "POST");
    CHECK(http.target == row.target);
    CHECK(http.headers.Find(row.key_header) == row.key);
    CHECK(http.headers.Find("content-type") == "application/json");
    CHECK(http.headers.Find("x-squall-request") == "r42");
    CHECK_FALSE(json::parse(http.body).contains("stream"));
    request.stream = true;
    http = Encode(row.dialect, request, "m-1/a b");
    CHECK(http.target == row.stream_target);
    CHECK(json::parse(http.body).value("stream", false) == (row.dialect != "gemini"));

    HttpRequest keyless;
    FindDialect(row.dialect)->encode(request, "m", 1, "", &keyless);
    CHECK_FALSE(keyless.headers.Find(row.key_header).has_value());
  }
}

TEST_CASE("dialects: chat completions of all three write the same but the limit's name", "[wire]") {
  const std::pair<std::string_view, const char*> rows[] = {
      {"openai", "max_completion_tokens"}, {"azure", "max_tokens"}, {"deepseek", "max_tokens"}};
  for (const auto& [dialect, limit] : rows) {
    CAPTURE(dialect);
    const json body = json::parse(Encode(dialect, SampleRequest(), "m").body);
    CHECK(body["model"] == "m");
    CHECK(body[limit] == 77);
    CHECK(body["response_format"]["type"] == "json_object");
    CHECK(body["user"] == "user-7");
    REQUIRE(body["messages"].size() == 5);
    CHECK(body["messages"][2]["role"] == "assistant");
    CHECK(body["messages"][4]["content"] == "third\n\xc3\xbc");
  }
}

TEST_CASE("openai: a streamed request asks for its usage", "[wire]") {
  ChatRequest request = SampleRequest();
  request.stream = true;
  CHECK(json::parse(Encode("openai", request, "m").body)["stream_options"]["include_usage"] ==
        true);
}

TEST_CASE("anthropic: system messages stand apart, the user is metadata", "[wire]") {
  const HttpRequest http = Encode("anthropic", SampleRequest(), "claude");
  CHECK(http.headers.Find("anthropic-version") == "2023-06-01");
  const json body = json::parse(http.body);
  CHECK(body["model"] == "claude");
  CHECK(body["max_tokens"] == 77);
  CHECK(body["system"] == "Be brief.\n\nAnswer in JSON.");
  CHECK(body["metadata"]["user_id"] == "user-7");
  REQUIRE(body["messages"].size() == 3);
  CHECK(body["messages"][0]["role"] == "user");
  CHECK(body["messages"][0]["content"] == "first \"one\"");
  CHECK(body["messages"][1]["role"] == "assistant");
  ChatRequest plain;
  plain.messages.emplace_back(Role::kUser, "x");
  const json bare = json::parse(Encode("anthropic", plain, "claude").body);
  CHECK_FALSE(bare.contains("system"));
  CHECK_FALSE(bare.contains("metadata"));
}

TEST_CASE("gemini: roles, instruction and limits have names of their own", "[wire]") {
  const json body = json::parse(Encode("gemini", SampleRequest(), "g").body);
  CHECK(body["systemInstruction"]["parts"][0]["text"] == "Be brief.\n\nAnswer in JSON.");
  CHECK(body["generationConfig"]["maxOutputTokens"] == 77);
  CHECK(body["generationConfig"]["responseMimeType"] == "application/json");
  REQUIRE(body["contents"].size() == 3);
  CHECK(body["contents"][0]["role"] == "user");
  CHECK(body["contents"][0]["parts"][0]["text"] == "first \"one\"");
  CHECK(body["contents"][1]["role"] == "model");
  CHECK_FALSE(body.contains("model"));
}

TEST_CASE("responses: input items, a limit on output, a text format", "[wire]") {
  const json body = json::parse(Encode("openai_responses", SampleRequest(), "m").body);
  CHECK(body["model"] == "m");
  CHECK(body["max_output_tokens"] == 77);
  CHECK(body["text"]["format"]["type"] == "json_object");
  CHECK(body["user"] == "user-7");
  CHECK(body["store"] == false);
  REQUIRE(body["input"].size() == 5);
  CHECK(body["input"][0]["role"] == "system");
  CHECK(body["input"][4]["content"] == "third\n\xc3\xbc");
}

}  // namespace
}  // namespace squall::dialect_requests_test

// Answers as each API writes them.
#include "engine/gateway/answer.h"

#include <nlohmann/json.hpp>

#include "engine/gateway/client_error.h"
#include "engine/wire/tool_calls.h"
#include "tests/catch.h"

namespace squall::answer_test {
namespace {

using nlohmann::json;

ChatAnswer Plain() {
  ChatAnswer answer;
  answer.id = "req_1";
  answer.created = 5;
  answer.model = "m";
  answer.content = "Hi \"you\"";
  answer.usage.prompt_tokens = 10;
  answer.usage.completion_tokens = 5;
  answer.usage.cached_tokens = 4;
  return answer;
}

ChatAnswer WithTools() {
  ChatAnswer answer = Plain();
  answer.content = "";
  AppendToolCall({"call_1", "f", "{\"a\":1}"}, &answer.tool_calls);
  AppendToolCall({"call_2", "g", ""}, &answer.tool_calls);
  return answer;
}

TEST_CASE("answer: chat completions", "[gateway]") {
  const json plain = json::parse(AnswerBody(Plain(), ApiShape::kOpenAi));
  CHECK(plain["object"] == "chat.completion");
  CHECK(plain["choices"][0]["message"]["content"] == "Hi \"you\"");
  CHECK(plain["choices"][0]["finish_reason"] == "stop");
  CHECK(plain["usage"]["total_tokens"] == 15);
  const json tools = json::parse(AnswerBody(WithTools(), ApiShape::kOpenAi));
  const json& message = tools["choices"][0]["message"];
  CHECK(message["content"].is_null());
  CHECK(message["tool_calls"][0]["function"]["arguments"] == "{\"a\":1}");
  CHECK(message["tool_calls"][1]["id"] == "call_2");
  CHECK(tools["choices"][0]["finish_reason"] == "tool_calls");
}

TEST_CASE("answer: messages", "[gateway]") {
  const json plain = json::parse(AnswerBody(Plain(), ApiShape::kAnthropic));
  CHECK(plain["content"][0]["text"] == "Hi \"you\"");
  CHECK(plain["stop_reason"] == "end_turn");
  CHECK(plain["usage"]["input_tokens"] == 6);
  CHECK(plain["usage"]["cache_read_input_tokens"] == 4);
  const json tools = json::parse(AnswerBody(WithTools(), ApiShape::kAnthropic));
  CHECK(tools["content"].size() == 2);
  CHECK(tools["content"][0]["input"]["a"] == 1);
  CHECK(tools["content"][1]["input"] == json::object());
  CHECK(tools["stop_reason"] == "tool_use");
}

TEST_CASE("answer: a whole reply is passed on as it is, any other is written anew", "[gateway]") {
  ChatAnswer answer = Plain();
  answer.reply = R"({"id":"a","more":1})";
  for (const ApiShape shape : {ApiShape::kOpenAi, ApiShape::kAnthropic}) {
    answer.reply_is_whole = true;
    CHECK(AnswerBody(answer, shape) == answer.reply);
    answer.reply_is_whole = false;
    const json anew = json::parse(AnswerBody(answer, shape));
    CHECK(anew["id"].get<std::string>().ends_with("req_1"));
  }
}

TEST_CASE("answer: pieces end between characters", "[gateway]") {
  CHECK(FirstPiece("abcdef", 4) == "abcd");
  CHECK(FirstPiece("ab\u00e9", 3) == "ab\u00e9");
  CHECK(FirstPiece("\U0001F600x", 1) == "\U0001F600");
  CHECK(FirstPiece("ab", 9) == "ab");
}

TEST_CASE("client error: the words of a provider lose what looks like a key", "[gateway]") {
  CHECK(ProviderWords(R"({"error":{"message":"Bad seed."}})") == "Bad seed.");
  CHECK(ProviderWords(R"([{"error":{"message":"Gemini."}}])") == "Gemini.");
  CHECK(ProviderWords("no json").empty());
  CHECK(ProviderWords(R"({"error":{"message":"key 'sk-abc' at https://u:p@h/x is bad"}})")
            .find("sk-abc") == std::string::npos);
  const std::string url =
      ProviderWords(R"({"error":{"message":"see https://user:pass@host/path now"}})");
  CHECK(url.find("pass") == std::string::npos);
  CHECK(url.find("now") != std::string::npos);
}

TEST_CASE("client error: headers say when to come again", "[gateway]") {
  ClientError error(429, "x", "y");
  error.retry_after = 1250ms;
  CHECK(ErrorHeaders(error) == "Retry-After: 2\r\nretry-after-ms: 1250\r\n");
  error.retry_after.reset();
  error.retry = false;
  CHECK(ErrorHeaders(error) == "x-should-retry: false\r\n");
}

}  // namespace
}  // namespace squall::answer_test

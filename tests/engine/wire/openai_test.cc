#include "engine/wire/openai.h"

#include <nlohmann/json.hpp>

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::openai_test {
namespace {

using nlohmann::json;
using Shape = DecodedBody::Shape;

DecodedBody Decode(ReplyDecoder* decoder, std::string_view body) { return decoder->Decode(body); }

TEST_CASE("openai: a request is what the API documents, and reads back", "[wire]") {
  ChatRequest request;
  request.id = "r42";
  request.user = "user-7";
  request.messages.emplace_back(Role::kSystem, "Answer in JSON.");
  request.messages.emplace_back(Role::kUser, "line\nquote \" slash \\ tab\t bell\x07 umlaut ü");
  HttpRequest http;
  EncodeOpenAiChat(request, "gpt-x", 77, "key", &http);
  CHECK(http.method == "POST");
  CHECK(http.target == "/v1/chat/completions");
  CHECK(http.headers.Find("Authorization") == "Bearer key");
  CHECK(http.headers.Find("x-squall-request") == "r42");
  const json body = json::parse(http.body);
  CHECK(body["model"] == "gpt-x");
  CHECK(body["max_completion_tokens"] == 77);
  CHECK(body["user"] == "user-7");
  REQUIRE(body["messages"].size() == 2);
  CHECK(body["messages"][0]["role"] == "system");
  CHECK(body["messages"][1]["content"] == request.messages[1].content);
}

TEST_CASE("openai: any text survives as a JSON string", "[wire]") {
  for (uint64_t i = 0; i < 2'000; ++i) {
    std::string text;
    const uint64_t length = DrawBits(1, Stream("text"), i) % 40;
    for (uint64_t k = 0; k < length; ++k) {
      // ASCII with many of the characters that need an escape, and a two-byte one now and then.
      const uint64_t draw = DrawBits(1, Stream("text"), i, 1, k);
      constexpr std::string_view kSpecial = "\"\\\n\r\t\x01\x1f\x7f";
      if (draw % 4 == 0) {
        text += kSpecial[(draw >> 8) % kSpecial.size()];
      } else if (draw % 11 == 0) {
        text += "é";
      } else {
        text += static_cast<char>(' ' + (draw >> 8) % 95);
      }
    }
    std::string encoded;
    AppendJsonString(text, &encoded);
    const json back = json::parse(encoded, nullptr, false);
    REQUIRE_FALSE(back.is_discarded());
    REQUIRE(back.get<std::string>() == text);
  }
}

TEST_CASE("openai: a reply gives content, reason and usage", "[wire]") {
  const auto decoder = MakeOpenAiDecoder();
  std::string body =
      R"({"id":"c","object":"chat.completion","created":1,"model":"gpt-x-0613","choices":[)"
      R"({"index":0,"message":{"role":"assistant","content":"a\"b","refusal":null},)"
      R"("logprobs":null,"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":16,"completion_tokens":3,"total_tokens":19}})";
  const DecodedBody decoded = Decode(decoder.get(), body);
  CHECK(decoded.shape == Shape::kReply);
  CHECK(decoded.model == "gpt-x-0613");
  CHECK(decoded.content == "a\"b");
  CHECK(decoded.finish_reason == "stop");
  CHECK(decoded.usage.prompt_tokens == 16);
  CHECK(decoded.usage.completion_tokens == 3);
  CHECK_FALSE(decoded.has_refusal);
  CHECK_FALSE(decoded.has_tool_calls);
}

TEST_CASE("openai: an error object gives message, type and code", "[wire]") {
  const auto decoder = MakeOpenAiDecoder();
  std::string body = R"({"error":{"message":"Slow down","type":"requests","param":null,)"
                     R"("code":"rate_limit_exceeded"}})";
  const DecodedBody decoded = Decode(decoder.get(), body);
  CHECK(decoded.shape == Shape::kError);
  CHECK(decoded.error_message == "Slow down");
  CHECK(decoded.error_type == "requests");
  CHECK(decoded.error_code == "rate_limit_exceeded");
}

TEST_CASE("openai: odd bodies are told apart and never trusted", "[wire]") {
  const std::pair<const char*, Shape> rows[] = {{"", Shape::kEmpty},
                                                {"  \r\n", Shape::kEmpty},
                                                {"<html>", Shape::kNotJson},
                                                {R"({"choices":[)", Shape::kNotJson},
                                                {R"({"choices":[]} trailing)", Shape::kNotJson},
                                                {"null", Shape::kOther},
                                                {"3", Shape::kOther},
                                                {R"({"choices":{}})", Shape::kOther},
                                                {R"({"error":"text"})", Shape::kOther},
                                                {R"({"choices":[]})", Shape::kReply},
                                                {R"({"choices":[3]})", Shape::kReply},
                                                {R"({"choices":[{"message":3}]})", Shape::kReply}};
  const auto decoder = MakeOpenAiDecoder();
  for (const auto& [text, shape] : rows) {
    CAPTURE(text);
    std::string body = text;
    const DecodedBody decoded = Decode(decoder.get(), body);
    CHECK(static_cast<int>(decoded.shape) == static_cast<int>(shape));
    CHECK(decoded.content.empty());
  }
}

TEST_CASE("headers keep order, ignore case and blanks, and hold no line ends", "[wire]") {
  Headers headers;
  headers.Add("Content-Type", "application/json");
  headers.Add("X-A", "  1 ");
  headers.Add("x-a", "2");
  CHECK(headers.Find("content-type") == "application/json");
  CHECK(headers.Find("X-a") == "1");
  CHECK_FALSE(headers.Find("x").has_value());
  CHECK(headers.block() == "Content-Type: application/json\r\nX-A:   1 \r\nx-a: 2\r\n");
  int lines = 0;
  headers.ForEach([&](std::string_view, std::string_view) { ++lines; });
  CHECK(lines == 3);
}

}  // namespace
}  // namespace squall::openai_test

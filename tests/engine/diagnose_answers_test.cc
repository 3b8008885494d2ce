// What a model writes never decides: every phrase and code that would in an error, put into an
// answer, leaves the answer a success. And an answer that is not whole is never one.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/diagnose.h"
#include "engine/diagnose_evidence.h"
#include "engine/diagnose_phrases_caller.h"
#include "tests/catch.h"

namespace squall::diagnose_answers_test {
namespace {

using Json = nlohmann::ordered_json;

Diagnosis Of(int status, const std::string& body) {
  static const Headers none;
  Observation seen;
  seen.status = status;
  seen.headers = &none;
  seen.bytes = body;
  return Diagnose(seen);
}

Json Object(const char* key, const Json& value) {
  Json object;
  object[key] = value;
  return object;
}

std::string Event(const Json& data) { return "data: " + data.dump() + "\n\n"; }

Json ChatChunk(const Json& delta, const Json& finish) {
  Json choice;
  choice["index"] = 0;
  choice["delta"] = delta;
  choice["finish_reason"] = finish;
  return Object("choices", Json::array({choice}));
}

Json Chat(const Json& message, const char* finish) {
  Json choice;
  choice["message"] = message;
  choice["finish_reason"] = finish;
  return Object("choices", Json::array({choice}));
}

Json ToolCall(const std::string& arguments) {
  Json function;
  function["name"] = "note";
  function["arguments"] = arguments;
  Json call;
  call["function"] = function;
  return call;
}

// `text` as an answer of each dialect, whole and streamed, and as a tool call's argument.
std::vector<std::string> AnswersWith(const std::string& text) {
  std::vector<std::string> bodies;
  bodies.push_back(Chat(Object("content", text), "stop").dump());
  Json calls;
  calls["content"] = nullptr;
  calls["tool_calls"] = Json::array({ToolCall(Object("error", Object("message", text)).dump())});
  bodies.push_back(Chat(calls, "tool_calls").dump());
  Json thoughts = Object("content", "Fine.");
  thoughts["reasoning_content"] = text;
  bodies.push_back(Chat(thoughts, "stop").dump());
  bodies.push_back(Event(ChatChunk(Object("content", text), nullptr)) +
                   Event(ChatChunk(Json::object(), "stop")) + "data: [DONE]\n\n");
  Json block = Object("type", "text");
  block["text"] = text;
  Json anthropic = Object("content", Json::array({block}));
  anthropic["stop_reason"] = "end_turn";
  bodies.push_back(anthropic.dump());
  Json use = Object("type", "tool_use");
  use["input"] = Object("error", Object("message", text));
  Json tool = Object("content", Json::array({use}));
  tool["stop_reason"] = "tool_use";
  bodies.push_back(tool.dump());
  Json candidate = Object("content", Object("parts", Json::array({Object("text", text)})));
  candidate["finishReason"] = "STOP";
  bodies.push_back(Object("candidates", Json::array({candidate})).dump());
  Json part = Object("type", "output_text");
  part["text"] = text;
  Json message = Object("type", "message");
  message["content"] = Json::array({part});
  Json response = Object("status", "completed");
  response["output"] = Json::array({message});
  bodies.push_back(response.dump());
  Json converse = Object("stopReason", "end_turn");
  converse["output"] = Object("message", Object("content", Json::array({Object("text", text)})));
  bodies.push_back(converse.dump());
  Json ollama = Object("message", Object("content", text));
  ollama["done"] = true;
  ollama["done_reason"] = "stop";
  bodies.push_back(ollama.dump());
  return bodies;
}

std::string Spoken(std::string_view phrase) {
  std::string text(phrase);
  const size_t star = text.find('*');
  if (star != std::string::npos) text.replace(star, 1, " x ");
  return text;
}

std::vector<std::string> Phrases() {
  std::vector<std::string> phrases;
  for (const PhraseRow& row : provider_phrases::kRows) phrases.push_back(Spoken(row.phrase));
  for (const PhraseRow& row : caller_phrases::kRows) phrases.push_back(Spoken(row.phrase));
  return phrases;
}

TEST_CASE("answers: no phrase of an error makes one of an answer", "[engine]") {
  for (const std::string& phrase : Phrases()) {
    for (const std::string& body : AnswersWith("Error: " + phrase + " 429 500.")) {
      const Diagnosis d = Of(200, body);
      if (d.ok()) continue;
      CAPTURE(body, d.rule);
      CHECK(d.ok());
    }
  }
}

TEST_CASE("answers: an error object within an answer is text", "[engine]") {
  const std::string errors[] = {
      R"({"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}})",
      R"({"type":"error","error":{"type":"overloaded_error"}})",
      "data: {\"error\":{\"code\":500}}\n\n", "<html><title>502 Bad Gateway</title></html>",
      R"({"finish_reason":"length"})"};
  for (const std::string& error : errors) {
    for (const std::string& body : AnswersWith(error)) {
      const Diagnosis d = Of(200, body);
      CAPTURE(body, d.rule);
      CHECK(d.ok());
    }
  }
}

TEST_CASE("answers: each phrase is found in an error", "[engine]") {
  for (const std::string& phrase : Phrases()) {
    char folded[256 + kFoldSlack];
    SignSet signs;
    FindPhrases(FoldText("It says: " + phrase + ".", folded, 256), &signs);
    CAPTURE(phrase);
    CHECK_FALSE(signs.empty());
  }
}

TEST_CASE("answers: half an answer is no success, whatever its end is called", "[engine]") {
  const char* words[] = {"length",
                         "max_tokens",
                         "max_output_tokens",
                         "pause_turn",
                         "interrupted",
                         "insufficient_system_resource",
                         "incomplete",
                         "cancelled",
                         "aborted",
                         "malformed_function_call",
                         "recitation",
                         "safety",
                         "language",
                         "refusal",
                         "model_context_window_exceeded",
                         "content_filter",
                         "blocklist",
                         "spii",
                         "prohibited_content",
                         "guardrail_intervened",
                         "error",
                         "timeout",
                         "unexpected_tool_call",
                         "error_toxic",
                         "failed",
                         "token_limit"};
  for (const std::string word : words) {
    std::string upper = word;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    for (const std::string& end : {word, upper}) {
      Json anthropic = Object("content", Json::array({Object("text", "Half")}));
      anthropic["stop_reason"] = end;
      Json gemini = Object("content", Object("parts", Json::array({Object("text", "Half")})));
      gemini["finishReason"] = end;
      Json converse = Object("stopReason", end);
      converse["output"] =
          Object("message", Object("content", Json::array({Object("text", "Half")})));
      const std::string bodies[] = {
          Chat(Object("content", "Half"), end.c_str()).dump(), anthropic.dump(),
          Object("candidates", Json::array({gemini})).dump(), converse.dump(),
          Event(ChatChunk(Object("content", "Half"), nullptr)) +
              Event(ChatChunk(Json::object(), end)) + "data: [DONE]\n\n"};
      for (const std::string& body : bodies) {
        const Diagnosis d = Of(200, body);
        CAPTURE(body, d.rule);
        CHECK_FALSE(d.ok());
      }
    }
  }
}

TEST_CASE("answers: decoded ones that are not whole are no successes either", "[engine]") {
  const std::pair<const char*, std::string> rows[] = {
      {"anthropic",
       R"({"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"pause_turn"})"},
      {"anthropic",
       R"({"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"refusal"})"},
      {"deepseek", R"({"choices":[{"message":{"content":"a"},)"
                   R"("finish_reason":"insufficient_system_resource"}]})"},
      {"openai", R"({"choices":[{"message":{"content":"a"},"finish_reason":"interrupted"}]})"},
      {"openai_responses",
       R"({"object":"response","status":"incomplete","incomplete_details":{"reason":)"
       R"("max_output_tokens"},"output":[{"type":"message","content":[{"type":"output_text",)"
       R"("text":"a"}]}]})"},
      {"gemini",
       R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"RECITATION"}]})"},
      {"gemini",
       R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"LANGUAGE"}]})"}};
  for (const auto& [dialect, text] : rows) {
    CAPTURE(dialect, text);
    REQUIRE(FindDialect(dialect) != nullptr);
    const auto decoder = FindDialect(dialect)->make_decoder();
    std::string body = text;
    const DecodedBody decoded = decoder->Decode(body);
    Observation seen;
    seen.status = 200;
    seen.body = &decoded;
    CHECK_FALSE(Diagnose(seen).ok());
  }
}

}  // namespace
}  // namespace squall::diagnose_answers_test

// Bodies of every dialect, made by hand after the providers' documents: what the engine must read
// out of them. One row is one claim.
#include <nlohmann/json.hpp>

#include "engine/wire/dialect.h"
#include "engine/wire/tool_calls.h"
#include "tests/catch.h"

namespace squall::dialect_bodies_test {
namespace {

using Shape = DecodedBody::Shape;

DecodedBody Decode(ReplyDecoder* decoder, std::string_view body) { return decoder->Decode(body); }

std::unique_ptr<ReplyDecoder> DecoderOf(std::string_view dialect) {
  const Dialect* found = FindDialect(dialect);
  REQUIRE(found != nullptr);
  return found->make_decoder();
}

struct ReplyRow {
  std::string_view dialect;
  std::string_view what;
  std::string_view body;
  std::string_view content;
  std::string_view reason;
  Finish finish = Finish::kStop;
  bool refusal = false;
  bool tools = false;
  bool reasoning = false;
};

TEST_CASE("dialects: every kind of reply says what it holds and why it ended", "[wire]") {
  using enum Finish;
  const ReplyRow rows[] = {
      {"openai", "tool call",
       R"({"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[)"
       R"({"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
       R"("finish_reason":"tool_calls"}]})",
       "", "tool_calls", kToolCalls, false, true},
      {"openai", "refusal",
       R"({"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]})", "",
       "stop", kStop, true},
      {"openai", "null choice", R"({"choices":[null]})", "", "", kAbsent},
      {"azure", "filtered answer",
       R"({"choices":[{"message":{"role":"assistant"},"finish_reason":"content_filter",)"
       R"("content_filter_results":{"hate":{"filtered":true,"severity":"high"}}}]})",
       "", "content_filter", kContentFilter},
      {"deepseek", "interrupted by the server",
       R"({"choices":[{"message":{"content":"Half an","reasoning_content":"hm"},)"
       R"("finish_reason":"insufficient_system_resource"}]})",
       "Half an", "insufficient_system_resource", kInterrupted, false, false, true},
      {"deepseek", "blank lines while it waited",
       "\n\n\r\n\n"
       R"({"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]})",
       "ok", "stop", kStop},
      {"anthropic", "two text blocks around a thought",
       R"({"type":"message","content":[{"type":"text","text":"He"},)"
       R"({"type":"thinking","thinking":"?"},{"type":"text","text":"llo"}],)"
       R"("stop_reason":"end_turn"})",
       "Hello", "stop", kStop, false, false, true},
      {"anthropic", "out of tokens",
       R"({"content":[{"type":"text","text":"Hel"}],"stop_reason":"max_tokens"})", "Hel", "length",
       kLength},
      {"anthropic", "out of window",
       R"({"content":[],"stop_reason":"model_context_window_exceeded"})", "", "length", kLength},
      {"anthropic", "tool call",
       R"({"content":[{"type":"tool_use","id":"toolu_1","name":"f","input":{}}],)"
       R"("stop_reason":"tool_use"})",
       "", "tool_calls", kToolCalls, false, true},
      {"anthropic", "refusal",
       R"({"content":[],"stop_reason":"refusal",)"
       R"("stop_details":{"type":"refusal","category":null}})",
       "", "content_filter", kContentFilter, true},
      {"anthropic", "paused turn", R"({"content":[],"stop_reason":"pause_turn"})", "", "pause_turn",
       kInterrupted},
      {"gemini", "thought and text",
       R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"3"}],)"
       R"("role":"model"},"finishReason":"STOP","index":0}]})",
       "3", "stop", kStop, false, false, true},
      {"gemini", "function call",
       R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},)"
       R"("finishReason":"STOP"}]})",
       "", "tool_calls", kToolCalls, false, true},
      {"gemini", "candidate without parts",
       R"({"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]})", "", "stop", kStop},
      {"gemini", "no candidates at all", R"({"usageMetadata":{"promptTokenCount":3}})", "", "",
       kAbsent},
      {"gemini", "budget spent on thoughts",
       R"({"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}]})", "", "length",
       kLength},
      {"gemini", "answer blocked", R"({"candidates":[{"finishReason":"SAFETY"}]})", "",
       "content_filter", kContentFilter, true},
      {"gemini", "prompt blocked", R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}})", "",
       "content_filter", kContentFilter, true},
      {"gemini", "word without counterpart",
       R"({"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]})", "",
       "MALFORMED_FUNCTION_CALL", kOther},
      {"openai_responses", "message after reasoning",
       R"({"object":"response","status":"completed","error":null,"incomplete_details":null,)"
       R"("output":[{"type":"reasoning","summary":[]},{"type":"message","role":"assistant",)"
       R"("content":[{"type":"output_text","text":"Hi","annotations":[]}]}]})",
       "Hi", "stop", kStop, false, false, true},
      {"openai_responses", "function call",
       R"({"status":"completed","output":[{"type":"function_call","call_id":"c","name":"f",)"
       R"("arguments":"{}"}]})",
       "", "tool_calls", kToolCalls, false, true},
      {"openai_responses", "refusal",
       R"({"status":"completed","output":[{"type":"message","content":[)"
       R"({"type":"refusal","refusal":"No."}]}]})",
       "", "stop", kStop, true},
      {"openai_responses", "out of tokens",
       R"({"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]})",
       "", "length", kLength},
      {"openai_responses", "filtered",
       R"({"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]})",
       "", "content_filter", kContentFilter},
      {"openai_responses", "not done yet", R"({"status":"in_progress","output":[]})", "",
       "in_progress", kInterrupted},
  };
  for (const ReplyRow& row : rows) {
    CAPTURE(row.dialect, row.what);
    const auto decoder = DecoderOf(row.dialect);
    std::string body(row.body);
    const DecodedBody got = Decode(decoder.get(), body);
    CHECK(static_cast<int>(got.shape) == static_cast<int>(Shape::kReply));
    CHECK(got.content == row.content);
    CHECK(got.finish_reason == row.reason);
    CHECK(static_cast<int>(got.finish) == static_cast<int>(row.finish));
    CHECK(got.has_refusal == row.refusal);
    CHECK(got.has_tool_calls == row.tools);
    CHECK(got.tool_calls.empty() != row.tools);
    ForEachToolCall(got.tool_calls, [](const ToolCall& call) {
      CHECK(call.name == "f");
      CHECK(call.arguments == "{}");
    });
    CHECK(got.has_reasoning == row.reasoning);
  }
}

struct UsageRow {
  std::string_view dialect;
  std::string_view body;
  std::string_view model;
  Usage usage;
};

TEST_CASE("dialects: tokens mean the same whoever counts them", "[wire]") {
  const UsageRow rows[] = {
      {"openai",
       R"({"model":"m-1","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,)"
       R"("prompt_tokens_details":{"cached_tokens":4},)"
       R"("completion_tokens_details":{"reasoning_tokens":5}}})",
       "m-1",
       {20, 9, 4, 0, 5}},
      {"deepseek",
       R"({"model":"d","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,)"
       R"("prompt_cache_hit_tokens":16,"prompt_cache_miss_tokens":4}})",
       "d",
       {20, 9, 16, 0, 0}},
      {"anthropic",
       R"({"model":"c","content":[],"usage":{"input_tokens":12,"cache_creation_input_tokens":3,)"
       R"("cache_read_input_tokens":5,"output_tokens":29}})",
       "c",
       {20, 29, 5, 3, 0}},
      {"gemini",
       R"({"modelVersion":"g","candidates":[],"usageMetadata":{"promptTokenCount":9,)"
       R"("cachedContentTokenCount":2,"candidatesTokenCount":28,"thoughtsTokenCount":244}})",
       "g",
       {9, 272, 2, 0, 244}},
      {"openai_responses",
       R"({"model":"r","status":"completed","output":[],"usage":{"input_tokens":7,)"
       R"("input_tokens_details":{"cached_tokens":1},"output_tokens":6,)"
       R"("output_tokens_details":{"reasoning_tokens":2},"total_tokens":13}})",
       "r",
       {7, 6, 1, 0, 2}},
      {"anthropic",
       R"({"model":"c","content":[],"usage":{"input_tokens":-5,)"
       R"("cache_read_input_tokens":9223372036854775807,"output_tokens":1.5}})",
       "c",
       {1'000'000'000'000, 0, 1'000'000'000'000, 0, 0}},
  };
  for (const UsageRow& row : rows) {
    CAPTURE(row.dialect, row.body);
    const auto decoder = DecoderOf(row.dialect);
    std::string body(row.body);
    const DecodedBody got = Decode(decoder.get(), body);
    CHECK(got.model == row.model);
    CHECK(got.usage.prompt_tokens == row.usage.prompt_tokens);
    CHECK(got.usage.completion_tokens == row.usage.completion_tokens);
    CHECK(got.usage.cached_tokens == row.usage.cached_tokens);
    CHECK(got.usage.cache_write_tokens == row.usage.cache_write_tokens);
    CHECK(got.usage.reasoning_tokens == row.usage.reasoning_tokens);
  }
}

struct ErrorRow {
  std::string_view dialect;
  std::string_view body;
  std::string_view message;
  std::string_view type;
  std::string_view code;
  int status = 0;
  std::string_view inner = {};
  std::string_view quota = {};
  std::string_view delay = {};
};

TEST_CASE("dialects: error envelopes give up their structured codes", "[wire]") {
  const ErrorRow rows[] = {
      {"openai",
       R"({"error":{"message":"Too big","type":"tokens","param":null,)"
       R"("code":"rate_limit_exceeded"}})",
       "Too big", "tokens", "rate_limit_exceeded"},
      {"openai", R"({"error":{"code":502,"message":"upstream","metadata":{}}})", "upstream", "", "",
       502},
      {"openai", R"({"object":"error","message":"flat","type":"Bad","code":400})", "flat", "Bad",
       "", 400},
      {"openai_responses",
       R"({"error":{"message":"Broke","type":"insufficient_quota","param":null,)"
       R"("code":"insufficient_quota"}})",
       "Broke", "insufficient_quota", "insufficient_quota"},
      {"openai_responses",
       R"({"id":"resp_1","status":"failed","error":{"code":"server_error","message":"Oh"},)"
       R"("output":[]})",
       "Oh", "", "server_error"},
      {"openai_responses", R"({"status":"failed","error":null,"output":[]})", "", "", ""},
      {"anthropic",
       R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded",)"
       R"("details":null},"request_id":"req_1"})",
       "Overloaded", "overloaded_error", ""},
      {"anthropic",
       R"({"type":"error","error":{"type":"rate_limit_error","message":"Cap",)"
       R"("details":{"error_code":"enforced_spend_limit_reached"}}})",
       "Cap", "rate_limit_error", "enforced_spend_limit_reached"},
      {"gemini", R"({"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}})", "Busy",
       "UNAVAILABLE", "", 503},
      {"gemini", R"([{"error":{"code":500,"message":"In a list","status":"INTERNAL"}}])",
       "In a list", "INTERNAL", "", 500},
      {"gemini",
       R"({"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[)"
       R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[)"
       R"({"quotaId":"RequestsPerMinute"},{"quotaId":"RequestsPerDayPerModel"},)"
       R"({"quotaId":"TokensPerMinute"}]},3,)"
       R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"22s"}]}})",
       "Quota", "RESOURCE_EXHAUSTED", "", 429, "", "RequestsPerDayPerModel", "22s"},
      {"gemini",
       R"({"error":{"code":400,"message":"Key","status":"INVALID_ARGUMENT","details":[)"
       R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID",)"
       R"("domain":"googleapis.com"}]}})",
       "Key", "INVALID_ARGUMENT", "API_KEY_INVALID", 400},
      {"azure", R"({"error":{"code":"429","message":"Wait 6 seconds."}})", "Wait 6 seconds.", "",
       "429"},
      {"azure",
       R"({"error":{"message":"Filtered","type":null,"param":"prompt","code":"content_filter",)"
       R"("status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
       "Filtered", "", "content_filter", 400, "ResponsibleAIPolicyViolation"},
      {"deepseek",
       R"({"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,)"
       R"("code":"invalid_request_error"}})",
       "Insufficient Balance", "unknown_error", "invalid_request_error"},
  };
  for (const ErrorRow& row : rows) {
    CAPTURE(row.dialect, row.body);
    const auto decoder = DecoderOf(row.dialect);
    std::string body(row.body);
    const DecodedBody got = Decode(decoder.get(), body);
    CHECK(static_cast<int>(got.shape) == static_cast<int>(Shape::kError));
    CHECK(got.error_message == row.message);
    CHECK(got.error_type == row.type);
    CHECK(got.error_code == row.code);
    CHECK(got.error_status == row.status);
    CHECK(got.error_inner_code == row.inner);
    CHECK(got.error_quota_id == row.quota);
    CHECK(got.error_retry_delay == row.delay);
  }
}

TEST_CASE("dialects: an error may name its request, its field and the end of a window", "[wire]") {
  const auto anthropic = DecoderOf("anthropic");
  std::string body = R"({"type":"error","error":{"type":"api_error"},"request_id":"req_7"})";
  CHECK(Decode(anthropic.get(), body).request_id == "req_7");
  const auto openai = DecoderOf("openai");
  body = R"({"error":{"type":"usage_limit_reached","param":"x","plan_type":"plus",)"
         R"("resets_at":1790000000}})";
  const DecodedBody got = Decode(openai.get(), body);
  CHECK(got.error_resets_at_s == 1'790'000'000);
  CHECK(got.error_param == "x");
}

TEST_CASE("azure: an answer that no filter has seen says so", "[wire]") {
  const auto decoder = DecoderOf("azure");
  std::string body =
      R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop","content_filter_results":)"
      R"({"error":{"code":"content_filter_error","message":"The contents are not filtered"}}}]})";
  CHECK(Decode(decoder.get(), body).unfiltered);
  body = R"({"choices":[{"message":{"content":"x"},"content_filter_results":{}}]})";
  CHECK_FALSE(Decode(decoder.get(), body).unfiltered);
}

// What clients of these APIs read without looking whether it is there.
TEST_CASE("dialects: a reply is whole while it has all that its API promises", "[wire]") {
  struct Row {
    std::string_view dialect;
    std::string_view body;
    std::vector<std::string_view> needed;
  };
  const Row rows[] = {
      {"openai",
       R"({"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
       R"("message":{"role":"assistant","content":null},"finish_reason":"stop"}]})",
       {"/id", "/object", "/created", "/model", "/choices", "/choices/0", "/choices/0/index",
        "/choices/0/message", "/choices/0/message/role", "/choices/0/message/content",
        "/choices/0/finish_reason"}},
      {"anthropic",
       R"({"id":"a","type":"message","role":"assistant","model":"m","content":[],)"
       R"("stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}})",
       {"/id", "/type", "/role", "/model", "/content", "/stop_reason", "/usage",
        "/usage/input_tokens", "/usage/output_tokens"}},
  };
  for (const Row& row : rows) {
    const auto decoder = DecoderOf(row.dialect);
    const auto is_whole = [&](std::string_view body) {
      Decode(decoder.get(), body);
      return decoder->IsWhole();
    };
    CHECK_FALSE(decoder->IsWhole());
    for (const std::string_view needed : row.needed) {
      const nlohmann::json::json_pointer at{std::string(needed)};
      nlohmann::json body = nlohmann::json::parse(row.body);
      if (needed.ends_with("/0")) {
        body[at.parent_pointer()].erase(0);
      } else {
        body[at.parent_pointer()].erase(at.back());
      }
      CAPTURE(row.dialect, needed);
      CHECK(is_whole(row.body));
      CHECK_FALSE(is_whole(body.dump()));
    }
    CHECK(is_whole(row.body));
    CHECK_FALSE(is_whole("no JSON"));
    CHECK_FALSE(is_whole(""));
  }
}

TEST_CASE("dialects: odd bodies are told apart and never trusted", "[wire]") {
  const std::pair<std::string_view, Shape> rows[] = {
      {"", Shape::kEmpty},
      {"\n\n\r\n", Shape::kEmpty},
      {"Authentication Fails (governor)", Shape::kNotJson},
      {"<html><body>502</body></html>", Shape::kNotJson},
      {R"({"content":[{"type")", Shape::kNotJson},
      {"\"\xff\"", Shape::kNotJson},
      {"null", Shape::kOther},
      {"[]", Shape::kOther},
      {"[[]]", Shape::kOther},
      {"{}", Shape::kOther},
      {R"({"error":null})", Shape::kOther},
      {R"({"error":"text"})", Shape::kOther},
      {R"({"choices":3,"content":3,"candidates":3,"output":3})", Shape::kOther},
  };
  for (const Dialect& dialect : Dialects()) {
    const auto decoder = dialect.make_decoder();
    for (const auto& [text, shape] : rows) {
      CAPTURE(dialect.name, text);
      std::string body(text);
      const DecodedBody got = Decode(decoder.get(), body);
      CHECK(static_cast<int>(got.shape) == static_cast<int>(shape));
      CHECK(got.content.empty());
    }
  }
}

TEST_CASE("dialects: one decoder reads many bodies and remembers none", "[wire]") {
  const auto decoder = DecoderOf("anthropic");
  std::string two = R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})";
  std::string one = R"({"content":[{"type":"text","text":"c"}]})";
  std::string none = R"({"content":[]})";
  for (int i = 0; i < 3; ++i) {
    CHECK(Decode(decoder.get(), two).content == "ab");
    CHECK(Decode(decoder.get(), one).content == "c");
    CHECK(Decode(decoder.get(), none).content.empty());
  }
}

}  // namespace
}  // namespace squall::dialect_bodies_test

// Streams of every dialect, made by hand after the providers' documents: the pieces they give, and
// every way to end told apart.
#include "engine/wire/stream_decoder.h"

#include <string>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::stream_decoder_test {
namespace {

using Shape = DecodedBody::Shape;

// One stream of a dialect, in the parts that the endings below put together.
struct Sample {
  std::string_view dialect;
  std::string_view opening;  // events before any content; may be none
  std::string_view content;  // "Hel" and "lo", and nothing that ends the stream
  std::string_view ending;   // finish reason, usage, terminal event
  std::string_view error;    // an error event, code or type "overloaded_error"
  std::string_view finish;   // the provider's own word
};

constexpr std::string_view kChatOpening =
    R"(data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,)"
    R"("delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],)"
    R"("usage":null})"
    "\n\n";
constexpr std::string_view kChatContent =
    R"(data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"Hel"}}]})"
    "\n\n"
    R"(data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"lo"}}]})"
    "\n\n";
constexpr std::string_view kChatEnding =
    R"(data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
    "\n\n"
    R"(data: {"id":"c1","model":"m","choices":[],"usage":{"prompt_tokens":16,)"
    R"("completion_tokens":3,"total_tokens":19}})"
    "\n\ndata: [DONE]\n\n";
constexpr std::string_view kChatError =
    R"(data: {"error":{"message":"Busy","type":"server_error","param":null,)"
    R"("code":"overloaded_error"}})"
    "\n\n";

// clang-format off
const Sample kSamples[] = {
    {"openai", kChatOpening, kChatContent, kChatEnding, kChatError, "stop"},
    {"azure",
     R"(data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[]})"
     "\n\n",
     kChatContent, kChatEnding, kChatError, "stop"},
    // The last chunk holds the reason and the usage at once.
    {"deepseek", kChatOpening, kChatContent,
     R"(data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":""},)"
     R"("finish_reason":"stop"}],"usage":{"prompt_tokens":16,"completion_tokens":3}})"
     "\n\ndata: [DONE]\n\n",
     kChatError, "stop"},
    {"openai_responses",
     "event: response.created\n"
     R"(data: {"type":"response.created","sequence_number":0,"response":{"id":"r","model":"m"}})"
     "\n\n"
     "event: response.output_item.added\n"
     R"(data: {"type":"response.output_item.added","sequence_number":1,"item":{"type":"message"}})"
     "\n\n",
     "event: response.output_text.delta\n"
     R"(data: {"type":"response.output_text.delta","sequence_number":2,"delta":"Hel"})"
     "\n\n"
     "event: response.output_text.delta\n"
     R"(data: {"type":"response.output_text.delta","sequence_number":3,"delta":"lo"})"
     "\n\n",
     "event: response.output_text.done\n"
     R"(data: {"type":"response.output_text.done","sequence_number":4,"text":"Hello"})"
     "\n\n"
     "event: response.completed\n"
     R"(data: {"type":"response.completed","sequence_number":5,"response":{"status":"completed",)"
     R"("model":"m","output":[],"usage":{"input_tokens":16,"output_tokens":3}}})"
     "\n\n",
     "event: error\n"
     R"(data: {"type":"error","sequence_number":9,"error":{"type":"server_error",)"
     R"("code":"overloaded_error","message":"Busy","param":null}})"
     "\n\n",
     "completed"},
    {"anthropic",
     "event: message_start\n"
     R"(data: {"type":"message_start","message":{"id":"g","model":"m","content":[],"usage":)"
     R"({"input_tokens":12,"cache_read_input_tokens":4,"output_tokens":1}}})"
     "\n\nevent: content_block_start\n"
     R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
     "\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n",
     "event: content_block_delta\n"
     R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}})"
     "\n\nevent: content_block_delta\n"
     R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}})"
     "\n\n",
     "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
     "event: message_delta\n"
     R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
     R"("usage":{"output_tokens":3}})"
     "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
     "event: error\n"
     R"(data: {"type":"error","error":{"details":null,"type":"overloaded_error",)"
     R"("message":"Busy"}})"
     "\n\n",
     "end_turn"},
    {"gemini",
     R"(data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]}}],)"
     R"("modelVersion":"m","responseId":"x"})"
     "\n\n",
     R"(data: {"candidates":[{"content":{"parts":[{"text":"Hel"}]}}],"responseId":"x"})"
     "\n\n"
     R"(data: {"candidates":[{"content":{"parts":[{"text":"lo"}]}}],"responseId":"x"})"
     "\n\n",
     R"(data: {"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"q"}]},)"
     R"("finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":16,)"
     R"("candidatesTokenCount":3},"responseId":"x"})"
     "\n\n",
     "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"Busy {\",\n"
     "    \"status\": \"overloaded_error\"\n  }\n}\n",
     "STOP"},
};
// clang-format on

class Pieces final : public StreamSink {
 public:
  void OnDelta(const StreamDelta& delta) override {
    if (delta.kind == StreamDelta::Kind::kContent) content.append(delta.text);
    if (delta.kind == StreamDelta::Kind::kToolCall) {
      calls.append(std::to_string(delta.tool_index)).append(delta.tool_id).append("/");
      calls.append(delta.tool_name).append("/").append(delta.text).append(";");
    }
    ++count;
  }
  std::string content;
  std::string calls;
  int count = 0;
};

const Dialect& DialectOf(const Sample& sample) {
  const Dialect* dialect = FindDialect(sample.dialect);
  REQUIRE(dialect != nullptr);
  return *dialect;
}

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const std::string_view part : parts) whole += part;
  return whole;
}

std::string_view EndOf(const Sample& sample, const std::string& bytes, TransportError how) {
  StreamDecoder decoder(DialectOf(sample));
  return StreamEndName(DecodeStream(bytes, how, &decoder).end);
}

TEST_CASE("streams: there is a sample of every dialect", "[wire]") {
  CHECK(std::size(kSamples) == Dialects().size());
}

TEST_CASE("streams: a whole stream gives the answer, its pieces, reason and usage", "[wire]") {
  for (const Sample& sample : kSamples) {
    CAPTURE(sample.dialect);
    StreamDecoder decoder(DialectOf(sample));
    Pieces pieces;
    decoder.Feed(sample.opening, &pieces);
    CHECK_FALSE(decoder.state().committed());
    decoder.Feed(sample.content, &pieces);
    CHECK(decoder.state().committed());
    CHECK_FALSE(decoder.state().terminal());
    decoder.Feed(sample.ending, &pieces);
    CHECK(decoder.state().terminal());
    const StreamEnd end = decoder.End(TransportError::kNone);
    CHECK(StreamEndName(end) == "complete");
    const DecodedBody body = decoder.Body(end);
    CHECK(static_cast<int>(body.shape) == static_cast<int>(Shape::kReply));
    CHECK(pieces.content == "Hello");
    CHECK(body.content == "Hello");
    CHECK(body.model == "m");
    CHECK(body.finish_reason == "stop");
    CHECK(body.provider_finish == sample.finish);
    CHECK(body.usage.prompt_tokens == 16);
    CHECK(body.usage.completion_tokens == 3);
    CHECK(decoder.state().has_usage());
    CHECK(decoder.state().anomalies() == 0);
  }
}

TEST_CASE("streams: each way to end is told apart", "[wire]") {
  constexpr auto kNone = TransportError::kNone;
  constexpr auto kReset = TransportError::kReset;
  constexpr auto kTimeout = TransportError::kTimeout;
  for (const Sample& s : kSamples) {
    CAPTURE(s.dialect);
    const std::string whole = Join({s.opening, s.content, s.ending});
    CHECK(EndOf(s, "", kNone) == "empty");
    CHECK(EndOf(s, "", kReset) == "cut_before_content");
    CHECK(EndOf(s, ": keep-alive\n\n: keep-alive\n\n", kTimeout) == "only_keep_alives");
    CHECK(EndOf(s, ": keep-alive\n\n", kNone) == "only_keep_alives");
    CHECK(EndOf(s, Join({s.opening}), kTimeout) == "cut_before_content");
    CHECK(EndOf(s, Join({s.opening, s.content}), kReset) == "cut_after_content");
    CHECK(EndOf(s, Join({s.opening, s.content}), kNone) == "silent_eof");
    CHECK(EndOf(s, Join({s.opening}), kNone) == "silent_eof");
    CHECK(EndOf(s, whole, kNone) == "complete");
    CHECK(EndOf(s, whole, kReset) == "complete");
    CHECK(EndOf(s, whole.substr(0, whole.size() - 1), kNone) == "silent_eof");
    CHECK(EndOf(s, Join({s.error}), kNone) == "error");
    CHECK(EndOf(s, Join({s.opening, s.content, s.error}), kReset) == "error");
    CHECK(EndOf(s, Join({s.opening, "data: {\"cho\n\n"}), kNone) == "malformed");
    CHECK(EndOf(s, "data: 3\n\n", kNone) == "malformed");
    CHECK(EndOf(s, "<html>\n<body>502</body>\n</html>\n", kNone) == "malformed");
    CHECK(EndOf(s, "{\n  \"error\": {\n", kNone) == "malformed");
    CHECK(EndOf(s, "{\n  \"error\": {\n", kReset) == "cut_before_content");
  }
}

TEST_CASE("streams: pings alone are no sign of progress", "[wire]") {
  const Sample& anthropic = kSamples[4];
  const std::string pings = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
  CHECK(EndOf(anthropic, pings + pings, TransportError::kTimeout) == "only_keep_alives");
}

TEST_CASE("streams: an error inside a stream reads like the body of an error", "[wire]") {
  for (const Sample& sample : kSamples) {
    for (const std::string& before : {std::string(), Join({sample.opening, sample.content})}) {
      CAPTURE(sample.dialect, before);
      StreamDecoder decoder(DialectOf(sample));
      const StreamedReply reply =
          DecodeStream(Join({before, sample.error}), TransportError::kNone, &decoder);
      CHECK(static_cast<int>(reply.body.shape) == static_cast<int>(Shape::kError));
      CHECK(reply.body.error_message.substr(0, 4) == "Busy");
      const bool coded = reply.body.error_code == "overloaded_error" ||
                         reply.body.error_type == "overloaded_error";
      CHECK(coded);
      CHECK(decoder.done());
      CHECK(decoder.state().committed() == !before.empty());
    }
  }
}

TEST_CASE("streams: bare JSON in a stream is an error in every dialect", "[wire]") {
  const std::string bare = "{\"error\": {\"message\": \"Busy\", \"type\": \"x\"}}\n\n";
  for (const Sample& sample : kSamples) {
    CAPTURE(sample.dialect);
    CHECK(EndOf(sample, bare, TransportError::kNone) == "error");
  }
}

TEST_CASE("responses: errors are read nested, flat, and as a failed response", "[wire]") {
  const Sample& sample = kSamples[3];
  const std::string rows[] = {
      "event: error\ndata: {\"type\":\"error\",\"code\":\"slow_down\",\"message\":\"Flat\","
      "\"param\":null,\"sequence_number\":1}\n\n",
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"code\":\"slow_down\","
      "\"message\":\"Nested\"}}\n\n",
      "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{"
      "\"status\":\"failed\",\"error\":{\"code\":\"slow_down\",\"message\":\"Failed\"}}}\n\n"};
  for (const std::string& bytes : rows) {
    CAPTURE(bytes);
    StreamDecoder decoder(DialectOf(sample));
    const StreamedReply reply = DecodeStream(bytes, TransportError::kNone, &decoder);
    CHECK(StreamEndName(reply.end) == "error");
    CHECK(reply.body.error_code == "slow_down");
    CHECK_FALSE(reply.body.error_message.empty());
  }
}

TEST_CASE("responses: an incomplete response ends its stream and says why", "[wire]") {
  StreamDecoder decoder(DialectOf(kSamples[3]));
  const StreamedReply reply = DecodeStream(
      "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\","
      "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n",
      TransportError::kNone, &decoder);
  CHECK(StreamEndName(reply.end) == "complete");
  CHECK(reply.body.finish_reason == "length");
}

TEST_CASE("streams: tool calls come in pieces", "[wire]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"openai",
       R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c","function":)"
       R"({"name":"f","arguments":""}}]}}]})"
       "\n\n"
       R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":)"
       R"({"arguments":"{}"}}]}}]})"
       "\n\n"},
      {"anthropic",
       R"(data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use",)"
       R"("id":"c","name":"f","input":{}}})"
       "\n\n"
       R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta",)"
       R"("partial_json":"{}"}})"
       "\n\n"},
      {"openai_responses",
       R"(data: {"type":"response.output_item.added","output_index":1,"item":)"
       R"({"type":"function_call","call_id":"c","name":"f","arguments":""}})"
       "\n\n"
       R"(data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"})"
       "\n\n"}};
  for (const auto& [dialect, bytes] : rows) {
    CAPTURE(dialect);
    StreamDecoder decoder(*FindDialect(dialect));
    Pieces pieces;
    decoder.Feed(bytes, &pieces);
    CHECK(pieces.calls == "1c/f/;1//{};");
    CHECK(decoder.state().tool_calls() == R"([{"id":"c","name":"f","arguments":"{}"}])");
    CHECK(decoder.state().committed());
    CHECK(decoder.state().has_tool_calls());
  }
}

TEST_CASE("streams: thoughts are progress and commit to nothing", "[wire]") {
  StreamDecoder decoder(*FindDialect("deepseek"));
  decoder.Feed("data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n", nullptr);
  CHECK(decoder.state().deltas() == 1);
  CHECK(decoder.state().has_reasoning());
  CHECK_FALSE(decoder.state().committed());
}

TEST_CASE("gemini: a blocked prompt ends a stream", "[wire]") {
  StreamDecoder decoder(*FindDialect("gemini"));
  const StreamedReply reply =
      DecodeStream("data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n",
                   TransportError::kNone, &decoder);
  CHECK(StreamEndName(reply.end) == "complete");
  CHECK(reply.body.has_refusal);
  CHECK(reply.body.finish_reason == "content_filter");
}

TEST_CASE("gemini: a stream that was not asked for as events is one array", "[wire]") {
  StreamDecoder decoder(*FindDialect("gemini"));
  const StreamedReply reply = DecodeStream(
      "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n,\r\n"
      "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"STOP\"}]}"
      "\n]\n",
      TransportError::kNone, &decoder);
  CHECK(StreamEndName(reply.end) == "complete");
  CHECK(reply.body.content == "ab");
}

TEST_CASE("streams: repeated and mixed up events are counted", "[wire]") {
  StreamDecoder numbered(*FindDialect("openai_responses"));
  const std::string event = "data: {\"type\":\"x\",\"sequence_number\":4}\n\n";
  numbered.Feed(event, nullptr);
  CHECK(numbered.state().anomalies() == 0);
  numbered.Feed(event, nullptr);
  CHECK(numbered.state().anomalies() == 1);
  StreamDecoder chat(*FindDialect("openai"));
  chat.Feed("data: {\"id\":\"a\",\"choices\":[]}\n\ndata: {\"id\":\"b\",\"choices\":[]}\n\n",
            nullptr);
  CHECK(chat.state().anomalies() == 1);
}

TEST_CASE("streams: sizes are bounded", "[wire]") {
  StreamLimits limits;
  limits.max_event_bytes = 200;
  limits.max_content_bytes = 5;
  StreamDecoder decoder(*FindDialect("openai"), limits);
  decoder.Feed(kChatContent, nullptr);
  CHECK_FALSE(decoder.done());
  decoder.Feed(kChatContent, nullptr);
  CHECK(StreamEndName(decoder.End(TransportError::kNone)) == "malformed");
  StreamDecoder other(*FindDialect("openai"), limits);
  other.Feed("data: " + std::string(300, ' '), nullptr);
  CHECK(StreamEndName(other.End(TransportError::kNone)) == "malformed");
}

TEST_CASE("streams: however the bytes were cut, the result is the same", "[wire]") {
  for (const Sample& s : kSamples) {
    const std::string streams[] = {Join({s.opening, s.content, s.ending}),
                                   Join({s.opening, s.content, s.error, s.content}),
                                   Join({"\xef\xbb\xbf", s.opening, s.content, "data: {\n\n"})};
    for (const std::string& bytes : streams) {
      StreamDecoder whole(DialectOf(s));
      const StreamedReply expected = DecodeStream(bytes, TransportError::kNone, &whole);
      for (size_t step = 1; step < 40; ++step) {
        CAPTURE(s.dialect, bytes, step);
        StreamDecoder decoder(DialectOf(s));
        Pieces pieces;
        for (size_t at = 0; at < bytes.size(); at += step) {
          decoder.Feed(std::string_view(bytes).substr(at, step), &pieces);
        }
        const StreamEnd end = decoder.End(TransportError::kNone);
        const DecodedBody body = decoder.Body(end);
        CHECK(StreamEndName(end) == StreamEndName(expected.end));
        CHECK(body.content == expected.body.content);
        CHECK(body.error_message == expected.body.error_message);
        CHECK(pieces.count == whole.state().deltas());
      }
    }
  }
}

TEST_CASE("stream: Gemini's calls come whole, each with an index and arguments of its own") {
  struct Calls final : StreamSink {
    void OnDelta(const StreamDelta& delta) override {
      seen.push_back(std::to_string(delta.tool_index) + " " + std::string(delta.tool_name) + " " +
                     std::string(delta.text));
    }
    std::vector<std::string> seen;
  };
  Calls calls;
  StreamDecoder decoder(*FindDialect("gemini"));
  decoder.Feed(
      R"(data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"a","args":{"x": 1}}},)"
      R"({"functionCall":{"name":"b"}}],"role":"model"},"index":0}]})"
      "\n\n"
      R"(data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"c","args":{}}}]},)"
      R"("finishReason":"STOP","index":0}]})"
      "\n\n",
      &calls);
  CHECK(calls.seen == std::vector<std::string>{"0 a {\"x\":1}", "1 b ", "2 c {}"});
}

}  // namespace
}  // namespace squall::stream_decoder_test

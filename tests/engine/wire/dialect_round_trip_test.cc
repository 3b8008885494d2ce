// What a mock's encoder writes, the engine's decoder reads back: every dialect, many keyed answers,
// in one piece and streamed, the stream whole, byte by byte and cut in two at every byte. The two
// sides share no code, so what both get wrong alike would have to be misread twice.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/wire/stream_decoder.h"
#include "mock_providers/dialect_server.h"
#include "tests/catch.h"

namespace squall::dialect_round_trip_test {
namespace {

using nlohmann::json;

constexpr StreamId kAnswers = Stream("round_trip/answer");
constexpr uint64_t kAnswersEach = 40;

enum class Kind : uint8_t { kText, kLength, kToolCall, kRefusal };
constexpr Kind kKinds[] = {Kind::kText, Kind::kLength, Kind::kToolCall, Kind::kRefusal};

// What JSON and event streams could stumble over, each a valid piece of UTF-8.
constexpr std::string_view kPieces[] = {"a",
                                        "plain words ",
                                        "\"",
                                        "\\",
                                        "/",
                                        "\\u0041",
                                        "\n",
                                        "\r\n",
                                        "\t",
                                        "\x01",
                                        "\x1f",
                                        "\x7f",
                                        "data: ",
                                        "\n\ndata: [DONE]\n\n",
                                        "event: error\n",
                                        "{\"error\":{}}",
                                        "}]}",
                                        ": ",
                                        "\xC3\xA9",
                                        "\xE2\x80\xA8",
                                        "\xEF\xBB\xBF",
                                        "\xEF\xBF\xBD",
                                        "\xEF\xBF\xBF",
                                        "\xE4\xBD\xA0\xE5\xA5\xBD",
                                        "\xF0\x9F\x98\x80",
                                        "\xF0\x9D\x84\x9E",
                                        "\xF4\x8F\xBF\xBF",
                                        "<script>",
                                        "%s%n",
                                        "'"};

// One answer and what the engine should make of it.
struct Sample {
  Kind kind = Kind::kText;
  std::string content;
  ApiAnswer answer;
};

uint64_t Bits(uint64_t number, uint64_t index) { return DrawBits(7, kAnswers, number, 0, index); }

std::string RandomText(uint64_t number, uint64_t most) {
  std::string text;
  const uint64_t pieces = 1 + Bits(number, 0) % most;
  for (uint64_t i = 0; i < pieces; ++i) {
    text.append(kPieces[Bits(number, 100 + i) % std::size(kPieces)]);
  }
  return text;
}

// Token counts are drawn, those of shares below their wholes.
Sample MakeSample(Kind kind, uint64_t number, uint64_t most_pieces = 60) {
  Sample sample;
  sample.kind = kind;
  sample.content = RandomText(number, most_pieces);
  if (kind == Kind::kToolCall) sample.content = json({{"input", sample.content}}).dump();
  ApiAnswer& answer = sample.answer;
  answer.model = "large";
  answer.out_of_tokens = kind == Kind::kLength;
  answer.refused = kind == Kind::kRefusal;
  answer.prompt_tokens = static_cast<int64_t>(1 + Bits(number, 1) % 5000);
  answer.completion_tokens = static_cast<int64_t>(1000 + Bits(number, 2) % 5000);
  if (Bits(number, 3) % 2 == 0) {
    answer.cached_tokens = static_cast<int64_t>(Bits(number, 4)) % answer.prompt_tokens;
    answer.cached_tokens = std::abs(answer.cached_tokens);
  }
  if (Bits(number, 5) % 2 == 0)
    answer.reasoning_tokens = static_cast<int64_t>(Bits(number, 6) % 900);
  answer.id_bits = Bits(number, 7);
  answer.format.include_usage = true;
  if (kind == Kind::kToolCall) answer.format.tool = "record";
  answer.format.tool_named = Bits(number, 8) % 2 == 0;
  return sample;
}

std::string Encode(const DialectServer& server, const Sample& sample, bool stream) {
  ApiAnswer answer = sample.answer;
  answer.content = sample.content;
  if (answer.refused) answer.content = std::nullopt;
  answer.format.stream = stream;
  ReplyPlan plan;
  server.WriteAnswer(answer, &plan);
  return plan.body;
}

// The same JSON with every code point above ASCII as \u escapes, surrogate pairs included.
std::string Escaped(std::string_view body) {
  std::string out;
  for (size_t i = 0; i < body.size(); ++i) {
    const auto lead = static_cast<unsigned char>(body[i]);
    if (lead < 0x80) {
      out.push_back(body[i]);
      continue;
    }
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    uint32_t point = lead & (0x3Fu >> more);
    for (int k = 0; k < more; ++k)
      point = point << 6 | (static_cast<unsigned char>(body[++i]) & 63);
    std::vector<uint32_t> units = {point};
    if (point > 0xFFFF) units = {0xD800 + ((point - 0x10000) >> 10), 0xDC00 + (point & 0x3FF)};
    for (const uint32_t unit : units) {
      char digits[8];
      std::snprintf(digits, sizeof(digits), "\\u%04x", unit);
      out.append(digits);
    }
  }
  return out;
}

// The pieces of a stream, put together again by kind.
class Joined final : public StreamSink {
 public:
  void OnDelta(const StreamDelta& delta) override {
    if (delta.kind == StreamDelta::Kind::kContent) content.append(delta.text);
    if (delta.kind == StreamDelta::Kind::kRefusal) refusal.append(delta.text);
    if (delta.kind == StreamDelta::Kind::kToolCall) {
      arguments.append(delta.text);
      tool.append(delta.tool_name);
    }
  }
  std::string content;
  std::string refusal;
  std::string arguments;
  std::string tool;
};

// DeepSeek's chat completions know no refusal: the model says it in so many words.
bool SaysNoInText(std::string_view dialect, const Sample& sample) {
  return sample.kind == Kind::kRefusal && dialect == "deepseek";
}

Finish FinishOf(std::string_view dialect, const Sample& sample) {
  const bool chat = dialect == "openai" || dialect == "azure" || dialect == "deepseek";
  switch (sample.kind) {
    case Kind::kText: return Finish::kStop;
    case Kind::kLength: return Finish::kLength;
    case Kind::kToolCall:
      if (!chat || dialect == "deepseek") return Finish::kToolCalls;
      return sample.answer.format.tool_named ? Finish::kStop : Finish::kToolCalls;
    case Kind::kRefusal: break;
  }
  const bool says_so = dialect == "anthropic" || dialect == "gemini" || dialect == "deepseek";
  return says_so ? Finish::kContentFilter : Finish::kStop;
}

void CheckBody(std::string_view dialect, const Sample& sample, const DecodedBody& body) {
  CHECK(body.shape == DecodedBody::Shape::kReply);
  CHECK(body.model == "large");
  CHECK(body.finish == FinishOf(dialect, sample));
  CHECK(body.has_tool_calls == (sample.kind == Kind::kToolCall));
  const bool refused = sample.kind == Kind::kRefusal && !SaysNoInText(dialect, sample);
  CHECK(body.has_refusal == refused);
  const bool text = sample.kind == Kind::kText || sample.kind == Kind::kLength;
  if (text) CHECK(body.content == sample.content);
  if (!text) CHECK(body.content.empty() == !SaysNoInText(dialect, sample));
  const ApiAnswer& answer = sample.answer;
  const bool generated = !(refused && dialect == "gemini");  // a blocked prompt has no answer
  CHECK(body.usage.prompt_tokens == answer.prompt_tokens);
  CHECK(body.usage.cached_tokens == answer.cached_tokens);
  CHECK(body.usage.completion_tokens == (generated ? answer.completion_tokens : 0));
  const bool tells_thoughts = dialect != "anthropic" && generated;
  CHECK(body.usage.reasoning_tokens == (tells_thoughts ? answer.reasoning_tokens : 0));
}

void CheckStream(std::string_view dialect, const Sample& sample, StreamDecoder* decoder,
                 const Joined& joined) {
  const StreamEnd end = decoder->End(TransportError::kNone);
  CHECK(StreamEndName(end) == StreamEndName(StreamEnd::kComplete));
  CHECK(decoder->state().anomalies() == 0);
  CheckBody(dialect, sample, decoder->Body(end));
  const bool text = sample.kind == Kind::kText || sample.kind == Kind::kLength;
  if (text) CHECK(joined.content == sample.content);
  const bool tells_why = dialect != "anthropic" && dialect != "gemini" && dialect != "deepseek";
  CHECK(joined.refusal.empty() != (sample.kind == Kind::kRefusal && tells_why));
  if (sample.kind == Kind::kToolCall) {
    CHECK(joined.tool == "record");
    const bool same = json::parse(joined.arguments, nullptr, false) == json::parse(sample.content);
    CHECK(same);
  } else {
    CHECK(joined.tool.empty());
    CHECK(joined.arguments.empty());
  }
}

template <class Check>
void ForEachAnswer(uint64_t count, uint64_t most_pieces, const Check& check) {
  for (const Dialect& dialect : Dialects()) {
    const auto server = MakeDialectServer(dialect.name, {"large"});
    for (const Kind kind : kKinds) {
      for (uint64_t number = 0; number < count; ++number) {
        const Sample sample = MakeSample(kind, number, most_pieces);
        CAPTURE(dialect.name, static_cast<int>(kind), number);
        check(dialect, *server, sample, (number + static_cast<uint64_t>(kind)) % 2 == 1);
      }
    }
  }
}

TEST_CASE("round trip: a reply in one piece reads back as it was meant") {
  ForEachAnswer(
      kAnswersEach, 60,
      [](const Dialect& dialect, const DialectServer& server, const Sample& sample, bool escape) {
        std::string body = Encode(server, sample, false);
        if (escape) body = Escaped(body);
        const auto decoder = dialect.make_decoder();
        CheckBody(dialect.name, sample, decoder->Decode(body));
      });
}

TEST_CASE("round trip: a stream reads back as it was meant, whole and byte by byte") {
  ForEachAnswer(
      kAnswersEach, 60,
      [](const Dialect& dialect, const DialectServer& server, const Sample& sample, bool escape) {
        std::string body = Encode(server, sample, true);
        if (escape) body = Escaped(body);
        for (const size_t step : {body.size(), size_t{1}}) {
          CAPTURE(step);
          StreamDecoder decoder(dialect);
          Joined joined;
          for (size_t at = 0; at < body.size(); at += step) {
            decoder.Feed(std::string_view(body).substr(at, step), &joined);
          }
          CheckStream(dialect.name, sample, &decoder, joined);
        }
      });
}

// Everything that a stream said, in one text.
std::string Transcript(const Dialect& dialect, std::string_view first, std::string_view second) {
  StreamDecoder decoder(dialect);
  Joined joined;
  decoder.Feed(first, &joined);
  decoder.Feed(second, &joined);
  const StreamEnd end = decoder.End(TransportError::kNone);
  const DecodedBody body = decoder.Body(end);
  std::string out(StreamEndName(end));
  for (const std::string_view text :
       {std::string_view(joined.content), body.content, body.model, body.finish_reason,
        std::string_view(joined.refusal), std::string_view(joined.arguments)}) {
    out.append("|").append(text);
  }
  for (const int64_t count : {body.usage.prompt_tokens, body.usage.completion_tokens,
                              body.usage.cached_tokens, body.usage.reasoning_tokens}) {
    out.append("|").append(std::to_string(count));
  }
  return out;
}

TEST_CASE("round trip: it does not matter at which byte a stream is cut in two") {
  ForEachAnswer(
      1, 3,
      [](const Dialect& dialect, const DialectServer& server, const Sample& sample, bool escape) {
        std::string body = Encode(server, sample, true);
        if (escape) body = Escaped(body);
        const std::string whole = Transcript(dialect, body, "");
        CHECK(whole.starts_with(StreamEndName(StreamEnd::kComplete)));
        std::vector<size_t> differing;
        for (size_t cut = 1; cut < body.size(); ++cut) {
          const std::string_view bytes = body;
          if (Transcript(dialect, bytes.substr(0, cut), bytes.substr(cut)) == whole) continue;
          differing.push_back(cut);
        }
        CHECK(differing == std::vector<size_t>());
      });
}

}  // namespace
}  // namespace squall::dialect_round_trip_test

// Streamed answers: what reaches the caller, when, and what becomes of an answer that breaks off.
#include <string>
#include <vector>

#include "tests/engine/engine_rig.h"

namespace squall::engine_streams_test {
namespace {

class Caller final : public AnswerSink {
 public:
  explicit Caller(const Env& env) : env_(env) {}
  void OnDelta(const StreamDelta& delta) override {
    pieces.emplace_back(env_.Now() - kStart, std::string(delta.text));
    text.append(delta.text);
  }
  void OnRestart(std::string_view why) override {
    restarts.emplace_back(why);
    text.clear();
  }
  std::vector<std::pair<Duration, std::string>> pieces;
  std::vector<std::string> restarts;
  std::string text;

 private:
  const Env& env_;
};

std::string Event(const std::string& data) { return "data: " + data + "\n\n"; }

std::string Piece(const std::string& content_json) {
  return Event(R"({"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[)"
               R"({"index":0,"delta":{"content":)" +
               content_json + R"(},"finish_reason":null}]})");
}

std::string Call(const std::string& arguments) {
  return Event(R"({"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[)"
               R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function",)"
               R"("function":{"name":"f","arguments":")" +
               arguments + R"("}}]},"finish_reason":null}]})");
}

std::string Stopped() {
  return Event(R"({"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[)"
               R"({"index":0,"delta":{},"finish_reason":"stop"}]})");
}

std::string Finish() { return Stopped() + Event("[DONE]"); }

using Pieces = std::vector<std::pair<Duration, std::string>>;

ScriptedReply Stream(Pieces pieces, TransportError error = TransportError::kNone) {
  ScriptedReply reply;
  reply.headers.emplace_back("Content-Type", "text/event-stream; charset=utf-8");
  reply.pieces = std::move(pieces);
  reply.error = error;
  return reply;
}

ScriptedReply GoodStream() {
  return Stream({{100ms, Piece(R"("{\"n\"")")}, {50ms, Piece(R"(":7}")")}, {50ms, Finish()}});
}

EngineConfig Failover() {
  EngineConfig config;
  config.retry.max_attempts = 3;
  config.retry.backoff = BackoffConfig{500ms, 4s};
  config.deadline.per_try = 8s;
  return config;
}

EngineConfig Restarting() {
  EngineConfig config = Failover();
  config.stream.after_commit = AfterCommit::kRestart;
  return config;
}

TEST_CASE("stream: each piece reaches the caller as it comes", "[engine]") {
  Rig rig(Failover());
  rig.transport.Script(0, {GoodStream()});
  Caller caller(rig.env);
  const CallResult result = rig.Call("r1", {}, &caller);
  CHECK(result.ok);
  CHECK(result.content == R"({"n":7})");
  CHECK(caller.pieces == Pieces{{100ms, R"({"n")"}, {150ms, ":7}"}});
  CHECK(result.ended == kStart + 200ms);
  CHECK(result.attempts[0].first_piece == kStart + 100ms);
}

TEST_CASE("stream: what comes after the terminal event is not waited for", "[engine]") {
  Rig rig(Failover());
  rig.transport.Script(
      0, {Stream({{100ms, Piece(R"("{\"n\":7}")") + Finish()}}, TransportError::kTimeout)});
  Caller caller(rig.env);
  const CallResult result = rig.Call("r1", {}, &caller);
  CHECK(result.ok);
  CHECK(result.ended == kStart + 100ms);
}

struct BreakRow {
  const char* what;
  ScriptedReply reply;
  FailureClass failure;
  std::string_view rule;
};

// Alpha answers as the row says, beta as it should.
CallResult CallOver(const BreakRow& row, Rig* rig, Caller* caller) {
  rig->transport.Script(0, {row.reply});
  rig->transport.Script(1, {GoodStream()});
  return rig->Call("r1", {}, caller);
}

void CheckFirst(const CallResult& result, const BreakRow& row) {
  CHECK(FailureClassName(result.attempts[0].diagnosis.failure) == FailureClassName(row.failure));
  if (!row.rule.empty()) CHECK(result.attempts[0].diagnosis.rule == row.rule);
}

std::vector<BreakRow> BreaksWithoutContent() {
  const std::string error = Event(
      R"({"error":{"message":"The server is overloaded","type":"server_error","code":null}})");
  return {
      {"an error event after 200", Stream({{100ms, error}}), FailureClass::kOverloaded, ""},
      {"a cut", Stream({{100ms, ": hi\n\n"}}, TransportError::kCut), FailureClass::kTruncated, ""},
      {"a reset", Stream({{100ms, ": hi\n\n"}}, TransportError::kReset), FailureClass::kConnection,
       "transport.reset"},
      {"no event at all", Stream({{100ms, ""}}), FailureClass::kEmptyResponse, ""},
      {"keep-alives until the end", Stream({{100ms, ": hi\n\n"}}), FailureClass::kEmptyResponse,
       "stream.no_content"},
      {"an event that is no JSON", Stream({{100ms, Event("{\"choices\":[")}}),
       FailureClass::kMalformedResponse, "stream.broken_event"},
      {"a page", Stream({{100ms, "<html>\n<p>no</p>\n"}}), FailureClass::kMalformedResponse, ""},
      {"a finish without a piece", Stream({{100ms, Finish()}}), FailureClass::kEmptyResponse,
       "content.empty"},
      {"silence", Stream({}, TransportError::kTimeout), FailureClass::kTimeout, ""},
      {"429 in one piece", Status(429), FailureClass::kRateLimit, ""},
  };
}

TEST_CASE("stream: whatever fails before the first piece is replaced unseen", "[engine]") {
  for (const BreakRow& row : BreaksWithoutContent()) {
    CAPTURE(row.what);
    Rig rig(Failover());
    Caller caller(rig.env);
    const CallResult result = CallOver(row, &rig, &caller);
    CHECK(result.ok);
    CHECK(caller.text == R"({"n":7})");
    CHECK(caller.restarts.empty());
    REQUIRE(result.attempts.size() == 2);
    CheckFirst(result, row);
  }
}

std::vector<BreakRow> BreaksWithContent() {
  const std::string part = Piece(R"("{\"n\":")");
  const std::string error = Event(R"({"error":{"message":"oops","type":"server_error"}})");
  return {
      {"an error event", Stream({{100ms, part}, {100ms, error}}), FailureClass::kServerError, ""},
      {"a cut", Stream({{100ms, part}}, TransportError::kCut), FailureClass::kTruncated, ""},
      {"a reset", Stream({{100ms, part}}, TransportError::kReset), FailureClass::kConnection, ""},
      {"an end without the terminal event", Stream({{100ms, part}}), FailureClass::kTruncated,
       "stream.no_terminal_event"},
      {"a broken event", Stream({{100ms, part}, {1ms, Event("{")}}),
       FailureClass::kMalformedResponse, "stream.broken_event"},
      {"a proxy's text in the middle", Stream({{100ms, part + "upstream connect error"}}),
       FailureClass::kTruncated, "stream.no_terminal_event"},
      {"a tool call whose arguments stop", Stream({{100ms, Call("{\\\"n\\\":")}, {1ms, Finish()}}),
       FailureClass::kMalformedResponse, "tool.arguments_not_json"},
      {"a tool call whose arguments stop, and no last event",
       Stream({{100ms, Call("{\\\"n\\\":")}, {1ms, Stopped()}}), FailureClass::kMalformedResponse,
       "tool.arguments_not_json"},
      {"an answer against the schema", Stream({{100ms, Piece(R"("{\"m\":7}")")}, {1ms, Finish()}}),
       FailureClass::kSchemaViolation, ""},
  };
}

TEST_CASE("stream: once the caller holds a piece, a failure ends the call", "[engine]") {
  for (const BreakRow& row : BreaksWithContent()) {
    CAPTURE(row.what);
    Rig rig(Failover());
    Caller caller(rig.env);
    const CallResult result = CallOver(row, &rig, &caller);
    CHECK_FALSE(result.ok);
    CHECK(result.stop_reason == "committed");
    CHECK(caller.restarts.empty());
    REQUIRE(result.attempts.size() == 1);
    CheckFirst(result, row);
  }
}

TEST_CASE("stream: or the caller is told that the answer begins anew, and why", "[engine]") {
  for (const BreakRow& row : BreaksWithContent()) {
    CAPTURE(row.what);
    Rig rig(Restarting());
    Caller caller(rig.env);
    const CallResult result = CallOver(row, &rig, &caller);
    CHECK(result.ok);
    CHECK(result.restarts == 1);
    REQUIRE(caller.restarts.size() == 1);
    CHECK(caller.restarts[0] == result.attempts[0].diagnosis.rule);
    CHECK(caller.text == R"({"n":7})");
  }
}

TEST_CASE("stream: nothing is called void before another attempt really begins", "[engine]") {
  EngineConfig config = Restarting();
  config.retry.max_attempts = 1;
  Rig rig(config);
  rig.transport.Script(0, {Stream({{100ms, Piece(R"("{")")}}, TransportError::kCut)});
  Caller caller(rig.env);
  const CallResult result = rig.Call("r1", {}, &caller);
  CHECK_FALSE(result.ok);
  CHECK(caller.restarts.empty());
  CHECK(caller.text == "{");
}

TEST_CASE("stream: an answer held back until it is valid can be replaced unseen", "[engine]") {
  EngineConfig config = Failover();
  config.stream.hold_until_valid = true;
  for (const BreakRow& row : BreaksWithContent()) {
    CAPTURE(row.what);
    Rig rig(config);
    Caller caller(rig.env);
    const CallResult result = CallOver(row, &rig, &caller);
    CHECK(result.ok);
    CHECK(caller.text == R"({"n":7})");
    CHECK(caller.restarts.empty());
    REQUIRE_FALSE(caller.pieces.empty());
    CHECK(caller.pieces.front().first == result.ended - kStart);
  }
}

struct StallRow {
  const char* what;
  StreamWatchConfig watch;
  Pieces pieces;
  Duration given_up;
  std::string_view rule;
};

TEST_CASE("stream: a stall is noticed by the clock that it breaks", "[engine]") {
  StreamWatchConfig first;
  first.first_piece = 2s;
  StreamWatchConfig between;
  between.between = 1s;
  StreamWatchConfig rate;
  rate.min_bytes_per_s = 10;
  rate.rate_window = 4s;
  Pieces drip;
  for (int i = 0; i < 40; ++i) drip.emplace_back(500ms, Piece("\" \""));
  const std::vector<StallRow> rows = {
      {"keep-alives are no piece",
       first,
       {{1s, ": hi\n\n"}, {900ms, ": hi\n\n"}},
       2s,
       "stream.first_piece_timeout"},
      {"a pause",
       between,
       {{3s, Piece("\"{\"")}, {800ms, Piece("\" \"")}},
       4800ms,
       "stream.idle_timeout"},
      {"a drip", rate, drip, 4500ms, "stream.too_slow"},
  };
  for (const StallRow& row : rows) {
    CAPTURE(row.what);
    EngineConfig config = Restarting();
    config.stream.watch = row.watch;
    Rig rig(config);
    rig.transport.Script(0, {Stream(row.pieces, TransportError::kTimeout)});
    rig.transport.Script(1, {GoodStream()});
    Caller caller(rig.env);
    const CallResult result = rig.Call("r1", {}, &caller);
    CHECK(result.ok);
    REQUIRE(result.attempts.size() == 2);
    CHECK(result.attempts[0].ended == kStart + row.given_up);
    CHECK(result.attempts[0].diagnosis.rule == row.rule);
    CHECK(result.attempts[0].diagnosis.failure == FailureClass::kTimeout);
  }
}

TEST_CASE("stream: without clocks of its own it still ends with the attempt's", "[engine]") {
  Rig rig(Failover());
  rig.transport.Script(0, {Stream({{1s, ": hi\n\n"}}, TransportError::kTimeout)});
  rig.transport.Script(1, {GoodStream()});
  Caller caller(rig.env);
  const CallResult result = rig.Call("r1", {}, &caller);
  CHECK(result.ok);
  CHECK(result.attempts[0].ended == kStart + 8s);
  CHECK(result.attempts[0].diagnosis.rule == "transport.timeout");
}

TEST_CASE("stream: a character cut in two arrives whole, and a cut inside it is noticed",
          "[engine]") {
  const std::string whole = Piece("\"{\\\"n\\\":7}\xE2\x82\xAC\"");
  const size_t middle = whole.find("\xE2\x82\xAC") + 1;
  const Pieces halves = {
      {100ms, whole.substr(0, middle)}, {100ms, whole.substr(middle)}, {1ms, Finish()}};
  EngineConfig config = Failover();
  config.guard = GuardConfig{true, false, false};
  Rig rig(config);
  rig.transport.Script(0, {Stream(halves)});
  Caller caller(rig.env);
  CHECK(rig.Call("r1", {}, &caller).ok);
  CHECK(caller.text == "{\"n\":7}\xE2\x82\xAC");

  Rig cut(config);
  cut.transport.Script(0, {Stream({halves[0]}, TransportError::kCut)});
  cut.transport.Script(1, {Stream(halves)});
  Caller other(cut.env);
  const CallResult result = cut.Call("r1", {}, &other);
  CHECK(result.ok);
  CHECK(result.attempts.size() == 2);
  CHECK(other.restarts.empty());
}

TEST_CASE("stream: a provider that does not stream is read all the same", "[engine]") {
  Rig rig(Failover());
  rig.transport.Script(0, {Good()});
  Caller caller(rig.env);
  const CallResult result = rig.Call("r1", {}, &caller);
  CHECK(result.ok);
  CHECK(caller.pieces == Pieces{{100ms, R"({"n":7})"}});
}

TEST_CASE("stream: a stop ends it at once", "[engine]") {
  Rig rig(Failover());
  rig.transport.Script(0, {Stream({{100ms, Piece("\"{\"")}}, TransportError::kTimeout)});
  Caller caller(rig.env);
  std::stop_source stop;
  Spawn(rig.env.executor(), [](Env* env, std::stop_source* source) -> Task<> {
    [[maybe_unused]] const bool reached = co_await env->SleepUntil(kStart + 150ms);
    source->request_stop();
  }(&rig.env, &stop));
  const CallResult result = rig.Call("r1", stop.get_token(), &caller);
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "cancelled");
  CHECK(result.ended == kStart + 150ms);
}

}  // namespace
}  // namespace squall::engine_streams_test

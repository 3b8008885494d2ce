// Answers that call tools: when two of them are the same, what a judge sees of them, and that they
// reach the caller.
#include "engine/wire/tool_calls.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/guard_equal.h"
#include "engine/opinions.h"
#include "tests/engine/engine_rig.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::tool_calls_test {
namespace {

EngineConfig Asking(double judge_share, Equivalence equivalence) {
  EngineConfig config;
  config.retry.max_attempts = 2;
  config.budget.enabled = false;
  config.breaker.enabled = false;
  config.opinions.judge_share = judge_share;
  config.opinions.equivalence = equivalence;
  return config;
}

ScriptedReply Verdict(const std::string& verdict) {
  const json reply = {{"verdict", verdict}, {"reason", "so it is"}};
  return Answer(ChatBody(json(reply.dump()).dump()));
}

std::string Calls(const std::vector<std::pair<std::string, std::string>>& calls) {
  std::string list;
  for (const auto& [name, arguments] : calls) {
    AppendToolCall({"call_" + std::to_string(list.size()), name, arguments}, &list);
  }
  return list;
}

TEST_CASE("tool calls: the same are those of one name with arguments of one value", "[engine]") {
  struct Row {
    std::string a, b;
    bool same;
  };
  const Row rows[] = {
      {Calls({{"f", R"({"x":1,"y":[true,null]})"}}),
       Calls({{"f", R"({"y":[true, null], "x":1.0})"}}), true},
      {Calls({{"f", R"({"x":1})"}}), Calls({{"g", R"({"x":1})"}}), false},
      {Calls({{"f", R"({"x":1})"}}), Calls({{"f", R"({"x":2})"}}), false},
      {Calls({{"f", R"({"x":1})"}}), Calls({{"f", R"({"x":1,"z":0})"}}), false},
      {Calls({{"f", R"({"x":"a b"})"}}), Calls({{"f", R"({"x":"a  b"})"}}), false},
      {Calls({{"f", R"({"x":"A"})"}}), Calls({{"f", R"({"x":"a"})"}}), false},
      {Calls({{"f", "[1,2]"}}), Calls({{"f", "[2,1]"}}), false},
      {Calls({{"f", ""}}), Calls({{"f", "{}"}}), true},
      {Calls({{"f", "not json"}}), Calls({{"f", "not json"}}), true},
      {Calls({{"f", "not json"}}), Calls({{"f", "not  json"}}), false},
      {Calls({{"f", "1"}, {"g", "2"}}), Calls({{"g", "2"}, {"f", "1"}}), true},
      {Calls({{"f", "1"}, {"f", "1"}}), Calls({{"f", "1"}, {"f", "2"}}), false},
      {Calls({{"f", "1"}, {"f", "1"}}), Calls({{"f", "1"}}), false},
      {Calls({{"f", "1"}}), "", false},
      {"", "", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.a, row.b);
    CHECK(SameToolCalls(row.a, row.b) == row.same);
    CHECK(SameToolCalls(row.b, row.a) == row.same);
    CHECK(SameToolCalls(row.a, row.a));
  }
}

ScriptedReply CallsTool(const std::string& arguments, const std::string& content = "null") {
  return Answer(R"({"choices":[{"index":0,"message":{"role":"assistant","content":)" + content +
                R"(,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"pay",)"
                R"("arguments":)" +
                json(arguments).dump() + R"(}}]},"finish_reason":"tool_calls"}]})");
}

ScriptedReply StreamOfCall(const std::string& arguments) {
  ScriptedReply reply;
  reply.headers.emplace_back("Content-Type", "text/event-stream");
  reply.pieces = {
      {100ms,
       R"(data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_9",)"
       R"("function":{"name":"pay","arguments":)" +
           json(arguments).dump() + "}}]},\"finish_reason\":null}]}\n\n"},
      {100ms,
       "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
       "\"tool_calls\"}]}\n\ndata: [DONE]\n\n"}};
  return reply;
}

TEST_CASE("equivalence: an answer that calls tools goes out when another one calls the same",
          "[engine]") {
  struct Row {
    ScriptedReply second;
    bool agreed;
  };
  const Row rows[] = {{CallsTool(R"({"to":"b","cents":1e2})"), true},
                      {CallsTool(R"({"cents":100,"to":"b"})", "\"I pay now.\""), true},
                      {CallsTool(R"({"cents":1000,"to":"b"})"), false},
                      {Good(), false}};  // says something instead
  for (const Row& row : rows) {
    for (const bool streams : {false, true}) {
      CAPTURE(row.second.body, streams);
      Rig rig(Asking(0, Equivalence::kAlways));
      const std::string arguments = R"({"cents":100,"to":"b"})";
      rig.transport.Script(0, {streams ? StreamOfCall(arguments) : CallsTool(arguments)});
      rig.transport.Script(1, {row.second});
      struct OnTools final : AnswerSink {
        void OnDelta(const StreamDelta& delta) override {
          CHECK(delta.kind == StreamDelta::Kind::kToolCall);
          text.append(delta.tool_id).append(delta.tool_name).append(delta.text);
        }
        void OnRestart(std::string_view) override {}
        std::string text;
      } caller;
      const CallResult result = rig.Call("r1", {}, streams ? &caller : nullptr);
      CHECK(result.ok == row.agreed);
      CHECK(result.stop_reason == (row.agreed ? "answered" : "disagreement"));
      CHECK(result.tool_calls.empty() != row.agreed);
      CHECK(result.content.empty());
      if (streams) CHECK(caller.text == (row.agreed ? "call_9pay" + arguments : ""));
    }
  }
}

TEST_CASE("judge: sees what tools an answer calls", "[engine]") {
  for (const std::string verdict : {"right", "wrong"}) {
    Rig rig(Asking(1, Equivalence::kNotNeeded));
    rig.transport.Script(0, {CallsTool(R"({"cents":100})")});
    rig.transport.Script(1, {Verdict(verdict)});
    const CallResult result = rig.Call();
    CHECK(result.ok == (verdict == "right"));
    REQUIRE(rig.transport.sent.size() == 2);
    const std::string asked = json::parse(rig.transport.sent[1].body)["messages"][1]["content"];
    CHECK(asked.find("It calls these tools:") != std::string::npos);
    CHECK(asked.find(R"("name":"pay")") != std::string::npos);
    CHECK(asked.find(R"(cents)") != std::string::npos);
  }
}

TEST_CASE("tool calls: an answer that calls tools is handed over with them", "[engine]") {
  Rig rig(Asking(0, Equivalence::kNotNeeded));
  rig.transport.Script(0, {CallsTool(R"({"cents":100})", "\"I pay now.\"")});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.content == "I pay now.");
  CHECK(json::parse(result.tool_calls) ==
        json::parse(R"([{"id":"call_1","name":"pay","arguments":"{\"cents\":100}"}])"));
}

}  // namespace
}  // namespace squall::tool_calls_test

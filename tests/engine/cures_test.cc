// What changes a request or an answer instead of repeating it: adapt, repair and reask.
#include <string>
#include <vector>

#include "tests/engine/engine_rig.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::cures_test {
namespace {

EngineConfig Ladder(std::vector<std::string> ladder) {
  EngineConfig config;
  config.ladder = std::move(ladder);
  config.budget.enabled = false;
  config.breaker.enabled = false;
  return config;
}

ScriptedReply Refusal(const std::string& message, const std::string& code) {
  ScriptedReply reply;
  reply.status = 400;
  reply.body = R"({"error":{"message":")" + message +
               R"(","type":"invalid_request_error","param":"messages","code":")" + code + "\"}}";
  return reply;
}

ScriptedReply TooLong() { return Refusal("Too long.", "context_length_exceeded"); }

ScriptedReply Unsupported() {
  return Refusal("Unsupported parameter: 'temperature' is not supported with this model.",
                 "unsupported_parameter");
}

ScriptedReply Says(const std::string& content) { return Answer(ChatBody(json(content).dump())); }

json Sent(const Rig& rig, size_t i) { return ParseJson(rig.transport.sent.at(i).body); }

std::string PromptOf(const json& body) { return body["messages"].back()["content"]; }

std::string LongPrompt() {
  return "What is seven?\n\nContext:\n" + std::string(40'000, 'x') + "\n\nAnswer in digits.";
}

TEST_CASE("adapt: the context is shortened to a known window at once", "[engine]") {
  std::vector<ProviderInfo> providers = TwoProviders();
  providers.resize(1);  // or the request would go to the one that has no limit
  providers[0].models.resize(1);
  providers[0].models[0].context_tokens = 5'000;
  Rig rig(Ladder({"adapt"}), providers);
  rig.prompt = LongPrompt();
  rig.transport.Script(0, {TooLong(), Good()});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.answered_by == "adapt");
  REQUIRE(rig.transport.sent.size() == 2);
  const std::string cut = PromptOf(Sent(rig, 1));
  CHECK(cut.starts_with("What is seven?\n\nContext:\nxxx"));
  CHECK(cut.ends_with("\n\nAnswer in digits."));
  CHECK(EstimateTokens(cut) + 1'024 < 5'000);
  CHECK(EstimateTokens(cut) + 1'024 > 4'000);
}

TEST_CASE("adapt: so it is to a window that the refusal names", "[engine]") {
  Rig rig(Ladder({"adapt"}));
  rig.prompt = LongPrompt();
  rig.transport.Script(0, {Refusal("This model's maximum context length is 5000 tokens. However, "
                                   "your messages resulted in 20000 tokens.",
                                   "context_length_exceeded"),
                           Good()});
  CHECK(rig.Call().ok);
  const size_t sent = PromptOf(Sent(rig, 1)).size();
  CHECK(sent < rig.prompt.size() * (5'000 - 1'024) / 20'000);
  CHECK(sent > rig.prompt.size() * 8 / 10 * (5'000 - 1'024) / 20'000);
}

TEST_CASE("adapt: to an unknown one by halves, as far as the attempts at one model go",
          "[engine]") {
  EngineConfig config = Ladder({"adapt"});
  config.retry.max_attempts = 8;
  config.retry.max_attempts_per_target = 3;
  Rig rig(config);
  rig.prompt = LongPrompt();
  rig.transport.Script(0, {TooLong()});
  const CallResult result = rig.Call();
  CHECK_FALSE(result.ok);
  CHECK(result.stop_reason == "final");
  REQUIRE(rig.transport.sent.size() == 3);
  const size_t whole = rig.prompt.size();
  CHECK(PromptOf(Sent(rig, 1)).size() <= whole / 2);
  CHECK(PromptOf(Sent(rig, 1)).size() > whole / 2 - 64);
  CHECK(PromptOf(Sent(rig, 2)).size() <= whole / 4);
}

TEST_CASE("adapt: a change stays for the retries of the model that asked for it", "[engine]") {
  EngineConfig config = Ladder({"adapt", "retry"});
  config.retry.max_attempts_per_target = 3;
  Rig rig(config);
  rig.transport.Script(0, {Unsupported(), Status(500), Good()});
  CHECK(rig.Call().ok);
  REQUIRE(rig.transport.sent.size() == 3);
  CHECK(Sent(rig, 0).contains("temperature"));
  CHECK_FALSE(Sent(rig, 1).contains("temperature"));
  CHECK_FALSE(Sent(rig, 2).contains("temperature"));
}

TEST_CASE("adapt: another provider gets the caller's own request, as far as it is known to fit",
          "[engine]") {
  std::vector<ProviderInfo> providers = TwoProviders();
  providers[1].models[0].context_tokens = 100'000;
  Rig rig(Ladder({"adapt", "failover"}), providers);
  rig.prompt = LongPrompt();
  rig.transport.Script(0, {TooLong(), Status(500)});
  CHECK(rig.Call().ok);
  REQUIRE(rig.transport.sent.size() == 3);
  CHECK(PromptOf(Sent(rig, 1)).size() < rig.prompt.size());
  CHECK(rig.transport.sent[2].provider == 1);
  CHECK(PromptOf(Sent(rig, 2)) == rig.prompt);

  // Of which nothing is known: what one has turned down, it may turn down too. Parameters, which
  // belong to the model, are there again.
  Rig unknown(Ladder({"adapt", "failover"}));
  unknown.prompt = LongPrompt();
  unknown.transport.Script(0, {TooLong(), Status(500)});
  CHECK(unknown.Call().ok);
  CHECK(PromptOf(Sent(unknown, 2)) == PromptOf(Sent(unknown, 1)));
  CHECK(Sent(unknown, 2).contains("temperature"));
}

TEST_CASE("adapt: a hedge elsewhere is not changed by what one model does not take", "[engine]") {
  EngineConfig config = Ladder({"adapt"});
  config.hedge.kind = HedgeKind::kFixed;
  config.hedge.delay = 1s;
  Rig rig(config);
  ScriptedReply late = Good();
  late.after = 5s;
  rig.transport.Script(0, {Unsupported(), late});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.answered_by == "hedge");
  REQUIRE(rig.transport.sent.size() == 3);
  CHECK_FALSE(Sent(rig, 1).contains("temperature"));
  CHECK(Sent(rig, 2).contains("temperature"));
}

// ---- repair ----

TEST_CASE("repair: slips of the form are mended without another attempt", "[engine]") {
  for (const char* slip : {"```json\n{\"n\":7}\n```", "Here it is: {\"n\":7}. Anything else?",
                           "{\"n\":7,}", "{'n':7}", "Sure!\n```json\n{\"n\":7}\n```\nDone."}) {
    CAPTURE(slip);
    Rig rig(Ladder({"repair", "retry"}));
    rig.transport.Script(0, {Says(slip)});
    const CallResult result = rig.Call();
    CHECK(result.ok);
    CHECK(ParseJson(result.content) == json{{"n", 7}});
    CHECK(result.answered_by == "repair");
    CHECK(rig.transport.sent.size() == 1);
    REQUIRE(result.attempts.size() == 1);
    CHECK(result.attempts[0].diagnosis.failure == FailureClass::kSchemaViolation);
  }
}

TEST_CASE("repair: what is mended and still breaks the contract goes on down the ladder",
          "[engine]") {
  for (const char* next : {"retry", "reask", "failover"}) {
    CAPTURE(next);
    Rig rig(Ladder({"repair", next}));
    rig.transport.Script(0, {Says("{'m':7}"), Good()});
    const CallResult result = rig.Call();
    CHECK(result.ok);
    CHECK(result.answered_by == next);
    CHECK(rig.transport.sent.size() == 2);
    CHECK(result.ended == kStart + 200ms);
  }
}

TEST_CASE("repair: a text that was cut within a value is never handed out", "[engine]") {
  Rig rig(Ladder({"repair"}));
  rig.schema = std::move(*JsonSchema::Compile(R"({"type":"object","required":["n"]})"));
  for (const char* cut : {R"({"n":7)", R"({"n":"se)", R"({"n":[1,2)", R"({"n":[1,2,)",
                          R"({"n":[{"a":1},{"a":2})", R"({"n":[)", R"({"n":[[1],[2])"}) {
    for (const char* finish : {"stop", "length"}) {
      CAPTURE(cut, finish);
      rig.transport.Script(0, {Answer(ChatBody(json(cut).dump(), finish))});
      const CallResult result = rig.Call();
      CHECK_FALSE(result.ok);
      CHECK(result.content.empty());
    }
  }
  // All of its values are whole: only the end is missing.
  rig.transport.Script(0, {Answer(ChatBody(json(R"({"n":"seven")").dump()))});
  CHECK(rig.Call().content == R"({"n":"seven"})");
}

TEST_CASE("repair: needs no attempt, so it works where none may be made", "[engine]") {
  const auto check = [](Rig* rig) {
    rig->transport.Script(0, {Says("{\"n\":7,}")});
    CHECK(rig->Call().ok);
    CHECK(rig->transport.sent.size() == 1);
  };
  EngineConfig config = Ladder({"failover", "repair"});
  config.retry.max_attempts = 1;
  Rig used_up(config);
  check(&used_up);
  Rig once(Ladder({"failover", "repair"}));
  once.repeatable = false;
  check(&once);
  Rig layered(Ladder({"failover", "repair"}));
  layered.caller_retries = true;
  check(&layered);
}

// ---- reask ----

TEST_CASE("reask: the model is shown its answer and told what is wrong with it", "[engine]") {
  Rig rig(Ladder({"reask"}));
  rig.transport.Script(0, {Says(R"({"m":7})"), Good()});
  const CallResult result = rig.Call();
  CHECK(result.ok);
  CHECK(result.answered_by == "reask");
  REQUIRE(rig.transport.sent.size() == 2);
  const json messages = Sent(rig, 1)["messages"];
  REQUIRE(messages.size() == 3);
  CHECK(messages[0] == Sent(rig, 0)["messages"][0]);
  CHECK(messages[1]["role"] == "assistant");
  CHECK(messages[1]["content"] == R"({"m":7})");
  CHECK(messages[2]["role"] == "user");
  const std::string complaint = messages[2]["content"];
  CAPTURE(complaint);
  CHECK(complaint.find("rejected") != std::string::npos);
  CHECK(complaint.find("not allowed") != std::string::npos);  // the key m
}

TEST_CASE("reask: as often as one model may be asked, and never about what was no answer",
          "[engine]") {
  EngineConfig config = Ladder({"reask"});
  config.retry.max_attempts = 8;
  for (int64_t most = 1; most <= 4; ++most) {
    config.retry.max_attempts_per_target = most;
    Rig rig(config);
    rig.transport.Script(0, {Says(R"({"m":7})")});
    CHECK_FALSE(rig.Call().ok);
    CHECK(static_cast<int64_t>(rig.transport.sent.size()) == most);
  }
  for (const ScriptedReply& reply : {Status(500), Status(429), Says("")}) {
    Rig rig(config);
    rig.transport.Script(0, {reply});
    CHECK_FALSE(rig.Call().ok);
    CHECK(rig.transport.sent.size() == 1);
  }
}

TEST_CASE("reask: only the answer that was refused last is shown", "[engine]") {
  EngineConfig config = Ladder({"reask", "failover"});
  config.retry.max_attempts_per_target = 3;
  Rig rig(config);
  rig.transport.Script(0, {Says(R"({"a":1})"), Says(R"({"b":2})"), Good()});
  CHECK(rig.Call().ok);
  REQUIRE(rig.transport.sent.size() == 3);
  CHECK(rig.transport.sent[2].body.find(R"({\"b\":2})") != std::string::npos);
  CHECK(rig.transport.sent[2].body.find(R"({\"a\":1})") == std::string::npos);
}

}  // namespace
}  // namespace squall::cures_test

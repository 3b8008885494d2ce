// Slips of form that a repair or a re-ask cures: what they look like, and that they are curable.
#include "engine/json_schema.h"
#include "engine/repair.h"
#include "mock_providers/faults.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::drift_test {
namespace {

constexpr Time kNow = kStart + 100s;

std::string AnswerWith(std::string_view variant, const TaskSpec& task) {
  const ProviderConfig config = WithFault("schema_drift", 1, {{std::string(variant), 1}});
  GroundTruth truth;
  Provider provider(0, config, kTestSeed, nullptr, &truth);
  const Understood got = ReadReply("openai", provider.Plan(TaskHttp(task, "r"), kNow));
  CHECK(got.finish == "stop");
  return got.content;
}

TEST_CASE("schema_drift: slips that a repair knows are no JSON, and right once repaired") {
  const std::pair<const char*, unsigned> rows[] = {
      {"fenced", kRepairFences},
      {"prose_wrapped", kRepairProse},
      {"fenced_in_prose", kRepairFences | kRepairProse},
      {"trailing_comma", kRepairTrailingCommas},
      {"single_quotes", kRepairSingleQuotes},
      {"python_literals", kRepairSingleQuotes},  // the tasks have no literals
      {"end_missing", kRepairTruncation}};
  for (const auto& [variant, steps] : rows) {
    for (int kind = 0; kind < kTaskKindCount; ++kind) {
      const TaskSpec task = MakeTask(static_cast<TaskKind>(kind), 7, kind == 0 ? 0 : 90);
      const std::string answer = AnswerWith(variant, task);
      CAPTURE(variant, answer);
      CHECK_FALSE(IsJson(answer));
      const std::optional<Repair> repaired = RepairJson(answer);
      REQUIRE(repaired);
      CHECK((repaired->steps & steps) != 0);
      CHECK(OracleAccepts(kTestSeed, task, repaired->text));
    }
  }
}

TEST_CASE("schema_drift: a client's own schema drifts in the same ways, Python's words included") {
  json body = ChatRequestBody("Fill in the form.");
  body["response_format"] = ParseJson(
      R"({"type":"json_schema","json_schema":{"name":"f","schema":{"type":"object","properties":{)"
      R"("said":{"const":"it's \"so\" \\ or not, true: null"},"yes":{"const":true},)"
      R"("no":{"const":false},"none":{"const":null}},"required":["said","yes","no","none"]}}})");
  const auto ask = [&](std::string_view variant) {
    const ProviderConfig config = WithFault("schema_drift", 1, {{std::string(variant), 1}});
    GroundTruth truth;
    Provider provider(0, config, kTestSeed, nullptr, &truth);
    return ReadReply("openai", provider.Plan(ChatHttp(body, "r"), kNow)).content;
  };
  const std::string python = ask("python_literals");
  CAPTURE(python);
  CHECK(python.find("'yes': True") != std::string::npos);
  CHECK(python.find("'no': False, ") != std::string::npos);
  CHECK(python.find("'none': None, ") != std::string::npos);
  CHECK(python.find(R"('it\'s "so" \\ or not, true: null')") != std::string::npos);
  CHECK(ask("single_quotes").find("'yes':true") != std::string::npos);
  for (const char* variant : {"python_literals", "single_quotes"}) {
    const std::optional<Repair> repaired = RepairJson(ask(variant));
    REQUIRE(repaired);
    CHECK(ParseJson(repaired->text)["said"] == "it's \"so\" \\ or not, true: null");
    CHECK(ParseJson(repaired->text)["yes"] == true);
  }
}

// ---- re-asking ----

// The task, the answer that was given and what was wrong with it, as a client of each dialect
// writes them.
HttpRequest Reask(std::string_view dialect, const TaskSpec& task, std::string_view id,
                  std::string_view last = "Your answer was rejected: not valid JSON.") {
  Ask ask;
  ask.prompt = TaskPrompt(kTestSeed, task, 0);
  HttpRequest request = DialectHttp(dialect, ask, id);
  json body = ParseJson(request.body);
  const std::string_view bad = "```json\n{}\n```";
  if (dialect == "gemini") {
    const auto turn = [](std::string_view role, std::string_view text) {
      return json{{"role", role}, {"parts", json::array({{{"text", text}}})}};
    };
    body["contents"].push_back(turn("model", bad));
    body["contents"].push_back(turn("user", last));
  } else {
    json& turns = body[dialect == "openai_responses" ? "input" : "messages"];
    turns.push_back({{"role", "assistant"}, {"content", bad}});
    turns.push_back({{"role", "user"}, {"content", last}});
  }
  request.body = body.dump();
  return request;
}

ProviderConfig DriftsAlways(double heals) {
  ProviderConfig config = WithFault("schema_drift", 1);
  config.faults["schema_drift"].request_bound = 1;
  config.faults["schema_drift"].reask_heals = heals;
  return config;
}

TEST_CASE("reask: a model that is told what was wrong gets it right, in every dialect") {
  for (const std::string_view dialect : kAllDialects) {
    GroundTruth truth;
    Provider provider(0, InDialect(dialect, DriftsAlways(1)), kTestSeed, nullptr, &truth);
    const TaskSpec task = MakeTask(TaskKind::kExtract, 4);
    Ask ask;
    ask.prompt = TaskPrompt(kTestSeed, task, 0);
    CAPTURE(dialect);
    CHECK(provider.Plan(DialectHttp(dialect, ask, "r"), kNow).fault.present());
    CHECK(provider.Plan(DialectHttp(dialect, ask, "r"), kNow).fault.present());  // a bare retry
    const ReplyPlan healed = provider.Plan(Reask(dialect, task, "r"), kNow);
    CHECK_FALSE(healed.fault.present());
    CHECK(OracleAccepts(kTestSeed, task, ReadReply(dialect, healed).content));
    CHECK(provider.Plan(DialectHttp(dialect, ask, "r"), kNow).fault.present());
  }
}

TEST_CASE("reask: a conversation that goes on to another task is none, nor one without a task") {
  GroundTruth truth;
  Provider provider(0, DriftsAlways(1), kTestSeed, nullptr, &truth);
  const TaskSpec task = MakeTask(TaskKind::kExtract, 4);
  const std::string next = TaskPrompt(kTestSeed, MakeTask(TaskKind::kClassify, 5), 0);
  CHECK(provider.Plan(Reask("openai", task, "a", next), kNow).fault.present());
  json talk = ChatRequestBody("Hello");
  talk["messages"].push_back({{"role", "assistant"}, {"content", "Hello!"}});
  talk["messages"].push_back({{"role", "user"}, {"content", "How are you?"}});
  CHECK(provider.Plan(ChatHttp(talk, "b"), kNow).fault.present());
}

// 2000 requests: within the 99.9 % bound of the binomial; other faults are not cured by words.
TEST_CASE("reask: it cures the share configured, by a draw that others share nothing with",
          "[long]") {
  constexpr int64_t kRequests = 2000;
  constexpr double kHeals = 0.7;
  GroundTruth truth;
  Provider provider(0, DriftsAlways(kHeals), kTestSeed, nullptr, &truth);
  Provider again(0, DriftsAlways(kHeals), kTestSeed, nullptr, &truth);
  ProviderConfig cut = WithFault("truncated", 1);
  cut.faults["truncated"].reask_heals = 1;
  Provider other(1, cut, kTestSeed, nullptr, &truth);
  int64_t healed = 0;
  for (uint64_t number = 0; number < kRequests; ++number) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, number);
    const std::string id = "r" + std::to_string(number);
    const bool drifts = provider.Plan(Reask("openai", task, id), kNow).fault.present();
    truth.Take(RequestKey(id));
    CHECK(again.Plan(Reask("openai", task, id), kNow).fault.present() == drifts);
    healed += !drifts;
    CHECK(other.Plan(Reask("openai", task, id), kNow).fault.present());
  }
  CHECK(SharePlausible(healed, kRequests, kHeals));
}

// ---- refusals that vendors' own clients treat specially ----

TEST_CASE("server_error: 408 and 409 in every dialect, and x-should-retry where a vendor has it") {
  for (const std::string_view dialect : kAllDialects) {
    const auto plan = [&](const char* variant) {
      GroundTruth truth;
      const ProviderConfig config = WithFault("server_error", 1, {{variant, 1}});
      Provider provider(0, InDialect(dialect, config), kTestSeed, nullptr, &truth);
      return provider.Plan(DialectHttp(dialect, Ask(), "r"), kNow);
    };
    CAPTURE(dialect);
    for (const auto& [variant, status] : {std::pair{"408", 408}, {"409", 409}}) {
      const ReplyPlan refused = plan(variant);
      CAPTURE(refused.body);
      CHECK(refused.status == status);
      CHECK(ReadReply(dialect, refused).well_formed);
      CHECK(ReadReply(dialect, refused).error);
    }
    CHECK(plan("408").fault.failure_class == "timeout");
    CHECK(plan("409").fault.failure_class == "server_error");
    const ReplyPlan final_word = plan("should_not_retry");
    const bool has = dialect == "openai" || dialect == "openai_responses" || dialect == "anthropic";
    CHECK(final_word.status == 500);
    CHECK(final_word.headers.Find("x-should-retry").has_value() == has);
    const std::string_view decision = has ? "other_provider_only" : "same_provider_after_wait";
    CHECK(final_word.fault.retry_decision == decision);
  }
}

}  // namespace
}  // namespace squall::drift_test

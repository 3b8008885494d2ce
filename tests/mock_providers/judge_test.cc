#include "mock_providers/judge.h"

#include "engine/guard_equal.h"
#include "engine/json_schema.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::judge_test {
namespace {

constexpr Time kNow = kStart + 100s;

std::string AnswerTo(const TaskSpec& task, AnswerKind kind, uint64_t which = 0) {
  std::string out;
  AppendAnswer(kTestSeed, task, kind, &out, which);
  return out;
}

std::string JudgePrompt(const TaskSpec& task, std::string_view answer) {
  std::string out = "You check the work of another model. Say whether its answer is right.\n\n";
  out.append(TaskPrompt(kTestSeed, task, 200)).append("\n\nAnswer to judge:\n").append(answer);
  return out.append("\nEnd of answer.\nReply with {\"verdict\": \"right\" or \"wrong\", ...}.");
}

// A model under a provider's name, asked once.
struct Judge {
  explicit Judge(const ProviderConfig& config) : provider(0, config, kTestSeed, nullptr, &truth) {}
  ReplyPlan Asked(const TaskSpec& task, std::string_view answer) {
    Ask ask;
    ask.prompt = JudgePrompt(task, answer);
    return provider.Plan(DialectHttp(provider.config().dialect, ask, "r1"), kNow);
  }
  std::string Verdict(const TaskSpec& task, std::string_view answer) {
    const Understood got = ReadReply(provider.config().dialect, Asked(task, answer));
    const json verdict = ParseJson(got.content);
    if (!got.well_formed || !verdict.is_object() || !verdict["reason"].is_string()) return "?";
    return verdict["verdict"].get<std::string>();
  }
  GroundTruth truth;
  Provider provider;
};

ProviderConfig JudgeWith(double error, std::string_view name = "alpha") {
  ProviderConfig config = OneModel(name);
  config.models[0].judge_error = error;
  config.models[0].base_error = 0.5;  // of no account for a judge
  return config;
}

TEST_CASE("judge: the answer is what follows its line, as far as the last end line") {
  const std::pair<const char*, const char*> rows[] = {
      {"Answer to judge:\n{\"a\":1}", "{\"a\":1}"},
      {"Task\nAnswer to judge: see below\n\n {\"a\":1} \r\n", "{\"a\":1}"},
      {"Answer to judge:\n{}\nEnd of answer.\nReply with JSON.", "{}"},
      {"Answer to judge:\nA\nEnd of answer.\nB\nEnd of answer.", "A\nEnd of answer.\nB"},
      {"Answer to judge:\nA\nEnd of answer. Not quite.", "A\nEnd of answer. Not quite."},
      {"Answer to judge:\nA\nAnswer to judge:\nB", "A\nAnswer to judge:\nB"},
      {"Answer to judge:\nEnd of answer.\n", ""},
      {"Answer to judge:", ""}};
  for (const auto& [text, answer] : rows) {
    CAPTURE(text);
    REQUIRE(FindJudged(text));
    CHECK(*FindJudged(text) == answer);
  }
  CHECK_FALSE(FindJudged("No Answer to judge: here"));
  CHECK_FALSE(FindJudged(TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 5), 900)));
}

TEST_CASE("judge: one that never errs tells right from wrong, in every dialect") {
  for (const std::string_view dialect : kAllDialects) {
    for (int kind = 0; kind < kTaskKindCount; ++kind) {
      for (uint64_t number = 0; number < 20; ++number) {
        const TaskSpec task = MakeTask(static_cast<TaskKind>(kind), number);
        Judge judge(InDialect(dialect, JudgeWith(0)));
        CAPTURE(dialect, kind, number);
        CHECK(judge.Verdict(task, AnswerTo(task, AnswerKind::kRight)) == "right");
        for (const AnswerKind wrong : {AnswerKind::kWrong, AnswerKind::kStale,
                                       AnswerKind::kWrongLanguage, AnswerKind::kGarbage}) {
          CHECK(judge.Verdict(task, AnswerTo(task, wrong)) == "wrong");
        }
        CHECK(judge.Verdict(task, "{\"total") == "wrong");
        CHECK(judge.Verdict(task, "") == "wrong");
      }
    }
  }
}

// 2000 tasks: counts within the 99.9 % bound of the binomial.
TEST_CASE("judge: false alarms and misses have the share configured, and do not go together",
          "[long]") {
  constexpr int64_t kTasks = 2000;
  constexpr double kError = 0.1;
  Judge judge(JudgeWith(kError));
  int64_t alarms = 0;
  int64_t misses = 0;
  int64_t both = 0;
  for (uint64_t number = 0; number < kTasks; ++number) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, number);
    const bool alarm = judge.Verdict(task, AnswerTo(task, AnswerKind::kRight)) == "wrong";
    const bool miss = judge.Verdict(task, AnswerTo(task, AnswerKind::kWrong)) == "right";
    alarms += alarm;
    misses += miss;
    both += alarm && miss;
  }
  CHECK(SharePlausible(alarms, kTasks, kError));
  CHECK(SharePlausible(misses, kTasks, kError));
  CHECK(SharePlausible(both, kTasks, kError * kError));
}

TEST_CASE("judge: the same model says the same under every provider, another one for itself") {
  ProviderConfig other = JudgeWith(0.3);
  other.models[0].name = "small";
  other.models.push_back(JudgeWith(0.3).models[0]);
  std::swap(other.models[0], other.models[1]);
  Judge alpha(JudgeWith(0.3));
  Judge beta(InDialect("anthropic", JudgeWith(0.3, "beta")));
  int64_t differ = 0;
  for (uint64_t number = 0; number < 300; ++number) {
    const TaskSpec task = MakeTask(TaskKind::kClassify, number);
    const std::string answer = AnswerTo(task, AnswerKind::kRight);
    CHECK(alpha.Verdict(task, answer) == beta.Verdict(task, answer));
    CHECK(alpha.Verdict(task, answer) == alpha.Verdict(task, answer));
    const auto say = [&](std::string_view model) {
      return JudgeAnswer(kTestSeed, Stream(model), 0.3, task, answer).right;
    };
    differ += say("model/large") != say("model/small");
  }
  CHECK(SharePlausible(differ, 300, 2 * 0.3 * 0.7));
}

TEST_CASE("judge: its question is billed, logged apart from the request, and meets own faults") {
  const TaskSpec task = MakeTask(TaskKind::kArithmetic, 3);
  const std::string answer = AnswerTo(task, AnswerKind::kWrong);
  Judge judge(JudgeWith(1));
  const ReplyPlan plan = judge.Asked(task, answer);
  CHECK(plan.wrong_by_model);
  CHECK(judge.truth.Take(RequestKey("r1")).empty());
  const Arrivals arrivals = judge.truth.Take(JudgeKey(RequestKey("r1")));
  REQUIRE(arrivals.size() == 1);
  CHECK(arrivals[0].prompt_tokens >= CountTokens(JudgePrompt(task, answer).size()));
  CHECK(arrivals[0].completion_tokens == plan.completion_tokens);
  CHECK(plan.completion_tokens > 10);

  ProviderConfig faulty = WithFault("silent_degradation", 1);
  faulty.models[0].judge_error = 0;
  Judge degraded(faulty);
  for (uint64_t number = 0; number < 20; ++number) {  // all variants, and none the right verdict
    const TaskSpec other = MakeTask(TaskKind::kClassify, number);
    CHECK(degraded.Verdict(other, AnswerTo(other, AnswerKind::kRight)) == "wrong");
    CHECK(degraded.Verdict(other, AnswerTo(other, AnswerKind::kWrong)) == "right");
  }
  Judge drifting(WithFault("schema_drift", 1, {{"renamed_key", 1}}));
  CHECK(drifting.Asked(task, answer).body.find("judgement") != std::string::npos);
}

// ---- second opinions: the task asked of another model ----

TEST_CASE("second opinion: right answers agree whatever their remarks") {
  for (int kind = 0; kind < kTaskKindCount; ++kind) {
    const auto schema = JsonSchema::Compile(TaskSchema(static_cast<TaskKind>(kind)));
    REQUIRE(schema.ok());
    for (uint64_t number = 0; number < 50; ++number) {
      const std::string brief =
          AnswerTo(MakeTask(static_cast<TaskKind>(kind), number, 0), AnswerKind::kRight);
      const std::string wordy =
          AnswerTo(MakeTask(static_cast<TaskKind>(kind), number, 120), AnswerKind::kRight);
      CHECK(brief != wordy);
      CHECK(Equivalent(brief, wordy, &*schema));
    }
  }
}

// Chances that two wrong answers of independent models agree, from the ways in which a task can be
// misread (answers.cc): extract 1/9 * (1/9000 + 1/26 + 1/99998); classify 1/4 * (1/4 + 1/3), a
// choice among few labels; arithmetic 1/90. 3000 tasks, 99.9 % bound of the binomial.
TEST_CASE("second opinion: wrong answers of two models agree as rarely as chance has it") {
  constexpr int64_t kTasks = 3000;
  const std::pair<TaskKind, double> rows[] = {
      {TaskKind::kExtract, 1.0 / 9 * (1.0 / 9000 + 1.0 / 26 + 1.0 / 99998)},
      {TaskKind::kClassify, 1.0 / 4 * (1.0 / 4 + 1.0 / 3)},
      {TaskKind::kArithmetic, 1.0 / 90}};
  for (const auto& [kind, chance] : rows) {
    const auto schema = JsonSchema::Compile(TaskSchema(kind));
    REQUIRE(schema.ok());
    int64_t agree = 0;
    int64_t same_model_agrees = 0;
    int64_t wrong_is_right = 0;
    for (uint64_t number = 0; number < kTasks; ++number) {
      const TaskSpec task = MakeTask(kind, number);
      const std::string large = AnswerTo(task, AnswerKind::kWrong, Stream("model/large"));
      const std::string small = AnswerTo(task, AnswerKind::kWrong, Stream("model/small"));
      const std::string again = AnswerTo(task, AnswerKind::kWrong, Stream("model/large"));
      agree += Equivalent(large, small, &*schema);
      same_model_agrees += Equivalent(large, again, &*schema);
      wrong_is_right += Equivalent(large, AnswerTo(task, AnswerKind::kRight), &*schema);
    }
    CAPTURE(TaskKindName(kind), agree);
    CHECK(SharePlausible(agree, kTasks, chance));
    CHECK(same_model_agrees == kTasks);
    CHECK(wrong_is_right == 0);
  }
}

TEST_CASE("second opinion: two providers of one model err alike, of two models by themselves") {
  constexpr int64_t kTasks = 1000;
  constexpr double kError = 0.3;
  const auto answer = [](std::string_view provider, std::string_view model, const TaskSpec& task) {
    ProviderConfig config = OneModel(provider);
    config.models[0].name = std::string(model);
    config.models[0].base_error = kError;
    GroundTruth truth;
    Provider mock(0, config, kTestSeed, nullptr, &truth);
    const json body = ChatRequestBody(TaskPrompt(kTestSeed, task, 0), model);
    return mock.Plan(ChatHttp(body, "r" + std::to_string(task.number)), kNow);
  };
  int64_t both_wrong = 0;
  for (uint64_t number = 0; number < kTasks; ++number) {
    const TaskSpec task = MakeTask(TaskKind::kArithmetic, number);
    const ReplyPlan first = answer("alpha", "large", task);
    const ReplyPlan twin = answer("beta", "large", task);
    const ReplyPlan other = answer("beta", "small", task);
    CHECK(first.wrong_by_model == twin.wrong_by_model);
    both_wrong += first.wrong_by_model && other.wrong_by_model;
  }
  CHECK(SharePlausible(both_wrong, kTasks, kError * kError));
}

}  // namespace
}  // namespace squall::judge_test

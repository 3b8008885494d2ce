// What each validator says to answers that are known to be good and known to be bad: those of the
// mock models, ten thousand of each kind of task. False alarms and detections are printed with 95 %
// Wilson intervals as warnings; what must be zero is checked. Thresholds come from the sources
// named in their headers. LanguageConfig::min_letters and the weight of an ideograph have no such
// source and were chosen with texts like these in mind, so the rate of `language` is no independent
// one.
#include <cstdio>
#include <map>

#include "engine/guard.h"
#include "engine/guard_language.h"
#include "mock_providers/tasks.h"
#include "reports/intervals.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::guard_rates_test {
namespace {

constexpr TaskKind kKinds[] = {TaskKind::kExtract, TaskKind::kClassify, TaskKind::kArithmetic};
constexpr int64_t kAnswers = 10'000;  // of each kind of task
constexpr int64_t kTokens[] = {0, 60, 120};

// Everything off but the one validator.
GuardConfig Only(std::string_view name) {
  GuardConfig config;
  config.non_empty = name == "non_empty";
  config.json = name == "json";
  config.json_schema = name == "json_schema";
  config.garbage.enabled = name == "garbage";
  config.language.enabled = name == "language";
  config.repetition.enabled = name == "repetition";
  config.drift.enabled = name == "drift";
  if (name == "length") config.length = {2, 100'000};
  return config;
}

struct Detector {
  const char* name;
  bool structural;  // must never be wrong about a good answer
};
constexpr Detector kDetectors[] = {{"non_empty", true},   {"length", true},      {"json", true},
                                   {"json_schema", true}, {"entities", true},    {"garbage", false},
                                   {"language", false},   {"repetition", false}, {"drift", false}};

class Bench {
 public:
  explicit Bench(const Detector& detector) : detector_(detector), guard_(Only(detector.name)) {
    for (const TaskKind kind : kKinds) {
      schemas_.push_back(*JsonSchema::Compile(TaskSchema(kind)));
    }
  }

  // What the caller of the task could know: the prompt, its kind, and for entities the unit,
  // product or invoice number that the answer must name.
  bool Flags(const TaskSpec& task, AnswerKind kind, uint64_t which = 0) {
    std::string answer;
    AppendAnswer(kTestSeed, task, kind, &answer, which);
    const std::string prompt = TaskPrompt(kTestSeed, task, 0);
    AnswerFacts facts;
    facts.prompt = prompt;
    facts.task_key = TaskKindName(task.kind);
    std::string_view entity;
    if (std::string_view(detector_.name) == "entities") {
      entity = Entity(task.kind, prompt);
      facts.required = std::span(&entity, 1);
    }
    return !guard_.Check(answer, &schemas_[static_cast<size_t>(task.kind)], facts).ok();
  }

 private:
  static std::string_view Between(std::string_view text, std::string_view before,
                                  std::string_view after) {
    const size_t from = text.find(before) + before.size();
    return text.substr(from, text.find(after, from) - from);
  }
  static std::string_view Entity(TaskKind kind, std::string_view prompt) {
    switch (kind) {
      case TaskKind::kExtract: return Between(prompt, "Invoice no. ", "\n");
      case TaskKind::kClassify: return Between(prompt, "Subject: ", "\n");
      case TaskKind::kArithmetic: break;
    }
    const std::string_view stock = Between(prompt, "warehouse holds ", ".");
    return stock.substr(stock.find(' ') + 1);
  }

  Detector detector_;
  Guard guard_;
  std::vector<JsonSchema> schemas_;
};

TaskSpec NthTask(TaskKind kind, int64_t i) {
  return MakeTask(kind, static_cast<uint64_t>(i), kTokens[i % 3]);
}

std::string Percent(int64_t count, int64_t n) {
  const Interval ci = Wilson(count, n);
  char text[96];
  std::snprintf(text, sizeof(text), "%6.2f %% [%.2f, %.2f]",
                100 * static_cast<double>(count) / static_cast<double>(n), 100 * ci.low,
                100 * ci.high);
  return text;
}

TEST_CASE("guard rates: false alarms on clean answers", "[engine][long]") {
  std::string table = "false alarms on clean answers, n = 10,000 each:\n";
  for (const Detector& detector : kDetectors) {
    Bench bench(detector);
    for (const TaskKind kind : kKinds) {
      int64_t alarms = 0;
      for (int64_t i = 0; i < kAnswers; ++i) {
        alarms += bench.Flags(NthTask(kind, i), AnswerKind::kRight);
      }
      CAPTURE(detector.name, TaskKindName(kind));
      table += std::string(detector.name) + " " + std::string(TaskKindName(kind)) + " " +
               Percent(alarms, kAnswers) + "\n";
      // Statistical ones: an upper bound of one in a thousand, with all of the interval below it.
      if (detector.structural) {
        CHECK(alarms == 0);
      } else {
        CHECK(Wilson(alarms, kAnswers).high < 0.001);
      }
    }
  }
  WARN(table);
}

// Mocks bring answers to their length with remarks that hardly repeat within four thousand
// characters, so that no validator minds a long answer.
TEST_CASE("guard rates: answers of 1,000 tokens trip nothing", "[engine][long]") {
  for (const Detector& detector : kDetectors) {
    CAPTURE(detector.name);
    Bench bench(detector);
    int64_t alarms = 0;
    for (int64_t i = 0; i < 300; ++i) {
      const auto number = static_cast<uint64_t>(i);
      alarms += bench.Flags(MakeTask(kKinds[i % 3], number, 1'000), AnswerKind::kRight);
    }
    CHECK(alarms == 0);
  }
}

// Each kind of degradation by itself after clean answers, a thousand of each kind of task.
TEST_CASE("guard rates: detection of silent degradation", "[engine][long]") {
  constexpr int64_t kBad = 1'000;
  constexpr std::pair<AnswerKind, const char*> kWrongKinds[] = {
      {AnswerKind::kWrong, "wrong_answer"},
      {AnswerKind::kWrongLanguage, "wrong_language"},
      {AnswerKind::kStale, "stale"},
      {AnswerKind::kGarbage, "garbage"}};
  std::string table = "detected degraded answers, n = 1,000 of each kind of task:\n";
  std::map<std::string, int64_t> found;
  for (const Detector& detector : kDetectors) {
    for (const auto& [wrong, name] : kWrongKinds) {
      Bench bench(detector);
      int64_t flagged = 0;
      for (const TaskKind kind : kKinds) {
        for (int64_t i = 0; i < 200; ++i) (void)bench.Flags(NthTask(kind, i), AnswerKind::kRight);
        for (int64_t i = 0; i < kBad; ++i) {
          flagged += bench.Flags(NthTask(kind, 1'000 + i), wrong, static_cast<uint64_t>(i));
        }
      }
      found[std::string(detector.name) + "/" + name] = flagged;
      table += std::string(detector.name) + " " + name + " " + Percent(flagged, 3 * kBad) + "\n";
    }
  }
  WARN(table);
  // They are right in form, so no structural validator may claim to see them.
  for (const char* name : {"non_empty", "json", "json_schema"}) {
    for (const auto& [wrong, kind] : kWrongKinds) CHECK(found[std::string(name) + "/" + kind] == 0);
  }
  CHECK(found["language/wrong_language"] > 2'900);
  CHECK(found["garbage/garbage"] > 900);
  CHECK(found["entities/garbage"] > 1'000);
}

}  // namespace
}  // namespace squall::guard_rates_test

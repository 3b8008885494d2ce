#include "mock_providers/tasks.h"

#include <simdjson.h>

#include <set>

#include "engine/json_schema.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::tasks_test {
namespace {

constexpr TaskKind kKinds[] = {TaskKind::kExtract, TaskKind::kClassify, TaskKind::kArithmetic};
constexpr AnswerKind kWrongKinds[] = {AnswerKind::kWrong, AnswerKind::kWrongLanguage,
                                      AnswerKind::kStale, AnswerKind::kGarbage};

std::string AnswerText(const TaskSpec& task, AnswerKind kind) {
  std::string text;
  AppendAnswer(kTestSeed, task, kind, &text);
  return text;
}

Drift CheckAnswer(TaskKind kind, const std::string& answer) {
  const auto schema = JsonSchema::Compile(TaskSchema(kind));
  REQUIRE(schema.ok());
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  REQUIRE(parser.parse(answer).get(value) == simdjson::SUCCESS);
  return schema->Check(value);
}

// The answer as a value that a test may change.
json Right(const TaskSpec& task) { return ParseJson(AnswerText(task, AnswerKind::kRight)); }

bool Accepts(const TaskSpec& task, const std::string& content) {
  return OracleAccepts(kTestSeed, task, content);
}

TEST_CASE("tasks: a prompt starts with a marker that reads back as its task") {
  for (const TaskKind kind : kKinds) {
    for (const uint64_t number : {uint64_t{0}, uint64_t{417}, ~uint64_t{0}}) {
      const TaskSpec task = MakeTask(kind, number, 28);
      const std::string prompt = TaskPrompt(kTestSeed, task, 0);
      CHECK(prompt.starts_with("[squall-task "));
      const auto found = FindTask(prompt);
      REQUIRE(found.has_value());
      CHECK(found->kind == kind);
      CHECK(found->number == number);
      CHECK(found->answer_tokens == 28);
    }
  }
}

TEST_CASE("tasks: a marker is found behind a stranger's wrapping") {
  const std::string prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kClassify, 9), 0);
  const auto found = FindTask("You are helpful. [squall-task nonsense] User says: " + prompt);
  REQUIRE(found.has_value());
  CHECK(found->number == 9);
}

TEST_CASE("tasks: what only looks like a marker is none") {
  CHECK_FALSE(FindTask(""));
  CHECK_FALSE(FindTask("Extract the fields of this invoice."));
  CHECK_FALSE(FindTask("[squall-task "));
  CHECK_FALSE(FindTask("[squall-task extract"));
  CHECK_FALSE(FindTask("[squall-task extract 417"));
  CHECK_FALSE(FindTask("[squall-task extract 417 tokens=28"));
  CHECK_FALSE(FindTask("[squall-task extract 417 tokens=-1]"));
  CHECK_FALSE(FindTask("[squall-task extract 417 tokens=999999999]"));
  CHECK_FALSE(FindTask("[squall-task extract 99999999999999999999 tokens=1]"));
  CHECK_FALSE(FindTask("[squall-task translate 417 tokens=28]"));
  CHECK(FindTask("[squall-task extract 417 tokens=0]"));
}

TEST_CASE("tasks: kinds are found by their names") {
  for (const TaskKind kind : kKinds) CHECK(FindTaskKind(TaskKindName(kind)) == kind);
  CHECK_FALSE(FindTaskKind("poem"));
}

TEST_CASE("tasks: prompts have the wanted length, and never lose the task") {
  for (const TaskKind kind : kKinds) {
    const TaskSpec task = MakeTask(kind, 3);
    const std::string bare = TaskPrompt(kTestSeed, task, 0);
    CHECK(TaskPrompt(kTestSeed, task, 1) == bare);
    for (const int64_t tokens : {400, 4808, 16000}) {
      const std::string prompt = TaskPrompt(kTestSeed, task, tokens);
      CHECK(CountTokens(prompt.size()) == tokens);
      CHECK(prompt.starts_with(bare));
    }
  }
}

TEST_CASE("tasks: the right answer stands in the prompt") {
  for (uint64_t number = 0; number < 50; ++number) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, number);
    const std::string prompt = TaskPrompt(kTestSeed, task, 0);
    const json answer = Right(task);
    CHECK(prompt.find(answer["vendor"].get<std::string>()) != std::string::npos);
    CHECK(prompt.find(answer["invoice_number"].get<std::string>()) != std::string::npos);
    const auto cents = answer["total_cents"].get<int64_t>();
    CHECK(prompt.find("due: " + std::to_string(cents / 100) + ".") != std::string::npos);
  }
  const TaskSpec ticket = MakeTask(TaskKind::kClassify, 5);
  CHECK(TaskPrompt(kTestSeed, ticket, 0).find(Right(ticket)["product"].get<std::string>()) !=
        std::string::npos);
}

TEST_CASE("tasks: equal keys give equal texts, other seeds and numbers other ones") {
  std::set<std::string> prompts;
  for (uint64_t number = 0; number < 200; ++number) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, number);
    CHECK(TaskPrompt(kTestSeed, task, 0) == TaskPrompt(kTestSeed, task, 0));
    prompts.insert(AnswerText(task, AnswerKind::kRight));
  }
  CHECK(prompts.size() == 200);
  const TaskSpec task = MakeTask(TaskKind::kExtract, 1);
  CHECK(TaskPrompt(1, task, 0) != TaskPrompt(2, task, 0));
}

TEST_CASE("tasks: answers have the wanted number of tokens, or as few as they can") {
  for (const TaskKind kind : kKinds) {
    for (const AnswerKind answer : {AnswerKind::kRight, AnswerKind::kWrongLanguage}) {
      for (const int64_t tokens : {60, 61, 500, 3000}) {
        const std::string text = AnswerText(MakeTask(kind, 8, tokens), answer);
        CHECK(CountTokens(text.size()) == tokens);
        CHECK(IsJson(text));
      }
    }
    CHECK(AnswerText(MakeTask(kind, 8, 0), AnswerKind::kRight).size() < 160);
    CHECK_FALSE(Right(MakeTask(kind, 8, 0)).contains("notes"));
  }
}

TEST_CASE("tasks: every answer, right or wrong, passes its schema") {
  for (const TaskKind kind : kKinds) {
    for (uint64_t number = 0; number < 100; ++number) {
      const TaskSpec task = MakeTask(kind, number, number % 2 == 0 ? 0 : 80);
      CHECK(CheckAnswer(kind, AnswerText(task, AnswerKind::kRight)) == Drift::kNone);
      for (const AnswerKind wrong : kWrongKinds) {
        CHECK(CheckAnswer(kind, AnswerText(task, wrong)) == Drift::kNone);
      }
    }
  }
}

TEST_CASE("tasks: there are several wrong answers to a question, and one right one") {
  for (const TaskKind kind : kKinds) {
    std::set<std::string> right;
    std::set<std::string> wrong;
    for (uint64_t which = 0; which < 40; ++which) {
      std::string text;
      AppendAnswer(kTestSeed, MakeTask(kind, 3), AnswerKind::kRight, &text, which);
      right.insert(text);
      text.clear();
      AppendAnswer(kTestSeed, MakeTask(kind, 3), AnswerKind::kWrong, &text, which);
      CHECK_FALSE(OracleAccepts(kTestSeed, MakeTask(kind, 3), text));
      wrong.insert(text);
    }
    CHECK(right.size() == 1);
    CHECK(wrong.size() > 5);
  }
}

TEST_CASE("oracle: takes every right answer and no wrong one") {
  for (const TaskKind kind : kKinds) {
    for (uint64_t number = 0; number < 500; ++number) {
      const TaskSpec task = MakeTask(kind, number, number % 3 == 0 ? 0 : 70);
      CHECK(Accepts(task, AnswerText(task, AnswerKind::kRight)));
      for (const AnswerKind wrong : kWrongKinds) {
        CHECK_FALSE(Accepts(task, AnswerText(task, wrong)));
      }
    }
  }
}

TEST_CASE("oracle: key order, white space and notes are free") {
  for (const TaskKind kind : kKinds) {
    const TaskSpec task = MakeTask(kind, 31);
    json answer = Right(task);
    CHECK(Accepts(task, answer.dump(4)));
    CHECK(Accepts(task, "\n " + answer.dump() + "\t\n"));
    answer.erase("notes");
    CHECK(Accepts(task, answer.dump()));
    std::string reversed = "{";  // nlohmann::json sorts, so this is its opposite
    for (auto it = answer.rbegin(); it != answer.rend(); ++it) {
      reversed += (reversed.size() > 1 ? "," : "") + json(it.key()).dump() + ":" + it->dump();
    }
    CHECK(Accepts(task, reversed + "}"));
    answer["notes"] = "Überprüft \xe2\x80\x93 7 \xe2\x82\xac.";
    CHECK(Accepts(task, answer.dump()));
  }
}

TEST_CASE("oracle: one number may be written in several ways") {
  const TaskSpec task = MakeTask(TaskKind::kExtract, 31, 0);
  json answer = Right(task);
  answer["total_cents"] = answer["total_cents"].get<double>();
  CHECK(Accepts(task, answer.dump()));
  answer["total_cents"] = answer["total_cents"].get<double>() + 0.5;
  CHECK_FALSE(Accepts(task, answer.dump()));
}

TEST_CASE("oracle: refuses notes in another script") {
  for (const std::string notes : {"проверено", "確認済み", "\xef\xbf\xbd"}) {
    const TaskSpec task = MakeTask(TaskKind::kArithmetic, 4, 0);
    json answer = Right(task);
    answer["notes"] = notes;
    CHECK_FALSE(Accepts(task, answer.dump()));
  }
}

TEST_CASE("oracle: refuses what breaks the contract around a right answer") {
  for (const TaskKind kind : kKinds) {
    const TaskSpec task = MakeTask(kind, 31, 0);
    const std::string right = AnswerText(task, AnswerKind::kRight);
    REQUIRE(Accepts(task, right));
    CHECK_FALSE(Accepts(task, ""));
    CHECK_FALSE(Accepts(task, "null"));
    CHECK_FALSE(Accepts(task, "```json\n" + right + "\n```"));
    CHECK_FALSE(Accepts(task, "Here it is: " + right));
    CHECK_FALSE(Accepts(task, right + " and more"));
    CHECK_FALSE(Accepts(task, "[" + right + "]"));
    CHECK_FALSE(Accepts(task, "{\"data\":" + right + "}"));
    CHECK_FALSE(Accepts(task, right.substr(0, right.size() - 1)));
  }
}

TEST_CASE("oracle: refuses each single field that is missing, wrong, doubled or of another type") {
  for (const TaskKind kind : kKinds) {
    const TaskSpec task = MakeTask(kind, 77, 0);
    const json right = Right(task);
    for (const auto& [key, value] : right.items()) {
      CAPTURE(key);
      json answer = right;
      answer.erase(key);
      CHECK_FALSE(Accepts(task, answer.dump()));
      answer[key] = value.is_string() ? json("other") : json(value.get<int64_t>() + 1);
      CHECK_FALSE(Accepts(task, answer.dump()));
      answer[key] = value.is_string() ? json::array({value}) : json(value.dump());
      CHECK_FALSE(Accepts(task, answer.dump()));
      const std::string twice = json(key).dump() + ":" + value.dump() + ",";
      CHECK_FALSE(Accepts(task, "{" + twice + right.dump().substr(1)));
    }
    json more = right;
    more["confidence"] = 0.9;
    CHECK_FALSE(Accepts(task, more.dump()));
  }
}

TEST_CASE("tasks: small talk is JSON where JSON was asked for") {
  for (const AnswerKind kind : {AnswerKind::kRight, AnswerKind::kWrong, AnswerKind::kWrongLanguage,
                                AnswerKind::kStale, AnswerKind::kGarbage}) {
    std::string text;
    AppendSmallTalk(kind, true, &text);
    CHECK(ParseJson(text)["answer"].is_string());
    text.clear();
    AppendSmallTalk(kind, false, &text);
    CHECK_FALSE(text.empty());
    CHECK_FALSE(IsJson(text));
  }
}

}  // namespace
}  // namespace squall::tasks_test

// What each validator costs on an answer that passes: a clean one of 60 and of 1,000 tokens. The
// figures are of Guard::Check with that validator alone, the parse of the answer included where it
// looks at JSON; "none" is the table with nothing on. And repair, with and without work to do.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/suite.h"
#include "engine/guard.h"
#include "engine/guard_equal.h"
#include "engine/repair.h"
#include "mock_providers/tasks.h"

namespace squall::guard_bench {
namespace {

std::string CleanAnswer(int64_t tokens, uint64_t number = 417) {
  TaskSpec task;
  task.number = number;
  task.answer_tokens = tokens;
  std::string text;
  AppendAnswer(1, task, AnswerKind::kRight, &text);
  return text;
}

GuardConfig Only(std::string_view name) {
  GuardConfig config{};
  config.non_empty = name == "non_empty";
  config.json = name == "json";
  config.json_schema = name == "json_schema";
  if (name == "length") config.length = {1, 1'000'000};
  if (name == "entities") {
    config.entities.required = {"INV-*"};
    config.entities.forbidden = {"(?i)as an ai", "(?i)i (cannot|can't) help"};
  }
  config.garbage.enabled = name == "garbage";
  config.language.enabled = name == "language";
  config.repetition.enabled = name == "repetition";
  // The answers of mocks are padded with one text over and over, and all of it is to be looked at.
  config.repetition.max_repeated_10gram = 1;
  config.drift.enabled = name == "drift";
  return config;
}

void Checking(benchmark::State& state, const std::string& name, int64_t tokens) {
  const auto schema = JsonSchema::Compile(TaskSchema(TaskKind::kExtract));
  const std::string answer = CleanAnswer(tokens);
  Guard guard(Only(name));
  AnswerFacts facts;
  facts.language = "en";
  for (int i = 0; i < 100; ++i) (void)guard.Check(answer, &*schema, facts);
  for (auto _ : state) {
    const Diagnosis diagnosis = guard.Check(answer, &*schema, facts);
    if (!diagnosis.ok()) state.SkipWithError("a clean answer was refused");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(answer.size()));
}

void RegisterValidators() {
  for (const int64_t tokens : {60, 1'000}) {
    const auto add = [&](const std::string& name) {
      const std::string full = "BM_Validator/" + name + "/" + std::to_string(tokens);
      Register(full, Checking, name, tokens);
    };
    add("none");
    for (const ValidatorRow& row : Validators()) add(std::string(row.name));
  }
}
const bool registered = (RegisterValidators(), true);

void BM_Equivalent(benchmark::State& state) {
  const auto schema = JsonSchema::Compile(TaskSchema(TaskKind::kExtract));
  const std::string answer = CleanAnswer(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Equivalent(answer, answer, &*schema));
}
SQUALL_BENCHMARK(BM_Equivalent)->Arg(60)->Arg(1'000);

void Repairing(benchmark::State& state, const std::string& text) {
  for (auto _ : state) benchmark::DoNotOptimize(RepairJson(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

void RegisterRepairs() {
  for (const int64_t tokens : {60, 1'000}) {
    const std::string answer = CleanAnswer(tokens);
    const std::string end = "/" + std::to_string(tokens);
    const auto add = [&](const std::string& name, const std::string& text) {
      Register("BM_Repair/" + name + end, Repairing, text);
    };
    add("valid", answer);
    add("fenced", "Here it is:\n```json\n" + answer + "\n```\n");
    add("cut", answer.substr(0, answer.size() - 9));
    add("prose", std::string(answer.size(), '['));
  }
}
const bool repairs = (RegisterRepairs(), true);

}  // namespace
}  // namespace squall::guard_bench

// What one call costs on the mock's side. A virtual run of 250,000 calls a second and core leaves 4
// us for everything, so a healthy Provider::Plan should stay near 1 us.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/suite.h"
#include "mock_providers/climate.h"
#include "mock_providers/faults.h"
#include "mock_providers/ground_truth.h"
#include "mock_providers/provider.h"
#include "mock_providers/tasks.h"

namespace squall::provider_bench {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kAnswerTokens = 60;

TaskSpec Task(TaskKind kind, uint64_t number) {
  TaskSpec task;
  task.kind = kind;
  task.number = number;
  task.answer_tokens = kAnswerTokens;
  return task;
}

// A request as the engine sends it, with a prompt of about `prompt_tokens`.
HttpRequest ChatRequestBytes(int64_t prompt_tokens) {
  HttpRequest request;
  request.target = "/v1/chat/completions";
  request.headers.Add("x-squall-request", "r4711");
  request.headers.Add("content-type", "application/json");
  request.headers.Add("authorization", "Bearer sk-squall");
  const std::string prompt = TaskPrompt(kSeed, Task(TaskKind::kExtract, 4711), prompt_tokens);
  request.body = R"({"model":"large","messages":[{"role":"user","content":")";
  for (const char c : prompt) {
    if (c == '\n') {
      request.body += "\\n";
    } else {
      request.body += c;
    }
  }
  request.body += R"("}],"max_completion_tokens":1024,"temperature":0,)"
                  R"("response_format":{"type":"json_object"},"user":"user-17"})";
  return request;
}

ProviderConfig Config(std::map<std::string, FaultConfig> faults) {
  ProviderConfig config;
  config.name = "alpha";
  ModelConfig model;
  model.name = "large";
  model.base_error = 0.03;
  config.models = {model};
  config.faults = std::move(faults);
  return config;
}

void RunPlan(benchmark::State& state, const ProviderConfig& config, int64_t prompt_tokens) {
  GroundTruth truth;
  Provider provider(0, config, kSeed, nullptr, &truth);
  const HttpRequest request = ChatRequestBytes(prompt_tokens);
  const uint64_t key = RequestKey("r4711");
  Time now = kStart;
  for (auto unused : state) {
    ReplyPlan plan = provider.Plan(request, now);
    benchmark::DoNotOptimize(plan);
    truth.Take(key);  // as the workload does at the end of a request
    now += 1ms;
  }
}

void BM_TaskPrompt(benchmark::State& state) {
  uint64_t number = 0;
  for (auto unused : state) {
    benchmark::DoNotOptimize(
        TaskPrompt(kSeed, Task(static_cast<TaskKind>(number % 3), number), state.range(0)));
    ++number;
  }
}
SQUALL_BENCHMARK(BM_TaskPrompt)->Arg(0)->Arg(200)->Arg(4000);

void BM_AppendAnswer(benchmark::State& state) {
  uint64_t number = 0;
  std::string text;
  for (auto unused : state) {
    text.clear();
    AppendAnswer(kSeed, Task(static_cast<TaskKind>(number % 3), number), AnswerKind::kRight, &text);
    benchmark::DoNotOptimize(text);
    ++number;
  }
}
SQUALL_BENCHMARK(BM_AppendAnswer);

void BM_OracleAccepts(benchmark::State& state) {
  const auto kind = static_cast<AnswerKind>(state.range(0));
  const TaskSpec task = Task(TaskKind::kExtract, 4711);
  std::string text;
  AppendAnswer(kSeed, task, kind, &text);
  for (auto unused : state) benchmark::DoNotOptimize(OracleAccepts(kSeed, task, text));
}
SQUALL_BENCHMARK(BM_OracleAccepts)
    ->Arg(static_cast<int>(AnswerKind::kRight))
    ->Arg(static_cast<int>(AnswerKind::kWrong));

void BM_ProviderPeek(benchmark::State& state) {
  std::map<std::string, FaultConfig> faults;
  for (const FaultRow& row : FaultTable()) faults[std::string(row.name)].rate = 0.02;
  GroundTruth truth;
  const Provider provider(0, Config(faults), kSeed, nullptr, &truth);
  uint64_t key = 0;
  for (auto unused : state) {
    benchmark::DoNotOptimize(provider.Peek(++key, "user-17", 0, 0, kAnswerTokens, kStart));
  }
}
SQUALL_BENCHMARK(BM_ProviderPeek);

// One benchmark per row of the fault table, so that a new fault is measured by itself.
const bool kRegistered = [] {
  for (const int64_t tokens : {200, 4000}) {
    const std::string name = "BM_ProviderPlan/healthy/" + std::to_string(tokens);
    Register(name, [tokens](benchmark::State& state) { RunPlan(state, Config({}), tokens); });
  }
  for (const FaultRow& row : FaultTable()) {
    std::map<std::string, FaultConfig> faults;
    faults[std::string(row.name)].rate = 1;
    const std::string name = "BM_ProviderPlan/" + std::string(row.name);
    Register(name, [faults](benchmark::State& state) { RunPlan(state, Config(faults), 200); });
  }
  return true;
}();

}  // namespace
}  // namespace squall::provider_bench

// What the engine's parts cost: one diagnosis per class and body size, one validation, one plan. A
// whole call is in call_bench.cc.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/soak_world.h"
#include "bench/suite.h"
#include "bench/usual_reply.h"
#include "engine/diagnose.h"
#include "engine/guard.h"
#include "engine/plan.h"
#include "engine/wire/dialect.h"

namespace squall::engine_bench {
namespace {

std::string ErrorBody(const char* code) {
  return std::string(R"({"error":{"message":"Rate limit reached on tokens per min (TPM): Limit )") +
         R"(50000, Used 47949, Requested 3006. Please try again in 1.146s.","type":"tokens",)" +
         R"("param":null,"code":)" + code + "}}";
}

void Diagnosing(benchmark::State& state, int status, const std::string& text, bool parse) {
  const auto decoder = FindDialect("openai")->make_decoder();
  std::string body = text;
  DecodedBody decoded = decoder->Decode(body);
  Headers headers;
  headers.Add("content-type", "application/json");
  if (status == 429) headers.Add("retry-after", "2");
  Observation seen;
  seen.status = status;
  seen.headers = &headers;
  seen.body = &decoded;
  seen.bytes = body;
  for (auto _ : state) {
    if (parse) decoded = decoder->Decode(body);
    benchmark::DoNotOptimize(Diagnose(seen));
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
}

void RegisterDiagnoses() {
  struct Row {
    const char* name;
    int status;
    std::string body;
  };
  const std::string html(16 << 10, 'x');
  const Row rows[] = {
      {"ok", 200, ReplyBody(RightAnswer())},
      {"ok_16k", 200, ReplyBody(std::string(16 << 10, 'a'))},
      {"rate_limit", 429, ErrorBody("\"rate_limit_exceeded\"")},
      {"quota_exhausted", 429, ErrorBody("\"insufficient_quota\"")},
      {"server_error", 500, ErrorBody("null")},
      {"server_error_html_16k", 502, "<html>" + html + "</html>"},
      {"empty_response", 200, ""},
      {"malformed_response", 200, ReplyBody(RightAnswer()).substr(0, 300)},
      {"truncated", 200, ReplyBody("{\"vendor\":", "length")},
  };
  for (const Row& row : rows) {
    for (const bool parse : {false, true}) {
      const std::string name =
          std::string(parse ? "BM_ParseAndDiagnose/" : "BM_Diagnose/") + row.name;
      Register(name, Diagnosing, row.status, row.body, parse);
    }
  }
}
const bool registered = (RegisterDiagnoses(), true);

void BM_Guard(benchmark::State& state) {
  const auto schema = JsonSchema::Compile(TaskSchema(TaskKind::kExtract));
  const std::string answer = RightAnswer();
  Guard guard{GuardConfig()};
  for (auto _ : state) benchmark::DoNotOptimize(guard.Check(answer, &*schema));
}
SQUALL_BENCHMARK(BM_Guard);

// Deciding what to do about a server error: the whole ladder is asked.
void BM_Plan(benchmark::State& state) {
  const EngineConfig config;
  std::vector<ProviderInfo> providers(3);
  for (ProviderInfo& provider : providers) provider.models.resize(2);
  EventSink sink;
  const Admission admission(config, providers, 1, &sink);
  const Knowledge knowledge(config.knowledge);
  CallState call;
  call.deadline = kStart + 30s;
  AttemptRecord failed;
  failed.sent = true;
  failed.diagnosis.failure = FailureClass::kServerError;
  failed.diagnosis.retry = RetryDecision::kSameProviderAfterWait;
  call.result.attempts.push_back(failed);
  const PlanInput input{config, providers, admission, knowledge, call, kStart + 1s, 0.5};
  for (auto _ : state) benchmark::DoNotOptimize(MakePlan(input));
}
SQUALL_BENCHMARK(BM_Plan);

}  // namespace
}  // namespace squall::engine_bench

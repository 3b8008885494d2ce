// What the engine costs by itself: one call on a network that answers at once, one diagnosis per
// class and body size, one validation, one plan.
#include <benchmark/benchmark.h>

#include <string>

#include "engine/base/json_text.h"
#include "engine/base/sim_env.h"
#include "engine/diagnose.h"
#include "engine/engine.h"
#include "engine/guard.h"
#include "mock_providers/tasks.h"

namespace squall {
namespace {

std::string Escaped(const std::string& text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

std::string ReplyBody(const std::string& content, const char* finish = "stop") {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[)"
         R"({"index":0,"message":{"role":"assistant","content":)" +
         Escaped(content) + R"(,"refusal":null,"annotations":[]},"logprobs":null,)" +
         R"("finish_reason":")" + finish +
         R"("}],"usage":{"prompt_tokens":120,"completion_tokens":60,"total_tokens":180},)"
         R"("service_tier":"default","system_fingerprint":"fp_0"})";
}

std::string ErrorBody(const char* code) {
  return std::string(R"({"error":{"message":"Rate limit reached on tokens per min (TPM): Limit )") +
         R"(50000, Used 47949, Requested 3006. Please try again in 1.146s.","type":"tokens",)" +
         R"("param":null,"code":)" + code + "}}";
}

std::string RightAnswer() {
  TaskSpec task;
  task.answer_tokens = 60;
  std::string answer;
  AppendAnswer(1, task, AnswerKind::kRight, &answer);
  return answer;
}

class NullSink final : public EventSink {
 public:
  void OnAttempt(std::string_view, const AttemptRecord&) override {}
  void OnBreaker(ProviderId, BreakerState, BreakerState, Time) override {}
  void OnPhase(Phase, int64_t) override {}
};

// Answers everything at once with the same bytes.
class EmptyNetwork final : public Transport {
 public:
  explicit EmptyNetwork(std::string body) : body_(std::move(body)) {}
  Task<HttpReply> Send(ProviderId, HttpRequest, Time, std::stop_token, BodySink*) override {
    HttpReply reply;
    reply.status = 200;
    reply.body = body_;
    co_return reply;
  }

 private:
  std::string body_;
};

Task<> CallMany(Engine* engine, const JsonSchema* schema, int64_t calls, int64_t* ok) {
  for (int64_t i = 0; i < calls; ++i) {
    ChatRequest request;
    request.id = "r1";
    request.messages.emplace_back(Role::kUser, "How many?");
    const std::stop_token never;
    const CallResult result = co_await engine->Call(std::move(request), schema, kNever, never);
    *ok += result.ok ? 1 : 0;
  }
}

void BM_EngineCall(benchmark::State& state) {
  constexpr int64_t kCalls = 1'000;
  const auto schema = JsonSchema::Compile(TaskSchema(TaskKind::kExtract));
  SimEnv env;
  EmptyNetwork network(ReplyBody(RightAnswer()));
  NullSink sink;
  ProviderInfo provider;
  provider.name = "alpha";
  provider.models = {ModelInfo{"alpha-large", 0, 0}};
  Engine engine(EngineConfig(), {provider}, 1, &env, &network, &sink);
  int64_t ok = 0;
  int64_t calls = 0;
  for (auto _ : state) {
    Spawn(env.executor(), CallMany(&engine, &*schema, kCalls, &ok));
    env.Run();
    calls += kCalls;
  }
  if (ok != calls) state.SkipWithError("a call failed on an empty network");
  state.SetItemsProcessed(calls);
}
BENCHMARK(BM_EngineCall)->Unit(benchmark::kMicrosecond);

void Diagnosing(benchmark::State& state, int status, const std::string& text, bool parse) {
  const auto decoder = FindDialect("openai")->make_decoder();
  std::string body = text;
  DecodedBody decoded = decoder->Decode(&body);
  Headers headers;
  headers.Add("content-type", "application/json");
  if (status == 429) headers.Add("retry-after", "2");
  Observation seen;
  seen.status = status;
  seen.headers = &headers;
  seen.body = &decoded;
  seen.bytes = body;
  for (auto _ : state) {
    if (parse) decoded = decoder->Decode(&body);
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
      benchmark::RegisterBenchmark(name.c_str(), Diagnosing, row.status, row.body, parse);
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
BENCHMARK(BM_Guard);

// Deciding what to do about a server error: the whole ladder is asked.
void BM_Plan(benchmark::State& state) {
  const EngineConfig config;
  std::vector<ProviderInfo> providers(3);
  for (ProviderInfo& provider : providers) provider.models.resize(2);
  const std::vector<Breaker> breakers(3, Breaker(config.breaker));
  const RetryBudget budget(config.budget);
  const Knowledge knowledge(config.knowledge);
  CallState call;
  call.deadline = kStart + 30s;
  AttemptRecord failed;
  failed.sent = true;
  failed.diagnosis.failure = FailureClass::kServerError;
  failed.diagnosis.retry = RetryDecision::kSameProviderAfterWait;
  call.result.attempts.push_back(failed);
  const PlanInput input{config, providers, breakers, budget, knowledge, call, kStart + 1s, 0.5};
  for (auto _ : state) benchmark::DoNotOptimize(MakePlan(input));
}
BENCHMARK(BM_Plan);

}  // namespace
}  // namespace squall

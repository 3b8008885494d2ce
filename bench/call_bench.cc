// What one healthy call costs, from the caller's request to the answer, on a network that answers
// at once: time and blocks of the whole, and what is left for the engine when the caller's request
// and the transport's reply, measured by themselves in the same run, are taken off.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bench/allocations.h"
#include "bench/soak_world.h"
#include "bench/suite.h"
#include "bench/usual_reply.h"
#include "engine/base/cpu_clock.h"
#include "engine/base/real_env.h"

namespace squall::call_bench {
namespace {

constexpr int64_t kBatch = 200;  // calls

// For a healthy call the engine takes no memory of its own: frames, stops, requests and the state
// of a call are those of calls before it. A share of one is what grows now and then.
constexpr double kMostBlocks = 0.1;

// Answers everything at once with the same bytes.
class EmptyNetwork final : public Transport {
 public:
  explicit EmptyNetwork(std::string body) : body_(std::move(body)) {
    headers_.Add("content-type", "application/json");
    headers_.Add("x-ratelimit-limit-requests", "30000000000");
    headers_.Add("x-ratelimit-limit-tokens", "1000000000000");
    headers_.Add("x-ratelimit-remaining-requests", "29999999999");
    headers_.Add("x-ratelimit-remaining-tokens", "999999999000");
    headers_.Add("x-ratelimit-reset-requests", "1ms");
    headers_.Add("x-ratelimit-reset-tokens", "1ms");
    headers_.Add("x-request-id", "req_0123456789abcdef0123456789abcdef");
  }
  Task<HttpReply> Send(ProviderId, const HttpRequest&, Time, std::stop_token, BodySink*) override {
    HttpReply reply;
    reply.status = 200;
    reply.headers = headers_;
    reply.body = body_;
    co_return reply;
  }

 private:
  Headers headers_;
  std::string body_;
};

ChatRequest UsualRequest(int64_t n) {
  ChatRequest request;
  request.id = "r" + std::to_string(n);
  request.user = "u" + std::to_string(n % 32);
  request.messages.emplace_back(Role::kUser,
                                "How many items does the invoice list, and what is the total?");
  return request;
}

Task<> CallMany(Engine* engine, const JsonSchema* schema, int64_t* ok) {
  for (int64_t i = 0; i < kBatch; ++i) {
    ChatRequest request = UsualRequest(i);
    const std::stop_token never;
    const CallResult result = co_await engine->Call(std::move(request), schema, kNever, never);
    *ok += result.ok ? 1 : 0;
  }
}

// The same without an engine.
Task<> SendMany(Transport* network) {
  for (int64_t i = 0; i < kBatch; ++i) {
    const ChatRequest request = UsualRequest(i);
    benchmark::DoNotOptimize(&request);
    const HttpRequest message;
    const std::stop_token never;
    const HttpReply reply = co_await network->Send(0, message, kNever, never);
    benchmark::DoNotOptimize(&reply);
  }
}

struct PerCall {
  double ns = 0;  // median of batches
  double blocks = 0;
};

template <class Batch>
PerCall Measure(Batch&& batch) {
  const int kBatches = AtMost(101);
  std::vector<double> times;
  times.reserve(static_cast<size_t>(kBatches));
  batch();  // what is built once is built
  const int64_t blocks = AllocatedBlocks();
  for (int i = 0; i < kBatches; ++i) {
    const int64_t begin = RealNanoseconds();
    batch();
    times.push_back(static_cast<double>(RealNanoseconds() - begin) / kBatch);
  }
  PerCall cost;
  cost.blocks =
      static_cast<double>(AllocatedBlocks() - blocks) / static_cast<double>(kBatches * kBatch);
  std::sort(times.begin(), times.end());
  cost.ns = times[times.size() / 2];
  return cost;
}

// In virtual time, where the loop is SimEnv's, or on the io_context that production has.
void RunUntilIdle(SimEnv* env) { env->Run(); }
void RunUntilIdle(RealEnv* env) {
  env->io().restart();
  env->io().run();
}

template <class World>
void Calling(benchmark::State& state, const EngineConfig& config) {
  const auto schema = JsonSchema::Compile(TaskSchema(TaskKind::kExtract));
  World env;
  EmptyNetwork network(ReplyBody(RightAnswer()));
  EventSink sink;
  std::vector<ProviderInfo> providers(3);
  for (size_t p = 0; p < providers.size(); ++p) {
    providers[p].name = "p" + std::to_string(p);
    providers[p].models = {ModelInfo{"large", 3, 15}};
  }
  Engine engine(config, std::move(providers), 1, &env, &network, &sink);
  int64_t ok = 0;
  int64_t calls = 0;
  const auto call = [&] {
    Spawn(env.executor(), CallMany(&engine, &*schema, &ok));
    RunUntilIdle(&env);
    calls += kBatch;
  };
  const PerCall whole = Measure(call);
  const PerCall bare = Measure([&] {
    Spawn(env.executor(), SendMany(&network));
    RunUntilIdle(&env);
  });
  for (auto _ : state) call();
  if (ok != calls) state.SkipWithError("a call failed on an empty network");
  if (const double blocks = whole.blocks - bare.blocks; blocks > kMostBlocks) {
    state.SkipWithError(("a call allocates " + std::to_string(blocks) + " blocks").c_str());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  state.counters["engine_ns"] = whole.ns - bare.ns;
  state.counters["engine_blocks"] = whole.blocks - bare.blocks;
  state.counters["others_ns"] = bare.ns;
  state.counters["others_blocks"] = bare.blocks;
}

// Everything, but that no call of the benchmark is one that a judge is asked about or that is late.
EngineConfig Everything(bool guards) {
  EngineConfig config = EverythingOn(guards);
  if (guards) {
    config.guard.entities.required = {"INV-*"};
    config.guard.entities.forbidden = {"(?i)as an ai", "(?i)i (cannot|can't) help"};
  }
  config.opinions.judge_share = 1e-9;
  config.hedge.minimum = 1s;
  return config;
}

void RegisterCalls() {
  EngineConfig bare;
  bare.ladder.clear();
  bare.breaker.enabled = bare.budget.enabled = bare.knowledge.learn = false;
  bare.guard = GuardConfig(false, false, false);
  EngineConfig unhedged = Everything(false);
  unhedged.hedge.kind = HedgeKind::kNone;
  const std::pair<std::string, EngineConfig> rows[] = {{"nothing", bare},
                                                       {"defaults", EngineConfig()},
                                                       {"unhedged", unhedged},
                                                       {"all", Everything(false)},
                                                       {"all_guards", Everything(true)}};
  for (const auto& [name, config] : rows) {
    Register("BM_EngineCall/" + name, Calling<SimEnv>, config)->Unit(benchmark::kMicrosecond);
    Register("BM_EngineCallAsio/" + name, Calling<RealEnv>, config)->Unit(benchmark::kMicrosecond);
  }
}
const bool registered = (RegisterCalls(), true);

}  // namespace
}  // namespace squall::call_bench

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
#include "bench/usual_reply.h"
#include "engine/base/cpu_clock.h"

namespace squall {
namespace {

constexpr int64_t kBatch = 200;  // calls

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

ChatRequest UsualRequest(int64_t n) {
  ChatRequest request;
  request.id = "r" + std::to_string(n);
  request.messages.emplace_back(Role::kUser, "How many?");
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
    HttpRequest message;
    const std::stop_token never;
    const HttpReply reply = co_await network->Send(0, std::move(message), kNever, never);
    benchmark::DoNotOptimize(&reply);
  }
}

struct PerCall {
  double ns = 0;  // median of batches
  double blocks = 0;
};

template <class Batch>
PerCall Measure(Batch&& batch) {
  constexpr int kBatches = 101;
  std::vector<double> times;
  times.reserve(kBatches);
  batch();  // what is built once is built
  const int64_t blocks = AllocatedBlocks();
  for (int i = 0; i < kBatches; ++i) {
    const int64_t begin = RealNanoseconds();
    batch();
    times.push_back(static_cast<double>(RealNanoseconds() - begin) / kBatch);
  }
  PerCall cost;
  cost.blocks = static_cast<double>(AllocatedBlocks() - blocks) / (kBatches * kBatch);
  std::sort(times.begin(), times.end());
  cost.ns = times[times.size() / 2];
  return cost;
}

void Calling(benchmark::State& state, const EngineConfig& config) {
  const auto schema = JsonSchema::Compile(TaskSchema(TaskKind::kExtract));
  SimEnv env;
  EmptyNetwork network(ReplyBody(RightAnswer()));
  QuietSink sink;
  std::vector<ProviderInfo> providers(3);
  for (ProviderInfo& provider : providers) provider.models = {ModelInfo{"large", 3, 15}};
  Engine engine(config, std::move(providers), 1, &env, &network, &sink);
  int64_t ok = 0;
  int64_t calls = 0;
  const auto call = [&] {
    Spawn(env.executor(), CallMany(&engine, &*schema, &ok));
    env.Run();
    calls += kBatch;
  };
  const PerCall whole = Measure(call);
  const PerCall bare = Measure([&] {
    Spawn(env.executor(), SendMany(&network));
    env.Run();
  });
  for (auto _ : state) call();
  if (ok != calls) state.SkipWithError("a call failed on an empty network");
  state.SetItemsProcessed(state.iterations() * kBatch);
  state.counters["engine_ns"] = whole.ns - bare.ns;
  state.counters["engine_blocks"] = whole.blocks - bare.blocks;
  state.counters["others_ns"] = bare.ns;
  state.counters["others_blocks"] = bare.blocks;
}

void RegisterCalls() {
  EngineConfig bare;
  bare.ladder.clear();
  bare.breaker.enabled = bare.budget.enabled = bare.knowledge.learn = false;
  bare.guard = GuardConfig(false, false, false);
  EngineConfig unhedged = EverythingOn(false);
  unhedged.hedge.kind = HedgeKind::kNone;
  const std::pair<const char*, EngineConfig> rows[] = {
      {"BM_EngineCall/nothing", bare},
      {"BM_EngineCall/defaults", EngineConfig()},
      {"BM_EngineCall/unhedged", unhedged},
      {"BM_EngineCall/all", EverythingOn(false)},
      {"BM_EngineCall/all_guards", EverythingOn(true)}};
  for (const auto& [name, config] : rows) {
    benchmark::RegisterBenchmark(name, Calling, config)->Unit(benchmark::kMicrosecond);
  }
}
const bool registered = (RegisterCalls(), true);

}  // namespace
}  // namespace squall

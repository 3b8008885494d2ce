// What virtual time costs: events of the simulator, and whole runs through the real engine.
#include <benchmark/benchmark.h>

#include "bench/suite.h"
#include "engine/base/random.h"
#include "engine/base/sim_env.h"
#include "engine/base/timer_queue.h"
#include "scenarios/world.h"

namespace squall::sim_bench {
namespace {

constexpr StreamId kDelay = Stream("bench/delay");

Task<> SleepOften(Env* env, uint64_t who, int64_t times) {
  for (int64_t i = 0; i < times; ++i) {
    const auto delay =
        static_cast<int64_t>(DrawBits(1, kDelay, who, static_cast<uint64_t>(i)) % 1'000'000);
    [[maybe_unused]] const bool reached = co_await env->SleepUntil(env->Now() + Duration(delay));
  }
}

// `sleepers` coroutines asleep at any time: one event is one timer set, waited for and resumed.
void BM_SimEvent(benchmark::State& state) {
  const auto sleepers = static_cast<uint64_t>(state.range(0));
  const int64_t kSleeps = AtMost(100);
  int64_t events = 0;
  for (auto _ : state) {
    SimEnv env;
    for (uint64_t i = 0; i < sleepers; ++i) Spawn(env.executor(), SleepOften(&env, i, kSleeps));
    env.Run();
    events += static_cast<int64_t>(sleepers) * kSleeps;
  }
  state.SetItemsProcessed(events);
}
SQUALL_BENCHMARK(BM_SimEvent)->Arg(1)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);

// One pop and push with `size` events pending (the hold model of the DES literature).
void BM_TimerQueueHold(benchmark::State& state) {
  TimerQueue queue;
  std::vector<TimerQueue::Item> items(static_cast<size_t>(state.range(0)));
  uint64_t sequence = 0;
  for (TimerQueue::Item& item : items) {
    const auto at = static_cast<int64_t>(DrawBits(1, kDelay, sequence) % 1'000'000);
    queue.Push(Time(Duration(at)), sequence++, &item);
  }
  for (auto _ : state) {
    TimerQueue::Item* item = queue.Pop();
    const auto delay = static_cast<int64_t>(DrawBits(1, kDelay, sequence) % 1'000'000);
    queue.Push(item->at + Duration(delay), sequence++, item);
  }
  state.SetItemsProcessed(state.iterations());
}
SQUALL_BENCHMARK(BM_TimerQueueHold)->Arg(100)->Arg(10'000)->Arg(1'000'000);

// Everything real: requests rendered, sent, parsed, diagnosed, validated, judged and counted.
void BM_VirtualRun(benchmark::State& state, const char* preset) {
  ScenarioOptions options;
  options.preset = preset;
  options.sets = {"/workload/requests=2000"};
  const absl::StatusOr<Scenario> scenario = LoadScenario("production-10k", options);
  if (!scenario.ok()) {
    state.SkipWithError("production-10k did not load");
    return;
  }
  uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(RunVirtual(*scenario, ++seed, RunHooks()));
  state.SetItemsProcessed(state.iterations() * scenario->workload.requests);
}
const bool runs = [] {
  for (const char* preset : {"none", "self_healing"}) {
    Register(std::string("BM_VirtualRun/") + preset, BM_VirtualRun, preset)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace squall::sim_bench

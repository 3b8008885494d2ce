#include "scenarios/replicate.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "scenarios/episodes.h"
#include "scenarios/result_scenario.h"
#include "scenarios/target.h"

namespace squall {
namespace {

constexpr StreamId kReplication = Stream("replication");

void AddLayers(const std::vector<LayerLoad>& more, std::vector<LayerLoad>* sum) {
  if (sum->empty()) {
    *sum = more;
    return;
  }
  for (size_t i = 0; i < more.size(); ++i) {
    (*sum)[i].calls += more[i].calls;
    (*sum)[i].attempts += more[i].attempts;
  }
}

void AddTarget(const std::optional<TargetCounts>& more, std::optional<TargetCounts>* sum) {
  if (!more || !*sum) {
    if (more) *sum = more;
    return;
  }
  for (size_t i = 0; i < more->upstreams.size(); ++i) {
    (*sum)->upstreams[i].attempts += more->upstreams[i].attempts;
    (*sum)->upstreams[i].executed += more->upstreams[i].executed;
    (*sum)->upstreams[i].faulted += more->upstreams[i].faulted;
  }
  (*sum)->strays += more->strays;
  (*sum)->cpu_s += more->cpu_s;
  if ((*sum)->ended.empty()) (*sum)->ended = more->ended;
}

// Adds up results in the order of their replications, whichever order they come in. Holds back only
// those that have overtaken another.
class Merger {
 public:
  explicit Merger(int64_t most_waiting)
      : most_waiting_(most_waiting), sum_(Metrics(FaultNames())) {}

  // Waits while too many later results are waiting for an earlier one, so memory stays bounded.
  void Add(int64_t replication, WorldResult result) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return replication < next_ + most_waiting_; });
    waiting_.emplace(replication, std::move(result));
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      Append(waiting_.begin()->second, &sum_);
      waiting_.erase(waiting_.begin());
      ++next_;
    }
    room_.notify_all();
  }

  WorldResult TakeSum() { return std::move(sum_); }

 private:
  const int64_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable room_;
  int64_t next_ = 0;
  std::map<int64_t, WorldResult> waiting_;
  WorldResult sum_;
};

bool Stopped(const RunHooks& hooks) {
  return hooks.stop != nullptr && hooks.stop->load(std::memory_order_relaxed);
}

}  // namespace

void Append(const WorldResult& later, WorldResult* sum) {
  sum->metrics.Merge(later.metrics);
  sum->requests.Append(later.requests);
  sum->faults.resize(std::max(sum->faults.size(), later.faults.size()));
  for (size_t i = 0; i < later.faults.size(); ++i) {
    sum->faults[i].scheduled += later.faults[i].scheduled;
    sum->faults[i].injected += later.faults[i].injected;
    sum->faults[i].left += later.faults[i].left;
  }
  sum->breaker_transitions += later.breaker_transitions;
  sum->events += later.events;
  AddLayers(later.layers, &sum->layers);
  AddRules(&sum->rules, later.rules);
  AddTarget(later.target, &sum->target);
  sum->interrupted = sum->interrupted || later.interrupted;
  if (later.chronicle == nullptr) return;
  if (sum->chronicle != nullptr) {
    sum->chronicle->Merge(*later.chronicle);
  } else {
    sum->chronicle = std::make_unique<ChronicleRecorder>(*later.chronicle);
  }
}

RunResult Describe(const Scenario& scenario, const WorldResult& world) {
  RunResult result;
  DescribeScenario(scenario, &result);
  result.summary = world.metrics.Summarize();
  const std::vector<std::string> names = FaultNames();
  for (size_t i = 0; i < world.faults.size(); ++i) {
    FaultLine line;
    line.name = i < names.size() ? names[i] : "load";
    line.scheduled = world.faults[i].scheduled;
    line.injected = world.faults[i].injected;
    line.left = world.faults[i].left;
    result.faults.push_back(std::move(line));
  }
  result.breaker_transitions = world.breaker_transitions;
  result.layers = world.layers;
  result.partial = world.interrupted;
  if (world.target) {
    result.target.emplace();
    for (size_t i = 0; i < scenario.providers.size(); ++i) {
      const UpstreamCount& count = world.target->upstreams[i];
      result.target->upstreams.push_back(
          {scenario.providers[i].name, count.attempts, count.executed, count.faulted});
    }
    result.target->strays = world.target->strays;
    result.target->ended = world.target->ended;
  }
  if (world.chronicle != nullptr) {
    auto chronicle = std::make_shared<Chronicle>(world.chronicle->Take());
    const auto windows = static_cast<double>(chronicle->time.p50_us.size());
    const double seconds = windows * static_cast<double>(chronicle->time.window_s);
    chronicle->time.episodes = EpisodesOf(scenario, FromSeconds(seconds));
    result.chronicle = std::move(chronicle);
  }
  if (!world.requests.empty()) {
    result.requests = std::make_shared<const RequestsTable>(world.requests);
  }
  return result;
}

uint64_t ReplicationSeed(uint64_t seed, int64_t replication) {
  if (replication == 0) return seed;
  return DrawBits(seed, kReplication, static_cast<uint64_t>(replication));
}

absl::StatusOr<WorldResult> RunReplications(const Scenario& scenario,
                                            const ReplicateOptions& options,
                                            const RunHooks& hooks) {
  const auto seed = static_cast<uint64_t>(scenario.seed);
  Merger merger(4 * std::max(options.threads, 1));
  if (options.mode == Mode::kWire) {
    for (int64_t r = 0; r < options.replications && !(r > 0 && Stopped(hooks)); ++r) {
      const uint64_t own = ReplicationSeed(seed, r);
      absl::StatusOr<WorldResult> result =
          options.target == nullptr
              ? RunWire(scenario, own, options.time_scale, hooks)
              : RunTarget(scenario, own, options.time_scale, *options.target, hooks);
      if (!result.ok()) return result.status();
      merger.Add(r, std::move(*result));
    }
    return merger.TakeSum();
  }
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t r = next++; r < options.replications; r = next++) {
      merger.Add(r, RunVirtual(scenario, ReplicationSeed(seed, r), hooks));
    }
  };
  {
    std::vector<std::jthread> helpers;
    const auto threads = std::min<int64_t>(options.threads, options.replications);
    for (int64_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
  }
  return merger.TakeSum();
}

}  // namespace squall

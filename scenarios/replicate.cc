#include "scenarios/replicate.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kReplication = Stream("replication");

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
      Take(&waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      ++next_;
    }
    room_.notify_all();
  }

  WorldResult TakeSum() { return std::move(sum_); }

 private:
  void Take(WorldResult* later) {
    const WorldResult& result = *later;
    if (sum_.chronicle == nullptr) {
      sum_.chronicle = std::move(later->chronicle);
    } else {
      sum_.chronicle->Merge(*result.chronicle);
    }
    sum_.metrics.Merge(result.metrics);
    sum_.requests.Append(result.requests);
    sum_.faults.resize(std::max(sum_.faults.size(), result.faults.size()));
    for (size_t i = 0; i < result.faults.size(); ++i) {
      sum_.faults[i].scheduled += result.faults[i].scheduled;
      sum_.faults[i].injected += result.faults[i].injected;
    }
    sum_.breaker_transitions += result.breaker_transitions;
    sum_.events += result.events;
    AddRules(&sum_.rules, result.rules);
    sum_.interrupted = sum_.interrupted || result.interrupted;
  }

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
      absl::StatusOr<WorldResult> result =
          RunWire(scenario, ReplicationSeed(seed, r), options.time_scale, hooks);
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

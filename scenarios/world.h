// World: one run of one scenario. Builds providers, transport and engine, offers the workload,
// joins each result with the ground truth and adds it up. The virtual and the wire world differ
// only in which Env and Transport they are built on; everything else is the same objects.
//
// No globals: worlds on different threads do not meet.
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/knowledge.h"
#include "mock_providers/ground_truth.h"
#include "reports/chronicle.h"
#include "reports/metrics.h"
#include "reports/requests_table.h"
#include "reports/result.h"
#include "scenarios/scenario.h"

namespace squall {

// What the engine of a run is judged against: a clairvoyant that knows all draws may make this many
// attempts per request, the faulted first one included. The same for every engine, so that ceilings
// of different presets agree.
inline constexpr int kCeilingAttempts = 5;

// What arrived at the mock servers by way of a target (scenarios/target.h).
struct UpstreamCount {
  int64_t attempts = 0;
  int64_t executed = 0;  // put a model to work
  int64_t faulted = 0;
};
struct TargetCounts {
  std::vector<UpstreamCount> upstreams;  // by provider
  int64_t strays = 0;                    // arrivals that belong to no request of the run
  double cpu_s = 0;                      // of a target that squall started
  std::string ended;                     // how such a one ended by itself, "" if it did not

  int64_t attempts() const {
    int64_t sum = 0;
    for (const UpstreamCount& upstream : upstreams) sum += upstream.attempts;
    return sum;
  }
};

struct WorldResult {
  explicit WorldResult(Metrics metrics_in) : metrics(std::move(metrics_in)) {}
  Metrics metrics;
  RequestsTable requests;          // empty unless RunHooks::keep_requests
  std::vector<FaultCount> faults;  // by row of FaultTable(), then faults caused by load
  int64_t breaker_transitions = 0;
  std::vector<LayerLoad> layers;       // of a call chain and the engine below it; else empty
  int64_t events = 0;                  // of the simulation; 0 in the wire world
  std::optional<TargetCounts> target;  // nullopt: an engine
  bool interrupted = false;            // stopped early: a prefix of the run
  std::vector<LearnedRule> rules;      // that the engine had at the end; of replications, added up
  std::unique_ptr<ChronicleRecorder> chronicle;  // nullptr where none is kept
};

// What a run looks at while it goes.
struct RunHooks {
  const std::atomic<bool>* stop = nullptr;          // when true, no further request is offered
  std::atomic<int64_t>* done = nullptr;             // counts finished requests
  const std::vector<LearnedRule>* rules = nullptr;  // that the engine begins with
  bool chronicle = false;                           // keep one, for a report
  bool keep_requests = false;                       // a row of each in WorldResult::requests
  // Sees each finished request with its id, for parity and swarm tests.
  std::function<void(const Outcome&, const CallResult&)> on_outcome;
  std::function<void(ProviderId, BreakerState, BreakerState, Time)> on_breaker;
};

// Names of the fault rows in the order of their indices, for Metrics.
std::vector<std::string> FaultNames();

// What a scenario does to a run and then ends: from the start of the first to the end of the last
// of its outages, ramps, restarts and phases above its rate of arrivals. nullopt where there is
// none; what begins with the run and goes on for a year is none.
std::optional<TriggerWindow> TriggerOf(const Scenario& scenario);

// In virtual time, on this thread.
WorldResult RunVirtual(const Scenario& scenario, uint64_t seed, const RunHooks& hooks);

// Over real sockets on 127.0.0.1: servers on a thread of their own, the engine on this one.
// `time_scale`: real seconds per second of the scenario. Errors: kUnavailable when a port cannot be
// bound. Aborts if a connection or a call is left at the end.
absl::StatusOr<WorldResult> RunWire(const Scenario& scenario, uint64_t seed, double time_scale,
                                    const RunHooks& hooks);

}  // namespace squall

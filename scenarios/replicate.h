// Replicate: the same scenario with different seeds, on all cores, merged in order, so that the sum
// does not depend on how many threads did it.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>

#include "reports/result.h"
#include "scenarios/scenario.h"
#include "scenarios/world.h"

namespace squall {

struct TargetOptions;

enum class Mode : uint8_t { kVirtual, kWire };

struct ReplicateOptions {
  Mode mode = Mode::kVirtual;
  double time_scale = 1;                  // wire only: real seconds per second of the scenario, > 0
  const TargetOptions* target = nullptr;  // wire only: asked in place of engines
  int64_t replications = 1;               // >= 1
  int threads = 1;                        // >= 1; the wire world runs one replication at a time
};

// The seed of one replication. The first is the run's own, so one replication is the plain run.
uint64_t ReplicationSeed(uint64_t seed, int64_t replication);

// Adds a later replication to the sum of those before it.
void Append(const WorldResult& later, WorldResult* sum);

// What a run was and what it brought, but for how it was asked for: mode, replications, overrides,
// times and the command that repeats it.
RunResult Describe(const Scenario& scenario, const WorldResult& world);

// Runs them all, or as many as hooks.stop allows. hooks.on_outcome is called on any thread.
absl::StatusOr<WorldResult> RunReplications(const Scenario& scenario,
                                            const ReplicateOptions& options, const RunHooks& hooks);

}  // namespace squall

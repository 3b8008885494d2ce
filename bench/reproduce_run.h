// Runs what claims need, on all cores: every replication of every run is a job of its own, and runs
// that several claims share are made once. Results are kept by run and replication, so nothing
// depends on which thread came first.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reports/intervals.h"
#include "scenarios/claim.h"
#include "scenarios/scenario.h"
#include "scenarios/world.h"

namespace squall {

// What a run brought. JSON as `squall run --json` prints it.
struct ClaimOutput {
  ClaimOutput();
  ~ClaimOutput();
  ClaimOutput(const ClaimOutput&) = delete;
  ClaimOutput& operator=(const ClaimOutput&) = delete;

  std::string command;                       // the squall run that does it again
  std::unique_ptr<nlohmann::json> pooled;    // all replications added up
  std::vector<nlohmann::json> replications;  // one each, in the order of their seeds
  std::vector<Proportion> recovered;         // strict of faulted, one per replication
  std::vector<uint8_t> marks;                // Metrics::marks(), all replications
  bool interrupted = false;
};

// By ClaimRunKey.
using ClaimOutputs = std::map<std::string, std::unique_ptr<ClaimOutput>>;

// Equal for runs that give the same results.
std::string ClaimRunKey(const ClaimRun& run);

// The command line that does a run again.
std::string ClaimRunCommand(const ClaimRun& run);

struct ClaimRunOptions {
  int threads = 1;
  const std::atomic<bool>* stop = nullptr;
  std::atomic<int64_t>* done = nullptr;  // counts finished requests, and replications of models
};

// Errors: those of loading a scenario, with the run's command before them.
absl::StatusOr<ClaimOutputs> RunAll(const std::vector<ClaimRun>& runs,
                                    const ClaimRunOptions& options);

}  // namespace squall

// Scenario: one experiment as read from JSON. Strict: an unknown key, a value out of range or a rule
// broken is an error with file, JSON pointer, got and expected.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "engine/config.h"
#include "mock_providers/config.h"

namespace squall {

enum class ArrivalKind : uint8_t { kPoisson, kUniform, kTrace };

struct ArrivalConfig {
  ArrivalKind kind = ArrivalKind::kPoisson;
  double rate_per_s = 10;  // poisson and uniform, > 0
  std::string trace;       // CSV file; requests and tokens come from it
};

// One row of a trace: offset from the first row, and token counts.
struct TraceRow {
  Duration at{};
  int64_t context_tokens = 0;
  int64_t generated_tokens = 0;
};

struct WorkloadConfig {
  int64_t requests = 1000;        // offered, 1..1e9; with a trace at most its rows
  ArrivalConfig arrivals;
  std::map<std::string, double> tasks = {{"extract", 1}, {"classify", 1}, {"arithmetic", 1}};
  int64_t prompt_tokens = 120;    // median size of a prompt, >= 0
  double prompt_sigma = 0.3;      // lognormal, >= 0
  int64_t answer_tokens = 60;     // median size of an answer
  double answer_sigma = 0.3;
  int64_t sessions = 100;         // distinct "user" values, >= 1
  Duration deadline = 30s;        // per request, from its intended arrival
};

struct Scenario {
  std::string name;
  std::string doc;                       // what it models, one paragraph
  std::vector<std::string> sources;
  std::vector<std::string> assumptions;
  int64_t seed = 1;
  WorkloadConfig workload;
  std::map<std::string, FaultConfig> faults;  // defaults for all providers
  std::vector<ProviderConfig> providers;
  std::vector<ClimateConfig> climate;
  std::string preset = "self_healing";   // "engine": {"preset": …}
  EngineConfig engine;                   // the preset with the scenario's overrides

  std::vector<TraceRow> trace;  // loaded rows, when arrivals.kind is kTrace
  std::string hash;             // of the effective values, 16 hex digits
};

void Describe(Fields& f, WorkloadConfig& c);
void Describe(Fields& f, Scenario& s);

// What the command line changes.
struct ScenarioOptions {
  std::vector<std::string> sets;  // "/engine/retry/max_attempts=5"
  std::string preset;             // --engine; empty = the scenario's own
  std::string trace;              // --trace FILE; empty = the scenario's own
};

// `where` is a file path, or the name of a bundled scenario. Errors: kNotFound for a missing file,
// kInvalidArgument for everything in it.
absl::StatusOr<Scenario> LoadScenario(const std::string& where, const ScenarioOptions& options);

// The effective values, as JSON text that loads again to the same scenario.
std::string DumpScenario(const Scenario& scenario);

// JSON Schema (draft-7) of scenario files, for editors.
std::string ScenarioSchema();

// Reads "TIMESTAMP,ContextTokens,GeneratedTokens" rows (CRLF or LF, last newline optional).
// An error names file and line.
absl::StatusOr<std::vector<TraceRow>> LoadTrace(const std::string& path);

}  // namespace squall

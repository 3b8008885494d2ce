// Scenario: one experiment as read from JSON. Strict: an unknown key, a value out of range or a
// rule broken is an error with file, JSON pointer, got and expected.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "engine/config.h"
#include "mock_providers/config.h"
#include "scenarios/models/model.h"

namespace squall {

enum class ArrivalKind : uint8_t { kPoisson, kUniform, kTrace };

// A rate that holds for a while.
struct ArrivalPhase {
  Duration length = 1min;  // "for", > 0
  double rate_per_s = 10;  // 0 = a pause
};

struct ArrivalConfig {
  ArrivalKind kind = ArrivalKind::kPoisson;
  double rate_per_s = 10;  // poisson and uniform, > 0
  // Poisson and uniform: one after the other from the start of the run, before rate_per_s holds.
  std::vector<ArrivalPhase> phases;
  std::string trace;  // CSV file; requests and tokens come from it
};

// One row of a trace: offset from the first row, and token counts.
struct TraceRow {
  Duration at{};
  int64_t context_tokens = 0;
  int64_t generated_tokens = 0;
};

// Requests that come one after the other, each with what was said before: a conversation, an agent
// at work, or two agents that keep asking each other.
struct ConversationConfig {
  int64_t turns = 1;          // requests of one conversation, 1..1e6; 1 = each stands alone
  Duration pause = 0s;        // from the end of one turn to the next
  int64_t history_turns = 0;  // earlier turns that are sent along, 0..10000
  bool ends_on_failure = true;
};

// Requests that are submitted a second time although the first submission is under way or done.
struct ResubmitConfig {
  double share = 0;      // of requests, 0..1
  Duration after = 1s;   // the first submission
  bool same_key = true;  // the second carries the id of the first; else one of its own
};

// A worker's crash: what is under way is lost, and what arrives waits until it is back.
struct RestartConfig {
  Duration at = 1min;
  Duration down = 5s;
};

struct WorkloadConfig {
  int64_t requests = 1000;  // offered, 1..1e9; with a trace at most its rows
  ArrivalConfig arrivals;
  std::map<std::string, double> tasks = {{"extract", 1}, {"classify", 1}, {"arithmetic", 1}};
  int64_t prompt_tokens = 120;  // median size of a prompt, >= 0
  double prompt_sigma = 0.3;    // lognormal, >= 0
  int64_t answer_tokens = 60;   // median size of an answer
  double answer_sigma = 0.3;
  double stream = 0;        // share of requests that ask for a stream, 0..1
  int64_t sessions = 100;   // distinct "user" values, >= 1
  Duration deadline = 30s;  // per request, from its intended arrival
  int64_t clients = 1;      // engines that share the providers and nothing else, 1..1000
  ConversationConfig conversation;
  ResubmitConfig resubmit;
  std::vector<RestartConfig> restarts;
  bool resubmit_lost = true;  // whether what a restart has lost is submitted again
};

// A layer above the engine under test: an engine of its own that calls the one below.
struct ChainLayer {
  std::string name;
  // Tells those below that it repeats what fails, so that they do not.
  bool announces_retries = false;
  std::string preset = "naive_retry";
  EngineConfig engine;
};

struct Scenario {
  std::string name;
  std::string doc;  // what it models, one paragraph
  std::vector<std::string> sources;
  std::vector<std::string> assumptions;
  std::vector<std::string> expect;  // what a reader should see, with the command that shows it
  int64_t seed = 1;
  WorkloadConfig workload;
  std::map<std::string, FaultConfig> faults;  // defaults for all providers
  std::vector<ProviderConfig> providers;
  std::vector<ClimateConfig> climate;
  std::vector<ChainLayer> chain;  // layers above the engine, the outermost one first
  std::string target;             // "engine": {"target": URL}: no engine of ours (target.h)
  std::string preset = "squall";  // "engine": {"preset": …}
  EngineConfig engine;            // the preset with the scenario's overrides

  std::vector<std::string> thresholds;  // reports/threshold.h; each can be read
  // A model instead of all that: then workload, faults, providers, climate and engine are unused.
  std::optional<ModelParameters> model;
  int64_t replications = 1;  // of a model, unless the command line says how many

  std::vector<TraceRow> trace;  // loaded rows, when arrivals.kind is kTrace
  std::string hash;             // of the effective values but the seed, 16 hex digits
  std::string draws_hash;       // of those that what befalls a request depends on: not the engine's
};

void Describe(Fields& f, ArrivalPhase& c);
void Describe(Fields& f, ConversationConfig& c);
void Describe(Fields& f, ResubmitConfig& c);
void Describe(Fields& f, RestartConfig& c);
void Describe(Fields& f, WorkloadConfig& c);
void Describe(Fields& f, ChainLayer& c);
void Describe(Fields& f, Scenario& s);

// What the command line changes.
struct ScenarioOptions {
  // "/engine/retry/max_attempts=5": edits of the document before it is read, after all else here.
  // The value is JSON, or else a text; objects on the way are made as needed. Numbers name list
  // items, "-" appends.
  std::vector<std::string> sets;
  // --engine: a preset that replaces the scenario's whole "engine", its overrides included; what
  // `sets` say stays. A name, or a path to a .json file. Empty = the scenario's own.
  std::string preset;
  // --target URL: takes the place of the scenario's whole "engine".
  std::string target;
  // --trace FILE: arrivals and sizes come from it, and as many requests as it has rows unless
  // `sets` name fewer. Empty = the scenario's own.
  std::string trace;
  // Rows at hand, which stand for those of the scenario's own trace.
  std::vector<TraceRow> trace_rows;
};

// `where` is a file path or, where no such file exists, the name of a bundled scenario
// ("production-10k", "scenarios/production-10k.json"). Errors: kNotFound for a missing file,
// kInvalidArgument for everything in it, one line per problem:
//   file:line:column: /json/pointer: got …, expected …
absl::StatusOr<Scenario> LoadScenario(const std::string& where, const ScenarioOptions& options);

// The same for text at hand. `name` stands in messages; paths of presets and traces in the text are
// relative to its directory, else to the working directory.
absl::StatusOr<Scenario> LoadScenarioText(std::string_view text, const std::string& name,
                                          const ScenarioOptions& options);

// A table of faults alone, as it stands under "faults" in a scenario; pointers are relative to it.
absl::StatusOr<std::map<std::string, FaultConfig>> LoadFaultsText(std::string_view text,
                                                                  const std::string& name);

// The same back again, every value spelled out; two spaces an indent, no newline at the end.
std::string DumpFaults(const std::map<std::string, FaultConfig>& faults);

// The effective values, as JSON text that loads again to the same scenario. A preset that is a file
// becomes "custom", since all that it says is there.
std::string DumpScenario(const Scenario& scenario);

// JSON Schema (draft-7) of scenario and preset files, for editors.
std::string ScenarioSchema();
std::string PresetSchema();

// The preset name that stands for the engine's own defaults.
inline constexpr std::string_view kCustomPreset = "custom";

struct BundledItem {
  std::string name;  // "production-10k"
  std::string doc;   // one paragraph
};

// What travels inside the binary, by name.
std::vector<BundledItem> BundledScenarios();
std::vector<BundledItem> BundledPresets();

// The JSON text of a bundled item, "" if there is none of that name.
std::string ScenarioText(std::string_view name);
std::string PresetText(std::string_view name);

// Reads "TIMESTAMP,ContextTokens,GeneratedTokens" rows (CRLF or LF, last newline optional), in
// order of time, exact to the nanosecond. Format: Azure LLM inference traces,
// github.com/Azure/AzurePublicDataset (Patel et al., "Splitwise", ISCA 2024). Errors name file and
// line: kNotFound for a missing file, kInvalidArgument for what is in it.
absl::StatusOr<std::vector<TraceRow>> LoadTrace(const std::string& path);
absl::StatusOr<std::vector<TraceRow>> ParseTrace(std::string_view text, const std::string& name);

}  // namespace squall

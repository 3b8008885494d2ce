// RunResult: one finished run of one scenario, and its JSON, the format that gates, comparisons and
// pages are made from. Rates stand beside the counts they come from and their 95 % Wilson
// intervals; units are in the names of the keys. Everything in it but `timing` is a function of
// scenario, seed and binary in the virtual world: the same bytes whatever the machine or the number
// of threads. A file holds all that a replay needs: the effective scenario, its trace, the rules it
// began with. What a reader may rely on is in result_schema.h; result_reader.h reads it back.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/chronicle.h"
#include "reports/machine.h"
#include "reports/paired.h"
#include "reports/requests_table.h"
#include "reports/summary.h"
#include "reports/threshold.h"

namespace squall {

inline constexpr int kResultFormatVersion = 2;  // raised when a key changes meaning or goes

// What the injector says about one kind of fault, over all attempts.
struct FaultLine {
  std::string name;
  int64_t scheduled = 0;  // attempts for which the draw said so
  int64_t injected = 0;   // attempts whose reply was really edited
  int64_t left = 0;       // attempts that were given up before their reply was due

  bool as_scheduled() const { return injected + left == scheduled; }
};

// One layer of a call chain: what it was asked and how often it asked the one below.
struct LayerLoad {
  std::string name;
  int64_t calls = 0;
  int64_t attempts = 0;
};

// What a target is (scenarios/target.h), as it was given, and what came upstream by way of it.
struct TargetUpstream {
  std::string provider;
  int64_t attempts = 0;
  int64_t executed = 0;  // put a model to work
  int64_t faulted = 0;
};
struct TargetFacts {
  std::string url;
  std::string command;               // that squall started it with, "" if it ran already
  std::string model;                 // that callers asked it for
  std::vector<std::string> headers;  // "Name: value"; secrets are "..."
  std::vector<TargetUpstream> upstreams;
  int64_t strays = 0;           // arrivals there that belong to no request of the run
  std::string ended;            // how a started one ended by itself, "" if it did not
  std::optional<double> cpu_s;  // of a started one
};

// Wall-clock figures, the only ones that may differ between two runs of one seed.
struct RunTiming {
  double wall_s = 0;
  double cpu_s = 0;
  int64_t timer_overhead_ns = 0;  // MeasureTimerOverheadNs()
  Machine machine;
};

struct RunResult {
  std::string scenario;          // name
  std::string scenario_hash;     // Scenario::hash, 16 hex digits
  std::string draws_hash;        // Scenario::draws_hash
  std::string mode = "virtual";  // or "wire"
  double time_scale = 1;         // of the wire world
  int64_t seed = 0;
  int64_t replications = 1;
  std::optional<TargetFacts> target;   // of a target: then no engine has thought anything
  std::string engine;                  // preset, "clairvoyant", or an external target
  std::vector<std::string> overrides;  // as given to --set
  Summary summary;
  std::vector<FaultLine> faults;
  int64_t breaker_transitions = 0;
  std::vector<LayerLoad> layers;  // from the outermost one down; empty without a chain
  bool partial = false;           // interrupted: covers what had ended by then
  std::vector<ThresholdVerdict> thresholds;
  std::optional<Ablation> ablation;  // of an engine that lacks a mechanism: what that changed
  RunTiming timing;
  std::string repeat;     // the command line that does it again
  std::string effective;  // the scenario with all its values and this seed, JSON; "" unknown
  std::string trace;      // the rows of its trace, JSON; "" without one
  std::string knowledge;  // the rules it began with, as knowledge files have them; "" for none
  std::shared_ptr<const RequestsTable> requests;  // null: not kept
  std::shared_ptr<const Chronicle> chronicle;     // null: not kept
  std::string version = BuildVersion();
  std::string revision;  // of the sources, "" unknown
  std::string compiler = BuildCompiler();
  std::string build = BuildKind();

  static std::string BuildVersion();   // "0.1.0"
  static std::string BuildCompiler();  // "g++ 12.2.0"
  static std::string BuildKind();      // "optimized", "debug", with " sanitized" if it is
};

// How `without` differs from the whole engine's run; the marks are Metrics::marks() of the two.
Ablation CompareWithWhole(const RunResult& whole, std::span<const uint8_t> whole_marks,
                          const RunResult& without, std::span<const uint8_t> without_marks);

// One JSON document, two spaces an indent, keys in a fixed order, a newline at the end. Doubles are
// printed with the fewest digits that read back to the same value; what is unknown (a rate of
// nothing, a ceiling that was not computed) is null. Text that is no UTF-8 gets U+FFFD.
std::string ToJson(const RunResult& result);

// The same without `timing`: equal for two runs exactly if they were the same run.
std::string ToJsonWithoutTiming(const RunResult& result);

// What an HTML page carries: all that does not grow with the number of requests.
std::string ToJsonForPage(const RunResult& result);
// The same as a document, without the rows of requests: what thresholds are judged on.
nlohmann::ordered_json ResultDocument(const RunResult& result);

}  // namespace squall

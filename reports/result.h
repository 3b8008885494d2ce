// RunResult: one finished run of one scenario, and its JSON, the format that gates, comparisons and
// pages are made from. Rates stand beside the counts they come from and their 95 % Wilson
// intervals; units are in the names of the keys. Everything in it but `timing` is a function of
// scenario, seed and binary in the virtual world: the same bytes whatever the machine or the number
// of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/chronicle.h"
#include "reports/paired.h"
#include "reports/summary.h"

namespace squall {

inline constexpr int kResultFormatVersion = 1;  // raised when a key changes meaning or goes

// What the injector says about one kind of fault, over all attempts.
struct FaultLine {
  std::string name;
  int64_t scheduled = 0;  // attempts for which the draw said so
  int64_t injected = 0;   // attempts whose reply was really edited
};

// Wall-clock figures, the only ones that may differ between two runs of one seed.
struct RunTiming {
  double wall_s = 0;
  double cpu_s = 0;
  int64_t timer_overhead_ns = 0;  // MeasureTimerOverheadNs()
};

struct RunResult {
  std::string scenario;          // name
  std::string scenario_hash;     // of the effective values, 16 hex digits
  std::string mode = "virtual";  // or "wire"
  int64_t seed = 0;
  int64_t replications = 1;
  std::string engine;                  // preset, "clairvoyant", or an external target
  std::vector<std::string> overrides;  // as given to --set
  Summary summary;
  std::vector<FaultLine> faults;
  int64_t breaker_transitions = 0;
  bool partial = false;              // interrupted: covers what had ended by then
  std::optional<Ablation> ablation;  // of an engine that lacks a mechanism: what that changed
  RunTiming timing;
  std::shared_ptr<const Chronicle> chronicle;  // null: none was kept
  std::string repeat;                          // the command line that does it again
  std::string version = BuildVersion();
  std::string compiler = BuildCompiler();

  static std::string BuildVersion();   // "0.1.0"
  static std::string BuildCompiler();  // "g++ 12.2.0"
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

// What an HTML page carries: all but single requests.
std::string ToJsonForPage(const RunResult& result);

}  // namespace squall

// The gate over micro-benchmarks: is one of them dearer than it was? By two measures that fail
// apart:
//   instructions  counted under valgrind, the same in every run to a few in a million, so that a
//                 share of 1 % more is one; blind to what costs time and no instructions
//   time          of runs that took turns (timed_pairs.h): dearer where the whole interval is above
//                 1 and the ratio at least 1.015, since where the linker puts a loop moves it by a
//                 percent. Over all benchmarks judged together at most 5 % of gates between equal
//                 builds fail by it (Bonferroni); how surely 3 % are found depends on the machine
//                 (README, and tests/reports/bench_gate_test.cc, which draws from recorded times)
// bench/gate measures: everything few times first, then the suspects afresh, so that being
// suspected does not count as evidence.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "reports/timed_pairs.h"

namespace squall {

struct GateRules {
  double instructions = 0.01;  // more of them, as a share of the base's, that fail
  double time = 0.015;         // likewise; and the interval lies above 1
  double false_alarms = 0.05;  // by time, of gates between equal builds
};

struct BenchMeasures {
  std::string name;
  std::vector<double> base_ns;  // in the order of measuring
  std::vector<double> head_ns;
  std::optional<double> base_instructions;
  std::optional<double> head_instructions;
};

// Lines of "time|instructions base|head NAME VALUE", in the order of measuring; benchmarks in that
// of their first line. kDataLoss where a line is none.
absl::StatusOr<std::vector<BenchMeasures>> ReadMeasures(const std::string& text);

struct BenchVerdict {
  std::string name;
  std::optional<double> instructions;  // ratio new / base
  std::optional<TimedPairs> time;
  bool more_instructions = false;
  bool slower = false;
  bool regressed() const { return more_instructions || slower; }
};

std::vector<BenchVerdict> JudgeBenches(const std::vector<BenchMeasures>& benches,
                                       const GateRules& rules);

// Of which few pairs do not rule out (upper end of the 80 % interval) that they are slower.
std::vector<std::string> Suspects(const std::vector<BenchMeasures>& benches,
                                  const GateRules& rules);

// Markdown: the verdict, a row for each that regressed, was timed, or moved by 0.1 % of its
// instructions, and how many others there are.
std::string GateReport(const std::vector<BenchVerdict>& verdicts, const GateRules& rules);

}  // namespace squall

#include "reports/bench_gate.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

namespace squall {
namespace {

constexpr double kWorthShowing = 0.001;

bool TakeMeasure(const std::string& line, std::map<std::string, size_t>* index,
                 std::vector<BenchMeasures>* benches) {
  std::istringstream words(line);
  std::string quantity;
  std::string side;
  std::string name;
  std::string rest;
  double value = 0;
  if (!(words >> quantity >> side >> name >> value) || words >> rest) return false;
  const bool head = side == "head";
  if ((!head && side != "base") || !(value > 0) || !std::isfinite(value)) return false;
  const auto [at, is_new] = index->try_emplace(name, benches->size());
  if (is_new) benches->emplace_back().name = name;
  BenchMeasures& bench = (*benches)[at->second];
  if (quantity == "time") {
    (head ? bench.head_ns : bench.base_ns).push_back(value);
  } else if (quantity == "instructions") {
    (head ? bench.head_instructions : bench.base_instructions) = value;
  } else {
    return false;
  }
  return true;
}

std::string ChangeText(double ratio) { return absl::StrFormat("%+.2f %%", 100 * (ratio - 1)); }

std::string VerdictRow(const BenchVerdict& verdict) {
  std::string time = "–";
  if (verdict.time) {
    time = absl::StrFormat("%s [%+.2f, %+.2f], %d pairs", ChangeText(verdict.time->ratio),
                           100 * (verdict.time->interval.low - 1),
                           100 * (verdict.time->interval.high - 1), verdict.time->pairs);
  }
  const char* word = verdict.more_instructions && verdict.slower ? "**instructions, time**"
                     : verdict.more_instructions                 ? "**instructions**"
                     : verdict.slower                            ? "**time**"
                                                                 : "ok";
  return absl::StrCat("| `", verdict.name, "` | ",
                      verdict.instructions ? ChangeText(*verdict.instructions) : "–", " | ", time,
                      " | ", word, " |\n");
}

}  // namespace

absl::StatusOr<std::vector<BenchMeasures>> ReadMeasures(const std::string& text) {
  std::vector<BenchMeasures> benches;
  std::map<std::string, size_t> index;
  int number = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || TakeMeasure(line, &index, &benches)) continue;
    return absl::DataLossError(absl::StrCat("line ", number, ": got \"", line,
                                            "\", expected \"time|instructions base|head NAME "
                                            "VALUE\" with a positive value"));
  }
  return benches;
}

std::vector<std::string> Suspects(const std::vector<BenchMeasures>& benches,
                                  const GateRules& rules) {
  std::vector<std::string> names;
  for (const BenchMeasures& bench : benches) {
    const auto time = PairTimes(bench.base_ns, bench.head_ns, {.confidence = 0.8});
    const bool timed = !bench.base_ns.empty() && !bench.head_ns.empty();
    if (time ? time->interval.high > 1 + rules.time : timed) names.push_back(bench.name);
  }
  return names;
}

std::vector<BenchVerdict> JudgeBenches(const std::vector<BenchMeasures>& benches,
                                       const GateRules& rules) {
  const auto timed = std::count_if(benches.begin(), benches.end(), [](const BenchMeasures& bench) {
    return bench.base_ns.size() >= kFewestTimedPairs;
  });
  // One side only: faster is no alarm. Each tail of the interval gets the chance of one alarm.
  const double tail = rules.false_alarms / static_cast<double>(std::max<int64_t>(timed, 1));
  const auto resamples = static_cast<int64_t>(std::clamp(100 / tail, 2'000.0, 20'000.0));
  const BootstrapOptions options{.seed = 1, .resamples = resamples, .confidence = 1 - 2 * tail};
  std::vector<BenchVerdict> verdicts;
  for (const BenchMeasures& bench : benches) {
    BenchVerdict& verdict = verdicts.emplace_back();
    verdict.name = bench.name;
    if (bench.base_instructions && bench.head_instructions) {
      verdict.instructions = *bench.head_instructions / *bench.base_instructions;
      verdict.more_instructions = *verdict.instructions > 1 + rules.instructions;
    }
    verdict.time = PairTimes(bench.base_ns, bench.head_ns, options);
    verdict.slower =
        verdict.time && verdict.time->interval.low > 1 && verdict.time->ratio >= 1 + rules.time;
  }
  return verdicts;
}

std::string GateReport(const std::vector<BenchVerdict>& verdicts, const GateRules& rules) {
  std::string rows;
  int64_t regressed = 0;
  int64_t quiet = 0;
  for (const BenchVerdict& verdict : verdicts) {
    regressed += verdict.regressed() ? 1 : 0;
    const bool moved = verdict.instructions && std::abs(*verdict.instructions - 1) >= kWorthShowing;
    if (verdict.regressed() || verdict.time || moved) {
      rows += VerdictRow(verdict);
    } else {
      ++quiet;
    }
  }
  std::string out =
      regressed == 0
          ? "**Benchmarks: no regression.**\n\n"
          : absl::StrCat("**Benchmarks: ", regressed, " regressed**, by more than ",
                         100 * rules.instructions, " % of instructions, or in time.\n\n");
  if (!rows.empty()) {
    out += "| benchmark | instructions | time | verdict |\n|---|---|---|---|\n" + rows + "\n";
  }
  absl::StrAppend(&out, quiet, " others: instructions within 0.1 %, times not suspicious.\n");
  return out;
}

}  // namespace squall

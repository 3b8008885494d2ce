// The judge behind bench/gate; reads the file of measures that it wrote (reports/bench_gate.h).
//   squall_gate suspects FILE   benchmarks to measure again, one a line
//   squall_gate judge FILE      the report as Markdown; exit code 11 on a regression
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "bench/exit_codes.h"
#include "reports/bench_gate.h"

int main(int argc, char** argv) {
  using namespace squall;
  const std::string_view what = argc == 3 ? argv[1] : "";
  if (what != "suspects" && what != "judge") {
    std::fputs("usage: squall_gate suspects|judge FILE\n", stderr);
    return kExitUsage;
  }
  std::ifstream file(argv[2]);
  std::ostringstream text;
  text << file.rdbuf();
  const auto benches = ReadMeasures(text.str());
  if (!file || !benches.ok() || benches->empty()) {
    const std::string why = benches.ok() ? "no measures" : std::string(benches.status().message());
    std::fprintf(stderr, "%s: %s\n", argv[2], why.c_str());
    return kExitCorrupt;
  }
  const GateRules rules;
  if (what == "suspects") {
    for (const std::string& name : Suspects(*benches, rules)) std::puts(name.c_str());
    return kExitOk;
  }
  const std::vector<BenchVerdict> verdicts = JudgeBenches(*benches, rules);
  std::fputs(GateReport(verdicts, rules).c_str(), stdout);
  for (const BenchVerdict& verdict : verdicts) {
    if (verdict.regressed()) return kExitRegression;
  }
  return kExitOk;
}

#include "bench/gates.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/exit_codes.h"
#include "scenarios/thresholds.h"

namespace squall {
namespace {

int Refuse(const std::string& text, const absl::Status& status) {
  std::fprintf(stderr, "squall: --threshold '%s': %s\n", text.c_str(),
               std::string(status.message()).c_str());
  return kExitUsage;
}

}  // namespace

int ReadThresholds(const std::vector<std::string>& texts, const Scenario& scenario,
                   std::vector<Threshold>* thresholds) {
  for (const std::string& text : texts) {
    absl::StatusOr<Threshold> one = ReadThreshold(text, scenario);
    if (!one.ok()) return Refuse(text, one.status());
    thresholds->push_back(*std::move(one));
  }
  return kExitOk;
}

int ReadThresholds(const std::vector<std::string>& texts, std::vector<Threshold>* thresholds) {
  for (const std::string& text : texts) {
    absl::StatusOr<Threshold> one = ParseThreshold(text);
    if (!one.ok()) return Refuse(text, one.status());
    thresholds->push_back(*std::move(one));
  }
  return kExitOk;
}

void JudgeThresholds(const std::vector<Threshold>& thresholds, RunResult* result) {
  if (thresholds.empty()) return;
  const nlohmann::ordered_json document = ResultDocument(*result);
  for (const Threshold& threshold : thresholds) {
    result->thresholds.push_back(Judge(threshold, document));
  }
}

int GateExitCode(const std::vector<ThresholdVerdict>& verdicts,
                 const std::vector<std::string>& given, bool allow_inconclusive) {
  for (const ThresholdVerdict& one : verdicts) {
    if (one.verdict != GateVerdict::kEmpty) continue;
    std::fprintf(stderr, "squall: threshold '%s': %s\n", one.threshold.text.c_str(),
                 one.why.c_str());
    const bool typed = std::any_of(given.begin(), given.end(), [&](const std::string& text) {
      return text.find(one.threshold.text) != std::string::npos;
    });
    return typed ? kExitUsage : kExitInvalidScenario;
  }
  switch (Worst(verdicts)) {
    case GateVerdict::kFail: return kExitThreshold;
    case GateVerdict::kInconclusive: return allow_inconclusive ? kExitOk : kExitInconclusive;
    default: return kExitOk;
  }
}

int WorseExitCode(int a, int b) {
  const auto rank = [](int code) {
    if (code == kExitOk) return 0;
    if (code == kExitInconclusive) return 1;
    if (code == kExitThreshold) return 2;
    if (code == kExitRegression) return 3;
    return 4;
  };
  return rank(b) > rank(a) ? b : a;
}

}  // namespace squall

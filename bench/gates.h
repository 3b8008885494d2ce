// Thresholds on the command line: read before anything runs, judged after it, and turned into exit
// codes that agree with what is printed.
#pragma once

#include <string>
#include <vector>

#include "reports/result.h"
#include "scenarios/scenario.h"

namespace squall {

// Reads each against the scenario, and prints what is wrong with the first that is. 0, or the exit
// code: kExitUsage.
int ReadThresholds(const std::vector<std::string>& texts, const Scenario& scenario,
                   std::vector<Threshold>* thresholds);

// The same where no scenario is at hand.
int ReadThresholds(const std::vector<std::string>& texts, std::vector<Threshold>* thresholds);

// Judges them on the result, which keeps the verdicts.
void JudgeThresholds(const std::vector<Threshold>& thresholds, RunResult* result);

// kExitOk, kExitThreshold or kExitInconclusive; for a threshold of nothing, with a line on stderr,
// kExitUsage where `given` on the command line has it and kExitInvalidScenario else.
int GateExitCode(const std::vector<ThresholdVerdict>& verdicts,
                 const std::vector<std::string>& given, bool allow_inconclusive);

// The more serious of two exit codes: an error, then a failed gate, then an inconclusive one.
int WorseExitCode(int a, int b);

}  // namespace squall

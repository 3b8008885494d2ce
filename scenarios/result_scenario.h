// The scenario that a result was made from, out of the result itself: a file that travels alone can
// be run again. Effective values, trace rows and the rules it began with are all in it.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "engine/knowledge.h"
#include "reports/result.h"
#include "scenarios/scenario.h"

namespace squall {

// Fills what a replay needs: hashes, effective values, and the trace of at most kMostRequestsKept
// rows. `scenario.seed` is that of the run.
void DescribeScenario(const Scenario& scenario, RunResult* result);

// A result's experiment.
struct ResultScenario {
  Scenario scenario;
  std::vector<LearnedRule> rules;
};

// `name` stands in messages. Errors: kInvalidArgument with pointer, where the result lacks what it
// takes or holds other values than its hash says.
absl::StatusOr<ResultScenario> ScenarioOfResult(const RunResult& result, const std::string& name);

}  // namespace squall

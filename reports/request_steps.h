// One request step by step, as a person asks for it: what the engine planned, sent, concluded and
// checked, when, by which rule, and beside it what was really done to the attempt.
#pragma once

#include <string>
#include <vector>

#include "engine/events.h"
#include "reports/outcome.h"
#include "reports/text.h"

namespace squall {

// The names behind the numbers of attempts.
struct StepNames {
  std::vector<std::string> faults;
  std::vector<std::string> providers;
  std::vector<std::vector<std::string>> models;  // by provider
};

// `outcome.attempts` are those of `result` that were sent, in order. Times count from the request's
// intended arrival.
std::string RenderSteps(const Outcome& outcome, const CallResult& result, const StepNames& names,
                        const TextStyle& style);

}  // namespace squall

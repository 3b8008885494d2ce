// --target and what goes with it, for squall run: checked against the scenario, described in the
// result, and spelled out in the command that repeats it.
#pragma once

#include <string>

#include "bench/commands.h"
#include "reports/result.h"
#include "scenarios/target.h"
#include "scenarios/world.h"

namespace squall {

// Nothing that only engines have was asked for beside --target. kExitOk, or the exit code once the
// error is printed.
int CheckTargetAlone(const RunOptions& options);

// Fills `target` where the scenario, as it was loaded with these options, has one, and checks that
// nothing was asked for that the other of the two has. Returns as above.
int ReadTargetFlags(const RunOptions& options, const Scenario& scenario, TargetOptions* target);

// The result's engine is the target's name.
void DescribeTarget(const RunOptions& options, const Scenario& scenario, const WorldResult& world,
                    RunResult* result);

// " --target URL ..." or "". Headers that hold secrets have "..." in the place of their values.
std::string RepeatTarget(const RunOptions& options);

}  // namespace squall

// Thresholds beside the scenario that they are about: a gate on something of which no run of the
// scenario can have any is refused before the run, because it could only pass by accident.
#pragma once

#include <absl/status/statusor.h>

#include <string_view>
#include <vector>

#include "engine/base/json_fields.h"
#include "reports/threshold.h"
#include "scenarios/scenario.h"

namespace squall {

// ParseThreshold, and kInvalidArgument where the metric is of faults, streams or a trigger that the
// scenario does not have.
absl::StatusOr<Threshold> ReadThreshold(std::string_view text, const Scenario& scenario);

// Adds what is wrong with the scenario's own.
void CheckThresholds(const Scenario& scenario, Problems* problems);

// Those of the scenario, which its loading has checked.
std::vector<Threshold> ThresholdsOf(const Scenario& scenario);

}  // namespace squall

#include "scenarios/thresholds.h"

#include <algorithm>
#include <string>

#include "engine/base/check.h"
#include "scenarios/world.h"

namespace squall {
namespace {

bool HasFaults(const Scenario& scenario) {
  if (!scenario.climate.empty()) return true;
  return std::any_of(scenario.providers.begin(), scenario.providers.end(), [](const auto& one) {
    return std::any_of(one.faults.begin(), one.faults.end(),
                       [](const auto& fault) { return fault.second.rate > 0; });
  });
}

// What the metric needs and the scenario lacks, "" if nothing.
const char* Lacks(MetricNeeds needs, const Scenario& scenario) {
  switch (needs) {
    case MetricNeeds::kNothing: return "";
    case MetricNeeds::kFaults: return HasFaults(scenario) ? "" : "faults or climate";
    case MetricNeeds::kTrigger:
      return TriggerOf(scenario) ? "" : "an outage, ramp or phase that ends";
    case MetricNeeds::kStreams:
      return scenario.workload.stream > 0 ? "" : "/workload/stream above 0";
  }
  return "";
}

}  // namespace

absl::StatusOr<Threshold> ReadThreshold(std::string_view text, const Scenario& scenario) {
  absl::StatusOr<Threshold> threshold = ParseThreshold(text);
  if (!threshold.ok()) return threshold;
  const MetricRow* row = FindMetric(threshold->metric);
  if ((row == nullptr) != scenario.model.has_value()) {
    return absl::InvalidArgumentError("got \"" + threshold->metric + "\", expected " +
                                      (row == nullptr ? "a metric of requests: this is no model"
                                                      : "model.OUTPUT: this is a model"));
  }
  const std::string lacks = row == nullptr ? "" : Lacks(row->needs, scenario);
  if (lacks.empty()) return threshold;
  return absl::InvalidArgumentError("got \"" + threshold->metric +
                                    "\", of which this scenario has none, expected " + lacks);
}

void CheckThresholds(const Scenario& scenario, Problems* problems) {
  for (size_t i = 0; i < scenario.thresholds.size(); ++i) {
    const auto threshold = ReadThreshold(scenario.thresholds[i], scenario);
    if (threshold.ok()) continue;
    problems->Add(PointerTo("/thresholds", std::to_string(i)),
                  std::string(threshold.status().message()));
  }
}

std::vector<Threshold> ThresholdsOf(const Scenario& scenario) {
  std::vector<Threshold> thresholds;
  for (const std::string& text : scenario.thresholds) {
    auto threshold = ParseThreshold(text);
    SQUALL_CHECK(threshold.ok());
    thresholds.push_back(*std::move(threshold));
  }
  return thresholds;
}

}  // namespace squall

// Ablation: the mechanisms of the engine, each with the edits that take it away and nothing else.
// What `squall run --ablate` runs beside the whole engine. Adding a mechanism adds one row to the
// table in ablation.cc; a preset that does not use it has no such row.
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/scenario.h"

namespace squall {

struct Mechanism {
  std::string_view name;  // as the report says it, at most 15 letters
  // Edits as --set has them, of an engine as it stands; none where it does not use this.
  std::vector<std::string> (*without)(const Scenario&);
};

std::span<const Mechanism> Mechanisms();

struct Removal {
  std::string removed;             // name of the mechanism
  std::vector<std::string> edits;  // to be made after all others
};

// The mechanisms that the engine of this scenario uses: those whose edits change what it says.
// Errors: those of LoadScenario.
absl::StatusOr<std::vector<Removal>> Removals(const std::string& where,
                                              const ScenarioOptions& options);

}  // namespace squall

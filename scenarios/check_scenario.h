// Rules about a scenario that no single field can state: names that must exist, be known or be
// unique, rates that must add up. The names themselves come from the tables that own them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/json_fields.h"
#include "scenarios/scenario.h"

namespace squall {

// Layers of a call chain above the engine, and the attempts that they and the engine may make at
// one request together: 4^5 fits, and nothing that would run for ever.
inline constexpr size_t kMaxLayers = 8;
inline constexpr int64_t kMaxChainAttempts = 2048;

inline constexpr size_t kMaxProviders = 64;

// Adds what is wrong with a scenario whose fields were all readable.
void CheckScenario(const Scenario& scenario, Problems* problems);

// The same for one provider's faults alone, at `pointer`.
void CheckFaultTable(const std::string& pointer, const std::map<std::string, FaultConfig>& faults,
                     Problems* problems);

// The vocabularies, in the order of their tables.
std::vector<std::string> KnownFaults();
std::vector<std::string> KnownTasks();
std::vector<std::string> KnownStrategies();
std::vector<std::string> KnownDialects();

}  // namespace squall

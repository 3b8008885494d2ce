// Runs of bundled scenarios, small enough for a test: each test names what it shortens.
#pragma once

#include <string>
#include <vector>

#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall {

inline Scenario LibraryScenario(const std::string& name, const std::string& preset,
                                const std::vector<std::string>& sets) {
  ScenarioOptions options;
  options.preset = preset;
  options.sets = sets;
  const auto scenario = LoadScenario(name, options);
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  return *scenario;
}

// `preset` may be empty: the scenario's own engine.
inline WorldResult RunLibrary(const std::string& name, const std::string& preset = "",
                              const std::vector<std::string>& sets = {}) {
  const Scenario scenario = LibraryScenario(name, preset, sets);
  return RunVirtual(scenario, static_cast<uint64_t>(scenario.seed), RunHooks());
}

inline Summary SummaryOf(const std::string& name, const std::string& preset = "",
                         const std::vector<std::string>& sets = {}) {
  return RunLibrary(name, preset, sets).metrics.Summarize();
}

inline double ShareOf(int64_t count, int64_t n) {
  return static_cast<double>(count) / static_cast<double>(n);
}

}  // namespace squall

// Sections of a result's JSON about what a scenario does to its run, and who noticed: by_phase,
// exposure, time_to_detect, duplicates, layers; and about the target, where it had one.
#pragma once

#include <vector>

#include "reports/json_values.h"
#include "reports/result.h"

namespace squall {

// Requests before, during and after the trigger; null without one.
Json ByPhase(const Summary& s);

// null where no episode of the climate struck an attempt.
Json ExposureJson(const Summary& s);

// By row of the climate, and by rule of the diagnosis.
Json TimeToDetect(const Summary& s);

Json DuplicatesJson(const Summary& s);

// From the outermost layer of a call chain to the engine under test; empty without a chain.
Json LayersJson(const std::vector<LayerLoad>& layers);

Json TargetJson(const TargetFacts& target);

}  // namespace squall

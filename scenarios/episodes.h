// Episodes: what a scenario does to a run for a while, as spans on its time axis, for reports:
// outages and ramps, phases of arrivals at another rate, and the stays of Gilbert-Elliott weather
// away from "up", which differ from seed to seed and are those of the scenario's own.
#pragma once

#include <vector>

#include "engine/base/time.h"
#include "reports/timeline.h"
#include "scenarios/scenario.h"

namespace squall {

inline constexpr size_t kMostEpisodes = 200;  // of one row of the climate

// Those that begin before `end`, by their beginning. Scenarios have been checked by the loader.
std::vector<Episode> EpisodesOf(const Scenario& scenario, Duration end);

}  // namespace squall

// The sections of result_sections.h back as the values they were written from; part of ResultOf.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reports/result.h"

namespace squall {

// by_phase, exposure, time_to_detect, duplicates, layers, target, and what was lost at top level.
void ReadSections(const nlohmann::ordered_json& json, RunResult* result);

// The value of a key why_not_recovered.
LossTable LossesOf(const nlohmann::ordered_json& json);

}  // namespace squall

// The sections of result_sections.h back as the values they were written from; part of ResultOf.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reports/result.h"

namespace squall {

// by_phase, exposure, time_to_detect, duplicates and layers.
void ReadSections(const nlohmann::ordered_json& json, RunResult* result);

}  // namespace squall

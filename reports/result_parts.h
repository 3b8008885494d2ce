// A result's JSON back as the values it was written from. The reader (result_reader.h) has checked
// the document against the schema before; nothing here reports errors.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reports/result.h"

namespace squall {

// Everything but per_request. ToJson of it gives the same keys and values again.
RunResult ResultOf(const nlohmann::ordered_json& json);

}  // namespace squall

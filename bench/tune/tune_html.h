// What a search has found as one HTML page: the recommended settings, the front, all candidates on
// parallel coordinates, sensitivity; each chart with its table.
#pragma once

#include <string>

#include "bench/tune/answer.h"

namespace squall {

// `json` as TuneJson has it.
std::string TuneHtml(const Study& study, const TuneAnswer& answer, const std::string& json);

}  // namespace squall

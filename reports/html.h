// Results as one self-contained HTML page, several side by side: opens offline, loads nothing, and
// can be read with scripts off.
#pragma once

#include <span>
#include <string>

#include "reports/result_reader.h"

namespace squall {

std::string RenderHtml(std::span<const StoredResult> results);

}  // namespace squall

// Results as CSV (RFC 4180): one line per result and figure, in base units, for spreadsheets and
// data frames. Columns: file, scenario, engine, seed, replications, metric, value, ci95_low,
// ci95_high, n; what is unknown is empty.
#pragma once

#include <span>
#include <string>

#include "reports/result_reader.h"

namespace squall {

std::string RenderCsv(std::span<const StoredResult> results);

}  // namespace squall

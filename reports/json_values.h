// What a result's JSON is made of: numbers that may be unknown, shares with their intervals,
// quantiles. What is unknown is null.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "reports/summary.h"

namespace squall {

using Json = nlohmann::ordered_json;

Json Number(double value);
Json Number(std::optional<double> value);
Json Rate(int64_t count, int64_t n);
Json Ci95(int64_t count, int64_t n);  // Wilson
Json Bounds(const Interval& interval);
Json BoundsOrNull(const std::optional<Interval>& interval);
Json Share(int64_t count, int64_t n);

// `unit_ns` is what one unit of the output is: 1e6 for milliseconds, 1 for nanoseconds. Percentiles
// of too few samples are given, and named as such.
Json QuantilesJson(const Quantiles& q, double unit_ns);

}  // namespace squall

// Members of a parsed result by name, for the readers of its parts. What is absent or null is
// nothing, zero or empty: whether it may be is the schema's business, which has been checked
// before.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/intervals.h"
#include "reports/summary.h"

namespace squall {

// The member, or a null.
const nlohmann::ordered_json& At(const nlohmann::ordered_json& json, const std::string& key);

int64_t IntAt(const nlohmann::ordered_json& json, const std::string& key);
std::optional<double> MaybeAt(const nlohmann::ordered_json& json, const std::string& key);
double DoubleAt(const nlohmann::ordered_json& json, const std::string& key);
std::string TextAt(const nlohmann::ordered_json& json, const std::string& key);
std::optional<Interval> BoundsAt(const nlohmann::ordered_json& json, const std::string& key);
std::vector<int64_t> CountsAt(const nlohmann::ordered_json& json, const std::string& key);
std::vector<std::string> TextsAt(const nlohmann::ordered_json& json, const std::string& key);
// As QuantilesJson writes them.
Quantiles QuantilesAt(const nlohmann::ordered_json& json, const std::string& key, double unit_ns);

}  // namespace squall

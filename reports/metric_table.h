// The closed table of figures that thresholds, comparisons and exports may name. A row says where
// the figure stands in a result's JSON, with which interval, in which unit, and which way is
// better; whoever needs a figure asks here, so that a name means the same everywhere. Outputs of
// models are named "model.NAME" and found in the result itself.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/intervals.h"

namespace squall {

enum class MetricUnit : uint8_t {
  kShare,         // 0..1; written in %
  kRatio,         // x
  kMilliseconds,  // written in ms or s
  kSeconds,
  kUsd,
  kPerSecond,
  kCount,
  kNumber,  // of a model: whatever it says
};

// What a scenario must have, or the metric is of nothing in every run of it.
enum class MetricNeeds : uint8_t { kNothing, kFaults, kTrigger, kStreams };

struct MetricRow {
  std::string_view name;
  MetricUnit unit = MetricUnit::kNumber;
  bool more_is_better = true;
  MetricNeeds needs = MetricNeeds::kNothing;
  const char* value = "";     // JSON pointer
  const char* interval = "";  // JSON pointer; "": the value is that of these draws
  const char* n = "";         // JSON pointer; "": unknown
  std::string_view doc;       // one line
};

std::span<const MetricRow> MetricTable();

// nullptr if there is none of that name.
const MetricRow* FindMetric(std::string_view name);
std::vector<std::string> MetricNames();

// The prefix of a model's outputs.
inline constexpr std::string_view kModelPrefix = "model.";

// A figure of one result, in the base unit of its row (shares as 0..1, times in ms or s).
struct MetricFigure {
  MetricUnit unit = MetricUnit::kNumber;
  std::optional<double> value;  // nullopt: of nothing, or unknown
  std::optional<Interval> ci95;
  std::optional<int64_t> n;
  bool too_few = false;  // a percentile of which fewer than 10 samples lie beyond
};

// `name` must be in the table, or begin with kModelPrefix.
MetricFigure FigureOf(std::string_view name, const nlohmann::ordered_json& result);

// "84.1 %", "1.31x", "620 ms", "6.20 s", "$0.0012", "12.5 /s".
std::string FigureText(MetricUnit unit, double value);
// A difference: signed, shares in "pp".
std::string DifferenceText(MetricUnit unit, double value);

}  // namespace squall

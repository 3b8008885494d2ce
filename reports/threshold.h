// Thresholds: gates on figures of one result, in one grammar for scenarios and command lines:
//   METRIC OP NUMBER [UNIT]      recovery.strict >= 80 %     latency.p99 <= 12 s
// METRIC is of metric_table.h or "model.OUTPUT"; OP is >=, <=, > or <. A figure with an interval
// passes only if all of the 95 % interval does, and fails only if none of it does; between them the
// run was too short to say. A figure without one is that of these draws, and judged as it stands. A
// threshold never passes for want of data: of nothing it is `kEmpty`, which is an error.
#pragma once

#include <absl/status/statusor.h>

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/metric_table.h"

namespace squall {

enum class Comparison : uint8_t { kAtLeast, kAtMost, kAbove, kBelow };
std::string_view ComparisonText(Comparison op);
bool Holds(double value, Comparison op, double limit);

struct Threshold {
  std::string text;    // as given
  std::string metric;  // known
  Comparison op = Comparison::kAtLeast;
  double limit = 0;  // in the metric's base unit
};

// Errors: kInvalidArgument, "got …, expected …", with "did you mean" for a metric.
absl::StatusOr<Threshold> ParseThreshold(std::string_view text);

enum class GateVerdict : uint8_t { kPass, kFail, kInconclusive, kEmpty };
std::string_view GateVerdictText(GateVerdict verdict);

struct ThresholdVerdict {
  Threshold threshold;
  MetricFigure figure;
  GateVerdict verdict = GateVerdict::kEmpty;
  std::string why;  // one line, "" where verdict and figures say it all
};

// `result` as ToJson has it. Of an interrupted run nothing is conclusive.
ThresholdVerdict Judge(const Threshold& threshold, const nlohmann::ordered_json& result);

// The worst of them: empty, then fail, then inconclusive; kPass of none.
GateVerdict Worst(std::span<const ThresholdVerdict> verdicts);

// The entry of "thresholds" in a result, and back.
nlohmann::ordered_json ToJson(const ThresholdVerdict& verdict);
ThresholdVerdict ThresholdVerdictOf(const nlohmann::ordered_json& json);

// "84.1 % [83.6, 84.7], n = 1003".
std::string FigureText(const MetricFigure& figure);

// A number and its unit as a part of an expression; `relative` allows "pp" for shares and "%" of
// the base for everything else, and says which it was.
struct Amount {
  double value = 0;
  bool of_base = false;  // a share of the base value
};
absl::StatusOr<Amount> ParseAmount(std::string_view text, MetricUnit unit, bool relative);

// The name at the front of `text`, which is cut off with the blanks around it.
std::string TakeMetricName(std::string_view* text);
// kInvalidArgument unless thresholds may name it.
absl::Status CheckMetricName(const std::string& name);
// The operator at the front of `text`, cut off likewise.
absl::StatusOr<Comparison> TakeComparison(std::string_view* text);

}  // namespace squall

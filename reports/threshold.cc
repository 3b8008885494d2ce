#include "reports/threshold.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/nearest.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

std::string_view Trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

absl::Status Expected(std::string_view got, const std::string& what) {
  const std::string shown = got.empty() ? "nothing" : "\"" + std::string(got) + "\"";
  return absl::InvalidArgumentError("got " + shown + ", expected " + what);
}

struct UnitWord {
  MetricUnit unit;
  std::string_view word;
  double factor;  // of the base unit
};
constexpr auto kUnitWords = std::to_array<UnitWord>({
    {MetricUnit::kShare, "%", 0.01},
    {MetricUnit::kRatio, "x", 1},
    {MetricUnit::kRatio, "", 1},
    {MetricUnit::kMilliseconds, "ms", 1},
    {MetricUnit::kMilliseconds, "s", 1e3},
    {MetricUnit::kMilliseconds, "min", 60e3},
    {MetricUnit::kSeconds, "s", 1},
    {MetricUnit::kSeconds, "ms", 1e-3},
    {MetricUnit::kSeconds, "min", 60},
    {MetricUnit::kUsd, "usd", 1},
    {MetricUnit::kPerSecond, "/s", 1},
    {MetricUnit::kPerSecond, "", 1},
    {MetricUnit::kCount, "", 1},
    {MetricUnit::kNumber, "", 1},
    {MetricUnit::kNumber, "%", 0.01},
    {MetricUnit::kNumber, "x", 1},
});

std::string Units(MetricUnit unit, bool relative) {
  std::string units;
  const auto add = [&units](std::string_view word) {
    units += units.empty() ? "a number with " : " or ";
    units += word.empty() ? "no unit" : std::string(word);
  };
  for (const UnitWord& row : kUnitWords) {
    if (row.unit == unit && !(relative && row.word == "%")) add(row.word);
  }
  if (relative) add(unit == MetricUnit::kShare ? "pp" : "%");
  return units;
}

bool NameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

// How many samples would tell, if the figure stayed what it is: the half width of a normal interval
// for a proportion shrinks with the square root.
std::string SamplesThatTell(const MetricFigure& figure, double limit) {
  if (figure.unit != MetricUnit::kShare || !figure.value || !figure.n || *figure.n == 0) return "";
  const double off = std::fabs(*figure.value - limit);
  if (off <= 0) return "the value is the limit";
  const double half = (figure.ci95->high - figure.ci95->low) / 2;
  const double needed = static_cast<double>(*figure.n) * (half / off) * (half / off);
  return absl::StrFormat("about %.0f would tell, there are %d", std::ceil(needed), *figure.n);
}

// `number`, which is written as `digits`, times `factor`. Where that is below 1, a power of ten, by
// moving the point of what is written, so that 99.9 % is the double nearest to 0.999.
double Scaled(const std::string& digits, double number, double factor) {
  if (factor >= 1 || digits.find_first_of("eE") != std::string::npos) return number * factor;
  const std::string moved =
      absl::StrCat(digits, "e", static_cast<int>(std::lround(std::log10(factor))));
  double value = 0;
  std::from_chars(moved.data(), moved.data() + moved.size(), value);
  return value;
}

}  // namespace

bool Holds(double value, Comparison op, double limit) {
  switch (op) {
    case Comparison::kAtLeast: return value >= limit;
    case Comparison::kAtMost: return value <= limit;
    case Comparison::kAbove: return value > limit;
    case Comparison::kBelow: return value < limit;
  }
  return false;
}

std::string_view ComparisonText(Comparison op) {
  switch (op) {
    case Comparison::kAtLeast: return ">=";
    case Comparison::kAtMost: return "<=";
    case Comparison::kAbove: return ">";
    case Comparison::kBelow: return "<";
  }
  return "?";
}

std::string_view GateVerdictText(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return "pass";
    case GateVerdict::kFail: return "fail";
    case GateVerdict::kInconclusive: return "inconclusive";
    case GateVerdict::kEmpty: return "empty";
  }
  return "?";
}

std::string TakeMetricName(std::string_view* text) {
  *text = Trimmed(*text);
  size_t end = 0;
  while (end < text->size() && NameCharacter((*text)[end])) ++end;
  std::string name(text->substr(0, end));
  *text = Trimmed(text->substr(end));
  return name;
}

absl::Status CheckMetricName(const std::string& name) {
  if (name.starts_with(kModelPrefix) && name.size() > kModelPrefix.size()) return absl::OkStatus();
  if (FindMetric(name) != nullptr) return absl::OkStatus();
  const std::string got = name.empty() ? "no metric" : "unknown metric \"" + name + "\"";
  const std::string nearest = Nearest(name, MetricNames());
  return absl::InvalidArgumentError("got " + got +
                                    ", expected one that `squall schema metrics` lists" +
                                    (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
}

absl::StatusOr<Comparison> TakeComparison(std::string_view* text) {
  for (const Comparison op :
       {Comparison::kAtLeast, Comparison::kAtMost, Comparison::kAbove, Comparison::kBelow}) {
    const std::string_view word = ComparisonText(op);
    if (!text->starts_with(word)) continue;
    *text = Trimmed(text->substr(word.size()));
    return op;
  }
  return Expected(*text, ">=, <=, > or < and a limit after the metric");
}

absl::StatusOr<Amount> ParseAmount(std::string_view text, MetricUnit unit, bool relative) {
  text = Trimmed(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return Expected(text, Units(unit, relative));
  const std::string_view word = Trimmed(text.substr(static_cast<size_t>(end - text.data())));
  if (relative && unit == MetricUnit::kShare && word == "pp") return Amount{number / 100, false};
  if (relative && unit != MetricUnit::kShare && word == "%") return Amount{number / 100, true};
  for (const UnitWord& row : kUnitWords) {
    if (row.unit != unit || row.word != word || (relative && word == "%")) continue;
    return Amount{Scaled(std::string(text.data(), end), number, row.factor), false};
  }
  return Expected(text, Units(unit, relative));
}

absl::StatusOr<Threshold> ParseThreshold(std::string_view text) {
  Threshold threshold;
  threshold.text = std::string(Trimmed(text));
  std::string_view rest = text;
  threshold.metric = TakeMetricName(&rest);
  const absl::Status known = CheckMetricName(threshold.metric);
  if (!known.ok()) return known;
  const absl::StatusOr<Comparison> op = TakeComparison(&rest);
  if (!op.ok()) return op.status();
  threshold.op = *op;
  const MetricRow* row = FindMetric(threshold.metric);
  const MetricUnit unit = row == nullptr ? MetricUnit::kNumber : row->unit;
  const absl::StatusOr<Amount> limit = ParseAmount(rest, unit, false);
  if (!limit.ok()) return limit.status();
  threshold.limit = limit->value;
  if (unit == MetricUnit::kShare && (limit->value < 0 || limit->value > 1)) {
    return Expected(rest, "0 % to 100 %");
  }
  return threshold;
}

ThresholdVerdict Judge(const Threshold& threshold, const Json& result) {
  ThresholdVerdict out;
  out.threshold = threshold;
  out.figure = FigureOf(threshold.metric, result);
  const auto holds = [&](double value) { return Holds(value, threshold.op, threshold.limit); };
  if (!out.figure.value) {
    out.why = "there is no such figure in this run: nothing to judge";
    if (threshold.metric.starts_with(kModelPrefix) && result.contains("model")) {
      std::vector<std::string> names;
      for (const auto& [name, unused] : result["model"]["outputs"].items()) names.push_back(name);
      out.why = ExpectedOneOf(threshold.metric.substr(kModelPrefix.size()), names);
    }
  } else if (result.value("partial", false)) {
    out.verdict = GateVerdict::kInconclusive;
    out.why = "the run was interrupted";
  } else if (out.figure.too_few) {
    out.verdict = GateVerdict::kInconclusive;
    out.why = "fewer than 10 samples lie beyond this percentile";
  } else if (!out.figure.ci95) {
    out.verdict = holds(*out.figure.value) ? GateVerdict::kPass : GateVerdict::kFail;
    out.why = "of these draws, without an interval";
  } else if (holds(out.figure.ci95->low) && holds(out.figure.ci95->high)) {
    out.verdict = GateVerdict::kPass;
  } else if (holds(out.figure.ci95->low) || holds(out.figure.ci95->high)) {
    out.verdict = GateVerdict::kInconclusive;
    out.why = SamplesThatTell(out.figure, threshold.limit);
  } else {
    out.verdict = GateVerdict::kFail;
  }
  return out;
}

GateVerdict Worst(std::span<const ThresholdVerdict> verdicts) {
  GateVerdict worst = GateVerdict::kPass;
  const auto rank = [](GateVerdict verdict) {
    switch (verdict) {
      case GateVerdict::kPass: return 0;
      case GateVerdict::kInconclusive: return 1;
      case GateVerdict::kFail: return 2;
      case GateVerdict::kEmpty: return 3;
    }
    return 3;
  };
  for (const ThresholdVerdict& one : verdicts) {
    if (rank(one.verdict) > rank(worst)) worst = one.verdict;
  }
  return worst;
}

Json ToJson(const ThresholdVerdict& verdict) {
  const MetricFigure& figure = verdict.figure;
  return {
      {"threshold", verdict.threshold.text},
      {"metric", verdict.threshold.metric},
      {"op", std::string(ComparisonText(verdict.threshold.op))},
      {"limit", verdict.threshold.limit},
      {"value", figure.value ? Json(*figure.value) : Json(nullptr)},
      {"ci95", figure.ci95 ? Json::array({figure.ci95->low, figure.ci95->high}) : Json(nullptr)},
      {"n", figure.n ? Json(*figure.n) : Json(nullptr)},
      {"verdict", std::string(GateVerdictText(verdict.verdict))},
      {"why", verdict.why}};
}

ThresholdVerdict ThresholdVerdictOf(const Json& json) {
  ThresholdVerdict out;
  out.threshold.text = json.value("threshold", "");
  out.threshold.metric = json.value("metric", "");
  const std::string op = json.value("op", "");
  for (const Comparison known :
       {Comparison::kAtLeast, Comparison::kAtMost, Comparison::kAbove, Comparison::kBelow}) {
    if (op == ComparisonText(known)) out.threshold.op = known;
  }
  out.threshold.limit = json.value("limit", 0.0);
  const MetricRow* row = FindMetric(out.threshold.metric);
  out.figure.unit = row == nullptr ? MetricUnit::kNumber : row->unit;
  if (json.contains("value") && json["value"].is_number()) {
    out.figure.value = json["value"].get<double>();
  }
  if (json.contains("ci95") && json["ci95"].is_array() && json["ci95"].size() == 2) {
    out.figure.ci95 = Interval{json["ci95"][0].get<double>(), json["ci95"][1].get<double>()};
  }
  if (json.contains("n") && json["n"].is_number()) out.figure.n = json["n"].get<int64_t>();
  const std::string verdict = json.value("verdict", "");
  for (const GateVerdict known :
       {GateVerdict::kPass, GateVerdict::kFail, GateVerdict::kInconclusive, GateVerdict::kEmpty}) {
    if (verdict == GateVerdictText(known)) out.verdict = known;
  }
  out.why = json.value("why", "");
  return out;
}

std::string FigureText(const MetricFigure& figure) {
  if (!figure.value) return "n/a";
  std::string text = FigureText(figure.unit, *figure.value);
  if (figure.ci95) {
    absl::StrAppend(&text, " [", FigureText(figure.unit, figure.ci95->low), ", ",
                    FigureText(figure.unit, figure.ci95->high), "]");
  }
  if (figure.n) absl::StrAppend(&text, ", n = ", *figure.n);
  return text;
}

}  // namespace squall

#include "reports/model_result.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/base/check.h"
#include "reports/intervals.h"
#include "reports/json_values.h"
#include "reports/threshold_table.h"

namespace squall {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Json ProportionJson(const ModelOutput& output) {
  if (output.n == 0) return {{"count", 0}, {"n", 0}, {"rate", nullptr}, {"ci95", nullptr}};
  const Interval ci = Wilson(output.count, output.n);
  return {{"count", output.count},
          {"n", output.n},
          {"rate", Number(static_cast<double>(output.count) / static_cast<double>(output.n))},
          {"ci95", Json::array({ci.low, ci.high})}};
}

Json FigureJson(const ModelOutput& output) {
  const Moments& m = output.moments;
  Json json = {{"mean", Number(m.mean())},
               {"se", Number(m.se())},
               {"sd", Number(m.sd())},
               {"n", m.n()},
               {"ci95", nullptr}};
  if (m.n() > 1) {
    const Interval ci = MeanInterval({m.mean(), m.se(), m.n()});
    json["ci95"] = Json::array({ci.low, ci.high});
  }
  if (!output.values.empty()) {
    std::vector<double> values = output.values;
    json["p50"] = Number(QuantileOf(&values, 0.5));
    json["p95"] = Number(QuantileOf(&values, 0.95));
  }
  return json;
}

Json Base(const ModelResult& result) {
  Json outputs = Json::object();
  for (const ModelOutput& output : result.outputs.list()) {
    outputs[output.name] = output.proportion ? ProportionJson(output) : FigureJson(output);
  }
  const Json parameters = Json::parse(result.parameters, nullptr, false);
  Json thresholds = Json::array();
  for (const ThresholdVerdict& one : result.thresholds) thresholds.push_back(ToJson(one));
  return {{"format_version", kResultFormatVersion},
          {"scenario", result.scenario},
          {"scenario_hash", result.scenario_hash},
          {"mode", "model"},
          {"seed", result.seed},
          {"replications", result.replications},
          {"engine", nullptr},
          {"overrides", result.overrides},
          {"partial", result.partial},
          {"thresholds", std::move(thresholds)},
          {"model",
           {{"kind", result.kind},
            {"parameters", parameters.is_discarded() ? Json(nullptr) : parameters},
            {"outputs", std::move(outputs)}}},
          {"repeat", result.repeat},
          {"version", RunResult::BuildVersion()},
          {"compiler", RunResult::BuildCompiler()}};
}

std::string FileText(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Six significant digits, which is what the largest tables need.
std::string Figure(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.6g", value) : "n/a";
}

std::string Row(const ModelOutput& output, const TextStyle& style) {
  std::string mean;
  std::string error;
  std::string interval;
  if (output.proportion) {
    const Interval ci = Wilson(output.count, output.n);
    mean = output.n == 0
               ? "n/a"
               : Figure(static_cast<double>(output.count) / static_cast<double>(output.n));
    error = absl::StrFormat("%d of", output.count);
    interval = absl::StrFormat(" [%.4g, %.4g]", ci.low, ci.high);
  } else {
    const Moments& m = output.moments;
    mean = Figure(m.mean());
    error = std::isfinite(m.se()) ? absl::StrFormat("%.4g", m.se()) : "n/a";
    const Interval ci = MeanInterval({m.mean(), m.se(), m.n()});
    if (m.n() > 1) interval = absl::StrFormat(" [%.5g, %.5g]", ci.low, ci.high);
  }
  return "  " + PadRight(Clip(output.name, 28, style), 28) + PadLeft(mean, 11) +
         PadLeft(error, 11) + PadLeft(interval, 20) + PadLeft(CompactText(output.n, 7), 8) + "\n";
}

}  // namespace

void Moments::Add(double value) {
  ++n_;
  const double off = value - mean_;
  mean_ += off / static_cast<double>(n_);
  squares_ += off * (value - mean_);
}

void Moments::Merge(const Moments& other) {
  if (other.n_ == 0) return;
  const auto here = static_cast<double>(n_);
  const auto there = static_cast<double>(other.n_);
  const double off = other.mean_ - mean_;
  n_ += other.n_;
  mean_ += off * there / (here + there);
  squares_ += other.squares_ + off * off * here * there / (here + there);
}

double Moments::sd() const {
  return n_ < 2 ? kNaN : std::sqrt(squares_ / static_cast<double>(n_ - 1));
}

double Moments::se() const { return n_ < 2 ? kNaN : sd() / std::sqrt(static_cast<double>(n_)); }

ModelOutput& ModelOutputs::At(std::string_view name) {
  for (ModelOutput& output : list_) {
    if (output.name == name) return output;
  }
  list_.emplace_back();
  list_.back().name = std::string(name);
  return list_.back();
}

const ModelOutput* ModelOutputs::Find(std::string_view name) const {
  for (const ModelOutput& output : list_) {
    if (output.name == name) return &output;
  }
  return nullptr;
}

void ModelOutputs::Add(std::string_view name, double value) {
  ModelOutput& output = At(name);
  output.moments.Add(value);
  output.n = output.moments.n();
  output.values.push_back(value);
}

void ModelOutputs::Add(std::string_view name, const Moments& moments) {
  ModelOutput& output = At(name);
  output.moments.Merge(moments);
  output.n = output.moments.n();
}

void ModelOutputs::Count(std::string_view name, int64_t count, int64_t n) {
  SQUALL_CHECK(0 <= count && count <= n);
  ModelOutput& output = At(name);
  output.proportion = true;
  output.count += count;
  output.n += n;
}

void ModelOutputs::Merge(const ModelOutputs& other) {
  for (const ModelOutput& from : other.list_) {
    if (from.proportion) {
      Count(from.name, from.count, from.n);
      continue;
    }
    Add(from.name, from.moments);
    std::vector<double>& values = At(from.name).values;
    values.insert(values.end(), from.values.begin(), from.values.end());
  }
}

double QuantileOf(std::vector<double>* values, double q) {
  SQUALL_CHECK(!values->empty());
  const auto n = static_cast<double>(values->size());
  const double rank = std::clamp(std::ceil(q * n), 1.0, n);
  const auto place = values->begin() + static_cast<int64_t>(rank) - 1;
  std::nth_element(values->begin(), place, values->end());
  return *place;
}

std::string ToJson(const ModelResult& result) {
  Json json = Base(result);
  const double wall = result.timing.wall_s;
  const auto runs = static_cast<double>(result.replications);
  json["timing"] = {{"replications_per_second", wall > 0 ? Number(runs / wall) : Json(nullptr)},
                    {"wall_s", Number(wall)},
                    {"cpu_s", Number(result.timing.cpu_s)}};
  return FileText(json);
}

std::string ToJsonWithoutTiming(const ModelResult& result) { return FileText(Base(result)); }

nlohmann::ordered_json ResultDocument(const ModelResult& result) { return Base(result); }

std::string RenderModel(const ModelResult& result, const TextStyle& style) {
  std::string text = Banner(result.scenario, "virtual", result.seed, style);
  std::vector<std::string> facts = {"model " + Printable(result.kind, style),
                                    CountText(result.replications) + " replications",
                                    absl::StrFormat("%.2f s wall", result.timing.wall_s)};
  if (!result.overrides.empty()) {
    facts.push_back(absl::StrFormat("%d overrides", result.overrides.size()));
  }
  for (std::string& fact : facts) fact = Paint(fact, Ink::kDim, style);
  text += Flow(facts, Dot(style), "", 0);
  if (result.partial) {
    text += Paint("PARTIAL: interrupted; this covers what had ended by then", Ink::kBad, style);
    text += "\n";
  }
  text += RenderThresholds(result.thresholds, style);
  std::vector<std::string> words;
  const std::string doc = Printable(result.doc, style);
  for (size_t from = 0; from < doc.size();) {
    const size_t space = std::min(doc.find(' ', from), doc.size());
    words.push_back(doc.substr(from, space - from));
    from = space + 1;
  }
  if (!words.empty()) text.append("\n").append(Flow(words, " ", "  ", 2));
  const std::string heading = PadRight("  OUTPUT", 30) + PadLeft("mean", 11) +
                              PadLeft("std. error", 11) + PadLeft("95 % interval", 20) +
                              PadLeft("n", 8);
  text.append("\n").append(Paint(heading, Ink::kBold, style)).append("\n");
  for (const ModelOutput& output : result.outputs.list()) text += Row(output, style);
  text.append("\n").append(WrapCommand(Printable(result.repeat, style), "again  ", 7));
  return TrimLineEnds(text);
}

}  // namespace squall

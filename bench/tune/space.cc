#include "bench/tune/space.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/json_document.h"
#include "engine/base/json_fields.h"
#include "scenarios/embedded.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

constexpr std::string_view kSpaceFolder = "scenarios/spaces/";
constexpr size_t kMostGrid = 100'000;
constexpr std::array<std::string_view, 4> kParameterKinds = {"continuous", "log", "integer",
                                                             "categorical"};
constexpr std::array<std::string_view, 2> kGoals = {"maximize", "minimize"};
constexpr std::array<std::string_view, 3> kOvers = {"mean", "worst", "cvar"};
constexpr std::array<std::string_view, 5> kMethods = {"grid", "sobol", "halving", "nsga2", "nlopt"};

std::string In(std::string_view list, size_t index, std::string_view key) {
  return PointerTo(PointerTo(PointerTo("", list), std::to_string(index)), key);
}

// The earlier categorical parameter that "POINTER=VALUE" names, or nullptr.
const TuneParameter* ConditionOf(const TuneSpace& space, size_t before, std::string_view when) {
  for (size_t i = 0; i < before; ++i) {
    const TuneParameter& p = space.parameters[i];
    if (p.kind != ParameterKind::kCategorical) continue;
    for (const std::string& value : p.values) {
      if (when == p.at + "=" + value) return &p;
    }
  }
  return nullptr;
}

void CheckParameter(const TuneSpace& space, size_t i, Problems* problems) {
  const TuneParameter& p = space.parameters[i];
  if (!p.at.starts_with('/')) {
    problems->Add(In("parameters", i, "at"),
                  "got " + ShowText(p.at) + ", expected a JSON pointer such as /engine/retry");
  }
  if (p.kind == ParameterKind::kCategorical) {
    const std::set<std::string> distinct(p.values.begin(), p.values.end());
    if (p.values.size() < 2 || distinct.size() != p.values.size()) {
      problems->Add(In("parameters", i, "values"),
                    "got " + std::to_string(distinct.size()) +
                        " different values, expected at least two, none of them twice");
    }
  } else {
    if (p.low >= p.high) {
      problems->Add(In("parameters", i, "high"), "got a range that is empty, expected low < high");
    }
    if (p.kind == ParameterKind::kLog && p.low <= 0) {
      problems->Add(In("parameters", i, "low"),
                    "got " + ShowText(absl::StrFormat("%g", p.low)) +
                        ", expected a number above 0 on a logarithmic scale");
    }
  }
  for (size_t k = 0; k < p.when.size(); ++k) {
    if (ConditionOf(space, i, p.when[k]) != nullptr) continue;
    problems->Add(PointerTo(In("parameters", i, "when"), std::to_string(k)),
                  "got " + ShowText(p.when[k]) +
                      ", expected POINTER=VALUE of a categorical parameter above this one");
  }
}

void CheckSpace(const TuneSpace& space, Problems* problems) {
  const auto some = [&](std::string_view key, bool empty) {
    if (empty) problems->Add(PointerTo("", key), "got none, expected at least one");
  };
  some("parameters", space.parameters.empty());
  some("objectives", space.objectives.empty());
  some("scenarios", space.scenarios.empty());
  size_t grid = 1;
  for (size_t i = 0; i < space.parameters.size(); ++i) {
    CheckParameter(space, i, problems);
    grid = std::min(kMostGrid + 1, grid * GridSteps(space.parameters[i]).size());
  }
  if (space.method == TuneMethod::kGrid && grid > kMostGrid) {
    problems->Add("/method", absl::StrFormat("got a grid of more than %d points, expected fewer "
                                             "steps or another method",
                                             kMostGrid));
  }
  for (size_t i = 0; i < space.objectives.size(); ++i) {
    const absl::Status known = CheckMetricName(space.objectives[i].metric);
    if (!known.ok()) problems->Add(In("objectives", i, "metric"), std::string(known.message()));
  }
  for (size_t i = 0; i < space.constraints.size(); ++i) {
    const auto threshold = ParseThreshold(space.constraints[i]);
    if (!threshold.ok()) {
      problems->Add(PointerTo("/constraints", std::to_string(i)),
                    std::string(threshold.status().message()));
    }
  }
  if (space.first_rung > space.replications) {
    problems->Add("/first_rung", absl::StrFormat("got %d, expected at most /replications, %d",
                                                 space.first_rung, space.replications));
  }
}

// Without trailing zeros, and never in exponents, which durations do not have.
std::string NumberOf(double value, int digits) {
  const double size = value == 0 ? 0 : std::floor(std::log10(std::abs(value)));
  const int decimals = std::max(0, digits - 1 - static_cast<int>(size));
  std::string text = absl::StrFormat("%.*f", decimals, value);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

bool Active(const TuneSpace& space, const Candidate& candidate, size_t i) {
  const TuneParameter& p = space.parameters[i];
  if (p.when.empty()) return true;
  for (size_t k = 0; k < i; ++k) {
    const std::string has = space.parameters[k].at + "=" + candidate.values[k];
    const bool set = !candidate.values[k].empty();
    if (set && std::find(p.when.begin(), p.when.end(), has) != p.when.end()) return true;
  }
  return false;
}

size_t Pick(double unit, size_t n) {
  return std::min(n - 1, static_cast<size_t>(unit * static_cast<double>(n)));
}

// The value at a coordinate, which is moved to where that value is.
std::string ValueAt(const TuneParameter& p, double* unit) {
  const double u = std::clamp(*unit, 0.0, 1.0);
  if (p.kind == ParameterKind::kCategorical) {
    const size_t index = Pick(u, p.values.size());
    *unit = (static_cast<double>(index) + 0.5) / static_cast<double>(p.values.size());
    return p.values[index];
  }
  double value = 0;
  int digits = 4;
  switch (p.kind) {
    case ParameterKind::kInteger: {
      const auto n = static_cast<size_t>(p.high - p.low) + 1;
      const auto index = static_cast<double>(Pick(u, n));
      *unit = (index + 0.5) / static_cast<double>(n);
      return NumberOf(p.low + index, 16) + p.unit;
    }
    case ParameterKind::kLog:
      value = p.low * std::pow(p.high / p.low, u);
      digits = 3;
      break;
    case ParameterKind::kContinuous: value = p.low + u * (p.high - p.low); break;
    case ParameterKind::kCategorical: break;
  }
  *unit = u;
  return NumberOf(value, digits) + p.unit;
}

}  // namespace

std::span<const std::string_view> MethodNames() { return kMethods; }

std::string_view MethodName(TuneMethod method) { return kMethods[static_cast<size_t>(method)]; }

void Describe(Fields& f, TuneParameter& p) {
  f.Text("at", p.at, "JSON pointer into the scenario.");
  f.Enum("kind", p.kind, kParameterKinds, "How it is varied.");
  f.Number("low", p.low, NumberRange{}, "Smallest value.");
  f.Number("high", p.high, NumberRange{}, "Largest value.");
  f.Text("unit", p.unit, "Appended to the number, such as ms or s.");
  f.TextList("values", p.values, "Of a categorical one, as --set takes them.");
  f.Int("steps", p.steps, {2, 1000}, "Of a grid.");
  f.TextList("when", p.when, "POINTER=VALUE of an earlier categorical one; any of these.");
}

void Describe(Fields& f, TuneObjective& o) {
  f.Text("metric", o.metric, "A metric, as thresholds name it.");
  f.Enum("goal", o.goal, kGoals, "Which way is better.");
  f.Number("tolerance", o.tolerance, kNotNegative,
           "Differences below this are none; in the base unit (shares 0 to 1, ms, s).");
}

void Describe(Fields& f, TuneScenario& s) {
  f.Text("scenario", s.scenario, "A bundled name or a file.");
  f.TextList("sets", s.sets, "Overrides, as --set takes them.");
}

void Describe(Fields& f, TuneSpace& s) {
  f.Text("name", s.name, "What it is called.");
  f.Text("doc", s.doc, "What is tuned, and for what.");
  f.Text("engine", s.engine, "Preset that candidates change; empty: the scenario's own engine.");
  f.List("parameters", s.parameters, "What may change.");
  f.List("objectives", s.objectives, "What for; the first one decides first.");
  f.TextList("constraints", s.constraints, "Thresholds that a candidate must meet on average.");
  f.List("scenarios", s.scenarios, "To tune on.");
  f.List("held_out", s.held_out, "To try the winners on; the search does not see them.");
  f.Enum("over", s.over, kOvers, "How several scenarios make one figure.");
  f.Number("cvar_share", s.cvar_share, {0.01, 1},
           "Share of scenarios, the worst, that cvar means.");
  f.Enum("method", s.method, kMethods, "How to search.");
  f.Int("candidates", s.candidates, {2, 100'000}, "In a design or a population.");
  f.Int("replications", s.replications, {2, 10'000}, "Seeds of what is followed to the end.");
  f.Int("first_rung", s.first_rung, {1, 10'000}, "Seeds of every candidate of halving.");
  f.Int("finalists", s.finalists, {1, 1000}, "That halving follows to the end at least.");
  f.Int("generations", s.generations, {1, 10'000}, "Of NSGA-II.");
  f.Int("fresh", s.fresh, {2, 10'000}, "Seeds on which winners are estimated again.");
  f.Int("sensitivity", s.sensitivity, {0, 10'000}, "Rows of the design for Sobol indices.");
  f.Int("seed", s.seed, IntRange{}, "Of designs and scenarios.");
}

absl::StatusOr<TuneSpace> LoadSpaceText(std::string_view text, const std::string& name) {
  absl::StatusOr<JsonDocument> document = JsonDocument::Parse(text, name);
  if (!document.ok()) return document.status();
  if (document->root().is_object()) document->root().erase("$schema");  // for editors only
  TuneSpace space;
  Problems problems;
  ReadFields(
      document->root(), [&](Fields& f) { Describe(f, space); }, &problems);
  if (problems.empty()) CheckSpace(space, &problems);
  const absl::Status status = document->Report(problems);
  if (!status.ok()) return status;
  return space;
}

absl::StatusOr<TuneSpace> LoadSpace(const std::string& where) {
  if (IsFile(where)) {
    const absl::StatusOr<std::string> text = ReadTextFile(where, JsonDocument::kMaxBytes);
    if (!text.ok()) return text.status();
    return LoadSpaceText(*text, where);
  }
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    const std::string path(file.path);
    if (path == where || path == std::string(kSpaceFolder) + where + ".json") {
      return LoadSpaceText(file.text, path);
    }
  }
  return absl::NotFoundError(where + ": got no such file, " +
                             ExpectedOneOf(where, BundledSpaces()));
}

std::string SpaceSchema() {
  TuneSpace space;
  nlohmann::ordered_json schema = SchemaOfFields([&](Fields& f) { Describe(f, space); });
  return schema.dump(2) + "\n";
}

std::vector<std::string> BundledSpaces() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    std::string_view path = file.path;
    if (!path.starts_with(kSpaceFolder)) continue;
    path.remove_prefix(kSpaceFolder.size());
    names.emplace_back(path.substr(0, path.size() - std::string_view(".json").size()));
  }
  return names;
}

Candidate CandidateAt(const TuneSpace& space, std::span<const double> unit) {
  Candidate candidate;
  candidate.unit.assign(unit.begin(), unit.end());
  candidate.values.resize(space.parameters.size());
  for (size_t i = 0; i < space.parameters.size(); ++i) {
    if (!Active(space, candidate, i)) continue;
    candidate.values[i] = ValueAt(space.parameters[i], &candidate.unit[i]);
    candidate.sets.push_back(space.parameters[i].at + "=" + candidate.values[i]);
  }
  return candidate;
}

Candidate UnchangedCandidate(const TuneSpace& space) {
  Candidate candidate;
  candidate.unit.assign(space.parameters.size(), 0.5);
  candidate.values.resize(space.parameters.size());
  return candidate;
}

std::vector<double> GridSteps(const TuneParameter& p) {
  const bool counted = p.kind == ParameterKind::kCategorical || p.kind == ParameterKind::kInteger;
  double whole = 0;  // distinct values
  if (p.kind == ParameterKind::kCategorical) whole = static_cast<double>(p.values.size());
  if (p.kind == ParameterKind::kInteger) whole = std::max(1.0, p.high - p.low + 1);
  auto n = static_cast<double>(p.steps);
  if (p.kind == ParameterKind::kCategorical) n = whole;
  if (p.kind == ParameterKind::kInteger) n = std::min(n, whole);
  std::vector<double> steps;
  for (double i = 0; i < n; ++i) {
    const double share = n > 1 ? i / (n - 1) : 0.5;
    // Of what is counted the middle of the cell that the value has.
    steps.push_back(counted ? (std::round(share * (whole - 1)) + 0.5) / whole : share);
  }
  return steps;
}

std::vector<std::string> MetricsOf(const TuneSpace& space) {
  std::vector<std::string> metrics;
  const auto add = [&](const std::string& name) {
    if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) metrics.push_back(name);
  };
  for (const TuneObjective& objective : space.objectives) add(objective.metric);
  for (const Threshold& constraint : ConstraintsOf(space)) add(constraint.metric);
  return metrics;
}

std::vector<Threshold> ConstraintsOf(const TuneSpace& space) {
  std::vector<Threshold> constraints;
  for (const std::string& text : space.constraints) {
    const absl::StatusOr<Threshold> threshold = ParseThreshold(text);
    if (threshold.ok()) constraints.push_back(*threshold);
  }
  return constraints;
}

}  // namespace squall

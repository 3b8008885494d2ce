#include "bench/tune/point.h"

#include <nlohmann/json.hpp>

#include "engine/base/cat.h"
#include "engine/base/json_document.h"
#include "engine/base/json_fields.h"
#include "engine/base/random.h"
#include "reports/fingerprint.h"
#include "reports/metric_table.h"
#include "reports/model_result.h"
#include "reports/threshold.h"
#include "scenarios/replicate.h"

namespace squall {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

void Describe(Fields& f, SweepPoint& p) {
  f.Text("scenario", p.scenario, "A bundled name, or what the document is called.");
  f.Text("engine", p.engine, "Preset in place of the scenario's own.");
  f.TextList("sets", p.sets, "Overrides, as --set takes them.");
  f.Int("seed", p.seed, IntRange{}, "Of the scenario.");
  f.Int("first", p.first, IntRange{0, int64_t{1} << 40}, "First replication of the block.");
  f.Int("count", p.count, {1, 1'000'000}, "Replications.");
  f.TextList("metrics", p.metrics, "Metrics, as thresholds name them.");
  f.Text("build", p.build, "Version and revision that may run it; empty: any.");
}

// Reads what stands in `root`, whose "document" has been taken out.
SweepPoint PointOf(const json& root, Problems* problems) {
  SweepPoint point;
  ReadFields(
      root, [&](Fields& f) { Describe(f, point); }, problems);
  if (!problems->empty()) return point;
  if (point.scenario.empty()) {
    problems->Add("/scenario", "got none, expected a scenario");
  }
  if (point.metrics.empty()) problems->Add("/metrics", "got none, expected at least one");
  for (size_t i = 0; i < point.metrics.size(); ++i) {
    const absl::Status known = CheckMetricName(point.metrics[i]);
    if (!known.ok()) {
      problems->Add(PointerTo("/metrics", std::to_string(i)), std::string(known.message()));
    }
  }
  return point;
}

std::string TakeDocument(json* root) {
  if (!root->is_object() || !root->contains("document")) return "";
  std::string text = (*root)["document"].dump();
  root->erase("document");
  return text;
}

absl::StatusOr<Scenario> ScenarioOf(const SweepPoint& point) {
  ScenarioOptions options;
  options.sets = point.sets;
  options.preset = point.engine;
  absl::StatusOr<Scenario> scenario =
      point.document.empty() ? LoadScenario(point.scenario, options)
                             : LoadScenarioText(point.document, point.scenario, options);
  if (scenario.ok()) scenario->seed = point.seed;
  return scenario;
}

void Take(const std::vector<std::string>& metrics, const ordered_json& document,
          PointResult* result) {
  for (const std::string& metric : metrics) {
    result->values[metric].push_back(FigureOf(metric, document).value);
  }
}

// One replication, as `squall run` would describe it alone.
absl::StatusOr<ordered_json> RunOne(const Scenario& scenario, uint64_t seed,
                                    const std::atomic<bool>* stop) {
  if (scenario.model) {
    ModelRun run = RunModelReplications(*scenario.model, seed, 1, 1, stop);
    if (run.interrupted) return absl::CancelledError("interrupted");
    ModelResult result;
    result.outputs = std::move(run.outputs);
    result.parameters = ModelParametersJson(*scenario.model);
    return ResultDocument(result);
  }
  RunHooks hooks;
  hooks.stop = stop;
  const WorldResult world = RunVirtual(scenario, seed, hooks);
  if (world.interrupted) return absl::CancelledError("interrupted");
  return ResultDocument(squall::Describe(scenario, world));
}

}  // namespace

std::string BuildOfSquall(std::string_view revision) {
  return Cat(RunResult::BuildVersion(), revision.empty() ? "" : "+", revision);
}

std::string CanonicalDocument(std::string_view json_text) {
  const json document = json::parse(json_text, nullptr, false);
  return document.is_discarded() ? std::string() : document.dump();
}

std::string PointText(const SweepPoint& point) {
  SweepPoint copy = point;
  std::string text = DumpFields([&](Fields& f) { Describe(f, copy); }).dump();
  if (point.document.empty()) return text;
  text.pop_back();  // the brace; the document is text already, and may be long
  return Cat(text, ",\"document\":", point.document, "}");
}

std::string PointHash(const SweepPoint& point) {
  return FingerprintText(Mix(HashText(PointText(point))));
}

absl::StatusOr<SweepPoint> ReadPoint(std::string_view text, const std::string& name) {
  absl::StatusOr<JsonDocument> document = JsonDocument::Parse(text, name);
  if (!document.ok()) return document.status();
  std::string scenario = TakeDocument(&document->root());
  Problems problems;
  SweepPoint point = PointOf(document->root(), &problems);
  const absl::Status status = document->Report(problems);
  if (!status.ok()) return status;
  point.document = std::move(scenario);
  return point;
}

absl::StatusOr<PointResult> RunPoint(const SweepPoint& point, const std::atomic<bool>* stop) {
  const absl::StatusOr<Scenario> scenario = ScenarioOf(point);
  if (!scenario.ok()) return scenario.status();
  PointResult result;
  result.point = point;
  for (int64_t r = point.first; r < point.first + point.count; ++r) {
    const uint64_t seed = ReplicationSeed(static_cast<uint64_t>(point.seed), r);
    const absl::StatusOr<ordered_json> document = RunOne(*scenario, seed, stop);
    if (!document.ok()) return document.status();
    Take(point.metrics, *document, &result);
  }
  return result;
}

std::string ResultText(const PointResult& result) {
  ordered_json values = ordered_json::object();
  for (const auto& [metric, series] : result.values) {
    ordered_json list = ordered_json::array();
    for (const std::optional<double>& value : series) {
      list.push_back(value.has_value() ? ordered_json(*value) : ordered_json(nullptr));
    }
    values[metric] = std::move(list);
  }
  return Cat("{\"hash\":\"", PointHash(result.point), "\",\"point\":", PointText(result.point),
             ",\"values\":", values.dump(), "}");
}

absl::StatusOr<PointResult> ReadResult(std::string_view text, const std::string& name) {
  json root = json::parse(text, nullptr, false);
  const auto wrong = [&](std::string_view what) {
    return absl::InvalidArgumentError(Cat(name, ": got ", what));
  };
  if (!root.is_object() || !root.contains("point") || !root.contains("values") ||
      !root["values"].is_object()) {
    return wrong("a line that is no result, expected {\"hash\", \"point\", \"values\"}");
  }
  PointResult result;
  std::string document = TakeDocument(&root["point"]);
  Problems problems;
  result.point = PointOf(root["point"], &problems);
  if (!problems.empty()) {
    const Problem& first = problems.list().front();
    return wrong(Cat("a result whose point is none: ", first.pointer, " ", first.message));
  }
  result.point.document = std::move(document);
  const std::string hash = PointHash(result.point);
  if (root.value("hash", json()) != json(hash)) {
    return wrong(Cat("hash ", ShowValue(root.value("hash", json())), ", expected ", hash));
  }
  for (const std::string& metric : result.point.metrics) {
    const json list = root["values"].value(metric, json());
    if (!list.is_array() || list.size() != static_cast<size_t>(result.point.count)) {
      return wrong(
          Cat(ShowValue(list), " for ", metric, ", expected ", result.point.count, " values"));
    }
    MetricValues& series = result.values[metric];
    for (const json& value : list) {
      if (value.is_number()) {
        series.emplace_back(value.get<double>());
      } else {
        series.emplace_back();
      }
    }
  }
  return result;
}

}  // namespace squall

#include <absl/status/status.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/json_document.h"
#include "engine/base/json_fields.h"
#include "engine/base/random.h"
#include "scenarios/check_scenario.h"
#include "scenarios/embedded.h"
#include "scenarios/preset.h"
#include "scenarios/scenario.h"
#include "scenarios/text_file.h"
#include "scenarios/thresholds.h"

namespace squall {
namespace {

using nlohmann::json;

constexpr std::string_view kScenarioFolder = "scenarios/";
constexpr std::string_view kPresetFolder = "scenarios/presets/";

// ---- bundled files ----

// "none" for "scenarios/presets/none.json" in folder "scenarios/presets/"; "" for what is not
// directly in the folder.
std::string NameIn(std::string_view folder, std::string_view path) {
  if (!path.starts_with(folder) || !path.ends_with(".json")) return "";
  path.remove_prefix(folder.size());
  path.remove_suffix(5);
  return path.find('/') == std::string_view::npos ? std::string(path) : "";
}

std::string_view BundledText(std::string_view folder, std::string_view name) {
  if (name.empty()) return "";
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    if (NameIn(folder, file.path) == name) return file.text;
  }
  return "";
}

std::vector<std::string> BundledNames(std::string_view folder) {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    std::string name = NameIn(folder, file.path);
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

std::vector<BundledItem> BundledItems(std::string_view folder) {
  std::vector<BundledItem> items;
  for (const std::string& name : BundledNames(folder)) {
    const auto document = JsonDocument::Parse(BundledText(folder, name), name);
    std::string doc;
    if (document.ok() && document->root().is_object()) {
      const auto found = document->root().find("doc");
      if (found != document->root().end() && found->is_string()) doc = found->get<std::string>();
    }
    items.push_back({name, std::move(doc)});
  }
  return items;
}

// A path as a scenario names it: beside the scenario's file, else from the working directory.
std::string Resolve(const std::string& path, const std::string& scenario_name) {
  const std::filesystem::path beside =
      std::filesystem::path(scenario_name).parent_path() / std::filesystem::path(path);
  return IsFile(beside.string()) ? beside.string() : path;
}

// "$schema" is for editors only.
void TakeSchemaKey(json* root, Problems* problems) {
  const auto found = root->find("$schema");
  if (found == root->end()) return;
  if (!found->is_string()) {
    problems->Add("/$schema", "got " + ShowValue(*found) + ", expected a text");
  }
  root->erase(found);
}

}  // namespace

absl::StatusOr<std::string> LoadPreset(const std::string& preset, const std::string& beside,
                                       EngineConfig* engine) {
  std::string file = std::string(kPresetFolder) + preset + ".json";
  std::string text(BundledText(kPresetFolder, preset));
  if (IsPresetPath(preset)) {
    file = Resolve(preset, beside);
    auto read = ReadTextFile(file, JsonDocument::kMaxBytes);
    if (!read.ok()) return std::string(read.status().message());
    text = *std::move(read);
  } else if (text.empty()) {
    std::vector<std::string> known = BundledNames(kPresetFolder);
    known.emplace_back(kCustomPreset);
    return "got unknown preset " + ShowText(preset) + ", " + ExpectedOneOf(preset, known);
  }
  auto read = JsonDocument::Parse(text, file);
  if (!read.ok()) return read.status();
  Preset values;
  Problems own;
  if (read->root().is_object()) TakeSchemaKey(&read->root(), &own);
  ReadFields(
      read->root(), [&values](Fields& f) { Describe(f, values); }, &own);
  *engine = values.engine;
  const absl::Status report = read->Report(own);
  if (!report.ok()) return report;
  return std::string();
}

namespace {

// ---- steps of loading, in their order ----

absl::Status ApplyOptions(const ScenarioOptions& options, JsonDocument* document) {
  if (!options.preset.empty()) {
    const std::string option = "--engine " + options.preset;
    const auto status = document->SetValue("/engine", {{"preset", options.preset}}, option);
    if (!status.ok()) return status;
    for (const std::string& set : options.sets) {
      if (set.starts_with("/engine/preset=") || set.starts_with("/engine=")) {
        return absl::InvalidArgumentError("--set " + set +
                                          ": got the engine twice, expected either "
                                          "this or " +
                                          option);
      }
    }
  }
  if (!options.target.empty()) {
    const auto status =
        document->SetValue("/engine", {{"target", options.target}}, "--target " + options.target);
    if (!status.ok()) return status;
  }
  if (!options.trace.empty()) {
    const std::string option = "--trace " + options.trace;
    const std::pair<const char*, json> values[] = {
        {"/workload/arrivals/kind", "trace"},
        {"/workload/arrivals/trace", options.trace},
        {"/workload/arrivals/phases", json::array()}};  // a scenario's own would contradict it
    for (const auto& [pointer, value] : values) {
      const auto status = document->SetValue(pointer, value, option);
      if (!status.ok()) return status;
    }
  }
  for (const std::string& set : options.sets) {
    const auto status = document->Set(set);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Reads the preset that stands at `pointer`, else `preset`, onto `engine`. What is wrong with the
// name goes to `problems`; a file that is wrong itself is the error.
absl::Status ReadPreset(const JsonDocument& document, const std::string& pointer, bool from_option,
                        std::string preset, EngineConfig* engine, Problems* problems) {
  const json::json_pointer place(pointer);
  if (document.root().contains(place) && document.root()[place].is_string()) {
    preset = document.root()[place].get<std::string>();
  }
  if (preset == kCustomPreset) return absl::OkStatus();
  const auto wrong = LoadPreset(preset, from_option ? "" : document.name(), engine);
  if (wrong.ok() && !wrong->empty()) problems->Add(pointer, *wrong);
  return wrong.status();
}

// Settles which model it is, where the document has one. Its parameters are read later.
void ReadModelKind(const JsonDocument& document, Scenario* scenario, Problems* problems) {
  const json& root = document.root();
  if (!root.is_object() || !root.contains("model")) return;
  const json& model = root["model"];
  if (!model.is_object()) {
    problems->Add("/model", "got " + ShowValue(model) + ", expected an object");
    return;
  }
  const auto names = ModelKindNames();
  const std::vector<std::string> known(names.begin(), names.end());
  const auto kind = model.find("kind");
  if (kind == model.end() || !kind->is_string()) {
    const std::string got = kind == model.end() ? "no kind" : ShowValue(*kind);
    problems->Add(kind == model.end() ? "/model" : "/model/kind",
                  "got " + got + ", " + ExpectedOneOf("", known));
    return;
  }
  const auto text = kind->get<std::string>();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) {
    problems->Add("/model/kind",
                  "got unknown model " + ShowText(text) + ", " + ExpectedOneOf(text, known));
    return;
  }
  scenario->model = DefaultModel(static_cast<size_t>(found - names.begin()));
}

// Settles whether a target takes the place of the engine.
void ReadTarget(const JsonDocument& document, Scenario* scenario, Problems* problems) {
  const json::json_pointer place("/engine/target");
  const json& root = document.root();
  if (!root.is_object() || root.contains("model") || !root.contains(place)) return;
  const json& target = root[place];
  if (target.is_string()) scenario->target = target.get<std::string>();
  if (!scenario->target.empty()) return;
  problems->Add("/engine/target", "got " + ShowValue(target) + ", expected http://HOST[:PORT]");
}

// The presets of the engine and of each layer above it.
absl::Status ReadPresets(const JsonDocument& document, bool from_option, Scenario* scenario,
                         Problems* problems) {
  const auto status = ReadPreset(document, "/engine/preset", from_option, scenario->preset,
                                 &scenario->engine, problems);
  if (!status.ok()) return status;
  const json::json_pointer place("/chain");
  if (!document.root().contains(place) || !document.root()[place].is_array()) {
    return absl::OkStatus();
  }
  scenario->chain.resize(std::min(document.root()[place].size(), kMaxLayers));
  for (size_t i = 0; i < scenario->chain.size(); ++i) {
    ChainLayer& layer = scenario->chain[i];
    const std::string pointer = "/chain/" + std::to_string(i) + "/engine/preset";
    const auto read = ReadPreset(document, pointer, false, layer.preset, &layer.engine, problems);
    if (!read.ok()) return read;
  }
  return absl::OkStatus();
}

// The rules between fields, but for what stands at or below a value that could not be read: of that
// nothing more is known.
void AddBroken(const Problems& broken, Problems* problems) {
  const std::vector<Problem> unread = problems->list();
  for (const Problem& problem : broken.list()) {
    const bool known = std::any_of(unread.begin(), unread.end(), [&problem](const Problem& other) {
      return AtOrBelow(problem.pointer, other.pointer);
    });
    if (!known) problems->Add(problem.pointer, problem.message);
  }
}

// Reads the trace's rows and settles how many requests there are.
absl::Status ReadTrace(const JsonDocument& document, const ScenarioOptions& options,
                       Scenario* scenario) {
  WorkloadConfig& workload = scenario->workload;
  if (workload.arrivals.kind != ArrivalKind::kTrace) return absl::OkStatus();
  if (options.trace.empty() && options.trace_rows.empty()) {
    workload.arrivals.trace = Resolve(workload.arrivals.trace, document.name());
  }
  absl::StatusOr<std::vector<TraceRow>> rows = options.trace_rows;
  if (options.trace_rows.empty()) rows = LoadTrace(workload.arrivals.trace);
  if (!rows.ok()) {
    Problems problems;
    problems.Add("/workload/arrivals/trace", std::string(rows.status().message()));
    return absl::Status(rows.status().code(), document.Report(problems).message());
  }
  scenario->trace = *std::move(rows);
  const auto count = static_cast<int64_t>(scenario->trace.size());
  const bool named = options.trace.empty()
                         ? document.root().contains(json::json_pointer("/workload/requests"))
                         : document.SetByOption("/workload/requests");
  if (!named) workload.requests = count;
  if (workload.requests <= count) return absl::OkStatus();
  Problems problems;
  problems.Add("/workload/requests", "got " + std::to_string(workload.requests) +
                                         ", expected at most the " + std::to_string(count) +
                                         " rows of the trace");
  return document.Report(problems);
}

// The same rows at another path are the same experiment, and so is one that is judged otherwise.
// The seed stands beside a hash wherever one is shown.
std::string HashOf(const Scenario& scenario) {
  Scenario copy = scenario;
  copy.seed = 0;
  copy.thresholds.clear();
  copy.workload.arrivals.trace.clear();
  copy.trace.clear();
  std::string text = DumpScenario(copy);
  for (const TraceRow& row : scenario.trace) {
    for (const int64_t n : {row.at.count(), row.context_tokens, row.generated_tokens}) {
      text += std::to_string(n) + ",";
    }
  }
  char hex[17];
  std::snprintf(hex, sizeof(hex), "%016llx", static_cast<unsigned long long>(HashText(text)));
  return hex;
}

// Of two scenarios that agree in it, every request meets the same faults at every attempt, whatever
// is said of them and whichever engines make the attempts.
std::string DrawsHashOf(const Scenario& scenario) {
  Scenario copy = scenario;
  copy.name.clear();
  copy.doc.clear();
  copy.sources.clear();
  copy.assumptions.clear();
  copy.expect.clear();
  copy.chain.clear();
  copy.target.clear();
  copy.preset = kCustomPreset;
  copy.engine = EngineConfig();
  return HashOf(copy);
}

}  // namespace

std::vector<BundledItem> BundledScenarios() { return BundledItems(kScenarioFolder); }
std::vector<BundledItem> BundledPresets() { return BundledItems(kPresetFolder); }

std::string ScenarioText(std::string_view name) {
  return std::string(BundledText(kScenarioFolder, name));
}
std::string PresetText(std::string_view name) {
  return std::string(BundledText(kPresetFolder, name));
}

absl::StatusOr<Scenario> LoadScenarioText(std::string_view text, const std::string& name,
                                          const ScenarioOptions& options) {
  auto document = JsonDocument::Parse(text, name);
  if (!document.ok()) return document.status();
  Problems problems;
  if (document->root().is_object()) {
    TakeSchemaKey(&document->root(), &problems);
    const auto applied = ApplyOptions(options, &*document);
    if (!applied.ok()) return applied;
  }
  Scenario scenario;
  ReadModelKind(*document, &scenario, &problems);
  ReadTarget(*document, &scenario, &problems);
  if (!problems.empty()) return document->Report(problems);
  const auto preset = ReadPresets(*document, !options.preset.empty(), &scenario, &problems);
  if (!preset.ok()) return preset;
  ReadFields(
      document->root(), [&scenario](Fields& f) { Describe(f, scenario); }, &problems);
  if (scenario.name.empty()) scenario.name = std::filesystem::path(name).stem().string();
  Problems broken;
  if (scenario.model) {
    CheckThresholds(scenario, &broken);
  } else {
    CheckScenario(scenario, &broken);
  }
  AddBroken(broken, &problems);
  if (!problems.empty()) return document->Report(problems);
  const auto trace = ReadTrace(*document, options, &scenario);
  if (!trace.ok()) return trace;
  scenario.hash = HashOf(scenario);
  scenario.draws_hash = DrawsHashOf(scenario);
  return scenario;
}

absl::StatusOr<std::map<std::string, FaultConfig>> LoadFaultsText(std::string_view text,
                                                                  const std::string& name) {
  auto document = JsonDocument::Parse(text, name);
  if (!document.ok()) return document.status();
  std::map<std::string, FaultConfig> faults;
  Problems problems;
  const json& root = document->root();
  ReadFields(
      root,
      [&](Fields& f) {
        for (const auto& [kind, unused] : root.items()) f.Struct(kind, faults[kind], "");
      },
      &problems);
  Problems broken;
  CheckFaultTable("", faults, &broken);
  AddBroken(broken, &problems);
  if (!problems.empty()) return document->Report(problems);
  return faults;
}

std::string DumpFaults(const std::map<std::string, FaultConfig>& faults) {
  std::map<std::string, FaultConfig> copy = faults;
  return DumpFields([&copy](Fields& f) {
           for (auto& [kind, fault] : copy) f.Struct(kind, fault, "");
         })
      .dump(2);
}

absl::StatusOr<Scenario> LoadScenario(const std::string& where, const ScenarioOptions& options) {
  if (IsFile(where)) {
    const auto text = ReadTextFile(where, JsonDocument::kMaxBytes);
    if (!text.ok()) return text.status();
    return LoadScenarioText(*text, where, options);
  }
  std::string name = NameIn(kScenarioFolder, where);
  if (name.empty()) name = where;
  const std::string_view text = BundledText(kScenarioFolder, name);
  if (!text.empty()) {
    return LoadScenarioText(text, std::string(kScenarioFolder) + name + ".json", options);
  }
  return absl::NotFoundError(where + ": got neither a file nor a bundled scenario, " +
                             ExpectedOneOf(name, BundledNames(kScenarioFolder)));
}

}  // namespace squall

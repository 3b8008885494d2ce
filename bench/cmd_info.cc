// squall list, show, validate, schema and version: what there is, without running it.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/tune/space.h"
#include "engine/gateway/config.h"
#include "mock_providers/faults.h"
#include "reports/metric_table.h"
#include "reports/result.h"
#include "reports/result_schema.h"
#include "reports/text.h"
#include "scenarios/claim.h"

namespace squall {
namespace {

void PrintItem(std::string_view name, std::string_view doc, int name_width) {
  const std::string first = "  " + PadRight(name, name_width) + "  ";
  // The first sentence says what it is; `show` has the rest.
  const size_t end = doc.find(". ");
  const std::string sentence(doc.substr(0, end == std::string_view::npos ? end : end + 1));
  std::vector<std::string> words;
  for (size_t from = 0; from < sentence.size();) {
    const size_t space = std::min(sentence.find(' ', from), sentence.size());
    words.push_back(sentence.substr(from, space - from));
    from = space + 1;
  }
  std::fputs(Flow(words, " ", first, name_width + 4).c_str(), stdout);
}

int Width(const std::vector<BundledItem>& items) {
  int width = 0;
  for (const BundledItem& item : items) width = std::max(width, DisplayWidth(item.name));
  return width;
}

}  // namespace

int ReportLoadError(const absl::Status& status) {
  std::string text(status.message());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::fprintf(stderr, "%s\n", text.c_str());
  return kExitInvalidScenario;
}

int ReportModel(const std::string& scenario) {
  return ReportLoadError(absl::InvalidArgumentError(
      scenario + ": /model: got a model, expected providers; models are for `squall run` alone"));
}

int List() {
  std::fputs("Scenarios (squall run NAME)\n", stdout);
  const std::vector<BundledItem> scenarios = BundledScenarios();
  for (const BundledItem& item : scenarios) PrintItem(item.name, item.doc, Width(scenarios));
  std::fputs("\nEngine presets (squall run NAME --engine PRESET)\n", stdout);
  const std::vector<BundledItem> presets = BundledPresets();
  for (const BundledItem& item : presets) PrintItem(item.name, item.doc, Width(presets));
  std::fputs("\nFaults (squall run NAME --set /faults/FAULT/rate=0.01)\n", stdout);
  for (const FaultRow& row : FaultTable()) PrintItem(row.name, row.doc, 18);
  return kExitOk;
}

int Show(const std::string& name, const std::vector<std::string>& sets) {
  const std::string preset = PresetText(name);
  if (!preset.empty() && ScenarioText(name).empty()) {
    std::fputs(preset.c_str(), stdout);
    return kExitOk;
  }
  ScenarioOptions options;
  options.sets = sets;
  const absl::StatusOr<Scenario> scenario = LoadScenario(name, options);
  if (!scenario.ok()) return ReportLoadError(scenario.status());
  std::fputs(DumpScenario(*scenario).c_str(), stdout);
  return kExitOk;
}

int Validate(const std::vector<std::string>& scenarios) {
  int code = kExitOk;
  for (const std::string& where : scenarios) {
    const absl::StatusOr<Scenario> scenario = LoadScenario(where, ScenarioOptions());
    if (scenario.ok()) {
      std::printf("%s: ok, hash %s\n", where.c_str(), scenario->hash.c_str());
    } else {
      code = ReportLoadError(scenario.status());
    }
  }
  return code;
}

int PrintSchema(const std::string& which) {
  if (which == "metrics") {
    for (const MetricRow& row : MetricTable()) PrintItem(row.name, row.doc, 26);
    return kExitOk;
  }
  const std::string schema = which == "preset"    ? PresetSchema()
                             : which == "claim"   ? ClaimSchema()
                             : which == "space"   ? SpaceSchema()
                             : which == "result"  ? ResultSchema()
                             : which == "gateway" ? GatewaySchema()
                                                  : ScenarioSchema();
  std::fputs(schema.c_str(), stdout);
  return kExitOk;
}

int PrintVersion(const OutputOptions& output) {
  const std::string version = RunResult::BuildVersion();
  const std::string compiler = RunResult::BuildCompiler();
  const char* revision = output.revision.c_str();
  if (output.json) {
    std::printf("{\"version\": \"%s\", \"compiler\": \"%s\", \"revision\": \"%s\"}\n",
                version.c_str(), compiler.c_str(), revision);
  } else {
    std::printf("squall %s (%s%s%s)\n", version.c_str(), compiler.c_str(),
                *revision == '\0' ? "" : ", ", revision);
  }
  return kExitOk;
}

}  // namespace squall

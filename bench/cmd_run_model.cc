// squall run of a scenario that is a model: its replications on all cores, one table or one JSON.
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/gates.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "reports/atomic_file.h"
#include "reports/html.h"
#include "reports/model_result.h"
#include "reports/result_reader.h"
#include "scenarios/thresholds.h"

namespace squall {
namespace {

// What only makes sense with an engine, "" where nothing of it was asked for.
std::string_view EngineOption(const RunOptions& options) {
  if (options.ablate) return "--ablate";
  if (options.mode != "virtual") return "--mode wire";
  if (!options.knowledge.empty()) return "--knowledge";
  if (!options.knowledge_out.empty()) return "--knowledge-out";
  return "";
}

ModelResult Describe(const RunOptions& options, const Scenario& scenario, ModelRun run) {
  ModelResult result;
  result.scenario = scenario.name;
  result.scenario_hash = scenario.hash;
  result.doc = scenario.doc;
  for (const std::string& text : scenario.expect) result.doc += " " + text;
  result.seed = scenario.seed;
  result.replications = run.replications;
  result.overrides = options.sets;
  result.partial = run.interrupted;
  result.kind = std::string(ModelKindNames()[scenario.model->index()]);
  result.parameters = ModelParametersJson(*scenario.model);
  result.outputs = std::move(run.outputs);
  result.repeat = RepeatCommand(options, "", scenario.seed);
  if (options.replications == 1) result.repeat += " --replications 1";
  return result;
}

// The page is made of what a result file says, as `squall report --html` makes it.
int WritePage(const std::string& path, const ModelResult& result) {
  if (path.empty()) return kExitOk;
  const auto stored = ReadResults(ToJson(result), result.scenario);
  if (!stored.ok()) return ReportReadError(stored.status());
  return WriteOut(path, RenderHtml(*stored));
}

}  // namespace

int RunModelScenario(const RunOptions& options, const Scenario& loaded) {
  const std::string_view engine_option = EngineOption(options);
  if (!engine_option.empty()) {
    std::fprintf(stderr, "squall: got %s with a model, expected a scenario with providers\n",
                 std::string(engine_option).c_str());
    return kExitUsage;
  }
  Scenario scenario = loaded;
  if (options.seed >= 0) scenario.seed = options.seed;
  if (options.replications > 0) scenario.replications = options.replications;
  std::vector<Threshold> thresholds = ThresholdsOf(scenario);
  if (const int code = ReadThresholds(options.thresholds, scenario, &thresholds); code != kExitOk) {
    return code;
  }
  RunOptions repeated = options;
  repeated.replications = scenario.replications;
  const auto start = std::chrono::steady_clock::now();
  const double cpu_start = CpuSeconds();
  std::atomic<int64_t> done{0};
  ModelRun run = [&] {
    const Progress progress(scenario.name, &done, scenario.replications, !options.output.quiet,
                            "replications");
    return RunModelReplications(*scenario.model, static_cast<uint64_t>(scenario.seed),
                                scenario.replications, ThreadsFor(options.threads),
                                &InterruptFlag(), &done);
  }();
  ModelResult result = Describe(repeated, scenario, std::move(run));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  result.timing.wall_s = wall.count();
  result.timing.cpu_s = CpuSeconds() - cpu_start;
  const auto document = ResultDocument(result);
  for (const Threshold& one : thresholds) result.thresholds.push_back(Judge(one, document));
  if (!options.output.out_file.empty()) {
    const absl::Status written = WriteFileAtomically(options.output.out_file, ToJson(result));
    if (!written.ok()) {
      std::fprintf(stderr, "squall: %s\n", std::string(written.message()).c_str());
      return kExitUsage;
    }
  }
  if (const int page = WritePage(options.html, result); page != kExitOk) return page;
  const TextStyle style{options.output.color, options.output.utf8, options.output.width};
  const std::string text = options.output.json ? ToJson(result) : RenderModel(result, style);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) != 0) return kExitInternal;
  if (InterruptExitCode() != 0) return InterruptExitCode();
  return GateExitCode(result.thresholds, options.thresholds, options.allow_inconclusive);
}

}  // namespace squall

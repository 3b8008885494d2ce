#include "bench/reproduce_run.h"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "bench/command_text.h"
#include "reports/model_result.h"
#include "reports/result.h"
#include "scenarios/replicate.h"

namespace squall {
namespace {

using nlohmann::json;

struct Prepared {
  ClaimRun run;
  Scenario scenario;
  std::vector<std::optional<WorldResult>> results;  // by replication
  std::optional<ModelRun> model;                    // in place of these
};

absl::StatusOr<Prepared> Prepare(const ClaimRun& run) {
  ScenarioOptions options;
  options.sets = run.sets;
  options.preset = run.engine;
  absl::StatusOr<Scenario> scenario = LoadScenario(run.scenario, options);
  if (!scenario.ok()) {
    return absl::InvalidArgumentError(ClaimRunCommand(run) + ":\n" +
                                      std::string(scenario.status().message()));
  }
  Prepared prepared;
  prepared.run = run;
  prepared.scenario = std::move(*scenario);
  if (run.seed > 0) prepared.scenario.seed = run.seed;
  if (!prepared.scenario.model.has_value()) {
    prepared.results.resize(static_cast<size_t>(std::max<int64_t>(run.replications, 1)));
  } else if (run.replications > 0) {
    prepared.scenario.replications = run.replications;
  }
  return prepared;
}

json JsonOf(const Prepared& prepared, const WorldResult& world, int64_t replications) {
  RunResult result = Describe(prepared.scenario, world);
  result.replications = replications;
  result.overrides = prepared.run.sets;
  return json::parse(ToJson(result));
}

json JsonOf(const Prepared& prepared, ModelRun run) {
  ModelResult result;
  result.scenario = prepared.scenario.name;
  result.scenario_hash = prepared.scenario.hash;
  result.seed = prepared.scenario.seed;
  result.replications = run.replications;
  result.overrides = prepared.run.sets;
  result.kind = std::string(ModelKindNames()[prepared.scenario.model->index()]);
  result.parameters = ModelParametersJson(*prepared.scenario.model);
  result.outputs = std::move(run.outputs);
  return json::parse(ToJson(result));
}

void Work(std::vector<Prepared>* all, const std::vector<std::pair<size_t, int64_t>>& jobs,
          const ClaimRunOptions& options, std::atomic<size_t>* next) {
  RunHooks hooks;
  hooks.stop = options.stop;
  hooks.done = options.done;
  for (size_t i = (*next)++; i < jobs.size(); i = (*next)++) {
    Prepared& prepared = (*all)[jobs[i].first];
    const int64_t replication = jobs[i].second;
    const auto seed = static_cast<uint64_t>(prepared.scenario.seed);
    if (prepared.scenario.model.has_value()) {
      prepared.model =
          RunModelReplications(*prepared.scenario.model, seed, prepared.scenario.replications, 1,
                               options.stop, options.done);
      continue;
    }
    prepared.results[static_cast<size_t>(replication)].emplace(
        RunVirtual(prepared.scenario, ReplicationSeed(seed, replication), hooks));
  }
}

std::unique_ptr<ClaimOutput> Collect(Prepared prepared) {
  auto output = std::make_unique<ClaimOutput>();
  output->command = ClaimRunCommand(prepared.run);
  if (prepared.model.has_value()) {
    output->interrupted = prepared.model->interrupted;
    ModelRun model = std::move(*prepared.model);
    output->pooled = std::make_unique<json>(JsonOf(prepared, std::move(model)));
    return output;
  }
  WorldResult sum{Metrics(FaultNames())};
  for (std::optional<WorldResult>& one : prepared.results) {
    output->replications.push_back(JsonOf(prepared, *one, 1));
    Append(*one, &sum);
    one.reset();
  }
  output->recovered = sum.metrics.Summarize().replications;
  const auto marks = sum.metrics.marks();
  output->marks.assign(marks.begin(), marks.end());
  output->interrupted = sum.interrupted;
  output->pooled = std::make_unique<json>(
      JsonOf(prepared, sum, static_cast<int64_t>(output->replications.size())));
  return output;
}

}  // namespace

ClaimOutput::ClaimOutput() = default;
ClaimOutput::~ClaimOutput() = default;

std::string ClaimRunCommand(const ClaimRun& run) {
  std::string line = "squall run " + ShellWord(run.scenario);
  if (!run.engine.empty()) line += " --engine " + ShellWord(run.engine);
  for (const std::string& set : run.sets) line += " --set " + ShellWord(set);
  if (run.seed > 0) line += " --seed " + std::to_string(run.seed);
  if (run.replications > 1) line += " --replications " + std::to_string(run.replications);
  return line;
}

std::string ClaimRunKey(const ClaimRun& run) { return ClaimRunCommand(run); }

absl::StatusOr<ClaimOutputs> RunAll(const std::vector<ClaimRun>& runs,
                                    const ClaimRunOptions& options) {
  ClaimOutputs outputs;
  std::vector<Prepared> all;
  std::vector<std::pair<size_t, int64_t>> jobs;
  for (const ClaimRun& run : runs) {
    if (!outputs.try_emplace(ClaimRunKey(run)).second) continue;
    absl::StatusOr<Prepared> prepared = Prepare(run);
    if (!prepared.ok()) return prepared.status();
    const auto replications = std::max<int64_t>(1, static_cast<int64_t>(prepared->results.size()));
    for (int64_t r = 0; r < replications; ++r) jobs.emplace_back(all.size(), r);
    all.push_back(std::move(*prepared));
  }
  std::atomic<size_t> next{0};
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < options.threads; ++i) {
      others.emplace_back([&] { Work(&all, jobs, options, &next); });
    }
    Work(&all, jobs, options, &next);
  }
  for (Prepared& prepared : all) {
    const std::string key = ClaimRunKey(prepared.run);
    outputs[key] = Collect(std::move(prepared));
  }
  return outputs;
}

}  // namespace squall

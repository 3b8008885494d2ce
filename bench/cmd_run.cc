// squall run: one scenario; one engine, several, or one and what it is without each mechanism, on
// identical faults.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "bench/ablation.h"
#include "bench/command_text.h"
#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/gates.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "bench/target_flags.h"
#include "reports/atomic_file.h"
#include "reports/html.h"
#include "reports/result.h"
#include "reports/terminal.h"
#include "reports/threshold_table.h"
#include "scenarios/knowledge_file.h"
#include "scenarios/replicate.h"
#include "scenarios/result_scenario.h"
#include "scenarios/target.h"
#include "scenarios/thresholds.h"

namespace squall {
namespace {

struct Finished {
  RunResult result;
  KnowledgeFile learned;
  std::vector<uint8_t> first_attempts;
  std::vector<uint8_t> marks;
};

ScenarioOptions Loading(const RunOptions& options, const std::string& engine) {
  ScenarioOptions loading;
  loading.sets = options.sets;
  loading.preset = engine;
  loading.trace = options.trace;
  loading.target = options.target.url;
  return loading;
}

RunResult Describe(const RunOptions& options, const Scenario& scenario, const WorldResult& world,
                   const std::string& engine) {
  RunResult result = Describe(scenario, world);
  result.mode = options.mode;
  result.time_scale = options.time_scale;
  result.replications = options.replications;
  result.overrides = options.sets;
  result.revision = options.output.revision;
  result.repeat = RepeatCommand(options, engine, scenario.seed);
  if (result.target) DescribeTarget(options, scenario, world, &result);
  return result;
}

// The rules of --knowledge for this scenario; none without. Only rules that have been checked.
absl::StatusOr<KnowledgeFile> RulesToBeginWith(const RunOptions& options,
                                               const Scenario& scenario) {
  if (options.knowledge.empty()) return KnowledgeFile();
  absl::StatusOr<KnowledgeFile> file = LoadKnowledge(options.knowledge, &scenario);
  if (!file.ok() || !file->checked_on.empty()) return file;
  return absl::InvalidArgumentError(
      options.knowledge +
      ": /checked_on: got rules that nobody has checked, expected what `squall knowledge check "
      "FILE SCENARIO --out CHECKED` writes");
}

// What the run has learned, over all that it was learned on.
KnowledgeFile LearnedFile(const RunOptions& options, const Scenario& scenario,
                          const WorldResult& world, const KnowledgeFile& before) {
  Knowledge learned(scenario.engine.knowledge);
  learned.Import(world.rules, kStart);
  KnowledgeFile file;
  file.learned_on = before.learned_on;
  for (const KnowledgeSource& source : before.checked_on) file.learned_on.push_back(source);
  file.learned_on.push_back(SourceOf(scenario, options.replications));
  file.rules = NameRules(learned.Export(kStart), scenario);
  return file;
}

// A row for each request goes into what is written as JSON, up to a million of them.
bool KeepsRequests(const RunOptions& options, const Scenario& scenario) {
  if (options.no_requests) return false;
  if (!options.output.json && options.output.out_file.empty()) return false;
  return scenario.workload.requests <= kMostRequestsKept / options.replications;
}

// Runs one engine. On failure the exit code is in `code`.
std::optional<Finished> RunOne(const RunOptions& options, const std::string& engine, int* code) {
  absl::StatusOr<Scenario> scenario = LoadScenario(options.scenario, Loading(options, engine));
  if (!scenario.ok()) {
    *code = ReportLoadError(scenario.status());
    return std::nullopt;
  }
  if (options.seed >= 0) scenario->seed = options.seed;
  std::vector<Threshold> thresholds = ThresholdsOf(*scenario);
  *code = ReadThresholds(options.thresholds, *scenario, &thresholds);
  if (*code != kExitOk) return std::nullopt;
  const absl::StatusOr<KnowledgeFile> before = RulesToBeginWith(options, *scenario);
  if (!before.ok()) {
    *code = ReportLoadError(before.status());
    return std::nullopt;
  }
  const std::vector<LearnedRule> rules = ResolveRules(before->rules, *scenario);
  TargetOptions target;
  *code = ReadTargetFlags(options, *scenario, &target);
  if (*code != kExitOk) return std::nullopt;
  ReplicateOptions replicate;
  if (!scenario->target.empty()) replicate.target = &target;
  replicate.mode = options.mode == "wire" ? Mode::kWire : Mode::kVirtual;
  replicate.time_scale = options.time_scale;
  replicate.replications = options.replications;
  replicate.threads = ThreadsFor(options.threads);
  std::atomic<int64_t> done{0};
  RunHooks hooks;
  hooks.stop = &InterruptFlag();
  hooks.done = &done;
  hooks.rules = &rules;
  hooks.keep_requests = KeepsRequests(options, *scenario);
  hooks.chronicle =
      options.output.json || !options.output.out_file.empty() || !options.html.empty();
  const auto start = std::chrono::steady_clock::now();
  const double cpu_start = CpuSeconds();
  absl::StatusOr<WorldResult> world = [&] {
    const Progress progress(replicate.target == nullptr ? scenario->preset : "target", &done,
                            scenario->workload.requests * options.replications,
                            !options.output.quiet);
    return RunReplications(*scenario, replicate, hooks);
  }();
  if (!world.ok()) {
    std::fprintf(stderr, "squall: %s\n", std::string(world.status().message()).c_str());
    *code = kExitNetwork;
    return std::nullopt;
  }
  Finished finished;
  finished.result = Describe(options, *scenario, *world, engine);
  JudgeThresholds(thresholds, &finished.result);
  finished.learned = LearnedFile(options, *scenario, *world, *before);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  finished.result.timing.wall_s = wall.count();
  finished.result.timing.cpu_s = CpuSeconds() - cpu_start;
  finished.result.timing.timer_overhead_ns = MeasureTimerOverheadNs();
  finished.result.timing.machine = ThisMachine();
  if (!options.knowledge.empty()) finished.result.knowledge = DumpKnowledge(*before);
  const auto first = world->metrics.first_faults();
  finished.first_attempts.assign(first.begin(), first.end());
  const auto marks = world->metrics.marks();
  finished.marks.assign(marks.begin(), marks.end());
  return finished;
}

std::optional<double> LargestDifference(const std::vector<Finished>& runs) {
  std::optional<double> largest;
  for (size_t i = 1; i < runs.size(); ++i) {
    const auto share = ShareDiffering(runs[0].first_attempts, runs[i].first_attempts);
    if (share.has_value()) largest = std::max(largest.value_or(0), *share);
  }
  return largest;
}

std::string JsonOf(const RunOptions& options, const std::vector<RunResult>& results) {
  if (results.size() == 1 && !options.ablate) return ToJson(results[0]);
  std::string text = "[\n";
  for (size_t i = 0; i < results.size(); ++i) {
    if (i > 0) text += ",\n";
    std::string one = ToJson(results[i]);
    while (!one.empty() && one.back() == '\n') one.pop_back();
    text += one;
  }
  return text + "\n]\n";
}

// The engine and then the same engine without each of its mechanisms. Returns 0, or the exit code.
int RunAblation(const RunOptions& options, const std::string& engine, std::vector<Finished>* runs) {
  const auto removals = Removals(options.scenario, Loading(options, engine));
  if (!removals.ok()) return ReportLoadError(removals.status());
  int code = kExitInternal;
  std::optional<Finished> whole = RunOne(options, engine, &code);
  if (!whole.has_value()) return code;
  runs->push_back(std::move(*whole));
  for (const Removal& removal : *removals) {
    if (InterruptExitCode() != 0) break;
    RunOptions less = options;
    less.sets.insert(less.sets.end(), removal.edits.begin(), removal.edits.end());
    std::optional<Finished> without = RunOne(less, engine, &code);
    if (!without.has_value()) return code;
    const Finished& first = runs->front();
    Ablation ablation =
        CompareWithWhole(first.result, first.marks, without->result, without->marks);
    ablation.removed = removal.removed;
    ablation.edits = removal.edits;
    without->result.ablation = std::move(ablation);
    runs->push_back(std::move(*without));
  }
  return kExitOk;
}

// Rules of an interrupted run are not written: they are those of no seed that can be named.
int WriteKnowledge(const RunOptions& options, const Finished& run) {
  if (options.knowledge_out.empty() || run.result.partial) return kExitOk;
  const absl::Status written =
      WriteFileAtomically(options.knowledge_out, DumpKnowledge(run.learned));
  if (written.ok()) return kExitOk;
  std::fprintf(stderr, "squall: %s\n", std::string(written.message()).c_str());
  return kExitUsage;
}

std::string SideBySide(const std::vector<RunResult>& results, std::optional<double> differing,
                       const TextStyle& style) {
  std::string text = RenderComparison(results, differing, style);
  for (const RunResult& result : results) {
    if (result.thresholds.empty()) continue;
    text += "\n" + Printable(result.engine, style) + RenderThresholds(result.thresholds, style);
  }
  return text;
}

// What the thresholds say, the worst over all runs.
int GateCode(const RunOptions& options, const std::vector<Finished>& runs) {
  int code = kExitOk;
  for (const Finished& run : runs) {
    code = WorseExitCode(
        code, GateExitCode(run.result.thresholds, options.thresholds, options.allow_inconclusive));
  }
  return code;
}

// Where a replay finds it; the terminal report has the command that runs it from the scenario.
void SayReplay(const RunOptions& options, const std::vector<Finished>& runs) {
  const bool one = runs.size() == 1 && !options.ablate && options.mode == "virtual";
  if (!one || options.output.out_file.empty() || options.output.json || options.output.quiet)
    return;
  std::fprintf(stderr, "replay: squall replay %s\n", ShellWord(options.output.out_file).c_str());
}

int Emit(const RunOptions& options, const std::vector<Finished>& runs) {
  std::vector<RunResult> results;
  for (const Finished& run : runs) results.push_back(run.result);
  if (!options.output.out_file.empty()) {
    const absl::Status written =
        WriteFileAtomically(options.output.out_file, JsonOf(options, results));
    if (!written.ok()) {
      std::fprintf(stderr, "squall: %s\n", std::string(written.message()).c_str());
      return kExitUsage;
    }
  }
  if (!options.html.empty()) {
    const int page = WriteOut(options.html, RenderHtml(results));
    if (page != kExitOk) return page;
  }
  std::string text;
  if (options.output.json) {
    text = JsonOf(options, results);
  } else {
    const TextStyle style{options.output.color, options.output.utf8, options.output.width};
    text = options.ablate        ? RenderAblation(results, style)
           : results.size() == 1 ? RenderReport(results[0], style)
                                 : SideBySide(results, LargestDifference(runs), style);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 ? kExitOk : kExitInternal;
}

}  // namespace

double CpuSeconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

int ThreadsFor(int64_t asked) {
  if (asked > 0) return static_cast<int>(asked);
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::string RepeatCommand(const RunOptions& options, const std::string& engine, int64_t seed) {
  std::string line = "squall run " + ShellWord(options.scenario);
  if (!options.trace.empty()) line += " --trace " + ShellWord(options.trace);
  if (!engine.empty()) line += " --engine " + ShellWord(engine);
  for (const std::string& set : options.sets) line += " --set " + ShellWord(set);
  if (!options.knowledge.empty()) line += " --knowledge " + ShellWord(options.knowledge);
  line += " --seed " + std::to_string(seed);
  if (options.replications > 1) line += " --replications " + std::to_string(options.replications);
  line += RepeatTarget(options);
  if (options.mode != "virtual") {
    line += " --mode " + options.mode;
    char scale[32];
    std::snprintf(scale, sizeof scale, "%g", options.time_scale);
    if (options.time_scale != 1) line += std::string(" --time-scale ") + scale;
  }
  return line;
}

int Run(const RunOptions& asked) {
  RunOptions given = asked;
  if (given.mode.empty()) given.mode = given.target.url.empty() ? "virtual" : "wire";
  if (const int code = CheckTargetAlone(given); code != kExitOk) return code;
  // Only a scenario as it stands can be a model: what replaces an engine or a workload is an error
  // there, which loading it reports.
  if (given.engines.empty() && given.trace.empty()) {
    const absl::StatusOr<Scenario> scenario = LoadScenario(given.scenario, Loading(given, ""));
    if (scenario.ok() && scenario->model) return RunModelScenario(given, *scenario);
    const bool targeted = scenario.ok() && !scenario->target.empty();
    if (targeted && asked.mode.empty()) given.mode = "wire";
  }
  RunOptions options = given;
  options.replications = std::max<int64_t>(given.replications, 1);
  if (options.ablate && options.engines.size() > 1) {
    std::fprintf(stderr, "squall: got %zu engines with --ablate, expected one\n",
                 options.engines.size());
    return kExitUsage;
  }
  if (!options.knowledge_out.empty()) {
    const bool twice = !options.knowledge.empty() && options.replications > 1;
    if (options.engines.size() > 1 || twice) {
      std::fprintf(stderr,
                   "squall: --knowledge-out: got %s, expected one engine and, where --knowledge is "
                   "given, one replication\n",
                   twice ? "replications that each begin with the same rules" : "several engines");
      return kExitUsage;
    }
  }
  const std::vector<std::string> engines =
      options.engines.empty() ? std::vector<std::string>{""} : options.engines;
  std::vector<Finished> runs;
  if (options.ablate) {
    const int code = RunAblation(options, engines[0], &runs);
    if (code != kExitOk) return code;
  } else {
    for (const std::string& engine : engines) {
      int code = kExitInternal;
      std::optional<Finished> finished = RunOne(options, engine, &code);
      if (!finished.has_value()) return code;
      runs.push_back(std::move(*finished));
      if (InterruptExitCode() != 0) break;
    }
  }
  int code = Emit(options, runs);
  if (code == kExitOk) code = WriteKnowledge(options, runs[0]);
  if (code == kExitOk) SayReplay(options, runs);
  if (code == kExitOk) code = InterruptExitCode();
  return code == kExitOk ? GateCode(options, runs) : code;
}

}  // namespace squall

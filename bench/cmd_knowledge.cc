// squall knowledge: lists the rules that a run has learned, and tries them on traffic that they
// were not learned on before another run may take them.
#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "reports/atomic_file.h"
#include "reports/text.h"
#include "scenarios/knowledge_file.h"
#include "scenarios/knowledge_trial.h"

namespace squall {
namespace {

double BetaMean(double successes, double failures) {
  return (successes + 1) / (successes + failures + 2);
}

void PrintSources(const char* label, const std::vector<KnowledgeSource>& sources) {
  if (sources.empty()) std::printf("%s nothing\n", label);
  for (const KnowledgeSource& source : sources) {
    std::printf("%s %s, seed %lld, %lld replications\n", label, source.scenario.c_str(),
                static_cast<long long>(source.seed), static_cast<long long>(source.replications));
  }
}

const char* TrialVerdictName(TrialVerdict verdict) {
  switch (verdict) {
    case TrialVerdict::kHolds: return "holds";
    case TrialVerdict::kFails: return "fails";
    case TrialVerdict::kUntried: return "untried";
    case TrialVerdict::kSilent: return "silent";
  }
  return "";
}

std::string Recovery(const Proportion& p) {
  if (p.n == 0) return "nothing";
  return PercentText(p.successes, p.n) + " " + IntervalText(p.successes, p.n);
}

void PrintTrial(const KnowledgeTrial& trial, const std::vector<NamedRule>& names) {
  for (size_t i = 0; i < trial.rules.size(); ++i) {
    const RuleTrial& one = trial.rules[i];
    if (one.verdict == TrialVerdict::kSilent) continue;
    const Proportion& seen = one.observed;
    std::printf("%-7s  %s\n         claimed %.0f %%, observed %s of %s\n",
                TrialVerdictName(one.verdict), RuleText(names[i]).c_str(),
                100 * BetaMean(one.rule.successes, one.rule.failures), Recovery(seen).c_str(),
                CountText(seen.n).c_str());
  }
  std::printf("\nrecovered without rules  %s, %s attempts\n", Recovery(trial.without).c_str(),
              CountText(trial.attempts_without).c_str());
  std::printf("recovered with them      %s, %s attempts\n", Recovery(trial.with).c_str(),
              CountText(trial.attempts_with).c_str());
}

// A rule that is tried on what it goes by proves nothing, and after a check it goes by that.
const KnowledgeSource* SeenBefore(const KnowledgeFile& file, int64_t seed) {
  for (const auto* sources : {&file.learned_on, &file.checked_on}) {
    for (const KnowledgeSource& source : *sources) {
      if (source.seed == seed) return &source;
    }
  }
  return nullptr;
}

int WriteChecked(const KnowledgeOptions& options, const Scenario& scenario,
                 const KnowledgeTrial& trial, KnowledgeFile file) {
  if (options.out_file.empty()) return kExitOk;
  Knowledge passed(scenario.engine.knowledge);
  passed.Import(RulesThatPassed(trial), kStart);
  file.rules = NameRules(passed.Export(kStart), scenario);
  file.checked_on.push_back(SourceOf(scenario, options.replications));
  const absl::Status written =
      WriteFileAtomically(options.out_file, DumpKnowledge(std::move(file)));
  if (written.ok()) return kExitOk;
  std::fprintf(stderr, "squall: %s\n", std::string(written.message()).c_str());
  return kExitUsage;
}

}  // namespace

int ShowKnowledge(const KnowledgeOptions& options) {
  absl::StatusOr<KnowledgeFile> file = LoadKnowledge(options.file, nullptr);
  if (!file.ok()) return ReportLoadError(file.status());
  PrintSources("learned on", file->learned_on);
  PrintSources("checked on", file->checked_on);
  std::stable_sort(file->rules.begin(), file->rules.end(),
                   [](const NamedRule& a, const NamedRule& b) { return a.speaks > b.speaks; });
  for (const NamedRule& rule : file->rules) {
    std::printf("%s: %.0f %% of %.1f%s\n", RuleText(rule).c_str(),
                100 * BetaMean(rule.successes, rule.failures), rule.successes + rule.failures,
                rule.speaks ? " (speaks)" : "");
  }
  return kExitOk;
}

int CheckKnowledge(const KnowledgeOptions& options) {
  ScenarioOptions loading;
  loading.sets = options.sets;
  loading.preset = options.engine;
  absl::StatusOr<Scenario> scenario = LoadScenario(options.scenario, loading);
  if (!scenario.ok()) return ReportLoadError(scenario.status());
  if (scenario->model) return ReportModel(options.scenario);
  if (options.seed >= 0) scenario->seed = options.seed;
  const absl::StatusOr<KnowledgeFile> file = LoadKnowledge(options.file, &*scenario);
  if (!file.ok()) return ReportLoadError(file.status());
  if (const KnowledgeSource* seen = SeenBefore(*file, scenario->seed); seen != nullptr) {
    std::fprintf(stderr,
                 "squall: --seed: got %lld, on which the rules were learned (%s), expected another "
                 "one\n",
                 static_cast<long long>(seen->seed), seen->scenario.c_str());
    return kExitUsage;
  }
  ReplicateOptions replicate;
  replicate.replications = options.replications;
  const auto cores = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  replicate.threads = static_cast<int>(options.threads > 0 ? options.threads : cores);
  const std::vector<LearnedRule> rules = ResolveRules(file->rules, *scenario);
  std::atomic<int64_t> done{0};
  const absl::StatusOr<KnowledgeTrial> trial = [&] {
    const int64_t requests = 2 * scenario->workload.requests * options.replications;
    const Progress progress("knowledge check", &done, requests, !options.quiet);
    return TryKnowledge(*scenario, rules, replicate, &InterruptFlag(), &done);
  }();
  if (!trial.ok()) {
    std::fprintf(stderr, "squall: %s\n", std::string(trial.status().message()).c_str());
    return kExitInternal;
  }
  if (trial->interrupted) return InterruptExitCode();
  PrintTrial(*trial, file->rules);
  const bool any = std::any_of(trial->rules.begin(), trial->rules.end(), [](const RuleTrial& one) {
    return one.verdict == TrialVerdict::kHolds;
  });
  if (!any) {
    std::fprintf(stderr, "squall: no rule that speaks has passed\n");
    return kExitThreshold;
  }
  return WriteChecked(options, *scenario, *trial, *file);
}

}  // namespace squall

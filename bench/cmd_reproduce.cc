// squall reproduce: published claims, rerun and judged.
#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "bench/reproduce_estimate.h"
#include "bench/reproduce_page.h"
#include "bench/reproduce_run.h"
#include "bench/reproduce_table.h"
#include "engine/base/json_fields.h"
#include "reports/atomic_file.h"

namespace squall {
namespace {

// The claims asked for, in the order of the table; all where none is. False if one is unknown.
bool Choose(const std::vector<std::string>& ids, std::vector<Claim>* claims) {
  if (ids.empty()) return true;
  std::vector<std::string> known;
  for (const Claim& claim : *claims) known.push_back(claim.id);
  bool all_known = true;
  for (const std::string& id : ids) {
    if (std::find(known.begin(), known.end(), id) != known.end()) continue;
    const std::string near = Nearest(id, known);
    const std::string hint = near.empty() ? "one of squall reproduce --list"
                                          : "one that exists; did you mean \"" + near + "\"?";
    std::fprintf(stderr, "squall: got unknown claim \"%s\", expected %s\n", id.c_str(),
                 hint.c_str());
    all_known = false;
  }
  std::erase_if(*claims, [&](const Claim& claim) {
    return std::find(ids.begin(), ids.end(), claim.id) == ids.end();
  });
  return all_known;
}

// What `done` counts up to: requests, and replications of models.
int64_t WorkOf(const std::vector<ClaimRun>& runs) {
  int64_t requests = 0;
  std::set<std::string> counted;  // runs that several claims share are made once
  for (const ClaimRun& run : runs) {
    if (!counted.insert(ClaimRunKey(run)).second) continue;
    ScenarioOptions options;
    options.sets = run.sets;
    const auto scenario = LoadScenario(run.scenario, options);
    if (!scenario.ok()) continue;
    if (scenario->model.has_value()) {
      requests += run.replications > 0 ? run.replications : scenario->replications;
      continue;
    }
    requests += scenario->workload.requests * std::max<int64_t>(run.replications, 1);
  }
  return requests;
}

std::vector<ClaimRun> RunsOf(const std::vector<Claim>& claims) {
  std::vector<ClaimRun> runs;
  for (const Claim& claim : claims) {
    runs.insert(runs.end(), claim.runs.begin(), claim.runs.end());
    for (const ClaimWorld& world : claim.worlds) runs.push_back(WorldRun(claim, world, 0));
  }
  return runs;
}

absl::StatusOr<Judgement> JudgeClaim(const Claim& claim, const ClaimOutputs& outputs) {
  Judgement judgement;
  judgement.claim = &claim;
  if (!claim.not_testable.empty()) return judgement;
  absl::StatusOr<Estimate> estimate = EstimateOf(claim, outputs);
  if (!estimate.ok()) return estimate.status();
  judgement.estimate = *estimate;
  judgement.verdict = Judge(claim.claimed(), *estimate);
  if (claim.timing) {
    std::fprintf(stderr, "%s: %.3g %s this time\n", claim.id.c_str(), estimate->value,
                 claim.unit.c_str());
  }
  return judgement;
}

int Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 ? kExitOk : kExitInternal;
}

// The claim whose worlds stand on the page of this one; nullptr: it has no page.
const Claim* WorldsFor(const Claim& claim, const std::vector<Claim>& all) {
  for (const Claim& other : all) {
    if (!claim.worlds_of.empty() && other.id == claim.worlds_of) return &other;
  }
  return nullptr;
}

std::string Report(const ReproduceOptions& options, const std::vector<Claim>& all,
                   const std::vector<Judgement>& judgements, const ClaimOutputs& outputs) {
  const TextStyle style{options.output.color, options.output.utf8, options.output.width};
  if (options.output.json) return VerdictsJson(judgements);
  if (options.markdown) return RenderMarkdown(judgements);
  if (options.ids.empty()) return RenderVerdicts(judgements, style);
  std::string text;
  for (const Judgement& judgement : judgements) {
    if (!text.empty()) text += "\n" + Repeat(style.utf8 ? "─" : "-", style.width()) + "\n\n";
    const Claim* worlds = WorldsFor(*judgement.claim, all);
    text += worlds == nullptr ? RenderClaim(judgement, style)
                              : RenderPage(judgement, *worlds, outputs, style);
  }
  return text;
}

int ExitCodeOf(const std::vector<Judgement>& judgements) {
  const bool open = std::any_of(judgements.begin(), judgements.end(), [](const Judgement& j) {
    return j.verdict == Verdict::kInconclusive;
  });
  return open ? kExitInconclusive : kExitOk;
}

}  // namespace

int Reproduce(const ReproduceOptions& options) {
  const absl::StatusOr<std::vector<Claim>> all = BundledClaims();
  if (!all.ok()) return ReportLoadError(all.status());
  std::vector<Claim> claims = *all;
  if (!Choose(options.ids, &claims)) return kExitUsage;
  const TextStyle style{options.output.color, options.output.utf8, options.output.width};
  if (options.list) return Print(RenderClaimList(claims, style));
  std::vector<ClaimRun> runs = RunsOf(claims);
  const bool in_full = !options.ids.empty() && !options.output.json && !options.markdown;
  for (const Claim& claim : claims) {
    const Claim* worlds = in_full ? WorldsFor(claim, *all) : nullptr;
    if (worlds == nullptr) continue;
    for (ClaimRun& run : PageRuns(*worlds)) runs.push_back(std::move(run));
  }
  ClaimRunOptions running;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  running.threads =
      options.threads > 0 ? static_cast<int>(options.threads) : static_cast<int>(cores);
  running.stop = &InterruptFlag();
  std::atomic<int64_t> done{0};
  running.done = &done;
  absl::StatusOr<ClaimOutputs> outputs = [&] {
    const Progress progress("reproduce", &done, WorkOf(runs), !options.output.quiet,
                            "requests and replications");
    return RunAll(runs, running);
  }();
  if (!outputs.ok()) return ReportLoadError(outputs.status());
  if (InterruptExitCode() != 0) {
    std::fprintf(stderr, "squall: interrupted; half a run judges nothing\n");
    return InterruptExitCode();
  }
  std::vector<Judgement> judgements;
  for (const Claim& claim : claims) {
    absl::StatusOr<Judgement> judgement = JudgeClaim(claim, *outputs);
    if (!judgement.ok()) return ReportLoadError(judgement.status());
    judgements.push_back(*judgement);
  }
  if (!options.output.out_file.empty()) {
    const absl::Status written =
        WriteFileAtomically(options.output.out_file, VerdictsJson(judgements));
    if (!written.ok()) {
      std::fprintf(stderr, "squall: %s\n", std::string(written.message()).c_str());
      return kExitUsage;
    }
  }
  const int code = Print(Report(options, *all, judgements, *outputs));
  return code == kExitOk ? ExitCodeOf(judgements) : code;
}

}  // namespace squall

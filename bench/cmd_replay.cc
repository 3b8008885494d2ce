// squall replay: runs a result again from what stands in it, and says whether everything happened
// again, to the nanosecond; or tells one request step by step.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "reports/compare.h"
#include "reports/request_steps.h"
#include "reports/result_reader.h"
#include "scenarios/replicate.h"
#include "scenarios/result_scenario.h"

namespace squall {
namespace {

struct Place {
  int64_t replication = 0;
  int64_t index = 0;
};

// "4711" or "3:4711", the 4712th request of the fourth replication.
std::optional<Place> ParsePlace(const std::string& text, const RunResult& result,
                                const Scenario& scenario) {
  Place place;
  const size_t colon = text.find(':');
  const auto number = [](std::string_view digits, int64_t* value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *value);
    return error == std::errc() && end == digits.data() + digits.size() && *value >= 0;
  };
  const std::string_view view = text;
  if (colon != std::string::npos && !number(view.substr(0, colon), &place.replication)) {
    return std::nullopt;
  }
  const std::string_view index = colon == std::string::npos ? view : view.substr(colon + 1);
  if (!number(index, &place.index)) return std::nullopt;
  if (place.replication >= result.replications) return std::nullopt;
  if (place.index >= scenario.workload.requests) return std::nullopt;
  return place;
}

StepNames NamesOf(const Scenario& scenario) {
  StepNames names;
  names.faults = FaultNames();
  for (const ProviderConfig& provider : scenario.providers) {
    names.providers.push_back(provider.name);
    names.models.emplace_back();
    for (const ModelConfig& model : provider.models) names.models.back().push_back(model.name);
  }
  return names;
}

int ReplayRequest(const ReplayOptions& options, const RunResult& result,
                  const ResultScenario& again) {
  const auto place = ParsePlace(options.request, result, again.scenario);
  if (!place) {
    std::fprintf(
        stderr,
        "squall: --request: got \"%s\", expected INDEX or REPLICATION:INDEX below %lld and "
        "%lld\n",
        options.request.c_str(), static_cast<long long>(again.scenario.workload.requests),
        static_cast<long long>(result.replications));
    return kExitUsage;
  }
  const StepNames names = NamesOf(again.scenario);
  const TextStyle style{options.output.color, options.output.utf8, options.output.width};
  std::string text;
  RunHooks hooks;
  hooks.rules = &again.rules;
  hooks.keep_requests = true;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult& call) {
    if (static_cast<int64_t>(outcome.index) != place->index) return;
    text = RenderSteps(outcome, call, names, style);
  };
  const uint64_t seed = ReplicationSeed(static_cast<uint64_t>(result.seed), place->replication);
  const WorldResult world = RunVirtual(again.scenario, seed, hooks);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (result.requests == nullptr) return kExitOk;
  int64_t row = place->index;
  for (int64_t r = 0; r < place->replication; ++r) {
    row += result.requests->replications()[static_cast<size_t>(r)];
  }
  const RequestRow& before = result.requests->rows()[static_cast<size_t>(row)];
  const RequestRow& now = world.requests.rows()[static_cast<size_t>(place->index)];
  const auto fields = DifferingFields(before, now, *result.requests, world.requests);
  if (fields.empty()) return kExitOk;
  std::fprintf(stderr, "squall: request %s went another way, first in %s; in the result: %s\n",
               options.request.c_str(), fields[0].c_str(),
               RowText(before, *result.requests).c_str());
  return kExitNotDeterministic;
}

void SayDivergence(const StoredResult& stored, const WorldResult& world) {
  const RunResult& result = stored.result;
  std::fprintf(stderr, "squall: %s: not the same again: fingerprint %s, expected %s\n",
               stored.name.c_str(), FingerprintText(world.metrics.fingerprint()).c_str(),
               FingerprintText(result.summary.fingerprint).c_str());
  if (result.version != RunResult::BuildVersion() ||
      result.compiler != RunResult::BuildCompiler()) {
    std::fprintf(stderr, "squall: it was made by squall %s %s (%s), this is %s (%s)\n",
                 result.version.c_str(), result.revision.c_str(), result.compiler.c_str(),
                 RunResult::BuildVersion().c_str(), RunResult::BuildCompiler().c_str());
  }
  if (result.requests == nullptr) return;
  const auto divergence = FirstDivergence(*result.requests, world.requests);
  if (!divergence) {
    std::fprintf(stderr, "squall: every request went the same way, in another order\n");
    return;
  }
  std::fprintf(stderr, "squall: %lld requests went another way, first request %s, first in %s\n",
               static_cast<long long>(divergence->requests), divergence->request.c_str(),
               divergence->fields[0].c_str());
  std::fprintf(stderr, "squall: in the result: %s\nsquall: now: %s\n", divergence->base.c_str(),
               divergence->next.c_str());
}

int ReplayAll(const ReplayOptions& options, const StoredResult& stored,
              const ResultScenario& again) {
  const RunResult& result = stored.result;
  ReplicateOptions replicate;
  replicate.replications = result.replications;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  replicate.threads = static_cast<int>(options.threads > 0 ? options.threads : cores);
  std::atomic<int64_t> done{0};
  RunHooks hooks;
  hooks.stop = &InterruptFlag();
  hooks.done = &done;
  hooks.rules = &again.rules;
  hooks.keep_requests = result.requests != nullptr;
  const auto world = [&] {
    const Progress progress("replay", &done, again.scenario.workload.requests * result.replications,
                            !options.output.quiet);
    return RunReplications(again.scenario, replicate, hooks);
  }();
  if (!world.ok()) return kExitInternal;  // the virtual world has no errors
  if (world->interrupted) return InterruptExitCode();
  const bool rows = result.requests == nullptr || world->requests.rows() == result.requests->rows();
  if (world->metrics.fingerprint() != result.summary.fingerprint || !rows) {
    SayDivergence(stored, *world);
    return kExitNotDeterministic;
  }
  std::printf("%s: the same again, %lld requests, fingerprint %s\n", stored.name.c_str(),
              static_cast<long long>(result.summary.requests),
              FingerprintText(world->metrics.fingerprint()).c_str());
  return kExitOk;
}

}  // namespace

int Replay(const ReplayOptions& options) {
  const auto stored = LoadResult(options.result);
  if (!stored.ok()) return ReportReadError(stored.status());
  const RunResult& result = stored->result;
  if (result.mode != "virtual" || result.partial) {
    const std::string got = result.target    ? "a run against a target, which nobody can replay"
                            : result.partial ? "an interrupted run"
                                             : "a run of the " + result.mode + " world";
    std::fprintf(stderr, "squall: %s: got %s, expected a whole run in the virtual world\n",
                 stored->name.c_str(), got.c_str());
    return kExitUsage;
  }
  const auto again = ScenarioOfResult(result, stored->name);
  if (!again.ok()) return ReportReadError(again.status());
  if (!options.request.empty()) return ReplayRequest(options, result, *again);
  return ReplayAll(options, *stored, *again);
}

}  // namespace squall

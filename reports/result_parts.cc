#include "reports/result_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "reports/result_fields.h"
#include "reports/result_sections_reader.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

bool Flag(const Json& json, const char* key) {
  const Json& value = At(json, key);
  return value.is_boolean() && value.get<bool>();
}

// An object as text, "" where there is none.
std::string Embedded(const Json& json, const char* key) {
  const Json& value = At(json, key);
  return value.is_object() ? value.dump() : "";
}

Tally TallyOf(const Json& endings, int64_t n) {
  Tally tally;
  tally.n = n;
  tally.strict = IntAt(At(endings, "strict"), "count");
  tally.lenient = IntAt(At(endings, "lenient"), "count");
  tally.silent_escape = IntAt(At(endings, "silent_escape"), "count");
  tally.abstained = IntAt(At(endings, "abstained"), "count");
  tally.late = IntAt(At(endings, "late"), "count");
  return tally;
}

void ReadCeiling(const Json& counts, Tally* tally) {
  tally->ceiling_recovered = IntAt(counts, "recovered");
  tally->ceiling_known = IntAt(counts, "known");
}

void ReadKinds(const Json& json, Summary* s) {
  for (int i = 0; i < kRequestKindCount; ++i) {
    const auto kind = static_cast<RequestKind>(i);
    Tally& tally = s->by_kind[static_cast<size_t>(i)];
    if (kind == RequestKind::kFaulted) {
      tally = TallyOf(At(json, "recovered"), IntAt(json, "faulted"));
      ReadCeiling(At(json, "ceiling_counts"), &tally);
    } else {
      const Json& row = At(At(json, "other_requests"), std::string(RequestKindName(kind)));
      tally = TallyOf(row, IntAt(row, "n"));
    }
    s->all.Merge(tally);
  }
  const Json& replications = At(At(json, "recovered"), "by_replication");
  const std::vector<int64_t> strict = CountsAt(replications, "strict");
  const std::vector<int64_t> faulted = CountsAt(replications, "faulted");
  for (size_t i = 0; i < std::min(strict.size(), faulted.size()); ++i) {
    s->replications.push_back({strict[i], faulted[i]});
  }
}

void ReadFaults(const Json& json, RunResult* result) {
  for (const auto& [name, row] : At(json, "faults").items()) {
    result->faults.push_back(
        {name, IntAt(row, "scheduled"), IntAt(row, "injected"), IntAt(row, "left")});
    if (!row.contains("first_attempts")) continue;
    FaultSummary fault;
    fault.name = name;
    fault.first_attempts = IntAt(row, "first_attempts");
    const Json& tally = At(At(json, "by_fault"), name);
    fault.tally = TallyOf(tally, IntAt(tally, "n"));
    ReadCeiling(At(tally, "ceiling_counts"), &fault.tally);
    fault.losses = LossesOf(At(tally, "why_not_recovered"));
    const Json& diagnosis = At(At(At(json, "diagnosis"), "by_fault"), name);
    fault.diagnosis = {IntAt(diagnosis, "attempts"), IntAt(diagnosis, "class_right"),
                       IntAt(diagnosis, "retry_right")};
    result->summary.by_fault.push_back(std::move(fault));
  }
}

void ReadDiagnosis(const Json& json, Summary* s) {
  s->diagnosis = {IntAt(json, "faulted_attempts"), IntAt(json, "class_right"),
                  IntAt(json, "retry_right")};
  s->healthy_attempts = IntAt(json, "healthy_attempts");
  s->false_alarms = IntAt(json, "false_alarms");
  for (int truth = 0; truth < kFailureClassCount; ++truth) {
    const auto truth_name = std::string(FailureClassName(static_cast<FailureClass>(truth)));
    const Json& row = At(At(json, "confusion"), truth_name);
    for (int said = 0; said < kFailureClassCount; ++said) {
      const auto said_name = std::string(FailureClassName(static_cast<FailureClass>(said)));
      s->confusion[static_cast<size_t>(truth)][static_cast<size_t>(said)] = IntAt(row, said_name);
    }
  }
}

void ReadLoad(const Json& json, Summary* s) {
  const Json& amplification = At(json, "amplification");
  s->amplification = {.attempts = IntAt(amplification, "attempts"),
                      .mean = MaybeAt(amplification, "mean"),
                      .worst_1s = MaybeAt(amplification, "worst_1s"),
                      .worst_10s = MaybeAt(amplification, "worst_10s"),
                      .mean_ci95 = BoundsAt(amplification, "ci95")};
  for (const auto& [name, count] : At(json, "attempts_per_request").items()) {
    const auto attempts = static_cast<size_t>(std::strtoul(name.c_str(), nullptr, 10));
    s->attempts_per_request[std::min<size_t>(attempts, kMaxAttemptsCounted)] = count.get<int64_t>();
  }
  s->span_s = DoubleAt(json, "span_s");
  const Json& goodput = At(json, "goodput");
  s->load.window_s = static_cast<decltype(s->load.window_s)>(IntAt(goodput, "window_s"));
  s->load.offered = CountsAt(goodput, "offered");
  s->load.attempts = CountsAt(goodput, "attempts");
  s->load.good = CountsAt(goodput, "good");
  if (const Json& after = At(json, "after_trigger"); after.is_object()) {
    s->recovery = RecoverySummary{.trigger_end_s = DoubleAt(after, "trigger_end_s"),
                                  .n = IntAt(after, "replications"),
                                  .stayed_down = IntAt(At(after, "stayed_down"), "count"),
                                  .observed_s = DoubleAt(after, "observed_s"),
                                  .median_s = MaybeAt(json, "recovery_time_s"),
                                  .worst_s = MaybeAt(after, "worst_s")};
  }
  const Json& obedience = At(json, "obedience");
  s->obedience = {IntAt(obedience, "hints_given"), IntAt(obedience, "early_same_request"),
                  IntAt(obedience, "early_same_user")};
}

void ReadLatency(const Json& json, Summary* s) {
  s->latency = QuantilesAt(json, "latency_ms", 1e6);
  s->latency_success = QuantilesAt(json, "latency_success_ms", 1e6);
  s->latency_recovered = QuantilesAt(json, "latency_recovered_ms", 1e6);
  const Json& streams = At(json, "streams");
  s->streams = {.requests = IntAt(streams, "requests"),
                .restarted = IntAt(streams, "restarted"),
                .broken = IntAt(streams, "broken"),
                .first_piece = QuantilesAt(streams, "first_piece_ms", 1e6)};
}

RunTiming TimingOf(const Json& json, Summary* s) {
  static constexpr const char* kPhaseNames[kPhaseCount] = {"classify", "classify_parse", "validate",
                                                           "decide"};
  const Json& diagnosis = At(json, "diagnosis_ns");
  for (size_t i = 0; i < kPhaseCount; ++i) {
    s->phases[i] = QuantilesAt(diagnosis, kPhaseNames[i], 1);
  }
  const Json& machine = At(json, "machine");
  return {.wall_s = DoubleAt(json, "wall_s"),
          .cpu_s = DoubleAt(json, "cpu_s"),
          .timer_overhead_ns = IntAt(diagnosis, "timer_overhead"),
          .machine = {TextAt(machine, "cpu"), static_cast<int>(IntAt(machine, "cores")),
                      TextAt(machine, "kernel")}};
}

PairedShare PairedShareOf(const Json& json) {
  PairedShare share;
  share.n = IntAt(json, "pairs");
  share.both = IntAt(json, "both");
  share.first_only = IntAt(json, "whole_only");
  share.second_only = IntAt(json, "without_only");
  share.difference = DoubleAt(json, "difference");
  if (const auto bounds = BoundsAt(json, "ci95")) share.ci95 = *bounds;
  return share;
}

Ablation AblationOf(const Json& json) {
  Ablation ablation;
  ablation.removed = TextAt(json, "removed");
  ablation.edits = TextsAt(json, "edits");
  ablation.paired.recovered = PairedShareOf(At(json, "strict"));
  ablation.paired.right = PairedShareOf(At(json, "right"));
  const Json& amplification = At(json, "amplification");
  ablation.paired.pairs = IntAt(amplification, "pairs");
  ablation.paired.amplification = DoubleAt(amplification, "difference");
  ablation.paired.amplification_ci95 = BoundsAt(amplification, "ci95").value_or(Interval());
  ablation.p99_ns =
      static_cast<int64_t>(std::llround(DoubleAt(At(json, "latency_p99_ms"), "difference") * 1e6));
  ablation.cost_usd = DoubleAt(At(json, "cost_usd"), "difference");
  return ablation;
}

}  // namespace

RunResult ResultOf(const Json& json) {
  RunResult result;
  Summary& s = result.summary;
  result.scenario = TextAt(json, "scenario");
  result.scenario_hash = TextAt(json, "scenario_hash");
  result.draws_hash = TextAt(json, "draws_hash");
  result.mode = TextAt(json, "mode");
  result.time_scale = MaybeAt(json, "time_scale").value_or(1);
  result.seed = IntAt(json, "seed");
  result.replications = IntAt(json, "replications");
  result.engine = TextAt(json, "engine");
  result.overrides = TextsAt(json, "overrides");
  result.partial = Flag(json, "partial");
  for (const Json& threshold : At(json, "thresholds")) {
    result.thresholds.push_back(ThresholdVerdictOf(threshold));
  }
  s.requests = IntAt(json, "requests");
  ReadKinds(json, &s);
  ReadFaults(json, &result);
  ReadDiagnosis(At(json, "diagnosis"), &s);
  ReadLoad(json, &s);
  ReadLatency(json, &s);
  ReadSections(json, &result);
  for (const auto& [strategy, count] : At(json, "recovered_by").items()) {
    s.recovered_by.emplace_back(strategy, count.get<int64_t>());
  }
  result.breaker_transitions = IntAt(json, "breaker_transitions");
  s.prompt_tokens = IntAt(At(json, "tokens"), "prompt");
  s.completion_tokens = IntAt(At(json, "tokens"), "completion");
  s.cost_usd = DoubleAt(At(json, "cost"), "usd");
  s.cost_per_request_ci95 = BoundsAt(At(json, "cost"), "ci95");
  s.fingerprint = std::strtoull(TextAt(json, "fingerprint").c_str(), nullptr, 16);
  if (At(json, "ablation").is_object()) result.ablation = AblationOf(At(json, "ablation"));
  result.repeat = TextAt(json, "repeat");
  result.version = TextAt(json, "version");
  result.revision = TextAt(json, "revision");
  result.compiler = TextAt(json, "compiler");
  result.build = TextAt(json, "build");
  result.effective = Embedded(json, "effective_scenario");
  result.trace = Embedded(json, "trace");
  result.knowledge = Embedded(json, "knowledge");
  result.timing = TimingOf(At(json, "timing"), &s);
  return result;
}

}  // namespace squall

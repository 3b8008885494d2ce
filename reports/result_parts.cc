#include "reports/result_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

// The member, or null: optional keys may be absent.
const Json& At(const Json& json, const char* key) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

int64_t Int(const Json& json, const char* key) {
  const Json& value = At(json, key);
  return value.is_number() ? value.get<int64_t>() : 0;
}

std::optional<double> Maybe(const Json& json, const char* key) {
  const Json& value = At(json, key);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

double Double(const Json& json, const char* key) { return Maybe(json, key).value_or(0); }

std::string Text(const Json& json, const char* key) {
  const Json& value = At(json, key);
  return value.is_string() ? value.get<std::string>() : "";
}

bool Flag(const Json& json, const char* key) {
  const Json& value = At(json, key);
  return value.is_boolean() && value.get<bool>();
}

// An object as text, "" where there is none.
std::string Embedded(const Json& json, const char* key) {
  const Json& value = At(json, key);
  return value.is_object() ? value.dump() : "";
}

std::vector<std::string> Texts(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& text : list) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::vector<int64_t> Counts(const Json& list) {
  std::vector<int64_t> counts;
  for (const Json& count : list) counts.push_back(count.is_number() ? count.get<int64_t>() : 0);
  return counts;
}

Interval Bounds(const Json& list) {
  if (!list.is_array() || list.size() != 2) return {};
  return {list[0].get<double>(), list[1].get<double>()};
}

std::optional<Interval> MaybeBounds(const Json& json, const char* key) {
  const Json& list = At(json, key);
  if (!list.is_array()) return std::nullopt;
  return Bounds(list);
}

Tally TallyOf(const Json& endings, int64_t n) {
  Tally tally;
  tally.n = n;
  tally.strict = Int(At(endings, "strict"), "count");
  tally.lenient = Int(At(endings, "lenient"), "count");
  tally.silent_escape = Int(At(endings, "silent_escape"), "count");
  tally.abstained = Int(At(endings, "abstained"), "count");
  tally.late = Int(At(endings, "late"), "count");
  return tally;
}

void ReadCeiling(const Json& counts, Tally* tally) {
  tally->ceiling_recovered = Int(counts, "recovered");
  tally->ceiling_known = Int(counts, "known");
}

std::vector<int64_t> SpectrumOf(const Json& list, double unit_ns) {
  std::vector<int64_t> spectrum;
  for (const Json& value : list) {
    const double ns = value.is_number() ? value.get<double>() * unit_ns : 0;
    spectrum.push_back(static_cast<int64_t>(std::llround(ns)));
  }
  return spectrum;
}

Quantiles QuantilesOf(const Json& json, double unit_ns) {
  const auto ns = [&](const char* key) {
    return static_cast<int64_t>(std::llround(Double(json, key) * unit_ns));
  };
  Quantiles q{.n = Int(json, "n"),
              .mean = Double(json, "mean") * unit_ns,
              .p50 = ns("p50"),
              .p90 = ns("p90"),
              .p99 = ns("p99"),
              .p999 = ns("p999"),
              .max = ns("max")};
  const char* const names[] = {"p50", "p90", "p99", "p999"};
  for (size_t i = 0; i < q.ci95.size(); ++i) {
    const Json& bounds = At(At(json, "ci95"), names[i]);
    if (!bounds.is_array()) continue;
    const Interval scaled = Bounds(bounds);
    q.ci95[i] = {std::llround(scaled.low * unit_ns), std::llround(scaled.high * unit_ns)};
  }
  return q;
}

void ReadKinds(const Json& json, Summary* s) {
  for (int i = 0; i < kRequestKindCount; ++i) {
    const auto kind = static_cast<RequestKind>(i);
    Tally& tally = s->by_kind[static_cast<size_t>(i)];
    if (kind == RequestKind::kFaulted) {
      tally = TallyOf(At(json, "recovered"), Int(json, "faulted"));
      ReadCeiling(At(json, "ceiling_counts"), &tally);
    } else {
      const Json& row = At(At(json, "other_requests"), std::string(RequestKindName(kind)).c_str());
      tally = TallyOf(row, Int(row, "n"));
    }
    s->all.Merge(tally);
  }
  const Json& replications = At(At(json, "recovered"), "by_replication");
  const std::vector<int64_t> strict = Counts(At(replications, "strict"));
  const std::vector<int64_t> faulted = Counts(At(replications, "faulted"));
  for (size_t i = 0; i < std::min(strict.size(), faulted.size()); ++i) {
    s->replications.push_back({strict[i], faulted[i]});
  }
}

void ReadFaults(const Json& json, RunResult* result) {
  for (const auto& [name, row] : At(json, "faults").items()) {
    result->faults.push_back({name, Int(row, "scheduled"), Int(row, "injected")});
    if (!row.contains("first_attempts")) continue;
    FaultSummary fault;
    fault.name = name;
    fault.first_attempts = Int(row, "first_attempts");
    const Json& tally = At(At(json, "by_fault"), name.c_str());
    fault.tally = TallyOf(tally, Int(tally, "n"));
    ReadCeiling(At(tally, "ceiling_counts"), &fault.tally);
    const Json& diagnosis = At(At(At(json, "diagnosis"), "by_fault"), name.c_str());
    fault.diagnosis = {Int(diagnosis, "attempts"), Int(diagnosis, "class_right"),
                       Int(diagnosis, "retry_right")};
    result->summary.by_fault.push_back(std::move(fault));
  }
}

void ReadDiagnosis(const Json& json, Summary* s) {
  s->diagnosis = {Int(json, "faulted_attempts"), Int(json, "class_right"),
                  Int(json, "retry_right")};
  s->healthy_attempts = Int(json, "healthy_attempts");
  s->false_alarms = Int(json, "false_alarms");
  for (int truth = 0; truth < kFailureClassCount; ++truth) {
    const auto truth_name = std::string(FailureClassName(static_cast<FailureClass>(truth)));
    const Json& row = At(At(json, "confusion"), truth_name.c_str());
    for (int said = 0; said < kFailureClassCount; ++said) {
      const auto said_name = std::string(FailureClassName(static_cast<FailureClass>(said)));
      s->confusion[static_cast<size_t>(truth)][static_cast<size_t>(said)] =
          Int(row, said_name.c_str());
    }
  }
}

void ReadLoad(const Json& json, Summary* s) {
  const Json& amplification = At(json, "amplification");
  s->amplification = {.attempts = Int(amplification, "attempts"),
                      .mean = Maybe(amplification, "mean"),
                      .worst_1s = Maybe(amplification, "worst_1s"),
                      .worst_10s = Maybe(amplification, "worst_10s"),
                      .mean_ci95 = MaybeBounds(amplification, "ci95")};
  for (const auto& [name, count] : At(json, "attempts_per_request").items()) {
    const auto attempts = static_cast<size_t>(std::strtoul(name.c_str(), nullptr, 10));
    s->attempts_per_request[std::min<size_t>(attempts, kMaxAttemptsCounted)] = count.get<int64_t>();
  }
  s->span_s = Double(json, "span_s");
  const Json& goodput = At(json, "goodput");
  s->load.window_s = static_cast<decltype(s->load.window_s)>(Int(goodput, "window_s"));
  s->load.offered = Counts(At(goodput, "offered"));
  s->load.attempts = Counts(At(goodput, "attempts"));
  s->load.good = Counts(At(goodput, "good"));
  if (const Json& after = At(json, "after_trigger"); after.is_object()) {
    s->recovery = RecoverySummary{.trigger_end_s = Double(after, "trigger_end_s"),
                                  .n = Int(after, "replications"),
                                  .stayed_down = Int(At(after, "stayed_down"), "count"),
                                  .observed_s = Double(after, "observed_s"),
                                  .median_s = Maybe(json, "recovery_time_s"),
                                  .worst_s = Maybe(after, "worst_s")};
  }
  const Json& obedience = At(json, "obedience");
  s->obedience = {Int(obedience, "hints_given"), Int(obedience, "early_same_request"),
                  Int(obedience, "early_same_user")};
}

void ReadLatency(const Json& json, Summary* s) {
  s->latency = QuantilesOf(At(json, "latency_ms"), 1e6);
  s->latency_success = QuantilesOf(At(json, "latency_success_ms"), 1e6);
  s->latency_recovered = QuantilesOf(At(json, "latency_recovered_ms"), 1e6);
  const Json& streams = At(json, "streams");
  s->streams = {.requests = Int(streams, "requests"),
                .restarted = Int(streams, "restarted"),
                .broken = Int(streams, "broken"),
                .first_piece = QuantilesOf(At(streams, "first_piece_ms"), 1e6)};
}

RunTiming TimingOf(const Json& json, Summary* s) {
  static constexpr const char* kPhaseNames[kPhaseCount] = {"classify", "classify_parse", "validate",
                                                           "decide"};
  const Json& diagnosis = At(json, "diagnosis_ns");
  for (size_t i = 0; i < kPhaseCount; ++i) {
    s->phases[i] = QuantilesOf(At(diagnosis, kPhaseNames[i]), 1);
  }
  const Json& machine = At(json, "machine");
  return {.wall_s = Double(json, "wall_s"),
          .cpu_s = Double(json, "cpu_s"),
          .timer_overhead_ns = Int(diagnosis, "timer_overhead"),
          .machine = {Text(machine, "cpu"), static_cast<int>(Int(machine, "cores")),
                      Text(machine, "kernel")}};
}

PairedShare PairedShareOf(const Json& json) {
  PairedShare share;
  share.n = Int(json, "pairs");
  share.both = Int(json, "both");
  share.first_only = Int(json, "whole_only");
  share.second_only = Int(json, "without_only");
  share.difference = Double(json, "difference");
  if (At(json, "ci95").is_array()) share.ci95 = Bounds(At(json, "ci95"));
  return share;
}

Ablation AblationOf(const Json& json) {
  Ablation ablation;
  ablation.removed = Text(json, "removed");
  ablation.edits = Texts(At(json, "edits"));
  ablation.paired.recovered = PairedShareOf(At(json, "strict"));
  ablation.paired.right = PairedShareOf(At(json, "right"));
  const Json& amplification = At(json, "amplification");
  ablation.paired.pairs = Int(amplification, "pairs");
  ablation.paired.amplification = Double(amplification, "difference");
  ablation.paired.amplification_ci95 = Bounds(At(amplification, "ci95"));
  ablation.p99_ns =
      static_cast<int64_t>(std::llround(Double(At(json, "latency_p99_ms"), "difference") * 1e6));
  ablation.cost_usd = Double(At(json, "cost_usd"), "difference");
  return ablation;
}

}  // namespace

RunResult ResultOf(const Json& json) {
  RunResult result;
  Summary& s = result.summary;
  result.scenario = Text(json, "scenario");
  result.scenario_hash = Text(json, "scenario_hash");
  result.draws_hash = Text(json, "draws_hash");
  result.mode = Text(json, "mode");
  result.time_scale = Maybe(json, "time_scale").value_or(1);
  result.seed = Int(json, "seed");
  result.replications = Int(json, "replications");
  result.engine = Text(json, "engine");
  result.overrides = Texts(At(json, "overrides"));
  result.partial = Flag(json, "partial");
  for (const Json& threshold : At(json, "thresholds")) {
    result.thresholds.push_back(ThresholdVerdictOf(threshold));
  }
  s.requests = Int(json, "requests");
  ReadKinds(json, &s);
  ReadFaults(json, &result);
  ReadDiagnosis(At(json, "diagnosis"), &s);
  ReadLoad(json, &s);
  ReadLatency(json, &s);
  for (const auto& [strategy, count] : At(json, "recovered_by").items()) {
    s.recovered_by.emplace_back(strategy, count.get<int64_t>());
  }
  result.breaker_transitions = Int(json, "breaker_transitions");
  s.prompt_tokens = Int(At(json, "tokens"), "prompt");
  s.completion_tokens = Int(At(json, "tokens"), "completion");
  s.cost_usd = Double(At(json, "cost"), "usd");
  s.cost_per_request_ci95 = MaybeBounds(At(json, "cost"), "ci95");
  s.fingerprint = std::strtoull(Text(json, "fingerprint").c_str(), nullptr, 16);
  if (At(json, "ablation").is_object()) result.ablation = AblationOf(At(json, "ablation"));
  result.repeat = Text(json, "repeat");
  result.version = Text(json, "version");
  result.revision = Text(json, "revision");
  result.compiler = Text(json, "compiler");
  result.build = Text(json, "build");
  result.effective = Embedded(json, "effective_scenario");
  result.trace = Embedded(json, "trace");
  result.knowledge = Embedded(json, "knowledge");
  result.timing = TimingOf(At(json, "timing"), &s);
  return result;
}

}  // namespace squall

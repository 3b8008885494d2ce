#include "reports/result.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/diagnosis.h"
#include "reports/fingerprint.h"
#include "reports/histogram.h"
#include "reports/intervals.h"
#include "reports/json_values.h"
#include "reports/result_sections.h"

#ifndef SQUALL_VERSION
#define SQUALL_VERSION "0.1.0"
#endif

namespace squall {
namespace {

// How the requests of a tally ended; the keys are those of "recovered" at top level.
Json Endings(const Tally& tally) {
  return {{"strict", Share(tally.strict, tally.n)},
          {"lenient", Share(tally.lenient, tally.n)},
          {"false_recovery", Share(tally.false_recovery(), tally.n)},
          {"silent_escape", Share(tally.silent_escape, tally.n)},
          {"abstained", Share(tally.abstained, tally.n)},
          {"late", Share(tally.late, tally.n)}};
}

Json Recovered(const Summary& s) {
  Json recovered = Endings(s.faulted());
  const auto clustered = ClusteredInterval(s.replications);
  recovered["strict"]["ci95_between_replications"] =
      clustered ? Json::array({clustered->low, clustered->high}) : Json(nullptr);
  Json strict = Json::array();
  Json faulted = Json::array();
  for (const Proportion& replication : s.replications) {
    strict.push_back(replication.successes);
    faulted.push_back(replication.n);
  }
  recovered["by_replication"] = {{"strict", std::move(strict)}, {"faulted", std::move(faulted)}};
  return recovered;
}

Json CeilingCounts(const Tally& tally) {
  return {{"recovered", tally.ceiling_recovered}, {"known", tally.ceiling_known}};
}

Json OtherRequests(const Summary& s) {
  Json kinds = Json::object();
  for (int i = 0; i < kRequestKindCount; ++i) {
    const RequestKind kind = static_cast<RequestKind>(i);
    if (kind == RequestKind::kFaulted) continue;
    Json row = {{"n", s.of(kind).n}};
    row.update(Endings(s.of(kind)));
    kinds[std::string(RequestKindName(kind))] = std::move(row);
  }
  return kinds;
}

// Of requests that a clairvoyant engine recovers.
Json Losses(const LossTable& losses) {
  Json rows = Json::object();
  for (const LossTable::Row& row : losses.MostFirst()) {
    rows[row.reason] = {{"count", row.count}, {"example", row.example}};
  }
  return rows;
}

Json ByFault(const Summary& s) {
  Json rows = Json::object();
  for (const FaultSummary& fault : s.by_fault) {
    if (fault.tally.n == 0) continue;
    Json row = {{"n", fault.tally.n}};
    row.update(Endings(fault.tally));
    row["ceiling"] = Number(fault.tally.ceiling());
    row["efficiency"] = Number(fault.tally.efficiency());
    row["why_not_recovered"] = Losses(fault.losses);
    row["ceiling_counts"] = CeilingCounts(fault.tally);
    rows[fault.name] = std::move(row);
  }
  return rows;
}

Json Confusion(const ConfusionMatrix& matrix) {
  Json rows = Json::object();
  for (int truth = 0; truth < kFailureClassCount; ++truth) {
    Json row = Json::object();
    for (int said = 0; said < kFailureClassCount; ++said) {
      const int64_t count = matrix[static_cast<size_t>(truth)][static_cast<size_t>(said)];
      if (count > 0) row[std::string(FailureClassName(static_cast<FailureClass>(said)))] = count;
    }
    if (!row.empty()) {
      rows[std::string(FailureClassName(static_cast<FailureClass>(truth)))] = std::move(row);
    }
  }
  return rows;
}

Json DiagnosisJson(const Summary& s) {
  const DiagnosisScore& score = s.diagnosis;
  Json by_fault = Json::object();
  for (const FaultSummary& fault : s.by_fault) {
    if (fault.diagnosis.attempts == 0) continue;
    by_fault[fault.name] = {{"attempts", fault.diagnosis.attempts},
                            {"class_right", fault.diagnosis.class_right},
                            {"retry_right", fault.diagnosis.retry_right}};
  }
  return {{"class_accuracy", Rate(score.class_right, score.attempts)},
          {"retry_accuracy", Rate(score.retry_right, score.attempts)},
          {"confusion", Confusion(s.confusion)},
          {"faulted_attempts", score.attempts},
          {"class_right", score.class_right},
          {"class_ci95", Ci95(score.class_right, score.attempts)},
          {"retry_right", score.retry_right},
          {"retry_ci95", Ci95(score.retry_right, score.attempts)},
          {"healthy_attempts", s.healthy_attempts},
          {"false_alarms", s.false_alarms},
          {"by_fault", std::move(by_fault)}};
}

Json Faults(const RunResult& result) {
  const Summary& s = result.summary;
  const int64_t sent = s.requests - s.of(RequestKind::kUnsent).n;
  Json rows = Json::object();
  for (const FaultLine& fault : result.faults) {
    Json row = {{"scheduled", fault.scheduled}, {"injected", fault.injected}, {"left", fault.left}};
    for (const FaultSummary& seen : s.by_fault) {
      if (seen.name != fault.name) continue;
      row["first_attempts"] = seen.first_attempts;
      row["rate_first_attempt"] = Rate(seen.first_attempts, sent);
    }
    rows[fault.name] = std::move(row);
  }
  return rows;
}

Json AttemptsPerRequest(const Summary& s) {
  Json counts = Json::object();
  for (int i = 0; i <= kMaxAttemptsCounted; ++i) {
    const int64_t n = s.attempts_per_request[static_cast<size_t>(i)];
    if (n > 0) counts[absl::StrCat(i, i == kMaxAttemptsCounted ? "+" : "")] = n;
  }
  return counts;
}

Json Timing(const RunResult& result) {
  static constexpr const char* kPhaseNames[kPhaseCount] = {"classify", "classify_parse", "validate",
                                                           "decide"};
  const RunTiming& timing = result.timing;
  Json diagnosis = Json::object();
  for (size_t i = 0; i < kPhaseCount; ++i) {
    diagnosis[kPhaseNames[i]] = QuantilesJson(result.summary.phases[i], 1);
  }
  diagnosis["timer_overhead"] = timing.timer_overhead_ns;
  if (result.target) diagnosis = nullptr;
  const double requests = static_cast<double>(result.summary.requests);
  return {{"calls_per_second", timing.wall_s > 0 ? Number(requests / timing.wall_s) : nullptr},
          {"wall_s", Number(timing.wall_s)},
          {"cpu_s", Number(timing.cpu_s)},
          {"diagnosis_ns", std::move(diagnosis)},
          {"machine",
           {{"cpu", timing.machine.cpu},
            {"cores", timing.machine.cores},
            {"kernel", timing.machine.kernel}}}};
}

Json Streams(const Summary& s) {
  const StreamSummary& streams = s.streams;
  return {{"requests", streams.requests},
          {"first_piece_ms", QuantilesJson(streams.first_piece, 1e6)},
          {"broken", streams.broken},
          {"restarted", streams.restarted}};
}

Json Tokens(const Summary& s) {
  return {{"prompt", s.prompt_tokens},
          {"completion", s.completion_tokens},
          {"total", s.prompt_tokens + s.completion_tokens}};
}

Json Cost(const Summary& s) {
  const Json per_request =
      s.requests == 0 ? Json(nullptr) : Number(s.cost_usd / static_cast<double>(s.requests));
  const Json per_success =
      s.all.strict == 0 ? Json(nullptr) : Number(s.cost_usd / static_cast<double>(s.all.strict));
  return {{"usd", Number(s.cost_usd)},
          {"usd_per_request", per_request},
          {"ci95", BoundsOrNull(s.cost_per_request_ci95)},
          {"usd_per_success", per_success}};
}

Json ObedienceJson(const Obedience& obedience) {
  return {{"hints_given", obedience.hints_given},
          {"early_same_request", obedience.early_same_request},
          {"early_same_user", obedience.early_same_user},
          {"early_rate", Rate(obedience.early_same_request, obedience.hints_given)},
          {"ci95", Ci95(obedience.early_same_request, obedience.hints_given)}};
}

Json PairedShareJson(const PairedShare& share) {
  return {{"pairs", share.n},
          {"both", share.both},
          {"whole_only", share.first_only},
          {"without_only", share.second_only},
          {"difference", share.n == 0 ? Json(nullptr) : Number(share.difference)},
          {"ci95", share.n == 0 ? Json(nullptr) : Bounds(share.ci95)},
          {"ci_method", "newcombe_paired"}};
}

// Each difference is this run less that of the whole engine.
Json AblationJson(const Ablation& a) {
  return {{"removed", a.removed},
          {"edits", a.edits},
          {"strict", PairedShareJson(a.paired.recovered)},
          {"right", PairedShareJson(a.paired.right)},
          {"amplification",
           {{"pairs", a.paired.pairs},
            {"difference", Number(a.paired.amplification)},
            {"ci95", a.paired.pairs == 0 ? Json(nullptr) : Bounds(a.paired.amplification_ci95)},
            {"ci_method", "paired_normal"}}},
          {"latency_p99_ms", {{"difference", Number(static_cast<double>(a.p99_ns) / 1e6)}}},
          {"cost_usd", {{"difference", Number(a.cost_usd)}}}};
}

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// JSON that somebody else has written; null where it is none.
Json Embedded(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(nullptr) : json;
}

// Sums over all replications, one entry per window, from the start of the run.
Json Goodput(const LoadTotals::Series& load) {
  return {{"window_s", load.window_s},
          {"offered", load.offered},
          {"attempts", load.attempts},
          {"good", load.good}};
}

Json AfterTrigger(const Summary& s) {
  if (!s.recovery) return nullptr;
  const RecoverySummary& recovery = *s.recovery;
  return {{"trigger_end_s", recovery.trigger_end_s},
          {"observed_s", recovery.observed_s},
          {"replications", recovery.n},
          {"worst_s", Number(recovery.worst_s)},
          {"stayed_down", Share(recovery.stayed_down, recovery.n)}};
}

Json RecoveredBy(const Summary& s) {
  Json counts = Json::object();
  for (const auto& [strategy, count] : s.recovered_by) counts[strategy] = count;
  return counts;
}

// What it is and adds, and null for all that only an engine of ours could tell.
void AddTarget(const RunResult& result, Json* json) {
  (*json)["added_latency_ms"] = QuantilesJson(result.summary.added, 1e6);
  if (!result.target) return;
  for (const char* key : {"recovered_by", "time_to_detect", "breaker_transitions", "diagnosis"}) {
    (*json)[key] = nullptr;
  }
  (*json)["visible_faults"]["missed"] = nullptr;
  (*json)["target"] = TargetJson(*result.target);
}

Json Base(const RunResult& result) {
  const Summary& s = result.summary;
  Json json = {{"format_version", kResultFormatVersion},
               {"scenario", result.scenario},
               {"scenario_hash", result.scenario_hash},
               {"draws_hash", result.draws_hash},
               {"mode", result.mode},
               {"time_scale", result.mode == "wire" ? Number(result.time_scale) : Json(nullptr)},
               {"seed", result.seed},
               {"replications", result.replications},
               {"engine", result.engine},
               {"overrides", result.overrides},
               {"partial", result.partial},
               {"requests", s.requests},
               {"faulted", s.faulted().n},
               {"recovered", Recovered(s)},
               {"ceiling", Number(s.faulted().ceiling())},
               {"efficiency", Number(s.faulted().efficiency())},
               {"ceiling_counts", CeilingCounts(s.faulted())},
               {"ci_method", "wilson"},
               {"success", Share(s.all.strict, s.all.n)},
               {"goodput_per_s", Number(s.goodput_per_s())},
               {"span_s", s.span_s}};
  json["thresholds"] = Json::array();
  for (const ThresholdVerdict& one : result.thresholds) json["thresholds"].push_back(ToJson(one));
  json["why_not_recovered"] = Losses(s.losses);
  json["visible_faults"] = {{"n", s.visible.n},
                            {"wrong_passed", Share(s.visible.wrong, s.visible.n)},
                            {"missed", Share(s.visible.missed, s.visible.n)}};
  json["by_fault"] = ByFault(s);
  json["other_requests"] = OtherRequests(s);
  json["recovered_by"] = RecoveredBy(s);
  json["amplification"] = {{"mean", Number(s.amplification.mean)},
                           {"ci95", BoundsOrNull(s.amplification.mean_ci95)},
                           {"worst_1s", Number(s.amplification.worst_1s)},
                           {"worst_10s", Number(s.amplification.worst_10s)},
                           {"attempts", s.amplification.attempts}};
  json["goodput"] = Goodput(s.load);
  json["recovery_time_s"] = s.recovery ? Number(s.recovery->median_s) : Json(nullptr);
  json["after_trigger"] = AfterTrigger(s);
  json["by_phase"] = ByPhase(s);
  json["exposure"] = ExposureJson(s);
  json["time_to_detect"] = TimeToDetect(s);
  json["duplicates"] = DuplicatesJson(s);
  json["layers"] = LayersJson(result.layers);
  json["attempts_per_request"] = AttemptsPerRequest(s);
  json["obedience"] = ObedienceJson(s.obedience);
  json["breaker_transitions"] = result.breaker_transitions;
  json["latency_ms"] = QuantilesJson(s.latency, 1e6);
  json["latency_success_ms"] = QuantilesJson(s.latency_success, 1e6);
  json["latency_recovered_ms"] = QuantilesJson(s.latency_recovered, 1e6);
  json["streams"] = Streams(s);
  json["diagnosis"] = DiagnosisJson(s);
  json["faults"] = Faults(result);
  json["tokens"] = Tokens(s);
  json["cost"] = Cost(s);
  json["fingerprint"] = FingerprintText(s.fingerprint);
  if (result.chronicle != nullptr) json["timeline"] = TimelineJson(*result.chronicle);
  AddTarget(result, &json);
  if (result.ablation) json["ablation"] = AblationJson(*result.ablation);
  json["repeat"] = result.repeat;
  json["version"] = result.version;
  json["revision"] = OrNull(result.revision);
  json["compiler"] = result.compiler;
  json["build"] = result.build;
  json["effective_scenario"] = Embedded(result.effective);
  if (!result.trace.empty()) json["trace"] = Embedded(result.trace);
  if (!result.knowledge.empty()) json["knowledge"] = Embedded(result.knowledge);
  return json;
}

// A member more, at the end of the document's text. The table would take a hundred times as long
// through a document of its own.
std::string WithRequests(std::string text, const RunResult& result) {
  text.resize(text.rfind('}') - 1);
  if (result.chronicle != nullptr) text += ChronicleRows(*result.chronicle);
  if (result.requests != nullptr) {
    text += absl::StrCat(",\n  \"per_request\": ", result.requests->ToJson(2));
  }
  return text + "\n}\n";
}

// No list or object begins between here, after a list's opening bracket, and its closing one.
bool ListIsPlain(const std::string& text, size_t from) {
  while (true) {
    const size_t end = text.find('\n', from);
    const size_t first = text.find_first_not_of(' ', from);
    if (end == std::string::npos || text[end - 1] == '[' || text[end - 1] == '{') return false;
    if (text[first] == ']') return true;
    from = end + 1;
  }
}

// Puts lists of plain values on one line each: a series of counts is one value to the eye. Reads
// what dump() writes, in which only the start of a list or an object ends a line with a bracket.
std::string WithListsInline(const std::string& text) {
  const auto line_at = [&text](size_t begin) {
    return std::string_view(text).substr(begin, text.find('\n', begin) - begin);
  };
  std::string out;
  size_t inner = 0;  // of the list being put on one line, its next item; 0 outside
  for (size_t begin = 0; begin < text.size();) {
    std::string_view line = line_at(begin);
    begin += line.size() + 1;
    if (inner > 0) {
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      const bool closes = line.starts_with(']');
      if (inner > 1 && !closes) out += ' ';
      inner = closes ? 0 : inner + 1;
    }
    out += line;
    if (line.ends_with('[')) inner = ListIsPlain(text, begin) ? 1 : 0;
    if (inner == 0) out += '\n';
  }
  return out;
}

std::string ResultText(const Json& json) {
  return WithListsInline(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

std::string RunResult::BuildVersion() { return SQUALL_VERSION; }

std::string RunResult::BuildCompiler() {
#if defined(__clang__)
  return absl::StrCat("clang++ ", __clang_major__, ".", __clang_minor__, ".", __clang_patchlevel__);
#else
  return absl::StrCat("g++ ", __GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__);
#endif
}

std::string RunResult::BuildKind() {
#ifdef __OPTIMIZE__
  std::string kind = "optimized";
#else
  std::string kind = "debug";
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  kind += " sanitized";
#endif
  return kind;
}

Ablation CompareWithWhole(const RunResult& whole, std::span<const uint8_t> whole_marks,
                          const RunResult& without, std::span<const uint8_t> without_marks) {
  Ablation ablation;
  ablation.paired = ComparePairs(whole_marks, without_marks);
  ablation.p99_ns = without.summary.latency.p99 - whole.summary.latency.p99;
  ablation.cost_usd = without.summary.cost_usd - whole.summary.cost_usd;
  return ablation;
}

std::string ToJson(const RunResult& result) {
  Json json = Base(result);
  json["timing"] = Timing(result);
  return WithRequests(ResultText(json), result);
}

std::string ToJsonForPage(const RunResult& result) {
  Json json = Base(result);
  json.erase("trace");  // as long as the run
  json["timing"] = Timing(result);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ToJsonWithoutTiming(const RunResult& result) {
  return WithRequests(ResultText(Base(result)), result);
}

nlohmann::ordered_json ResultDocument(const RunResult& result) { return Base(result); }

}  // namespace squall

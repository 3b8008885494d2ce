#include "reports/metric_table.h"

#include <absl/strings/str_format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace squall {
namespace {

using Json = nlohmann::ordered_json;
using Unit = MetricUnit;
using Needs = MetricNeeds;

constexpr const char* kFaulted = "/faulted";
constexpr const char* kRequests = "/requests";
constexpr bool kMore = true;
constexpr bool kLess = false;

constexpr auto kTable = std::to_array<MetricRow>({
    {"recovery.strict", Unit::kShare, kMore, Needs::kFaults, "/recovered/strict/rate",
     "/recovered/strict/ci95", kFaulted,
     "Faulted requests whose caller holds a right answer in time."},
    {"recovery.lenient", Unit::kShare, kMore, Needs::kFaults, "/recovered/lenient/rate",
     "/recovered/lenient/ci95", kFaulted,
     "Faulted requests whose caller holds any 200 with a body in time."},
    {"false_recovery", Unit::kShare, kLess, Needs::kFaults, "/recovered/false_recovery/rate",
     "/recovered/false_recovery/ci95", kFaulted,
     "Faulted requests answered in time and wrong: lenient less strict."},
    {"silent_escape", Unit::kShare, kLess, Needs::kFaults, "/recovered/silent_escape/rate",
     "/recovered/silent_escape/ci95", kFaulted,
     "Faulted requests whose faulted reply was returned as success."},
    {"visible.wrong_passed", Unit::kShare, kLess, Needs::kFaults,
     "/visible_faults/wrong_passed/rate", "/visible_faults/wrong_passed/ci95", "/visible_faults/n",
     "Wrong answers passed on, of requests that met a fault that can be seen."},
    {"abstained", Unit::kShare, kLess, Needs::kFaults, "/recovered/abstained/rate",
     "/recovered/abstained/ci95", kFaulted,
     "Faulted requests whose caller was told in time that they failed."},
    {"late", Unit::kShare, kLess, Needs::kFaults, "/recovered/late/rate", "/recovered/late/ci95",
     kFaulted, "Faulted requests that ended after their deadline or without a body."},
    {"ceiling", Unit::kShare, kMore, Needs::kFaults, "/ceiling", "", "/ceiling_counts/known",
     "Strict recovery of a clairvoyant engine on the same draws."},
    {"efficiency", Unit::kShare, kMore, Needs::kFaults, "/efficiency", "", "/ceiling_counts/known",
     "Strict recovery as a share of the ceiling."},
    {"success", Unit::kShare, kMore, Needs::kNothing, "/success/rate", "/success/ci95", kRequests,
     "Right answers in time, of all requests."},
    {"goodput", Unit::kPerSecond, kMore, Needs::kNothing, "/goodput_per_s", "", kRequests,
     "Right answers in time per second of the run."},
    {"amplification.mean", Unit::kRatio, kLess, Needs::kNothing, "/amplification/mean",
     "/amplification/ci95", kRequests, "Upstream attempts per request offered."},
    {"amplification.worst_1s", Unit::kRatio, kLess, Needs::kNothing, "/amplification/worst_1s", "",
     kRequests, "Attempts per request in the worst second; over replications the worst."},
    {"amplification.worst_10s", Unit::kRatio, kLess, Needs::kNothing, "/amplification/worst_10s",
     "", kRequests, "Attempts per request in the worst ten seconds."},
    {"amplification.p100_1s", Unit::kRatio, kLess, Needs::kNothing, "/amplification/worst_1s", "",
     kRequests, "The same as amplification.worst_1s."},
    {"amplification.p100_10s", Unit::kRatio, kLess, Needs::kNothing, "/amplification/worst_10s", "",
     kRequests, "The same as amplification.worst_10s."},
    {"recovery_time_s", Unit::kSeconds, kLess, Needs::kTrigger, "/recovery_time_s", "",
     "/after_trigger/replications",
     "From the end of the trigger until goodput is back, median of the replications."},
    {"stayed_down", Unit::kShare, kLess, Needs::kTrigger, "/after_trigger/stayed_down/rate",
     "/after_trigger/stayed_down/ci95", "/after_trigger/replications",
     "Replications in which goodput did not come back after the trigger."},
    {"latency.p50", Unit::kMilliseconds, kLess, Needs::kNothing, "/latency_ms/p50",
     "/latency_ms/ci95/p50", "/latency_ms/n", "Latency from the intended arrival, median."},
    {"latency.p90", Unit::kMilliseconds, kLess, Needs::kNothing, "/latency_ms/p90",
     "/latency_ms/ci95/p90", "/latency_ms/n", "Latency from the intended arrival, 90 %."},
    {"latency.p99", Unit::kMilliseconds, kLess, Needs::kNothing, "/latency_ms/p99",
     "/latency_ms/ci95/p99", "/latency_ms/n", "Latency from the intended arrival, 99 %."},
    {"latency.p999", Unit::kMilliseconds, kLess, Needs::kNothing, "/latency_ms/p999",
     "/latency_ms/ci95/p999", "/latency_ms/n", "Latency from the intended arrival, 99.9 %."},
    {"added_latency.p50", Unit::kMilliseconds, kLess, Needs::kNothing, "/added_latency_ms/p50",
     "/added_latency_ms/ci95/p50", "/added_latency_ms/n",
     "What a target adds to its only attempt, where that was healthy; median."},
    {"added_latency.p99", Unit::kMilliseconds, kLess, Needs::kNothing, "/added_latency_ms/p99",
     "/added_latency_ms/ci95/p99", "/added_latency_ms/n", "The same, 99 %."},
    {"latency_recovered.p50", Unit::kMilliseconds, kLess, Needs::kFaults,
     "/latency_recovered_ms/p50", "/latency_recovered_ms/ci95/p50", "/latency_recovered_ms/n",
     "The same of recovered requests, median."},
    {"latency_recovered.p99", Unit::kMilliseconds, kLess, Needs::kFaults,
     "/latency_recovered_ms/p99", "/latency_recovered_ms/ci95/p99", "/latency_recovered_ms/n",
     "The same of recovered requests, 99 %."},
    {"first_piece.p50", Unit::kMilliseconds, kLess, Needs::kStreams, "/streams/first_piece_ms/p50",
     "/streams/first_piece_ms/ci95/p50", "/streams/first_piece_ms/n",
     "First piece of a streamed answer, median."},
    {"first_piece.p99", Unit::kMilliseconds, kLess, Needs::kStreams, "/streams/first_piece_ms/p99",
     "/streams/first_piece_ms/ci95/p99", "/streams/first_piece_ms/n",
     "First piece of a streamed answer, 99 %."},
    {"streams.broken", Unit::kCount, kLess, Needs::kStreams, "/streams/broken", "",
     "/streams/requests", "Streams that failed with a part of the answer in the caller's hands."},
    {"diagnosis.class_accuracy", Unit::kShare, kMore, Needs::kFaults, "/diagnosis/class_accuracy",
     "/diagnosis/class_ci95", "/diagnosis/faulted_attempts",
     "Faulted attempts whose class was diagnosed right."},
    {"diagnosis.retry_accuracy", Unit::kShare, kMore, Needs::kFaults, "/diagnosis/retry_accuracy",
     "/diagnosis/retry_ci95", "/diagnosis/faulted_attempts",
     "Faulted attempts whose retry decision was right."},
    {"diagnosis.false_alarms", Unit::kCount, kLess, Needs::kNothing, "/diagnosis/false_alarms", "",
     "/diagnosis/healthy_attempts", "Healthy attempts diagnosed as failures."},
    {"hints.early", Unit::kShare, kLess, Needs::kNothing, "/obedience/early_rate",
     "/obedience/ci95", "/obedience/hints_given",
     "Waits that providers asked for and that the request did not keep."},
    {"exposure.trip_s", Unit::kSeconds, kLess, Needs::kTrigger, "/exposure/trip_s", "",
     "/exposure/trips", "From the onset of an outage until a circuit opened, median."},
    {"exposure.failed_before_trip", Unit::kCount, kLess, Needs::kTrigger,
     "/exposure/failed_before_trip", "", "/exposure/struck_attempts",
     "Attempts that an outage failed before a circuit opened."},
    {"duplicates.results", Unit::kCount, kLess, Needs::kNothing, "/duplicates/results", "",
     kRequests, "Answers handed out beyond the first of each request."},
    {"duplicates.executions", Unit::kCount, kLess, Needs::kNothing,
     "/duplicates/upstream_executions", "", kRequests,
     "Times that a model was put to work beyond the first of each request."},
    {"breaker_transitions", Unit::kCount, kLess, Needs::kNothing, "/breaker_transitions", "", "",
     "Times that a breaker changed its state."},
    {"tokens.total", Unit::kCount, kLess, Needs::kNothing, "/tokens/total", "", kRequests,
     "Tokens of all attempts, discarded ones too."},
    {"cost.usd", Unit::kUsd, kLess, Needs::kNothing, "/cost/usd", "", kRequests,
     "Money for all attempts, discarded ones too."},
    {"cost.usd_per_request", Unit::kUsd, kLess, Needs::kNothing, "/cost/usd_per_request",
     "/cost/ci95", kRequests, "Money per request offered."},
    {"cost.usd_per_success", Unit::kUsd, kLess, Needs::kNothing, "/cost/usd_per_success", "",
     kRequests, "Money per right answer in time."},
});

const Json* Find(const Json& json, const std::string& pointer) {
  if (pointer.empty()) return nullptr;
  const Json::json_pointer place(pointer);
  if (!json.contains(place)) return nullptr;
  const Json& found = json[place];
  return found.is_null() ? nullptr : &found;
}

std::optional<Interval> IntervalAt(const Json& json, const std::string& pointer) {
  const Json* list = Find(json, pointer);
  if (list == nullptr || !list->is_array() || list->size() != 2) return std::nullopt;
  if (!(*list)[0].is_number() || !(*list)[1].is_number()) return std::nullopt;
  return Interval{(*list)[0].get<double>(), (*list)[1].get<double>()};
}

// "/latency_ms/p99" is among the percentiles of too few samples.
bool TooFew(const Json& json, std::string_view pointer) {
  const size_t slash = pointer.rfind('/');
  const std::string parent(pointer.substr(0, slash));
  const Json* list = Find(json, parent + "/too_few_samples_for");
  if (list == nullptr) return false;
  for (const Json& name : *list) {
    if (name == std::string(pointer.substr(slash + 1))) return true;
  }
  return false;
}

MetricFigure ModelFigure(const std::string& name, const Json& result) {
  MetricFigure figure;
  if (!result.contains("model") || !result["model"].contains("outputs")) return figure;
  const Json& outputs = result["model"]["outputs"];
  const auto found = outputs.find(name);
  if (found == outputs.end()) return figure;
  const bool proportion = found->contains("rate");
  figure.unit = proportion ? Unit::kShare : Unit::kNumber;
  const Json* value = Find(*found, proportion ? "/rate" : "/mean");
  if (value != nullptr && value->is_number()) figure.value = value->get<double>();
  figure.ci95 = IntervalAt(*found, "/ci95");
  if (const Json* n = Find(*found, "/n")) figure.n = n->get<int64_t>();
  return figure;
}

std::string Significant(double value) {
  const double size = std::fabs(value);
  if (size >= 100) return absl::StrFormat("%.0f", value);
  if (size >= 10) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.2f", value);
}

}  // namespace

std::span<const MetricRow> MetricTable() { return kTable; }

const MetricRow* FindMetric(std::string_view name) {
  for (const MetricRow& row : kTable) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::vector<std::string> MetricNames() {
  std::vector<std::string> names;
  for (const MetricRow& row : kTable) names.emplace_back(row.name);
  return names;
}

MetricFigure FigureOf(std::string_view name, const Json& result) {
  if (name.starts_with(kModelPrefix)) {
    return ModelFigure(std::string(name.substr(kModelPrefix.size())), result);
  }
  MetricFigure figure;
  const MetricRow* row = FindMetric(name);
  if (row == nullptr) return figure;
  figure.unit = row->unit;
  const Json* value = Find(result, row->value);
  if (value == nullptr || !value->is_number()) return figure;
  figure.value = value->get<double>();
  // Requests of one replication may be alike; five replications or more speak for themselves.
  const std::string interval = row->interval;
  if (!interval.empty()) figure.ci95 = IntervalAt(result, interval + "_between_replications");
  if (!figure.ci95) figure.ci95 = IntervalAt(result, interval);
  if (const Json* n = Find(result, row->n)) figure.n = n->get<int64_t>();
  figure.too_few = TooFew(result, row->value);
  return figure;
}

std::string FigureText(MetricUnit unit, double value) {
  switch (unit) {
    case Unit::kShare: return absl::StrFormat("%.1f %%", 100 * value);
    case Unit::kRatio: return absl::StrFormat("%.3fx", value);
    case Unit::kMilliseconds:
      return std::fabs(value) < 1000 ? Significant(value) + " ms" : Significant(value / 1e3) + " s";
    case Unit::kSeconds: return Significant(value) + " s";
    case Unit::kUsd: return absl::StrFormat("$%.4g", value);
    case Unit::kPerSecond: return Significant(value) + " /s";
    case Unit::kCount: return absl::StrFormat("%.0f", value);
    case Unit::kNumber: return absl::StrFormat("%.6g", value);
  }
  return "";
}

std::string DifferenceText(MetricUnit unit, double value) {
  if (unit == Unit::kShare) return absl::StrFormat("%+.2f pp", 100 * value);
  std::string text = FigureText(unit, std::fabs(value));
  return (value < 0 ? "-" : "+") + text;
}

}  // namespace squall

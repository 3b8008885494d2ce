// Summary: what Metrics knows once a run is over, as plain values. Everything that prints, gates or
// compares a result reads this and nothing else.
//
// A request belongs to one RequestKind, by its first attempt, and ends in one of four ways, so that
//   strict + false_recovery + abstained + late == n      for every Tally, and
//   sum of the tallies over all kinds == requests offered.
// Only kFaulted is in the denominator of recovery: the draws that made it are the same for every
// engine. What the engine's own load caused, slow but good replies, and answers that the model got
// wrong by itself are kinds of their own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/diagnosis.h"
#include "engine/events.h"
#include "reports/intervals.h"
#include "reports/load_windows.h"
#include "reports/losses.h"
#include "reports/outcome.h"
#include "reports/recovery.h"

namespace squall {

// Tested in this order, by_load before the fault: a request that met a full queue met nothing else.
enum class RequestKind : uint8_t {
  kUnsent,      // no attempt reached a provider: refused locally, or still queued at the deadline
  kByLoad,      // first attempt refused because of the load that we made
  kSlow,        // first attempt impaired: late, still good
  kFaulted,     // first attempt faulted by the draw: the unit of recovery
  kModelError,  // first attempt healthy, the model's answer wrong
  kHealthy,
};
inline constexpr int kRequestKindCount = static_cast<int>(RequestKind::kHealthy) + 1;

// Stable names: keys of the result JSON.
std::string_view RequestKindName(RequestKind kind);
RequestKind KindOf(const Outcome& outcome);

// How n requests ended.
struct Tally {
  int64_t n = 0;
  int64_t strict = 0;             // in time, the caller holds an answer that the oracle accepts,
                                  // and that one only
  int64_t lenient = 0;            // in time, the caller holds any 200 with a body
  int64_t abstained = 0;          // in time, the caller was told that it failed
  int64_t late = 0;               // the rest: after the deadline, or a "success" without a body
  int64_t silent_escape = 0;      // success by the first attempt: what the fault made was returned
  int64_t ceiling_known = 0;      // requests of which a clairvoyant engine's result is known ...
  int64_t ceiling_recovered = 0;  // ... and it recovered

  int64_t false_recovery() const { return lenient - strict; }
  // Share that a clairvoyant engine recovers; nullopt if unknown.
  std::optional<double> ceiling() const;
  // strict rate / ceiling; nullopt if the ceiling is unknown or 0.
  std::optional<double> efficiency() const;

  void Add(const Outcome& outcome) {
    // Two results under one key are work done twice, and one of them one too many.
    const bool once = outcome.results <= 1;
    const bool lenient_one = outcome.in_time && outcome.ok && outcome.body;
    const bool abstained_one = outcome.in_time && !outcome.ok;
    ++n;
    strict += lenient_one && outcome.right && once;
    lenient += lenient_one;
    abstained += abstained_one;
    late += !lenient_one && !abstained_one;
    silent_escape += outcome.ok && outcome.answered_by_first();
    ceiling_known += outcome.ceiling >= 0;
    ceiling_recovered += outcome.ceiling > 0;
  }
  void Merge(const Tally& other);
  bool operator==(const Tally&) const = default;
};

// Where a distribution is read for drawing it: every nine of the tail has a few points.
inline constexpr std::array<double, 26> kSpectrumQuantiles = {
    0,    0.01, 0.05,  0.1,  0.2,  0.25, 0.3,  0.4,   0.5,   0.6,   0.7,    0.75,   0.8,
    0.85, 0.9,  0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999};

struct Quantiles {  // nanoseconds
  int64_t n = 0;
  double mean = 0;
  int64_t p50 = 0;
  int64_t p90 = 0;
  int64_t p99 = 0;
  int64_t p999 = 0;
  int64_t max = 0;
  // At kSpectrumQuantiles, as far as at least ten samples lie beyond; empty of nothing.
  std::vector<int64_t> spectrum;
  // 95 % intervals of p50, p90, p99 and p999: the values at Wilson's bounds of the rank, for
  // independent samples (order statistics; H. A. David, H. N. Nagaraja, "Order Statistics", 7.1).
  std::array<std::array<int64_t, 2>, 4> ci95{};
  bool operator==(const Quantiles&) const = default;
};
class Histogram;
Quantiles QuantilesOf(const Histogram& histogram);

// Attempts really faulted by the draw, and whether their diagnosis was right. Attempts, not
// requests.
struct DiagnosisScore {
  int64_t attempts = 0;
  int64_t class_right = 0;
  int64_t retry_right = 0;
  void Merge(const DiagnosisScore& other);
  bool operator==(const DiagnosisScore&) const = default;
};

using ConfusionMatrix =
    std::array<std::array<int64_t, kFailureClassCount>, kFailureClassCount>;  // [truth][diagnosed]

struct FaultSummary {
  std::string name;
  Tally tally;                 // requests whose first attempt it faulted; empty for an impairment
  LossTable losses;            // of them, what a clairvoyant engine recovers and this one did not
  int64_t first_attempts = 0;  // first attempts it touched, impairments too
  DiagnosisScore diagnosis;
  bool operator==(const FaultSummary&) const = default;
};

struct Amplification {
  int64_t attempts = 0;            // that reached a provider
  std::optional<double> mean;      // attempts / requests offered; nullopt without requests
  std::optional<double> worst_1s;  // load_windows.h; over replications the worst of them
  std::optional<double> worst_10s;
  std::optional<Interval> mean_ci95;  // normal, over requests
  bool operator==(const Amplification&) const = default;
};

// What became of the waits that providers asked for, by ground truth: who came back to the provider
// before its time.
struct Obedience {
  int64_t hints_given = 0;
  int64_t early_same_request = 0;
  int64_t early_same_user = 0;  // another request of the user who was told to wait
  void Merge(const Obedience& other);
  bool operator==(const Obedience&) const = default;
};

inline constexpr int kMaxAttemptsCounted =
    33;  // the last entry of the distribution means "or more"

// Requests that asked for a stream, as their callers saw it.
struct StreamSummary {
  int64_t requests = 0;
  int64_t restarted = 0;  // told at least once that the answer begins anew
  int64_t broken = 0;     // failed with a part of the answer in the caller's hands
  Quantiles first_piece;  // of those that were answered, from their intended arrival
  bool operator==(const StreamSummary&) const = default;
};

// Requests by their intended arrival: before, during and after the trigger.
struct PhaseSummary {
  int64_t requests = 0;
  int64_t strict = 0;
  int64_t lenient = 0;
  int64_t attempts = 0;
  double cost_usd = 0;
  Quantiles latency;
  bool operator==(const PhaseSummary&) const = default;
};
inline constexpr int kTriggerPhaseCount = 3;

// What an outage did before and after a circuit opened (exposure.h says what each figure means).
struct ExposureSummary {
  int64_t struck = 0;
  int64_t requests_struck = 0;
  int64_t trips = 0;             // replications in which a circuit opened
  std::optional<double> trip_s;  // from the onset, median over them
  int64_t failed_before_trip = 0;
  int64_t hanging = 0;
  int64_t probes = 0;
  Quantiles hung;
  Quantiles fast_fail;
  Quantiles fallback;
  bool operator==(const ExposureSummary&) const = default;
};

// Who noticed an episode of the climate, and when (detection.h).
struct DetectorSummary {
  std::string rule;
  int64_t detections = 0;
  int64_t replications = 0;       // in which it detected anything
  std::optional<double> first_s;  // from the onset; medians over replications
  std::optional<double> tenth_s;
  std::optional<double> hits_before;  // attempts struck before the first detection
  bool operator==(const DetectorSummary&) const = default;
};
struct EpisodeSummary {
  std::string name;
  double from_s = 0;
  int64_t hits = 0;
  int64_t undetected = 0;
  int64_t passed_on = 0;  // undetected, and the caller's answer
  std::vector<DetectorSummary> detectors;
  bool operator==(const EpisodeSummary&) const = default;
};
struct DetectionSummary {
  std::vector<EpisodeSummary> episodes;
  int64_t healthy = 0;                                        // attempts with nothing wrong
  std::vector<std::pair<std::string, int64_t>> false_alarms;  // of them, by rule
  bool operator==(const DetectionSummary&) const = default;
};

// Work done more than once for one idempotency key.
struct Duplicates {
  int64_t submissions = 0;  // by callers, beyond the first of each request
  int64_t results = 0;      // handed out, likewise
  int64_t executions = 0;   // by models, likewise
  int64_t requests = 0;     // that a model was put to work on more than once
  void Merge(const Duplicates& other);
  bool operator==(const Duplicates&) const = default;
};

struct Summary {
  int64_t requests = 0;
  std::array<Tally, kRequestKindCount> by_kind;
  Tally all;                           // over every kind: all.strict is the useful goodput
  std::vector<FaultSummary> by_fault;  // in the order of the fault names
  LossTable losses;                    // by_fault's added up
  VisibleFaults visible;
  std::vector<Proportion> replications;  // strict of faulted, one per replication

  Amplification amplification;
  std::array<int64_t, kMaxAttemptsCounted + 1> attempts_per_request{};  // [k]: requests with k
  double span_s = 0;  // first arrival to last end, summed over replications
  Obedience obedience;
  LoadTotals::Series load;                  // all replications together
  std::optional<RecoverySummary> recovery;  // nullopt without a trigger
  std::optional<std::array<PhaseSummary, kTriggerPhaseCount>> phases_of_trigger;  // likewise
  std::optional<ExposureSummary> exposure;  // nullopt where no episode struck anything
  DetectionSummary detection;
  Duplicates duplicates;

  Quantiles latency;            // of all requests, from their intended arrival
  Quantiles latency_success;    // of those with a right answer in time
  Quantiles latency_recovered;  // of faulted ones with a right answer in time

  Quantiles added;  // by a target, to its only attempt where that was healthy

  StreamSummary streams;

  DiagnosisScore diagnosis;
  ConfusionMatrix confusion{};   // of faulted attempts
  int64_t healthy_attempts = 0;  // nothing wrong with them in truth ...
  int64_t false_alarms = 0;      // ... and yet diagnosed as a failure

  std::vector<std::pair<std::string, int64_t>>
      recovered_by;           // strategy of the last attempt of each
                              // strict recovery; most frequent first
  int64_t prompt_tokens = 0;  // of all attempts, discarded ones too, as the cost
  int64_t completion_tokens = 0;
  double cost_usd = 0;
  std::optional<Interval> cost_per_request_ci95;  // normal; nullopt without requests
  uint64_t fingerprint = 0;

  std::array<Quantiles, kPhaseCount> phases;  // real CPU time: differs from run to run

  const Tally& of(RequestKind kind) const { return by_kind[static_cast<size_t>(kind)]; }
  const Tally& faulted() const { return of(RequestKind::kFaulted); }
  // Useful answers per second of the run's own time; nullopt for a run of no length.
  std::optional<double> goodput_per_s() const;
};

}  // namespace squall

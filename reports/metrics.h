// Metrics: adds outcomes up. What each figure means is in summary.h. One Metrics per replication,
// fed by one thread in the order in which requests end; those of all replications are then merged
// in their order, which makes the result (sums of doubles included) independent of the thread
// count.
//
// Aggregates, keeps nothing: memory does not grow with the requests but for two bytes of each, by
// which two runs can show that they met the same faults and be compared request by request, and a
// few counters per second of the run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/events.h"
#include "reports/detection.h"
#include "reports/exposure.h"
#include "reports/fingerprint.h"
#include "reports/histogram.h"
#include "reports/load_windows.h"
#include "reports/outcome.h"
#include "reports/paired.h"
#include "reports/summary.h"
#include "reports/trigger_phases.h"

namespace squall {

// Adds many small doubles without the drift of plain addition (Kahan, CACM 8 (1965)).
class CompensatedSum {
 public:
  void Add(double value) {
    const double corrected = value - excess_;
    const double sum = sum_ + corrected;
    excess_ = (sum - sum_) - corrected;
    sum_ = sum;
  }
  void Merge(const CompensatedSum& other) {
    Add(other.sum_);
    Add(-other.excess_);
  }
  double value() const { return sum_; }

 private:
  double sum_ = 0;
  double excess_ = 0;  // what sum_ holds too much
};

class Metrics {
 public:
  // AttemptOutcome::fault indexes `fault_names`; at most 254 of them.
  explicit Metrics(std::vector<std::string> fault_names);

  void Add(const Outcome& outcome);
  void OnPhase(Phase phase, int64_t ns) { phases_[static_cast<size_t>(phase)].Record(ns); }

  // What the providers counted, once at the end of a replication.
  void OnObedience(const Obedience& counts) { obedience_.Merge(counts); }

  // What is done to the run, for the recovery from it; before it is over. The same in every
  // replication.
  // `hang` is the fault whose replies never come (exposure.h).
  void SetTrigger(const TriggerWindow& trigger, int hang = -1) {
    trigger_ = trigger;
    exposure_.Begin(trigger, hang);
  }

  // The rows of the climate, that Outcome::episode counts; before the first outcome.
  void SetEpisodes(std::vector<Detection::Episode> episodes) {
    detection_.Begin(std::move(episodes));
  }

  // A circuit has opened.
  void OnOpen(Time now) { exposure_.OnOpen(now); }

  // Appends a later replication, built from the same fault names. Into an empty Metrics it is a
  // copy.
  void Merge(const Metrics& other);

  Summary Summarize() const;
  uint64_t fingerprint() const { return fingerprint_.value(); }

  // Per request, by its index, replication after replication: the fault drawn for its first attempt
  // plus 1, 0 if healthy (or refused by load, which is no draw), kNoFirstAttempt if none was sent.
  static constexpr uint8_t kNoFirstAttempt = 255;
  std::span<const uint8_t> first_faults() const { return first_faults_; }

  // Per request likewise: PairMark::ToByte, for ComparePairs.
  std::span<const uint8_t> marks() const { return marks_; }

 private:
  // What cannot be added up over replications as it comes: the one that is being fed ...
  struct Running {
    int64_t requests = 0;
    Proportion recovered;  // strict, of the faulted
    LoadWindows windows;
    Time first_arrival = kNever;
    Time last_end = kStart;
  };
  // ... and all that are over.
  struct Ended {
    std::vector<Proportion> recovered;
    std::optional<double> worst_1s;
    std::optional<double> worst_10s;
    double span_s = 0;
    LoadTotals load;
    std::vector<Recovery> recoveries;  // none without a trigger
    void Append(const Ended& later);
  };

  void AddDiagnosis(const AttemptOutcome& attempt);
  void AddFaulted(const Outcome& outcome);
  void AddLatency(const Outcome& outcome, RequestKind kind);
  void AddStream(const Outcome& outcome);
  void AddDuplicates(const Outcome& outcome);
  void RememberRequest(const Outcome& outcome);
  void CountRecovery(std::string_view strategy, int64_t count);
  bool empty() const { return running_.requests == 0 && ended_.recovered.empty(); }
  Ended EndedWithRunning() const;

  std::array<Tally, kRequestKindCount> by_kind_;
  std::vector<FaultSummary> by_fault_;
  VisibleFaults visible_;
  Histogram latency_;
  Histogram latency_success_;
  Histogram latency_recovered_;
  Histogram added_;
  StreamSummary streams_;  // its quantiles are in first_piece_
  Histogram first_piece_;
  std::array<Histogram, kPhaseCount> phases_;
  ConfusionMatrix confusion_{};
  int64_t healthy_attempts_ = 0;
  int64_t false_alarms_ = 0;
  int64_t attempts_ = 0;
  double attempts_squares_ = 0;  // whole numbers, exact up to 2^53
  std::array<int64_t, kMaxAttemptsCounted + 1> attempts_per_request_{};
  std::vector<std::pair<std::string, int64_t>> recovered_by_;  // few: one per row of the plan
  int64_t prompt_tokens_ = 0;
  int64_t completion_tokens_ = 0;
  CompensatedSum cost_usd_;
  CompensatedSum cost_squares_;
  Obedience obedience_;
  std::optional<TriggerWindow> trigger_;
  TriggerPhases trigger_phases_;
  Exposure exposure_;
  Detection detection_;
  Duplicates duplicates_;
  Fingerprint fingerprint_;
  std::vector<uint8_t> first_faults_;
  std::vector<uint8_t> marks_;
  Running running_;
  Ended ended_;
};

// The share of requests whose first attempts met different faults in two runs
// (Metrics::first_faults), among those that sent one in both. nullopt if there are none. 0 is what
// keyed draws promise.
std::optional<double> ShareDiffering(std::span<const uint8_t> a, std::span<const uint8_t> b);

// What a fingerprint covers of one request: all of its attempts, times to the nanosecond.
void FeedOutcome(const Outcome& outcome, Fingerprint* fingerprint);

// The cost of reading the clock, part of every figure in Summary::phases: median of 1001 readings,
// nanoseconds. Takes about 0.1 ms.
int64_t MeasureTimerOverheadNs();

}  // namespace squall

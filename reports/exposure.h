// Exposure: what an outage does to callers before anything is done about it, and what becomes of
// those who come after. A circuit opens on failures that have been seen, and a request that hangs
// is seen when its timeout is over: until then every further request goes the same way.
//
// A struck attempt is one that an episode of the scenario's climate hit, by ground truth, within
// the trigger's window; the trip is the first opening of a circuit in that window. Per replication:
//
//   hung                 struck attempts whose reply never came, and how long each was waited for
//   failed_before_trip   struck attempts that had ended by the trip, all of them where there is
//   none hanging              struck attempts under way at the trip: out before anybody knew probes
//   struck attempts begun after it failed_fast          requests that came after it and failed
//   without any attempt fallback             requests that came after it and were answered without
//   a struck attempt
//
// Fed in the order in which requests end, and of a trip when it happens.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/histogram.h"
#include "reports/outcome.h"
#include "reports/recovery.h"
#include "reports/summary.h"

namespace squall {

class Exposure {
 public:
  // `hang` is the row of the fault names whose replies never come.
  void Begin(const TriggerWindow& trigger, int hang) {
    trigger_ = trigger;
    hang_ = hang;
  }

  void OnOpen(Time now);
  void Add(const Outcome& outcome);
  void Merge(const Exposure& other);  // a later replication
  std::optional<ExposureSummary> Summarize() const;

 private:
  void AddAttempt(const AttemptOutcome& attempt);

  std::optional<TriggerWindow> trigger_;
  int hang_ = -1;
  std::optional<Time> trip_;     // of the replication that is being fed
  std::vector<double> trips_s_;  // of those that are over
  ExposureSummary sums_;         // its quantiles are in the histograms
  Histogram hung_;
  Histogram fast_fail_;
  Histogram fallback_;
};

}  // namespace squall

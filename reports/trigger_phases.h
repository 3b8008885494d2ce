// TriggerPhases: requests before, during and after what a scenario does to its run (an outage, a
// ramp, a spike), by their intended arrival. A ten-hour outage of one provider may cost nothing in
// answers and twenty times the money: only figures of the time itself say so.
#pragma once

#include <array>
#include <cstdint>

#include "reports/histogram.h"
#include "reports/outcome.h"
#include "reports/recovery.h"
#include "reports/summary.h"

namespace squall {

class TriggerPhases {
 public:
  void Add(const TriggerWindow& trigger, const Outcome& outcome);
  void Merge(const TriggerPhases& other);
  std::array<PhaseSummary, kTriggerPhaseCount> Summarize() const;

 private:
  struct Phase {
    PhaseSummary sums;  // its quantiles are in `latency`
    Histogram latency;
  };
  std::array<Phase, kTriggerPhaseCount> phases_;
};

}  // namespace squall

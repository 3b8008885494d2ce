#include "reports/trigger_phases.h"

namespace squall {

void TriggerPhases::Add(const TriggerWindow& trigger, const Outcome& outcome) {
  const size_t phase = outcome.started < trigger.from ? 0 : outcome.started < trigger.to ? 1 : 2;
  PhaseSummary& sums = phases_[phase].sums;
  const bool lenient = outcome.in_time && outcome.ok && outcome.body;
  ++sums.requests;
  sums.strict += lenient && outcome.right;
  sums.lenient += lenient;
  sums.attempts += static_cast<int64_t>(outcome.attempts.size());
  sums.cost_usd += outcome.cost_usd;
  phases_[phase].latency.Record((outcome.ended - outcome.started).count());
}

void TriggerPhases::Merge(const TriggerPhases& other) {
  for (size_t i = 0; i < phases_.size(); ++i) {
    PhaseSummary& sums = phases_[i].sums;
    const PhaseSummary& add = other.phases_[i].sums;
    sums.requests += add.requests;
    sums.strict += add.strict;
    sums.lenient += add.lenient;
    sums.attempts += add.attempts;
    sums.cost_usd += add.cost_usd;
    phases_[i].latency.Merge(other.phases_[i].latency);
  }
}

std::array<PhaseSummary, kTriggerPhaseCount> TriggerPhases::Summarize() const {
  std::array<PhaseSummary, kTriggerPhaseCount> out;
  for (size_t i = 0; i < phases_.size(); ++i) {
    out[i] = phases_[i].sums;
    out[i].latency = QuantilesOf(phases_[i].latency);
  }
  return out;
}

}  // namespace squall

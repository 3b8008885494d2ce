#include "mock_providers/ground_truth.h"

#include "engine/base/check.h"
#include "mock_providers/faults.h"

namespace squall {
namespace {

size_t CountIndex(const FaultTruth& fault) {
  return fault.by_load ? FaultTable().size() : static_cast<size_t>(fault.kind);
}

}  // namespace

GroundTruth::GroundTruth(size_t max_requests)
    : max_requests_(max_requests), counts_(FaultTable().size() + 1) {
  SQUALL_CHECK(max_requests > 0);
}

uint32_t GroundTruth::CountArrivals(uint64_t request_key, ProviderId provider) const {
  return HistoryOf(request_key, provider).arrivals;
}

History GroundTruth::HistoryOf(uint64_t request_key, ProviderId provider) const {
  const std::lock_guard lock(mutex_);
  const auto it = requests_.find(request_key);
  return it == requests_.end() ? History() : Last(it->second.arrivals, provider);
}

History GroundTruth::Last(const Arrivals& arrivals, ProviderId provider) {
  for (auto it = arrivals.rbegin(); it != arrivals.rend(); ++it) {
    if (it->provider == provider) return {it->number + 1, it->replied, it->retry_not_before};
  }
  return {};
}

// The older half, but for the last arrival at each provider, which holds the count.
void GroundTruth::DropOldest(Arrivals* arrivals) {
  Arrivals kept;
  for (size_t i = 0; i < arrivals->size(); ++i) {
    const Arrival& arrival = (*arrivals)[i];
    const bool last = Last(*arrivals, arrival.provider).arrivals == arrival.number + 1;
    if (i >= arrivals->size() / 2 || last) kept.push_back(arrival);
  }
  *arrivals = std::move(kept);
}

bool GroundTruth::IsTaken(const Place& place) const {
  const auto it = requests_.find(place.request_key);
  return it == requests_.end() || it->second.serial != place.serial;
}

// Before one more request is added.
void GroundTruth::MakeRoom() {
  while (!order_.empty() && IsTaken(order_.front())) order_.pop_front();
  // The second bound is for entries taken behind an old one that nobody takes.
  while (requests_.size() >= max_requests_ || order_.size() >= 2 * max_requests_) {
    if (!IsTaken(order_.front())) requests_.erase(order_.front().request_key);
    order_.pop_front();
  }
}

void GroundTruth::OnScheduled(uint64_t request_key, const Arrival& arrival) {
  const std::lock_guard lock(mutex_);
  if (arrival.fault.present()) ++counts_[CountIndex(arrival.fault)].scheduled;
  if (arrival.retry_not_before > kStart) ++hints_.given;
  auto it = requests_.find(request_key);
  if (it == requests_.end()) {
    MakeRoom();
    it = requests_.try_emplace(request_key).first;
    it->second.serial = ++last_serial_;
    order_.push_back({request_key, last_serial_});
  }
  Arrivals& arrivals = it->second.arrivals;
  const uint32_t number = Last(arrivals, arrival.provider).arrivals;
  if (arrivals.size() >= kMaxArrivals) DropOldest(&arrivals);
  arrivals.push_back(arrival);
  arrivals.back().number = number;
}

void GroundTruth::OnInjected(const FaultTruth& fault) {
  if (!fault.present()) return;
  const std::lock_guard lock(mutex_);
  ++counts_[CountIndex(fault)].injected;
}

void GroundTruth::OnEarlyReturn(EarlyReturn early) {
  const std::lock_guard lock(mutex_);
  hints_.early_same_request += early == EarlyReturn::kSameRequest;
  hints_.early_same_user += early == EarlyReturn::kSameUser;
}

HintCounts GroundTruth::hints() const {
  const std::lock_guard lock(mutex_);
  return hints_;
}

Arrivals GroundTruth::Take(uint64_t request_key) {
  const std::lock_guard lock(mutex_);
  const auto it = requests_.find(request_key);
  if (it == requests_.end()) return {};
  Arrivals arrivals = std::move(it->second.arrivals);
  requests_.erase(it);
  return arrivals;
}

std::vector<FaultCount> GroundTruth::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace squall

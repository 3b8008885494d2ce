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
  if (it == requests_.end()) return {};
  for (const auto& [at, history] : it->second.histories) {
    if (at == provider) return history;
  }
  return {};
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
  ++arrivals_;
  if (arrival.fault.present()) ++counts_[CountIndex(arrival.fault)].scheduled;
  if (arrival.retry_not_before > kStart) ++hints_.given;
  auto it = requests_.find(request_key);
  if (it == requests_.end()) {
    MakeRoom();
    it = requests_.try_emplace(request_key).first;
    it->second.serial = ++last_serial_;
    order_.push_back({request_key, last_serial_});
  }
  it->second.Add(arrival);
}

void GroundTruth::Entry::Add(const Arrival& arrival) {
  if (arrivals.size() < kMaxArrivals) arrivals.push_back(arrival);
  auto at = histories.begin();
  while (at != histories.end() && at->first != arrival.provider) ++at;
  if (at == histories.end()) at = histories.insert(at, {arrival.provider, History()});
  ++at->second.arrivals;
  at->second.replied = arrival.replied;
  at->second.retry_not_before = arrival.retry_not_before;
}

void GroundTruth::OnInjected(const FaultTruth& fault) {
  if (!fault.present()) return;
  const std::lock_guard lock(mutex_);
  ++counts_[CountIndex(fault)].injected;
}

void GroundTruth::OnLeft(const FaultTruth& fault) {
  if (!fault.present()) return;
  const std::lock_guard lock(mutex_);
  ++counts_[CountIndex(fault)].left;
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

int64_t GroundTruth::arrivals() const {
  const std::lock_guard lock(mutex_);
  return arrivals_;
}

std::vector<FaultCount> GroundTruth::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace squall

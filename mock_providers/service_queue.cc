#include "mock_providers/service_queue.h"

#include <algorithm>
#include <functional>

namespace squall {

std::optional<Time> ServiceQueue::Enter(Time now, Duration work) {
  while (!starts_.empty() && starts_.front() <= now) starts_.pop_front();
  const bool all_busy = static_cast<int64_t>(busy_until_.size()) >= servers_;
  const bool one_is_free = !busy_until_.empty() && busy_until_.front() <= now;
  Time start = now;
  if (one_is_free || all_busy) {
    start = std::max(now, busy_until_.front());
    const auto waiting = static_cast<int64_t>(starts_.size());
    if (start > now && waiting >= places_) return std::nullopt;
    std::pop_heap(busy_until_.begin(), busy_until_.end(), std::greater<>());
    busy_until_.pop_back();
  }
  if (start > now && places_ != kNoBound) starts_.push_back(start);
  busy_until_.push_back(SaturatingAdd(start, work));
  std::push_heap(busy_until_.begin(), busy_until_.end(), std::greater<>());
  return start;
}

}  // namespace squall

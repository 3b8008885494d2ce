#include "engine/base/timer_queue.h"

#include <algorithm>

#include "engine/base/check.h"

namespace squall {

void TimerQueue::Put(size_t place, const Entry& entry) {
  heap_[place] = entry;
  entry.item->place = place;
}

void TimerQueue::SiftUp(size_t place, const Entry& entry) {
  while (place > 0) {
    const size_t parent = (place - 1) / kArity;
    if (!entry.Before(heap_[parent])) break;
    Put(place, heap_[parent]);
    place = parent;
  }
  Put(place, entry);
}

void TimerQueue::SiftDown(size_t place, const Entry& entry) {
  for (;;) {
    const size_t first = place * kArity + 1;
    if (first >= heap_.size()) break;
    size_t best = first;
    const size_t last = std::min(first + kArity, heap_.size());
    for (size_t child = first + 1; child < last; ++child) {
      if (heap_[child].Before(heap_[best])) best = child;
    }
    if (!heap_[best].Before(entry)) break;
    Put(place, heap_[best]);
    place = best;
  }
  Put(place, entry);
}

void TimerQueue::Push(Time at, uint64_t sequence, Item* item) {
  SQUALL_CHECK(item->place == kNowhere);
  item->at = at;
  item->sequence = sequence;
  heap_.emplace_back();
  SiftUp(heap_.size() - 1, Entry{at, sequence, item});
}

TimerQueue::Item* TimerQueue::Pop() {
  if (heap_.empty()) return nullptr;
  Item* item = heap_.front().item;
  Remove(item);
  return item;
}

void TimerQueue::Remove(Item* item) {
  const size_t place = item->place;
  SQUALL_CHECK(place < heap_.size() && heap_[place].item == item);
  const Entry last = heap_.back();
  heap_.pop_back();
  item->place = kNowhere;
  if (place == heap_.size()) return;  // it was the last entry itself
  const bool up = place > 0 && last.Before(heap_[(place - 1) / kArity]);
  if (up) {
    SiftUp(place, last);
  } else {
    SiftDown(place, last);
  }
}

}  // namespace squall

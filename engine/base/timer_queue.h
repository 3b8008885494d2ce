// TimerQueue: what waits for its time, earliest first by (time, sequence), with removal of any of
// them: the events of a simulation, the alarms of an event loop. A 4-ary heap that keeps its keys
// in one array, so a comparison does not follow a pointer; each item knows its place, so a
// cancelled one leaves at once instead of lying dead until its time comes (30 s timeouts would
// otherwise fill the queue with corpses).
//
// Push, Pop and Remove are O(log n). std::priority_queue is the oracle in its test. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"

namespace squall {

class TimerQueue {
 public:
  struct Item {
    Time at{};
    uint64_t sequence = 0;
    size_t place = kNowhere;  // of this item in the heap
    bool queued() const { return place != kNowhere; }
  };

  // `item` must not be queued, and must stay where it is until it has left.
  void Push(Time at, uint64_t sequence, Item* item);

  // The earliest item, nullptr if there is none.
  const Item* Peek() const { return heap_.empty() ? nullptr : heap_.front().item; }
  Item* Pop();

  // Takes out an item that is queued.
  void Remove(Item* item);

  size_t size() const { return heap_.size(); }

 private:
  static constexpr size_t kNowhere = static_cast<size_t>(-1);
  static constexpr size_t kArity = 4;
  struct Entry {
    Time at;
    uint64_t sequence;
    Item* item;
    bool Before(const Entry& other) const {
      return at != other.at ? at < other.at : sequence < other.sequence;
    }
  };

  void Put(size_t place, const Entry& entry);
  void SiftUp(size_t place, const Entry& entry);
  void SiftDown(size_t place, const Entry& entry);

  std::vector<Entry> heap_;
};

}  // namespace squall

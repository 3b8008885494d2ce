// What the models share: keyed draws of one run and a queue of events.
//
// Draws gives the same values as Draw(seed, stream, ...) of engine/base/random.h, with the part of
// the key that a run never changes hashed once. EventHeap is a binary heap ordered by (time,
// sequence), so that events of one time leave in the order in which they came; nothing is ever
// taken out early: models that cancel look at a number in the event instead. Copyable, so that a
// model's whole state can branch (scenarios/models/storm_splitting.h). One thread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/time.h"

namespace squall {

class Draws {
 public:
  Draws(uint64_t seed, StreamId stream) : base_(Mix(Mix(seed) ^ stream)) {}

  // Uniform in [0, 1).
  double operator()(uint64_t request, uint64_t attempt = 0, uint64_t index = 0) const {
    return ToUnit(Mix(Mix(base_ ^ request) ^ (attempt * 0x100000001u + index)));
  }

 private:
  uint64_t base_;
};

// Exponential with the given mean, in whole nanoseconds; u in [0, 1).
inline Duration ExponentialSpan(double u, Duration mean) {
  return Duration(static_cast<int64_t>(-std::log1p(-u) * static_cast<double>(mean.count())));
}

template <class T>
class EventHeap {
 public:
  struct Event {
    Time at;
    uint64_t sequence;
    T what;
  };

  bool empty() const { return heap_.empty(); }
  Time next() const { return heap_.front().at; }

  void Push(Time at, T what) {
    heap_.push_back({at, sequence_++, std::move(what)});
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }

  Event Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    return event;
  }

 private:
  static bool Later(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }

  std::vector<Event> heap_;
  uint64_t sequence_ = 0;
};

}  // namespace squall

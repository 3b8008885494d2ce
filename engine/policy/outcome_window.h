// OutcomeWindow: how many calls of late failed, and how many were slow. "Of late" is a span of
// time that slides in tenths, or the last so many calls; a calendar minute is neither, and flaps at
// its edge.
//
// Pure: time is an argument and must not go back. One thread. Memory is fixed at construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"

namespace squall {

// What a call says about the health of whom it went to. Neutral says nothing.
enum class CallOutcome : uint8_t { kSuccess, kFailure, kNeutral };

class OutcomeWindow {
 public:
  // The last `calls` (1..kMaxCalls) where that is above 0, else those within `span` (> 0).
  OutcomeWindow(Duration span, int64_t calls);

  static constexpr int64_t kMaxCalls = 10'000;

  struct Totals {
    int64_t calls = 0;
    int64_t failures = 0;
    int64_t slow = 0;
  };

  void Add(bool failure, bool slow, Time now);
  Totals Count(Time now) const;
  void Clear();

 private:
  static constexpr int kBuckets = 10;
  struct Bucket {
    int64_t epoch = -1;  // which tenth since the start this bucket holds
    Totals totals;
  };

  int64_t EpochOf(Time now) const { return now.time_since_epoch() / tenth_; }

  Duration tenth_;
  std::array<Bucket, kBuckets> buckets_{};
  std::vector<uint8_t> ring_;  // of the last calls; empty where time counts
  size_t next_ = 0;            // place of the oldest call in a full ring
  Totals in_ring_;
};

}  // namespace squall

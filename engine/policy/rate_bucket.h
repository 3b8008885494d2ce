// RateBucket: one limit of a RateLimiter. A bucket of `capacity` units refills continuously, the
// model that the providers' own hints follow (wait = missing / limit * window).
//
// What was taken for a request that was not sent after all, or took less, comes back, but only as
// far as the bucket would be fuller had it never been taken: refill that ran over meanwhile is
// gone. That difference is min(taken, capacity - highest level since), so the bucket remembers its
// peaks. Without this, a late return would admit more than limit * time + capacity.
//
// Pure: time is an argument and must not go back. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/time.h"

namespace squall {

class RateBucket {
 public:
  // Sets what may be used in the long run, units a second, and how much at once. Not positive is
  // no limit at all. What is in the bucket beyond the new capacity is lost.
  void SetLimit(double per_s, double capacity);

  // Until `until`, no more than `remaining` in all, at an even rate, of which `capacity` at once.
  void SetPace(double remaining, double capacity, Time until, Time now);

  bool limited() const { return per_s_ > 0; }
  double per_s() const { return per_s_; }
  double capacity() const { return capacity_; }

  // Refills up to `now`.
  void Advance(Time now);

  // When the bucket holds `amount`, or is full where it never holds that much; >= the last Advance.
  Time ReadyAt(double amount) const;

  // Units in the bucket as of the last Advance; negative while one that was larger than the bucket
  // or than its estimate is being paid off.
  double level() const { return level_; }

  // Takes `amount` >= 0 as the transaction `sequence`, which must grow.
  void Take(double amount, uint64_t sequence);

  // Gives back what transaction `sequence` took and did not use. Returns how much of it counted.
  double GiveBack(double amount, uint64_t sequence);

  // Lowers the level to at most `level`.
  void LowerTo(double level);

 private:
  struct Peak {
    uint64_t sequence = 0;
    double level = 0;
  };
  static constexpr size_t kPeaks = 16;  // beyond, old ones are merged, which gives back less

  void RememberPeak(uint64_t sequence);
  void RaisePeaks(size_t first, double by);

  double per_s_ = 0;
  double capacity_ = 0;
  double paced_per_s_ = 0;
  double paced_capacity_ = 0;
  double paced_most_ = 0;  // larger requests wait for the end of the pace
  Time paced_until_{};
  double level_ = 0;
  bool filled_ = false;  // starts full, once its limit is known
  Time at_{};
  std::array<Peak, kPeaks> peaks_{};  // of growing sequence and falling level
  size_t peak_count_ = 0;
};

}  // namespace squall

#include "engine/policy/rate_bucket.h"

#include <algorithm>
#include <cmath>

namespace squall {
namespace {

constexpr double kRounding = 1e-6;  // units

// When a level that rises by `per_s` from `at` has risen by `missing`.
Time After(Time at, double missing, double per_s) {
  if (missing <= kRounding + per_s * 1e-9) return at;  // a nanosecond is as fine as time gets
  return per_s > 0 ? SaturatingAdd(at, FromSeconds(missing / per_s)) : kNever;
}

}  // namespace

void RateBucket::SetLimit(double per_s, double capacity) {
  per_s_ = std::max(per_s, 0.0);
  capacity_ = capacity;
  if (!filled_ && limited()) level_ = capacity_;
  filled_ = filled_ || limited();
  level_ = std::min(level_, capacity_);
}

void RateBucket::SetPace(double remaining, double capacity, Time until, Time now) {
  Advance(now);
  if (until <= now) return;
  paced_until_ = until;
  paced_most_ = remaining;
  paced_capacity_ = std::min({capacity, remaining, capacity_});
  paced_per_s_ = std::min((remaining - paced_capacity_) / Seconds(until - now), per_s_);
  LowerTo(paced_capacity_);
}

void RateBucket::Advance(Time now) {
  if (now <= at_) return;
  if (at_ < paced_until_) {
    const Time end = std::min(now, paced_until_);
    const double refilled = level_ + paced_per_s_ * Seconds(end - at_);
    level_ = std::max(level_, std::min(refilled, paced_capacity_));
    at_ = end;
  }
  level_ = std::min(level_ + per_s_ * Seconds(now - at_), capacity_);
  at_ = now;
}

Time RateBucket::ReadyAt(double amount) const {
  if (!limited()) return at_;
  double level = level_;
  Time from = at_;
  if (at_ < paced_until_) {
    if (amount <= paced_most_ + kRounding && paced_capacity_ > 0) {
      const Time ready = After(at_, std::min(amount, paced_capacity_) - level, paced_per_s_);
      if (ready <= paced_until_) return ready;
    }
    const double refilled = level + paced_per_s_ * Seconds(paced_until_ - at_);
    level = std::max(level, std::min(refilled, paced_capacity_));
    from = paced_until_;
  }
  return After(from, std::min(amount, capacity_) - level, per_s_);
}

void RateBucket::Take(double amount, uint64_t sequence) {
  if (!limited()) return;
  RememberPeak(sequence);
  level_ -= amount;
}

double RateBucket::GiveBack(double amount, uint64_t sequence) {
  if (!limited()) return 0;
  size_t first = 0;  // of the peaks since then, and so the highest
  while (first < peak_count_ && peaks_[first].sequence <= sequence) ++first;
  double highest = level_;
  if (first < peak_count_) {
    highest = std::max(highest, peaks_[first].level);
    RaisePeaks(first, std::clamp(capacity_ - peaks_[first].level, 0.0, amount));
  }
  const double fuller = std::clamp(capacity_ - highest, 0.0, amount);
  level_ += fuller;
  return fuller;
}

// The past is now one in which less was taken: what others may still get back is counted from it.
void RateBucket::RaisePeaks(size_t first, double by) {
  for (size_t i = first; i < peak_count_; ++i) peaks_[i].level += by;
  size_t kept = first;
  while (kept > 0 && peaks_[kept - 1].level <= peaks_[first].level) --kept;
  std::copy(peaks_.begin() + first, peaks_.begin() + peak_count_, peaks_.begin() + kept);
  peak_count_ -= first - kept;
}

void RateBucket::LowerTo(double level) { level_ = std::min(level_, level); }

void RateBucket::RememberPeak(uint64_t sequence) {
  while (peak_count_ > 0 && peaks_[peak_count_ - 1].level <= level_) --peak_count_;
  if (peak_count_ == kPeaks) {  // the two oldest become one, with the higher level
    peaks_[1].level = peaks_[0].level;
    std::copy(peaks_.begin() + 1, peaks_.end(), peaks_.begin());
    --peak_count_;
  }
  peaks_[peak_count_++] = {sequence, level_};
}

}  // namespace squall

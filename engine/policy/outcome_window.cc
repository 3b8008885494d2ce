#include "engine/policy/outcome_window.h"

#include <algorithm>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr uint8_t kCall = 1;
constexpr uint8_t kFailure = 2;
constexpr uint8_t kSlow = 4;

void AddTo(OutcomeWindow::Totals* totals, uint8_t marks, int64_t sign) {
  totals->calls += (marks & kCall) != 0 ? sign : 0;
  totals->failures += (marks & kFailure) != 0 ? sign : 0;
  totals->slow += (marks & kSlow) != 0 ? sign : 0;
}

}  // namespace

OutcomeWindow::OutcomeWindow(Duration span, int64_t calls)
    : tenth_(std::max(span / kBuckets, Duration(1))), ring_(static_cast<size_t>(calls)) {
  SQUALL_CHECK(calls >= 0 && calls <= kMaxCalls);
}

void OutcomeWindow::Add(bool failure, bool slow, Time now) {
  const auto marks = static_cast<uint8_t>(kCall | (failure ? kFailure : 0) | (slow ? kSlow : 0));
  if (!ring_.empty()) {
    AddTo(&in_ring_, ring_[next_], -1);
    ring_[next_] = marks;
    AddTo(&in_ring_, marks, 1);
    next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
    return;
  }
  const int64_t epoch = EpochOf(now);
  Bucket& bucket = buckets_[static_cast<size_t>(epoch % kBuckets)];
  if (bucket.epoch != epoch) bucket = Bucket{epoch, {}};
  AddTo(&bucket.totals, marks, 1);
}

OutcomeWindow::Totals OutcomeWindow::Count(Time now) const {
  if (!ring_.empty()) return in_ring_;
  const int64_t oldest = EpochOf(now) - kBuckets + 1;
  Totals sum;
  for (const Bucket& bucket : buckets_) {
    if (bucket.epoch < oldest) continue;
    sum.calls += bucket.totals.calls;
    sum.failures += bucket.totals.failures;
    sum.slow += bucket.totals.slow;
  }
  return sum;
}

void OutcomeWindow::Clear() {
  buckets_.fill(Bucket{});
  std::fill(ring_.begin(), ring_.end(), uint8_t{0});
  next_ = 0;
  in_ring_ = Totals{};
}

}  // namespace squall

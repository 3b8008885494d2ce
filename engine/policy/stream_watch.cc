#include "engine/policy/stream_watch.h"

#include <algorithm>

namespace squall {

StreamWatch::StreamWatch(const StreamWatchConfig& config, Time start)
    : config_(config), start_(start) {}

Duration StreamWatch::BucketLength() const {
  return std::max(config_.rate_window / kBuckets, Duration(1));
}

void StreamWatch::OnProgress(Time now, int64_t bytes) {
  if (!begun_) first_ = now;
  begun_ = true;
  last_ = now;
  const int64_t epoch = EpochOf(now);
  Bucket& bucket = buckets_[static_cast<size_t>(epoch) % buckets_.size()];
  if (bucket.epoch != epoch) bucket = Bucket{epoch, 0};
  bucket.bytes += bytes;
}

// Judges the last window that has ended, so that a bucket which is still filling counts neither
// for nor against the stream.
bool StreamWatch::TooSlow(int64_t epoch) const {
  if (config_.min_bytes_per_s <= 0 || epoch < kBuckets) return false;
  int64_t bytes = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.epoch >= epoch - kBuckets && bucket.epoch < epoch) bytes += bucket.bytes;
  }
  const double window_s = Seconds(BucketLength() * kBuckets);
  return static_cast<double>(bytes) < config_.min_bytes_per_s * window_s;
}

Stall StreamWatch::Check(Time now) const {
  if (!begun_) {
    const bool waits = config_.first_piece > 0s;
    return waits && now - start_ >= config_.first_piece ? Stall::kFirstPiece : Stall::kNone;
  }
  if (config_.between > 0s && now - last_ >= config_.between) return Stall::kBetween;
  return TooSlow(EpochOf(now)) ? Stall::kTooSlow : Stall::kNone;
}

Time StreamWatch::GiveUpAt() const {
  if (!begun_) {
    return config_.first_piece > 0s ? SaturatingAdd(start_, config_.first_piece) : kNever;
  }
  const Time silent = config_.between > 0s ? SaturatingAdd(last_, config_.between) : kNever;
  if (config_.min_bytes_per_s <= 0) return silent;
  // Without progress a window can only get poorer, and the one after the last bucket is empty.
  int64_t epoch = std::max(EpochOf(last_), kBuckets);
  while (!TooSlow(epoch)) ++epoch;
  return std::min(silent, SaturatingAdd(first_, BucketLength() * epoch));
}

}  // namespace squall

// StreamWatch: says when a stream that still lives has stopped being worth waiting for. Three
// clocks: until the first piece of an answer, between pieces, and a least rate over a window. Only
// progress counts: providers send headers, keep-alive comments and pings while a request sits in a
// queue, so that any byte proves nothing (DeepSeek's rate limit page; Anthropic's ping events).
// The rate catches what the other two miss, a stream that drips one character at a time.
//
// Pure: time is an argument and must not go back. One per attempt. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/time.h"

namespace squall {

struct StreamWatchConfig {
  Duration first_piece = 0s;   // from the start to the first piece; 0 = wait for ever
  Duration between = 0s;       // from one piece to the next; 0 = wait for ever
  double min_bytes_per_s = 0;  // of text, over the window; 0 = any rate will do
  Duration rate_window = 10s;  // > 0; the rate is judged from one window after the first piece
};

enum class Stall : uint8_t { kNone, kFirstPiece, kBetween, kTooSlow };

class StreamWatch {
 public:
  StreamWatch(const StreamWatchConfig& config, Time start);

  // Pieces of an answer came, thoughts included, `bytes` >= 0 of text in all.
  void OnProgress(Time now, int64_t bytes);

  // The clock that has run out at `now`, if any.
  Stall Check(Time now) const;

  // When the first clock runs out if no more progress comes; kNever where none runs. May lie
  // before the last progress, of a stream that was too slow before that came.
  Time GiveUpAt() const;

 private:
  static constexpr int64_t kBuckets = 8;  // of a window; the rate is judged as each one ends
  struct Bucket {
    int64_t epoch = -1;
    int64_t bytes = 0;
  };

  Duration BucketLength() const;
  int64_t EpochOf(Time now) const { return (now - first_) / BucketLength(); }
  bool TooSlow(int64_t epoch) const;

  StreamWatchConfig config_;
  Time start_;
  Time first_{};
  Time last_{};
  bool begun_ = false;
  std::array<Bucket, kBuckets + 1> buckets_{};  // those of a window and the one that fills
};

}  // namespace squall

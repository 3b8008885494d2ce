// RateLimiter: keeps a client inside a provider's limits per minute on requests and tokens, so that
// it waits here rather than be refused there. Tokens are reserved from an estimate before sending
// and settled from the reported usage; what the provider's headers say slows it before the first
// 429. Who waits, waits in order: a ticket holds its place while its time moves (earlier when
// others give back, later after a 429), so a waiter asks Claim() as it wakes and goes once that
// says so.
//
// Over any span of time the admitted amounts are at most limit * span + max(burst, largest
// request), as are the used amounts where none exceeds its reservation; what exceeds is paid off
// before the next may go. A request above a limit per minute never fits (OpenAI's "Request too
// large") and gets no ticket.
//
// Pure: time is an argument and must not go back. Memory is bounded by max_waiting. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "engine/policy/rate_bucket.h"

namespace squall {

enum class RateDimension : uint8_t { kRequests, kTokens, kInputTokens, kOutputTokens };
inline constexpr size_t kRateDimensions = 4;

struct RateLimiterConfig {
  bool enabled = false;
  int64_t requests_per_min = 0;  // of each, 0 = no limit known
  int64_t tokens_per_min = 0;    // input and output together
  int64_t input_tokens_per_min = 0;
  int64_t output_tokens_per_min = 0;
  double share = 1;  // of the limits that this client may use, (0, 1]
  // What this much time refills may go at once, > 0. Azure counts requests over 10 s. Tokens need
  // room for what is reserved and not yet settled, or estimates that are too high idle the limit.
  Duration request_burst = 10s;
  Duration token_burst = 60s;
  bool learn_headers = true;   // whether headers lower the pace
  Duration wait_on_429 = 1s;   // after a refusal without a hint, >= 0
  int64_t max_waiting = 1024;  // tickets that wait at one time, >= 0
  Duration max_wait = 24h;     // of one of them, >= 0; whoever cannot go by then is refused at once
};

void Describe(Fields& f, RateLimiterConfig& c);

// One amount for each RateDimension. Tokens count under every limit on them, so `Of` fills all.
struct RateAmounts {
  std::array<double, kRateDimensions> of{1, 0, 0, 0};

  static RateAmounts Of(int64_t input_tokens, int64_t output_tokens);
};

struct RateTicket {
  uint64_t id = 0;
  Time at{};           // when it may go, as far as is known
  uint64_t taken = 0;  // not 0 once it may go
  RateAmounts amounts;
};

// What a provider's headers say of one limit; a negative number or time is one they do not give.
struct RateHeaders {
  double limit = -1;       // per window
  double remaining = -1;   // of it
  Duration reset = -1ns;   // until all of it is there again
  Duration window = 1min;  // > 0
};

class RateLimiter {
 public:
  explicit RateLimiter(const RateLimiterConfig& config);

  // Books `amounts` for the earliest time that the limits and those who wait already allow: `at` of
  // the ticket, which may go if that is `now`. Nothing is taken, and no ticket given, if it would
  // be later than `latest`, if the amounts never fit, or if max_waiting tickets wait.
  std::optional<RateTicket> ReserveAt(const RateAmounts& amounts, Time now, Time latest);

  // Would the amounts fit below the limits per minute at all?
  bool Fits(const RateAmounts& amounts) const;

  // Asked at ticket->at: `now` if it may go, which books it; else when to ask again; kNever if that
  // would be later than its latest time, and then it has left the queue.
  Time Claim(RateTicket* ticket, Time now);

  // The request will not be sent. Once per ticket, and not after Settle. A ticket that does not go
  // must be cancelled, or it holds its place until its latest time.
  void Cancel(const RateTicket& ticket, Time now);

  // The request, which was allowed to go, took `used`; what was reserved beyond it is given back,
  // what it took beyond the reservation is charged.
  void Settle(const RateTicket& ticket, const RateAmounts& used, Time now);

  // Headers never allow more than the configured limits; a limit that is not configured is learned
  // from them, as so many a minute. Where `reset` is the time that the missing part takes to refill
  // at the limit (a bucket: OpenAI, Anthropic), what remains is taken over; else (a fixed window:
  // Azure) what remains is spread over the time to the reset.
  void OnHeaders(RateDimension dimension, const RateHeaders& headers, Time now);

  // A request of `refused` was turned away: nothing goes before the hint has passed (0 = there was
  // none), and no more than the refused amounts at that moment.
  void On429(const RateAmounts& refused, Duration hint, Time now);

  int64_t waiting() const { return static_cast<int64_t>(waiting_.size()); }

 private:
  struct Waiting {
    uint64_t id;
    Time at;
    Time latest;
    RateAmounts amounts;
  };
  using Buckets = std::array<RateBucket, kRateDimensions>;

  void SetLimit(size_t dimension, double per_min);
  void Advance(Time now);
  void Replan(Time now);
  std::deque<Waiting>::iterator Find(uint64_t id);
  static void Take(Buckets* buckets, const RateAmounts& amounts, Time at, uint64_t sequence);
  Duration BurstOf(size_t dimension) const;
  Time Earliest(const Buckets& buckets, const RateAmounts& amounts, Time from) const;

  RateLimiterConfig config_;
  std::array<double, kRateDimensions> configured_{};  // per minute, share applied; 0 = none
  Buckets buckets_;                                   // without those that wait
  Buckets tail_;                                      // with them, as of tail_at_; if any waits
  Time tail_at_{};
  Time not_before_{};
  uint64_t last_id_ = 0;
  uint64_t sequence_ = 0;  // of what was taken
  std::deque<Waiting> waiting_;
};

}  // namespace squall

#include "engine/policy/rate_limiter.h"

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"

namespace squall {
namespace {

// How far (limit - remaining) / reset may lie from the limit for its headers to be a bucket's.
constexpr double kBucketTolerance = 0.25;

double Per(double per_min, Duration span) { return per_min * Seconds(span) / 60; }

// Windows in a minute; of a minute exactly one, which seconds as fractions would not give.
double PerMinute(Duration window) {
  return static_cast<double>(Duration(1min).count()) / static_cast<double>(window.count());
}

bool Refills(const RateHeaders& h, Duration window) {
  const double refilled = Per(h.limit * PerMinute(window), h.reset);
  const double missing = h.limit - h.remaining;
  // Headers round: OpenAI to whole requests, Anthropic to thousands of tokens and seconds, Azure to
  // seconds.
  const double in_a_second = h.limit / Seconds(window);
  const double rounding = std::max({1.0, h.limit * 0.02, in_a_second});
  return std::abs(refilled - missing) <= kBucketTolerance * missing + rounding;
}

}  // namespace

void Describe(Fields& f, RateLimiterConfig& c) {
  constexpr IntRange kLimit{0, 1'000'000'000'000};
  f.Bool("enabled", c.enabled, "Whether requests wait for the provider's limits before they go.");
  f.Int("requests_per_min", c.requests_per_min, kLimit, "Limit on requests; 0 is none known.");
  f.Int("tokens_per_min", c.tokens_per_min, kLimit,
        "Limit on tokens of prompts and answers together; 0 is none known.");
  f.Int("input_tokens_per_min", c.input_tokens_per_min, kLimit,
        "Limit on tokens of prompts; 0 is none known.");
  f.Int("output_tokens_per_min", c.output_tokens_per_min, kLimit,
        "Limit on tokens of answers; 0 is none known.");
  f.Number("share", c.share, {1e-6, 1}, "Share of all limits that this client may use.");
  f.Span("request_burst", c.request_burst, {1ms, 24h},
         "The requests that the limit allows in this much time may go at once.");
  f.Span(
      "token_burst", c.token_burst, {1ms, 24h},
      "The tokens that the limit allows in this much time may go at once; those reserved and not "
      "yet settled count.");
  f.Bool("learn_headers", c.learn_headers, "Whether the provider's headers lower the pace.");
  f.Span("wait_on_429", c.wait_on_429, {0s, 24h}, "Wait after a refusal without a hint.");
  f.Int("max_waiting", c.max_waiting, {0, 1'000'000}, "Most requests that wait at one time.");
  f.Span("max_wait", c.max_wait, {0s, 24h},
         "Longest wait; a request that could not go by then goes elsewhere at once.");
}

RateAmounts RateAmounts::Of(int64_t input_tokens, int64_t output_tokens) {
  const auto input = static_cast<double>(input_tokens);
  const auto output = static_cast<double>(output_tokens);
  return {{1, input + output, input, output}};
}

RateLimiter::RateLimiter(const RateLimiterConfig& config) : config_(config) {
  const std::array<int64_t, kRateDimensions> limits{config.requests_per_min, config.tokens_per_min,
                                                    config.input_tokens_per_min,
                                                    config.output_tokens_per_min};
  for (size_t d = 0; d < kRateDimensions; ++d) {
    configured_[d] = static_cast<double>(limits[d]) * config.share;
    SetLimit(d, configured_[d]);
  }
}

Duration RateLimiter::BurstOf(size_t dimension) const {
  const bool requests = dimension == static_cast<size_t>(RateDimension::kRequests);
  return requests ? config_.request_burst : config_.token_burst;
}

void RateLimiter::SetLimit(size_t dimension, double per_min) {
  // A bucket that holds not even one would admit none.
  buckets_[dimension].SetLimit(per_min / 60, std::max(Per(per_min, BurstOf(dimension)), 1.0));
}

bool RateLimiter::Fits(const RateAmounts& amounts) const {
  for (size_t d = 0; d < kRateDimensions; ++d) {
    const RateBucket& bucket = buckets_[d];
    const double most = std::max(bucket.per_s() * 60, bucket.capacity());
    if (bucket.limited() && amounts.of[d] > most) return false;
  }
  return true;
}

Time RateLimiter::Earliest(const Buckets& buckets, const RateAmounts& amounts, Time from) const {
  Time at = std::max(from, not_before_);
  for (size_t d = 0; d < kRateDimensions; ++d) {
    if (amounts.of[d] > 0) at = std::max(at, buckets[d].ReadyAt(amounts.of[d]));
  }
  return at;
}

void RateLimiter::Take(Buckets* buckets, const RateAmounts& amounts, Time at, uint64_t sequence) {
  for (size_t d = 0; d < kRateDimensions; ++d) {
    (*buckets)[d].Advance(at);
    (*buckets)[d].Take(amounts.of[d], sequence);
  }
}

// Everything that looks or changes comes through here first: those whose time has passed while they
// did not come are planned for now.
void RateLimiter::Advance(Time now) {
  for (RateBucket& bucket : buckets_) bucket.Advance(now);
  if (!waiting_.empty() && waiting_.front().at < now) Replan(now);
}

// Plans those that wait anew, in their order, from what the buckets hold now.
void RateLimiter::Replan(Time now) {
  if (waiting_.empty()) return;
  std::erase_if(waiting_, [now](const Waiting& waiting) { return waiting.latest < now; });
  if (waiting_.empty()) return;
  tail_ = buckets_;
  tail_at_ = now;
  for (Waiting& waiting : waiting_) {
    tail_at_ = waiting.at = Earliest(tail_, waiting.amounts, tail_at_);
    Take(&tail_, waiting.amounts, tail_at_, sequence_ + 1);
  }
}

std::optional<RateTicket> RateLimiter::ReserveAt(const RateAmounts& amounts, Time now,
                                                 Time latest) {
  RateTicket ticket{++last_id_, now, 1, amounts};
  if (!config_.enabled) return now <= latest ? std::optional(ticket) : std::nullopt;
  if (!Fits(amounts)) return std::nullopt;
  Advance(now);
  const bool first = waiting_.empty();
  ticket.at = first ? Earliest(buckets_, amounts, now) : Earliest(tail_, amounts, tail_at_);
  if (ticket.at > latest) return std::nullopt;
  if (ticket.at > now) {
    if (waiting() >= config_.max_waiting) return std::nullopt;
    if (first) tail_ = buckets_;
    ticket.taken = 0;
    waiting_.push_back({ticket.id, ticket.at, latest, amounts});
  } else {
    ticket.taken = ++sequence_;
    Take(&buckets_, amounts, now, ticket.taken);
    if (first) return ticket;
  }
  tail_at_ = ticket.at;
  Take(&tail_, amounts, ticket.at, sequence_ + 1);
  return ticket;
}

Time RateLimiter::Claim(RateTicket* ticket, Time now) {
  if (ticket->taken != 0) return now;
  Advance(now);
  const auto it = Find(ticket->id);
  if (it == waiting_.end()) return kNever;
  ticket->at = it->at;
  if (it->at <= now) {
    ticket->taken = ++sequence_;
    Take(&buckets_, it->amounts, now, ticket->taken);
    waiting_.erase(it);  // the tail, which has it at this time already, stays as it is
    return now;
  }
  if (it->at <= it->latest) return it->at;
  waiting_.erase(it);
  Replan(now);
  return kNever;
}

std::deque<RateLimiter::Waiting>::iterator RateLimiter::Find(uint64_t id) {
  const auto it =
      std::lower_bound(waiting_.begin(), waiting_.end(), id,
                       [](const Waiting& waiting, uint64_t wanted) { return waiting.id < wanted; });
  return it != waiting_.end() && it->id == id ? it : waiting_.end();
}

void RateLimiter::Cancel(const RateTicket& ticket, Time now) {
  if (!config_.enabled) return;
  Advance(now);
  if (ticket.taken == 0) {
    const auto it = Find(ticket.id);
    if (it != waiting_.end()) waiting_.erase(it);
  } else {
    for (size_t d = 0; d < kRateDimensions; ++d) {
      buckets_[d].GiveBack(ticket.amounts.of[d], ticket.taken);
    }
  }
  Replan(now);
}

void RateLimiter::Settle(const RateTicket& ticket, const RateAmounts& used, Time now) {
  if (!config_.enabled) return;
  SQUALL_CHECK(ticket.taken != 0);
  Advance(now);
  for (size_t d = 0; d < kRateDimensions; ++d) {
    const double left = ticket.amounts.of[d] - used.of[d];
    if (left > 0) buckets_[d].GiveBack(left, ticket.taken);
    if (left < 0) buckets_[d].Take(-left, ++sequence_);
  }
  Replan(now);
}

void RateLimiter::OnHeaders(RateDimension dimension, const RateHeaders& headers, Time now) {
  if (!config_.enabled || !config_.learn_headers) return;
  Advance(now);
  const auto d = static_cast<size_t>(dimension);
  RateBucket& bucket = buckets_[d];
  // What takes longer than the window to be whole again is not counted over it.
  const Duration window = headers.reset > headers.window ? Duration(1min) : headers.window;
  if (headers.limit > 0 && std::isfinite(headers.limit)) {
    const double told = headers.limit * config_.share * PerMinute(window);
    SetLimit(d, configured_[d] > 0 ? std::min(configured_[d], told) : told);
  }
  if (bucket.limited() && headers.remaining >= 0 && std::isfinite(headers.remaining)) {
    const double remaining = headers.remaining * config_.share;
    const bool fixed = headers.reset > 0ns && !(headers.limit > 0 && Refills(headers, window));
    if (fixed) {
      const double at_once = remaining * Seconds(BurstOf(d)) / Seconds(headers.reset);
      bucket.SetPace(remaining, std::max(at_once, 1.0), SaturatingAdd(now, headers.reset), now);
    } else {
      bucket.LowerTo(remaining);
    }
  }
  Replan(now);
}

void RateLimiter::On429(const RateAmounts& refused, Duration hint, Time now) {
  if (!config_.enabled) return;
  Advance(now);
  const Duration wait = hint > 0ns ? hint : config_.wait_on_429;
  not_before_ = std::max(not_before_, SaturatingAdd(now, wait));
  for (size_t d = 0; d < kRateDimensions; ++d) {
    buckets_[d].LowerTo(refused.of[d] - buckets_[d].per_s() * Seconds(wait));
  }
  Replan(now);
}

}  // namespace squall

// Retry budget: caps extra attempts (retries, failovers, hedges, repairs alike). Kinds:
//   windowed      extra <= ratio * offered + floor, over a sliding window. Shape of Finagle's
//                 RetryBudget (ttl 10 s, 20 %, 10 retries/s reserve); the default ratio is the 10 %
//                 of Google's SRE book, chapter "Handling Overload". The floor keeps low traffic
//                 alive: a pure percentage allows no retry below 1 / ratio requests a window.
//   concurrent    extra under way <= max(floor_concurrent, ratio * attempts under way). Envoy's
//                 retry_budget (20 %, at least 3).
//   token_bucket  attempts are paid from a bucket that successes fill. gRPC A6: 10 tokens, a failed
//                 attempt costs 1, a success gives token_ratio, retries only above half. AWS SDKs,
//                 standard mode: 500 tokens, a retry costs 5 and one after a timeout 10; a success
//                 gives 1, or back what its retry cost.
// Each counts attempts, tokens or US dollars (unit).
//
// Pure: time is an argument and must not go back. One thread, so that nothing comes between the
// check and the taking. Every attempt is settled once; concurrent budgets count on it.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/time.h"
#include "engine/policy/outcome_window.h"

namespace squall {

enum class BudgetKind : uint8_t { kWindowed, kConcurrent, kTokenBucket };
enum class BudgetUnit : uint8_t { kAttempts, kTokens, kUsd };

struct RetryBudgetConfig {
  bool enabled = true;
  double ratio = 0.1;        // extra load per offered load, or per load under way, >= 0
  double floor_per_s = 1.0;  // extra load a second that is always allowed, >= 0
  Duration window = 10s;     // over which both are counted, > 0
  BudgetKind kind = BudgetKind::kWindowed;
  BudgetUnit unit = BudgetUnit::kAttempts;
  double floor_concurrent = 3;  // extra load under way that is always allowed, >= 0
  // The bucket. Costs and gains are per unit of load, >= 0.
  double capacity = 500;      // where it starts and ends, > 0
  double retry_cost = 5;      // taken by an extra attempt
  double timeout_cost = 10;   // by one that follows a timeout
  double throttled_cost = 5;  // by one that follows a rate limit
  double failure_cost = 0;    // by any attempt that fails
  double success_gain = 1;    // given by a success
  bool refund = true;         // a successful extra attempt gives its cost back instead
  double retry_above = 0;     // extra attempts only above this share of the capacity, [0, 1)
};

// What one attempt weighs, estimated before it and known after it. Each >= 0.
struct Load {
  double attempts = 1;
  double tokens = 0;
  double usd = 0;
};

// What the extra attempt is made for.
enum class Trigger : uint8_t { kFailure, kTimeout, kThrottled };

// The end of an attempt.
struct AttemptEnd {
  bool extra = false;  // it was withdrawn, not deposited
  CallOutcome outcome = CallOutcome::kNeutral;
  Load reserved;  // as given when it began
  Load used;
  Trigger trigger = Trigger::kFailure;  // as withdrawn
};

class RetryBudget {
 public:
  explicit RetryBudget(const RetryBudgetConfig& config);

  // A request was offered: its first attempt begins, and is free.
  void Deposit(Time now, const Load& load = {});

  // Would Withdraw succeed now? Changes nothing.
  bool Allows(Time now, const Load& load = {}, Trigger trigger = Trigger::kFailure) const;

  // An extra attempt begins; false, and nothing taken, when the budget is used up.
  bool Withdraw(Time now, const Load& load = {}, Trigger trigger = Trigger::kFailure);

  // An attempt ends, first or extra.
  void Settle(Time now, const AttemptEnd& end);

  // Extra load still allowed at this moment, >= 0; infinite where nothing limits it.
  double Left(Time now) const;

  double bucket() const { return bucket_; }

 private:
  static constexpr int kBuckets = 10;
  struct Bucket {
    int64_t epoch = -1;
    double offered = 0;
    double extra = 0;
  };

  double Weight(const Load& load) const;
  double Cost(Trigger trigger) const;
  Bucket& Current(Time now);
  int64_t EpochOf(Time now) const;
  void Fill(double tokens);

  RetryBudgetConfig config_;
  std::array<Bucket, kBuckets> buckets_{};
  double active_ = 0;        // load under way
  double active_extra_ = 0;  // of it, extra
  double bucket_;
};

}  // namespace squall

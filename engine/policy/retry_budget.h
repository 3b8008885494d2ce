// Retry budget: caps extra attempts (retries, failovers, repairs alike) at a share of the requests
// offered lately, plus a floor. The floor keeps low traffic alive: a pure percentage allows
// no retry at all below 1 / ratio requests a window.
//
// Shape of Finagle's RetryBudget (ttl 10 s, 20 %, 10 retries/s reserve) and Envoy's retry_budget
// (20 %, at least 3); the default ratio is the 10 % of Google's SRE book, chapter "Handling
// Overload".
//
// Pure: time is an argument and must not go back. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/time.h"

namespace squall {

struct RetryBudgetConfig {
  bool enabled = true;
  double ratio = 0.1;        // extra attempts per offered request, >= 0
  double floor_per_s = 1.0;  // extra attempts a second that are always allowed, >= 0
  Duration window = 10s;     // over which both are counted, > 0
};

class RetryBudget {
 public:
  explicit RetryBudget(const RetryBudgetConfig& config);

  // One request was offered (its first attempt is free).
  void Deposit(Time now);

  // Would Withdraw succeed now? Changes nothing.
  bool Allows(Time now) const;

  // Takes one extra attempt; false, and nothing taken, when the window's allowance is used up.
  bool Withdraw(Time now);

  // Extra attempts still allowed at this moment, >= 0.
  double Left(Time now) const;

 private:
  static constexpr int kBuckets = 10;
  struct Bucket {
    int64_t epoch = -1;
    int64_t offered = 0;
    int64_t extra = 0;
  };

  Bucket& Current(Time now);
  int64_t EpochOf(Time now) const;

  RetryBudgetConfig config_;
  std::vector<Bucket> buckets_;
};

}  // namespace squall

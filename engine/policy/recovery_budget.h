// RecoveryBudget: one budget for retries, failovers, hedges and repairs, in two scopes at once. The
// overall scope bounds the extra load in total. A provider's scope bounds what is sent to it again
// on behalf of requests that it has had before: the extra load on a provider that fails. A request
// that comes over from another provider is extra load in total, but for the provider that takes it
// it is an offered request like any other, so that an outage elsewhere does not use up its budget.
//
// Pure: time is an argument and must not go back. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"
#include "engine/policy/retry_budget.h"

namespace squall {

enum class ExtraKind : uint8_t { kRetry, kFailover, kHedge, kRepair };

struct ExtraAttempt {
  ExtraKind kind = ExtraKind::kRetry;
  size_t provider = 0;  // where it goes
  bool again = true;    // this request has been there before
  bool free = false;    // again, and yet not charged to the provider
  Trigger trigger = Trigger::kFailure;
  Load load;
};

class RecoveryBudget {
 public:
  RecoveryBudget(const RetryBudgetConfig& overall, const RetryBudgetConfig& per_provider,
                 size_t providers);

  // A request's first attempt begins at `provider`.
  void Deposit(Time now, size_t provider, const Load& load = {});

  // Would Withdraw succeed now? Changes nothing.
  bool Allows(Time now, const ExtraAttempt& extra) const;

  // The extra attempt begins; false, and nothing taken in either scope, when one is used up.
  bool Withdraw(Time now, const ExtraAttempt& extra);

  // The first attempt at `provider`, or one that was withdrawn, ends. `end.extra` and `end.trigger`
  // of the latter are set here.
  void SettleFirst(Time now, size_t provider, AttemptEnd end);
  void SettleExtra(Time now, const ExtraAttempt& extra, AttemptEnd end);

  // Attempts withdrawn so far.
  int64_t taken(ExtraKind kind) const { return taken_[static_cast<size_t>(kind)]; }

  const RetryBudget& overall() const { return overall_; }
  const RetryBudget& provider(size_t provider) const { return providers_[provider]; }

 private:
  static constexpr size_t kKinds = 4;

  RetryBudget overall_;
  std::vector<RetryBudget> providers_;
  std::array<int64_t, kKinds> taken_{};
};

}  // namespace squall

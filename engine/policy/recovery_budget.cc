#include "engine/policy/recovery_budget.h"

namespace squall {

RecoveryBudget::RecoveryBudget(const RetryBudgetConfig& overall,
                               const RetryBudgetConfig& per_provider, size_t providers)
    : overall_(overall), providers_(providers, RetryBudget(per_provider)) {}

void RecoveryBudget::Deposit(Time now, size_t provider, const Load& load) {
  overall_.Deposit(now, load);
  providers_[provider].Deposit(now, load);
}

bool RecoveryBudget::Allows(Time now, const ExtraAttempt& extra) const {
  if (!overall_.Allows(now, extra.load, extra.trigger)) return false;
  return !extra.again || extra.free ||
         providers_[extra.provider].Allows(now, extra.load, extra.trigger);
}

bool RecoveryBudget::Withdraw(Time now, const ExtraAttempt& extra) {
  if (!Allows(now, extra)) return false;
  overall_.Withdraw(now, extra.load, extra.trigger);
  RetryBudget& there = providers_[extra.provider];
  if (!extra.again) {
    there.Deposit(now, extra.load);
  } else if (!extra.free) {
    there.Withdraw(now, extra.load, extra.trigger);
  }
  ++taken_[static_cast<size_t>(extra.kind)];
  return true;
}

void RecoveryBudget::SettleFirst(Time now, size_t provider, AttemptEnd end) {
  end.extra = false;
  overall_.Settle(now, end);
  providers_[provider].Settle(now, end);
}

void RecoveryBudget::SettleExtra(Time now, const ExtraAttempt& extra, AttemptEnd end) {
  end.extra = true;
  end.reserved = extra.load;
  end.trigger = extra.trigger;
  overall_.Settle(now, end);
  if (extra.again && extra.free) return;  // it was never booked there
  end.extra = extra.again;
  providers_[extra.provider].Settle(now, end);
}

}  // namespace squall

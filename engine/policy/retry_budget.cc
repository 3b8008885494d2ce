#include "engine/policy/retry_budget.h"

#include <algorithm>
#include <limits>

namespace squall {

RetryBudget::RetryBudget(const RetryBudgetConfig& config) : config_(config), buckets_(kBuckets) {}

int64_t RetryBudget::EpochOf(Time now) const {
  return now.time_since_epoch() / (config_.window / kBuckets);
}

RetryBudget::Bucket& RetryBudget::Current(Time now) {
  const int64_t epoch = EpochOf(now);
  Bucket& bucket = buckets_[static_cast<size_t>(epoch % kBuckets)];
  if (bucket.epoch != epoch) bucket = Bucket{epoch, 0, 0};
  return bucket;
}

void RetryBudget::Deposit(Time now) {
  if (config_.enabled) ++Current(now).offered;
}

double RetryBudget::Left(Time now) const {
  if (!config_.enabled) return std::numeric_limits<double>::infinity();
  const int64_t oldest = EpochOf(now) - kBuckets + 1;
  int64_t offered = 0;
  int64_t extra = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.epoch < oldest) continue;
    offered += bucket.offered;
    extra += bucket.extra;
  }
  const double allowed =
      config_.ratio * static_cast<double>(offered) + config_.floor_per_s * Seconds(config_.window);
  return std::max(0.0, allowed - static_cast<double>(extra));
}

bool RetryBudget::Allows(Time now) const { return Left(now) >= 1; }

bool RetryBudget::Withdraw(Time now) {
  if (!Allows(now)) return false;
  if (config_.enabled) ++Current(now).extra;
  return true;
}

}  // namespace squall

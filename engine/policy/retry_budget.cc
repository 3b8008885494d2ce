#include "engine/policy/retry_budget.h"

#include <algorithm>
#include <limits>

namespace squall {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

}  // namespace

RetryBudget::RetryBudget(const RetryBudgetConfig& config)
    : config_(config), bucket_(config.capacity) {}

double RetryBudget::Weight(const Load& load) const {
  switch (config_.unit) {
    case BudgetUnit::kAttempts: return load.attempts;
    case BudgetUnit::kTokens: return load.tokens;
    case BudgetUnit::kUsd: return load.usd;
  }
  return load.attempts;
}

double RetryBudget::Cost(Trigger trigger) const {
  switch (trigger) {
    case Trigger::kFailure: return config_.retry_cost;
    case Trigger::kTimeout: return config_.timeout_cost;
    case Trigger::kThrottled: return config_.throttled_cost;
  }
  return config_.retry_cost;
}

int64_t RetryBudget::EpochOf(Time now) const {
  return now.time_since_epoch() / (config_.window / kBuckets);
}

RetryBudget::Bucket& RetryBudget::Current(Time now) {
  const int64_t epoch = EpochOf(now);
  Bucket& bucket = buckets_[static_cast<size_t>(epoch % kBuckets)];
  if (bucket.epoch != epoch) bucket = Bucket{epoch, 0, 0};
  return bucket;
}

void RetryBudget::Fill(double tokens) {
  bucket_ = std::clamp(bucket_ + tokens, 0.0, config_.capacity);
}

void RetryBudget::Deposit(Time now, const Load& load) {
  if (!config_.enabled) return;
  const double weight = Weight(load);
  active_ += weight;
  if (config_.kind == BudgetKind::kWindowed) Current(now).offered += weight;
}

double RetryBudget::Left(Time now) const {
  if (!config_.enabled) return kUnlimited;
  if (config_.kind == BudgetKind::kConcurrent) {
    const double allowed = std::max(config_.floor_concurrent, config_.ratio * active_);
    return std::max(0.0, allowed - active_extra_);
  }
  if (config_.kind == BudgetKind::kTokenBucket) {
    if (bucket_ <= config_.retry_above * config_.capacity) return 0;
    return config_.retry_cost > 0 ? bucket_ / config_.retry_cost : kUnlimited;
  }
  const int64_t oldest = EpochOf(now) - kBuckets + 1;
  double offered = 0;
  double extra = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.epoch < oldest) continue;
    offered += bucket.offered;
    extra += bucket.extra;
  }
  const double allowed = config_.ratio * offered + config_.floor_per_s * Seconds(config_.window);
  return std::max(0.0, allowed - extra);
}

bool RetryBudget::Allows(Time now, const Load& load, Trigger trigger) const {
  const double left = Left(now);
  if (!config_.enabled || config_.kind != BudgetKind::kTokenBucket) return left >= Weight(load);
  return left > 0 && bucket_ >= Cost(trigger) * Weight(load);
}

bool RetryBudget::Withdraw(Time now, const Load& load, Trigger trigger) {
  if (!Allows(now, load, trigger)) return false;
  if (!config_.enabled) return true;
  const double weight = Weight(load);
  active_ += weight;
  active_extra_ += weight;
  if (config_.kind == BudgetKind::kWindowed) Current(now).extra += weight;
  if (config_.kind == BudgetKind::kTokenBucket) Fill(-Cost(trigger) * weight);
  return true;
}

void RetryBudget::Settle(Time now, const AttemptEnd& end) {
  if (!config_.enabled) return;
  const double reserved = Weight(end.reserved);
  const double used = Weight(end.used);
  active_ = std::max(0.0, active_ - reserved);
  if (end.extra) active_extra_ = std::max(0.0, active_extra_ - reserved);
  if (config_.kind == BudgetKind::kWindowed && used != reserved) {
    Bucket& bucket = Current(now);
    (end.extra ? bucket.extra : bucket.offered) += used - reserved;
  }
  if (config_.kind != BudgetKind::kTokenBucket) return;
  if (end.extra) Fill((reserved - used) * Cost(end.trigger));
  if (end.outcome == CallOutcome::kFailure) Fill(-config_.failure_cost * used);
  if (end.outcome == CallOutcome::kSuccess) {
    const bool refunds = end.extra && config_.refund;
    Fill((refunds ? Cost(end.trigger) : config_.success_gain) * used);
  }
}

}  // namespace squall

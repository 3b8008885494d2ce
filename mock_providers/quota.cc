#include "mock_providers/quota.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace squall {
namespace {

constexpr Duration kDay = 24h;
// Every run starts at 2026-01-01T00:00Z, 16:00 the day before on the Pacific coast, whose midnight
// renews Gemini's daily quotas.
constexpr Duration kSincePacificMidnight = 16h;
// Tokens that a limiter assumes for an answer without a stated bound, as Azure's simulator does.
constexpr int64_t kAssumedAnswer = 16;
constexpr double kUnitRounding = 1e-6;

constexpr std::string_view kNames[] = {"none",         "requests",      "tokens",
                                       "input_tokens", "output_tokens", "day",
                                       "concurrency",  "spend",         "too_large"};

// The part of a limit per minute that may be used within one window.
int64_t PerWindow(int64_t per_min, Duration window) {
  if (per_min == 0) return 0;
  const double part = static_cast<double>(per_min) * Seconds(window) / 60;
  return std::max<int64_t>(static_cast<int64_t>(std::ceil(part - kUnitRounding)), 1);
}

int64_t DayNumber(Time now) { return (now.time_since_epoch() + kSincePacificMidnight) / kDay; }

}  // namespace

std::string_view QuotaLimitName(QuotaLimit limit) { return kNames[static_cast<size_t>(limit)]; }

Duration QuotaWait(double used, double requested, double limit, Duration window) {
  return FromSeconds(std::max(used + requested - limit, 0.0) / limit * Seconds(window));
}

QuotaBucket::QuotaBucket(int64_t limit, Duration window) : limit_(limit), window_(window) {}

double QuotaBucket::UsedAt(Time now) const {
  const double refilled = static_cast<double>(limit_) * Seconds(now - last_) / Seconds(window_);
  return std::max(used_ - refilled, 0.0);
}

int64_t QuotaBucket::Used(Time now) const {
  return static_cast<int64_t>(std::ceil(UsedAt(now) - kUnitRounding));
}

bool QuotaBucket::Fits(int64_t requested, Time now) const {
  if (!limited()) return true;
  const auto limit = static_cast<double>(limit_);
  const double in_a_ms = limit * 1e-3 / Seconds(window_);
  return UsedAt(now) + static_cast<double>(requested) <= limit + in_a_ms + kUnitRounding;
}

Duration QuotaBucket::Wait(int64_t requested, Time now) const {
  return QuotaWait(static_cast<double>(Used(now)), static_cast<double>(requested),
                   static_cast<double>(limit_), window_);
}

void QuotaBucket::Charge(int64_t amount, Time now) {
  if (!limited()) return;
  used_ = UsedAt(now) + static_cast<double>(amount);
  last_ = now;
}

void QuotaBucket::ChargeRefused(int64_t amount, Time now) {
  if (!limited()) return;
  const double used = UsedAt(now);
  const auto limit = static_cast<double>(limit_);
  used_ = std::max(used, std::min(used + static_cast<double>(amount), limit));
  last_ = now;
}

QuotaLine QuotaBucket::Line(Time now) const {
  if (!limited()) return {};
  const double used = UsedAt(now);
  const auto limit = static_cast<double>(limit_);
  const auto remaining = static_cast<int64_t>(limit - used + kUnitRounding);
  return {limit_, std::max<int64_t>(remaining, 0), FromSeconds(used / limit * Seconds(window_))};
}

QuotaRegions::Region::Region(const QuotaConfig& config)
    : requests(PerWindow(config.region_requests_per_min, config.request_window),
               config.request_window),
      tokens(config.region_tokens_per_min, 1min) {}

QuotaRegions::Region* QuotaRegions::Find(const QuotaConfig& config) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Region>& region = regions_[config.region];
  if (region == nullptr) region = std::make_unique<Region>(config);
  return region.get();
}

QuotaCost CostOf(int64_t prompt_tokens, int64_t max_tokens) {
  const int64_t answer = max_tokens > 0 ? max_tokens : kAssumedAnswer;
  return {std::max(max_tokens, prompt_tokens + kAssumedAnswer), prompt_tokens, answer};
}

Quota::Quota(const QuotaConfig& config, QuotaRegions* regions)
    : config_(config),
      requests_(PerWindow(config.requests_per_min, config.request_window), config.request_window),
      tokens_(config.tokens_per_min, 1min),
      input_(config.input_tokens_per_min, 1min),
      output_(config.output_tokens_per_min, 1min),
      day_(config.requests_per_day, kDay) {
  if (config.region.empty()) return;
  if (regions == nullptr) own_regions_ = std::make_unique<QuotaRegions>();
  region_ = (regions != nullptr ? regions : own_regions_.get())->Find(config);
}

bool Quota::Limits(const QuotaConfig& c) {
  return c.requests_per_min > 0 || c.tokens_per_min > 0 || c.input_tokens_per_min > 0 ||
         c.output_tokens_per_min > 0 || c.requests_per_day > 0 || c.concurrency > 0 ||
         c.spend_cap_usd > 0 || !c.region.empty();
}

QuotaVerdict Quota::Admit(const QuotaCost& cost, Time now) {
  QuotaVerdict verdict;
  std::unique_lock<std::mutex> lock;
  if (region_ != nullptr) lock = std::unique_lock(region_->mutex);
  FindHit(cost, now, &verdict);
  Charge(cost, now, verdict);
  if (verdict.wait && config_.charge_rejected) {
    // The refused request counts too, so its hint is the one that holds after it.
    QuotaVerdict after;
    HitBuckets(cost, now, &after);
    if (after.wait > verdict.wait) verdict = after;
  }
  verdict.hint = config_.hint;
  verdict.view = View(now);
  return verdict;
}

void Quota::FindHit(const QuotaCost& cost, Time now, QuotaVerdict* verdict) {
  struct Size {
    const QuotaBucket& bucket;
    int64_t requested;
  };
  for (const Size& size :
       {Size{tokens_, cost.tokens}, Size{input_, cost.input}, Size{output_, cost.output}}) {
    if (!size.bucket.limited() || size.requested <= size.bucket.limit()) continue;
    verdict->hit = QuotaLimit::kTooLarge;
    verdict->limit = size.bucket.limit();
    verdict->requested = size.requested;
    return;
  }
  if (config_.spend_cap_usd > 0 && spent_usd_ >= config_.spend_cap_usd) {
    verdict->hit = QuotaLimit::kSpend;
    return;
  }
  if (HitMidnightQuota(now, verdict)) return;
  while (!running_.empty() && running_.front() <= now) {
    std::pop_heap(running_.begin(), running_.end(), std::greater<>());
    running_.pop_back();
  }
  const auto running = static_cast<int64_t>(running_.size());
  if (config_.concurrency > 0 && running >= config_.concurrency) {
    verdict->hit = QuotaLimit::kConcurrency;
    verdict->limit = config_.concurrency;
    verdict->used = running;
    verdict->requested = 1;
    return;
  }
  HitBuckets(cost, now, verdict);
}

bool Quota::HitMidnightQuota(Time now, QuotaVerdict* verdict) {
  if (!day_.limited() || config_.daily_reset != DailyReset::kMidnight) return false;
  if (day_number_ != DayNumber(now)) day_used_ = 0;
  day_number_ = DayNumber(now);
  if (day_used_ < day_.limit()) return false;
  verdict->hit = QuotaLimit::kDay;
  verdict->daily_window = true;
  verdict->limit = day_.limit();
  verdict->used = day_used_;
  verdict->requested = 1;
  verdict->window = kDay;
  return true;
}

// Of several limits in the way the one that takes longest.
void Quota::HitBuckets(const QuotaCost& cost, Time now, QuotaVerdict* verdict) {
  const auto look = [&](const QuotaBucket& bucket, QuotaLimit limit, int64_t requested,
                        bool regional) {
    if (bucket.Fits(requested, now)) return;
    const Duration wait = bucket.Wait(requested, now);
    if (verdict->hit != QuotaLimit::kNone && verdict->wait >= wait) return;
    verdict->hit = limit;
    verdict->regional = regional;
    verdict->limit = bucket.limit();
    verdict->used = bucket.Used(now);
    verdict->requested = requested;
    verdict->window = bucket.window();
    verdict->wait = wait;
  };
  if (config_.daily_reset == DailyReset::kContinuous) look(day_, QuotaLimit::kDay, 1, false);
  look(requests_, QuotaLimit::kRequests, 1, false);
  look(tokens_, QuotaLimit::kTokens, cost.tokens, false);
  look(input_, QuotaLimit::kInputTokens, cost.input, false);
  look(output_, QuotaLimit::kOutputTokens, cost.output, false);
  if (region_ == nullptr) return;
  look(region_->requests, QuotaLimit::kRequests, 1, true);
  look(region_->tokens, QuotaLimit::kTokens, cost.tokens, true);
}

void Quota::Charge(const QuotaCost& cost, Time now, const QuotaVerdict& verdict) {
  if (!verdict.admitted()) {
    if (!config_.charge_rejected) return;
    requests_.ChargeRefused(1, now);  // no tokens were read or made
    if (region_ != nullptr) region_->requests.ChargeRefused(1, now);
    return;
  }
  requests_.Charge(1, now);
  tokens_.Charge(cost.tokens, now);
  input_.Charge(cost.input, now);
  output_.Charge(cost.output, now);
  day_.Charge(1, now);
  ++day_used_;
  if (region_ == nullptr) return;
  region_->requests.Charge(1, now);
  region_->tokens.Charge(cost.tokens, now);
}

QuotaView Quota::View(Time now) const {
  return {requests_.Line(now), tokens_.Line(now), input_.Line(now), output_.Line(now)};
}

void Quota::Began(Time ends) {
  if (config_.concurrency == 0) return;
  running_.push_back(ends);
  std::push_heap(running_.begin(), running_.end(), std::greater<>());
}

}  // namespace squall

#include "mock_providers/climate.h"

#include <algorithm>

#include "engine/base/check.h"
#include "mock_providers/fault_draw.h"
#include "mock_providers/faults.h"

namespace squall {
namespace {

// Indices of draws within a row's stream.
constexpr uint64_t kShareDraw = 0;
constexpr uint64_t kVariantDraw = 1;
constexpr uint64_t kStayDraw = 2;

bool InWindow(const ClimateConfig& row, Time now) {
  return now >= kStart + row.from && now < kStart + row.to;
}

bool Concerns(const ClimateConfig& row, std::string_view model) {
  return row.models.empty() ||
         std::find(row.models.begin(), row.models.end(), model) != row.models.end();
}

double RampShare(const ClimateConfig& row, Time now) {
  const double done = Seconds(now - (kStart + row.from)) / Seconds(row.to - row.from);
  return row.share + (row.share_end - row.share) * done;
}

}  // namespace

Climate::Climate(std::vector<ClimateConfig> rows, const std::vector<std::string>& providers,
                 uint64_t seed)
    : rows_(std::move(rows)), seed_(seed), ends_(rows_.size()) {
  for (const ClimateConfig& row : rows_) {
    Derived derived;
    for (const std::string& provider : providers) {
      const auto& named = row.providers;
      derived.hits.push_back(named.empty() ||
                             std::find(named.begin(), named.end(), provider) != named.end());
    }
    derived.fault = FindFault(row.fault);
    SQUALL_CHECK(derived.fault >= 0);
    derived.variants =
        VariantWeights(derived.fault, row.variants, FaultConfig().retry_after_present);
    derived.stream = Stream("climate/" + row.name);
    derived_.push_back(std::move(derived));
  }
  for (const std::string& provider : providers) providers_.push_back(Stream(provider));
}

// By name, so that a further provider in the list changes no draw of the others.
StreamId Climate::ProviderStream(size_t row, ProviderId provider) const {
  return Mix(derived_[row].stream ^ providers_[provider]);
}

Climate::Stay Climate::StayAt(size_t row, Time now) const {
  constexpr GilbertElliott kCycle[] = {GilbertElliott::kUp, GilbertElliott::kDegraded,
                                       GilbertElliott::kDown, GilbertElliott::kDegraded};
  const ClimateConfig& config = rows_[row];
  const auto mean = [&config](GilbertElliott state) {
    switch (state) {
      case GilbertElliott::kUp: return config.mean_up;
      case GilbertElliott::kDegraded: return config.mean_degraded;
      case GilbertElliott::kDown: return config.mean_down;
    }
    return config.mean_up;
  };
  const std::lock_guard lock(mutex_);
  std::vector<Time>& ends = ends_[row];
  SQUALL_CHECK(now < kNever);
  while (ends.empty() || ends.back() <= now) {
    const double u = Draw(seed_, derived_[row].stream, ends.size(), 0, kStayDraw);
    const double seconds = Exponential(u, Seconds(mean(kCycle[ends.size() % 4])));
    // At least a nanosecond, so that the path always gets ahead.
    const Duration stay = std::max(FromSeconds(seconds), Duration(1));
    ends.push_back(SaturatingAdd(ends.empty() ? kStart : ends.back(), stay));
  }
  const auto it = std::upper_bound(ends.begin(), ends.end(), now);
  return {kCycle[static_cast<size_t>(it - ends.begin()) % 4], *it};
}

double Climate::ShareAt(size_t row, Time now) const {
  const ClimateConfig& config = rows_[row];
  switch (config.kind) {
    case ClimateKind::kOutage: return InWindow(config, now) ? config.share : 0;
    case ClimateKind::kRamp: return InWindow(config, now) ? RampShare(config, now) : 0;
    case ClimateKind::kGilbertElliott: break;
  }
  switch (StayAt(row, now).state) {
    case GilbertElliott::kUp: return 0;
    case GilbertElliott::kDegraded: return config.degraded_share;
    case GilbertElliott::kDown: return config.share;
  }
  return 0;
}

// Sticky draws leave out the provider: what strikes a request or a session strikes it everywhere.
double Climate::StickyDraw(size_t row, ProviderId provider, uint64_t request_key,
                           std::string_view session, uint32_t arrival) const {
  const StreamId stream = derived_[row].stream;
  switch (rows_[row].sticky) {
    case Sticky::kAttempt: break;
    case Sticky::kRequest: return Draw(seed_, stream, request_key, 0, kShareDraw);
    case Sticky::kSession:
      return Draw(seed_, stream, session.empty() ? request_key : HashText(session), 0, kShareDraw);
  }
  return Draw(seed_, ProviderStream(row, provider), request_key, arrival, kShareDraw);
}

std::optional<ClimateHit> Climate::Hit(ProviderId provider, uint64_t request_key,
                                       std::string_view session, uint32_t arrival, Time now,
                                       std::string_view model) const {
  SQUALL_CHECK(provider < providers_.size());
  for (size_t row = 0; row < rows_.size(); ++row) {
    const Derived& derived = derived_[row];
    if (!derived.hits[provider] || !Concerns(rows_[row], model)) continue;
    const double share = ShareAt(row, now);
    if (share <= 0) continue;
    if (StickyDraw(row, provider, request_key, session, arrival) >= share) continue;
    const double u = Draw(seed_, ProviderStream(row, provider), request_key, arrival, kVariantDraw);
    return ClimateHit{static_cast<int>(row), derived.fault, PickBelowSum(u, 1.0, derived.variants)};
  }
  return std::nullopt;
}

Time Climate::NextChange(Time now) const {
  Time next = kNever;
  for (size_t row = 0; row < rows_.size(); ++row) {
    const ClimateConfig& config = rows_[row];
    if (config.kind == ClimateKind::kGilbertElliott) {
      next = std::min(next, StayAt(row, now).end);
      continue;
    }
    for (const Duration edge : {config.from, config.to}) {
      if (kStart + edge > now) next = std::min(next, kStart + edge);
    }
  }
  return next;
}

}  // namespace squall

#include "engine/policy/breaker_scopes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, kBreakerScopes> kNames = {"provider", "model", "region",
                                                                 "key"};

}  // namespace

std::span<const std::string_view> BreakerScopeNames() { return kNames; }

BreakerScopes::BreakerScopes(const BreakerConfig& config, std::span<const std::string> scopes,
                             std::span<const ScopeNames> targets) {
  std::map<std::pair<size_t, std::string>, uint32_t> places;
  of_.resize(targets.size());
  for (size_t scope = 0; scope < kBreakerScopes; ++scope) {
    const bool counts = std::find(scopes.begin(), scopes.end(), kNames[scope]) != scopes.end();
    for (size_t target = 0; target < targets.size(); ++target) {
      of_[target][scope] = kNone;
      const std::string& name = targets[target][scope];
      if (!counts || name.empty()) continue;
      const auto next = static_cast<uint32_t>(breakers_.size());
      const auto [place, is_new] = places.emplace(std::pair(scope, name), next);
      if (is_new) breakers_.emplace_back(config);
      of_[target][scope] = place->second;
    }
  }
}

Time BreakerScopes::RetryAt(size_t target, Time now, double u) const {
  Time at = now;
  for (const uint32_t place : of_[target]) {
    if (place != kNone) at = std::max(at, breakers_[place].RetryAt(now, u));
  }
  return at;
}

std::optional<BreakerScopes::Permit> BreakerScopes::Acquire(size_t target, Time now, double u) {
  // Whether all of them admit is asked first, so that none has to be given back.
  if (!Admits(target, now, u)) return std::nullopt;
  Permit permit;
  permit.held = true;
  ForEach(target, [&](size_t scope, Breaker& breaker) {
    const std::optional<Breaker::Permit> one = breaker.Acquire(now, u);
    SQUALL_CHECK(one.has_value());
    permit.of[scope] = *one;
  });
  return permit;
}

void BreakerScopes::Hint(size_t target, Duration wait, Time now) {
  ForEach(target, [&](size_t /*scope*/, Breaker& breaker) { breaker.Hint(wait, now); });
}

const Breaker& BreakerScopes::breaker(size_t target) const {
  const auto& places = of_[target];
  const auto* const first =
      std::find_if(places.begin(), places.end(), [](uint32_t place) { return place != kNone; });
  SQUALL_CHECK(first != places.end());
  return breakers_[*first];
}

BreakerState BreakerScopes::last_state(size_t target) const {
  bool probing = false;
  for (const uint32_t place : of_[target]) {
    if (place == kNone) continue;
    const BreakerState state = breakers_[place].last_state();
    if (state == BreakerState::kOpen) return state;
    probing = probing || state == BreakerState::kHalfOpen;
  }
  return probing ? BreakerState::kHalfOpen : BreakerState::kClosed;
}

}  // namespace squall

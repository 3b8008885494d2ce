// BreakerScopes: the circuit breakers that one target must pass. A provider that fails, one of its
// models that is down, a region that is cut off and a key that has been revoked are different
// causes, and each needs a breaker whose outcomes are about it alone: a revoked key says nothing of
// the provider, nor does a 500 of the key. Targets with the same name in a scope share its breaker.
//
// All of a target's breakers must admit an attempt; none is left with a permit where one refuses.
//
// Pure: time and draws are arguments; time must not go back. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/policy/breaker.h"

namespace squall {

enum class BreakerScope : uint8_t { kProvider, kModel, kRegion, kKey };
inline constexpr size_t kBreakerScopes = 4;
std::span<const std::string_view> BreakerScopeNames();

// What a target is called in each scope; "" shares with nobody and is not watched there.
using ScopeNames = std::array<std::string, kBreakerScopes>;

class BreakerScopes {
 public:
  // `scopes` are those that count, by name (BreakerScopeNames()); `targets` by index.
  BreakerScopes(const BreakerConfig& config, std::span<const std::string> scopes,
                std::span<const ScopeNames> targets);

  struct Permit {
    std::array<Breaker::Permit, kBreakerScopes> of{};
    bool held = false;  // false: let through uncounted
  };
  using Outcomes = std::array<CallOutcome, kBreakerScopes>;  // by BreakerScope

  // See Breaker for these. `target` is an index.
  bool Admits(size_t target, Time now, double u = 0) const {
    for (const uint32_t place : of_[target]) {
      if (place != kNone && !breakers_[place].Admits(now, u)) return false;
    }
    return true;
  }
  Time RetryAt(size_t target, Time now, double u = 0) const;
  std::optional<Permit> Acquire(size_t target, Time now, double u = 0);
  // `draw(generation)` in [0, 1) is the jitter of an open time that begins here.
  template <class DrawJitter>
  void Report(size_t target, const Permit& permit, const Outcomes& outcomes, Time now,
              DrawJitter&& draw) {
    if (!permit.held) return;
    ForEach(target, [&](size_t scope, Breaker& breaker) {
      breaker.Report(permit.of[scope], outcomes[scope], now, draw(breaker.generation()));
    });
  }
  void Hint(size_t target, Duration wait, Time now);

  // The worst state among the target's breakers as of their last change: open, half-open, closed.
  BreakerState last_state(size_t target) const;
  const Breaker& breaker(size_t target) const;  // its widest: the first scope that counts

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  template <class Visit>
  void ForEach(size_t target, Visit&& visit) {
    for (size_t scope = 0; scope < kBreakerScopes; ++scope) {
      if (of_[target][scope] != kNone) visit(scope, breakers_[of_[target][scope]]);
    }
  }

  std::vector<Breaker> breakers_;
  std::vector<std::array<uint32_t, kBreakerScopes>> of_;  // by target: indices into breakers_
};

}  // namespace squall

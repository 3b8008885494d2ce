// One breaker per provider, model, region and key: each hears of what is about it alone, and a
// target passes all of its own or none.
#include "engine/policy/breaker_scopes.h"

#include "tests/catch.h"

namespace squall::breaker_scopes_test {
namespace {

constexpr CallOutcome kFine = CallOutcome::kSuccess;
constexpr CallOutcome kBad = CallOutcome::kFailure;
constexpr CallOutcome kNone = CallOutcome::kNeutral;

BreakerConfig TwoInARow() {
  BreakerConfig config;
  config.failure_threshold = 0;
  config.consecutive_failures = 2;
  config.open_for = 10s;
  config.probes_to_close = 1;
  config.probe_lease = 5s;
  return config;
}

// 0, 1: models of alpha; 2: beta in alpha's region; 3: gamma with beta's key.
const ScopeNames kTargets[] = {{"alpha", "alpha/large", "west", "alpha's"},
                               {"alpha", "alpha/small", "west", "alpha's"},
                               {"beta", "beta/large", "west", "ours"},
                               {"gamma", "gamma/large", "east", "ours"}};

BreakerScopes All(const std::vector<std::string>& scopes) {
  return BreakerScopes(TwoInARow(), scopes, kTargets);
}

void Send(BreakerScopes* scopes, size_t target, const BreakerScopes::Outcomes& outcomes, Time now) {
  const auto permit = scopes->Acquire(target, now);
  REQUIRE(permit.has_value());
  scopes->Report(target, *permit, outcomes, now, [](uint64_t) { return 0.0; });
}

TEST_CASE("breaker scopes: a cause closes the way to those that share it and to nobody else",
          "[policy]") {
  struct Row {
    const char* what;
    BreakerScopes::Outcomes outcomes;  // provider, model, region, key
    size_t target;
    std::array<bool, 4> admits;
  };
  const Row rows[] = {
      {"provider", {kBad, kNone, kNone, kNone}, 0, {false, false, true, true}},
      {"model", {kNone, kBad, kNone, kNone}, 0, {false, true, true, true}},
      {"region", {kNone, kNone, kBad, kNone}, 1, {false, false, false, true}},
      {"key", {kNone, kNone, kNone, kBad}, 2, {true, true, false, false}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    BreakerScopes scopes = All({"provider", "model", "region", "key"});
    for (int i = 0; i < 2; ++i) Send(&scopes, row.target, row.outcomes, kStart);
    for (size_t target = 0; target < 4; ++target) {
      CAPTURE(target);
      CHECK(scopes.Admits(target, kStart) == row.admits[target]);
      CHECK(scopes.Acquire(target, kStart).has_value() == row.admits[target]);
      CHECK((scopes.last_state(target) == BreakerState::kOpen) == !row.admits[target]);
    }
    CHECK(scopes.RetryAt(row.target, kStart) == kStart + 10s);
    // Scopes that do not count hear nothing.
    BreakerScopes other = All({row.what == std::string("key") ? "provider" : "key"});
    for (int i = 0; i < 5; ++i) Send(&other, row.target, row.outcomes, kStart);
    CHECK(other.Admits(row.target, kStart));
  }
}

TEST_CASE("breaker scopes: none is left with a permit where one refuses", "[policy]") {
  BreakerScopes scopes = All({"provider", "model"});
  for (int i = 0; i < 2; ++i) Send(&scopes, 1, {kBad, kNone, kNone, kNone}, kStart);
  const Time later = kStart + 10s;
  const auto probe = scopes.Acquire(0, later);
  REQUIRE(probe.has_value());
  CHECK_FALSE(scopes.Acquire(1, later).has_value());  // the provider's one probe is out
  scopes.Report(0, *probe, {kFine, kNone, kNone, kNone}, later, [](uint64_t) { return 0.0; });
  for (int i = 0; i < 2; ++i) Send(&scopes, 0, {kNone, kBad, kNone, kNone}, later);
  for (int i = 0; i < 2; ++i) Send(&scopes, 1, {kBad, kNone, kNone, kNone}, later + 5s);
  // The model takes a probe from 20 s on, the provider from 25 s. Refusals in between must not use
  // up the model's.
  for (int i = 0; i < 3; ++i) CHECK_FALSE(scopes.Acquire(0, kStart + 24s).has_value());
  CHECK(scopes.Acquire(0, kStart + 25s).has_value());
}

TEST_CASE("breaker scopes: probes that nobody reports lapse in every scope", "[policy]") {
  BreakerScopes scopes = All({"provider", "region"});
  for (int i = 0; i < 2; ++i) Send(&scopes, 0, {kBad, kNone, kBad, kNone}, kStart);
  REQUIRE(scopes.Acquire(0, kStart + 10s).has_value());  // and is lost
  CHECK_FALSE(scopes.Acquire(0, kStart + 12s).has_value());
  CHECK_FALSE(scopes.Acquire(2, kStart + 12s).has_value());  // of the same region
  CHECK(scopes.RetryAt(2, kStart + 12s) == kStart + 15s);
  CHECK(scopes.Acquire(2, kStart + 15s).has_value());
}

TEST_CASE("breaker scopes: who was let through uncounted reports to nobody", "[policy]") {
  BreakerScopes scopes = All({"provider"});
  for (int i = 0; i < 5; ++i) {
    scopes.Report(0, BreakerScopes::Permit(), {kBad, kBad, kBad, kBad}, kStart,
                  [](uint64_t) { return 0.0; });
  }
  CHECK(scopes.Admits(0, kStart));
}

}  // namespace
}  // namespace squall::breaker_scopes_test

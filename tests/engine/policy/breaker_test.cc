#include "engine/policy/breaker.h"

#include "tests/catch.h"

namespace squall::breaker_test {
namespace {

constexpr auto kSuccess = CallOutcome::kSuccess;
constexpr auto kFailure = CallOutcome::kFailure;
constexpr auto kNeutral = CallOutcome::kNeutral;

BreakerConfig SmallConfig() {
  BreakerConfig config;
  config.window = 10s;
  config.failure_threshold = 0.5;
  config.minimum_calls = 4;
  config.open_for = 5s;
  config.probe_lease = 30s;
  config.probes_to_close = 2;
  return config;
}

Time At(Duration d) { return kStart + d; }

void Call(Breaker* breaker, CallOutcome outcome, Time now) {
  const auto permit = breaker->Acquire(now);
  REQUIRE(permit.has_value());
  breaker->Report(*permit, outcome, now);
}

// Opens it at `now` by failures alone.
void Trip(Breaker* breaker, Time now) {
  for (int i = 0; i < 4; ++i) Call(breaker, kFailure, now);
  REQUIRE(breaker->state(now) == BreakerState::kOpen);
}

TEST_CASE("breaker: opens at the failure rate and not before the minimum of calls", "[policy]") {
  Breaker breaker(SmallConfig());
  for (int i = 0; i < 3; ++i) Call(&breaker, kFailure, At(1s));
  CHECK(breaker.state(At(1s)) == BreakerState::kClosed);
  Call(&breaker, kFailure, At(1s));
  CHECK(breaker.state(At(1s)) == BreakerState::kOpen);
  CHECK_FALSE(breaker.Acquire(At(2s)).has_value());
  CHECK(breaker.RetryAt(At(2s)) == At(6s));
}

TEST_CASE("breaker: stays closed below the rate", "[policy]") {
  Breaker breaker(SmallConfig());
  for (int i = 0; i < 100; ++i) Call(&breaker, i % 3 == 2 ? kFailure : kSuccess, At(1s));
  CHECK(breaker.state(At(1s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: failures leave the window as it slides", "[policy]") {
  Breaker breaker(SmallConfig());
  for (int i = 0; i < 3; ++i) Call(&breaker, kFailure, At(1s));
  for (int i = 0; i < 3; ++i) Call(&breaker, kFailure, At(12s));  // the first three are gone
  CHECK(breaker.state(At(12s)) == BreakerState::kClosed);
  Call(&breaker, kFailure, At(13s));
  CHECK(breaker.state(At(13s)) == BreakerState::kOpen);
}

TEST_CASE("breaker: neutral outcomes move nothing", "[policy]") {
  Breaker breaker(SmallConfig());
  for (int i = 0; i < 100; ++i) Call(&breaker, kNeutral, At(1s));
  for (int i = 0; i < 3; ++i) Call(&breaker, kFailure, At(1s));
  CHECK(breaker.state(At(1s)) == BreakerState::kClosed);  // neither calls nor successes
  Call(&breaker, kFailure, At(1s));
  CHECK(breaker.state(At(1s)) == BreakerState::kOpen);
}

TEST_CASE("breaker: a late success while open does not close it", "[policy]") {
  Breaker breaker(SmallConfig());
  const auto slow = breaker.Acquire(At(0s));
  Trip(&breaker, At(1s));
  breaker.Report(*slow, kSuccess, At(2s));
  CHECK(breaker.state(At(2s)) == BreakerState::kOpen);
}

TEST_CASE("breaker: a success from before the trip does not close a half-open circuit",
          "[policy]") {
  BreakerConfig config = SmallConfig();
  config.probes_to_close = 1;
  Breaker breaker(config);
  const auto slow = breaker.Acquire(At(0s));
  Trip(&breaker, At(1s));
  const auto probe = breaker.Acquire(At(7s));
  REQUIRE(probe.has_value());
  breaker.Report(*slow, kSuccess, At(8s));
  CHECK(breaker.state(At(8s)) == BreakerState::kHalfOpen);
  breaker.Report(*probe, kSuccess, At(9s));
  CHECK(breaker.state(At(9s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: a stale failure does not reopen it either", "[policy]") {
  Breaker breaker(SmallConfig());
  const auto slow = breaker.Acquire(At(0s));
  Trip(&breaker, At(1s));
  Call(&breaker, kSuccess, At(7s));
  Call(&breaker, kSuccess, At(7s));
  REQUIRE(breaker.state(At(7s)) == BreakerState::kClosed);
  for (int i = 0; i < 10; ++i) breaker.Report(*slow, kFailure, At(8s));
  CHECK(breaker.state(At(8s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: half-open lets one probe through at a time", "[policy]") {
  Breaker breaker(SmallConfig());
  Trip(&breaker, At(1s));
  const auto probe = breaker.Acquire(At(6s));
  REQUIRE(probe.has_value());
  CHECK_FALSE(breaker.Acquire(At(6s)).has_value());
  CHECK_FALSE(breaker.Admits(At(7s)));
  breaker.Report(*probe, kSuccess, At(8s));
  CHECK(breaker.state(At(8s)) == BreakerState::kHalfOpen);  // it takes two
  Call(&breaker, kSuccess, At(8s));
  CHECK(breaker.state(At(8s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: a failed probe opens it for another full period", "[policy]") {
  Breaker breaker(SmallConfig());
  Trip(&breaker, At(1s));
  Call(&breaker, kFailure, At(7s));
  CHECK(breaker.state(At(7s)) == BreakerState::kOpen);
  CHECK_FALSE(breaker.Admits(At(11s)));
  CHECK(breaker.Admits(At(12s)));
}

TEST_CASE("breaker: the lease of a probe that is never reported expires", "[policy]") {
  Breaker breaker(SmallConfig());
  Trip(&breaker, At(1s));
  const auto lost = breaker.Acquire(At(6s));
  REQUIRE(lost.has_value());
  CHECK_FALSE(breaker.Admits(At(35s)));
  CHECK(breaker.RetryAt(At(35s)) == At(36s));
  const auto next = breaker.Acquire(At(36s));
  REQUIRE(next.has_value());
  breaker.Report(*lost, kFailure, At(37s));  // too late: its lease is gone
  CHECK(breaker.state(At(37s)) == BreakerState::kHalfOpen);
  breaker.Report(*next, kSuccess, At(38s));
  Call(&breaker, kSuccess, At(38s));
  CHECK(breaker.state(At(38s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: a neutral probe gives its lease back and proves nothing", "[policy]") {
  Breaker breaker(SmallConfig());
  Trip(&breaker, At(1s));
  for (int i = 0; i < 10; ++i) Call(&breaker, kNeutral, At(6s));
  CHECK(breaker.state(At(6s)) == BreakerState::kHalfOpen);
  Call(&breaker, kSuccess, At(6s));
  Call(&breaker, kNeutral, At(6s));
  CHECK(breaker.state(At(6s)) == BreakerState::kHalfOpen);
  Call(&breaker, kSuccess, At(6s));
  CHECK(breaker.state(At(6s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: closing starts a clean window", "[policy]") {
  Breaker breaker(SmallConfig());
  Trip(&breaker, At(1s));
  Call(&breaker, kSuccess, At(6s));
  Call(&breaker, kSuccess, At(6s));
  for (int i = 0; i < 3; ++i) Call(&breaker, kFailure, At(6s));
  CHECK(breaker.state(At(6s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: switched off, it admits everything", "[policy]") {
  BreakerConfig config = SmallConfig();
  config.enabled = false;
  Breaker breaker(config);
  for (int i = 0; i < 100; ++i) Call(&breaker, kFailure, At(1s));
  CHECK(breaker.state(At(1s)) == BreakerState::kClosed);
}

}  // namespace
}  // namespace squall::breaker_test

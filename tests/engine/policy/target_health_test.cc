#include "engine/policy/target_health.h"

#include "tests/catch.h"

namespace squall::target_health_test {
namespace {

Time At(Duration d) { return kStart + d; }

void Call(TargetHealth* health, TargetOutcome outcome, Duration latency, Time now) {
  health->Begin();
  health->End(outcome, latency, now);
}

TEST_CASE("target health: a slower answer counts at once, a quicker one in time", "[policy]") {
  TargetHealth health((TargetHealthConfig()));
  Call(&health, TargetOutcome::kSuccess, 500ms, At(1s));
  Call(&health, TargetOutcome::kSuccess, 5s, At(2s));
  CHECK(health.Latency(At(2s)) == Approx(5));
  Call(&health, TargetOutcome::kSuccess, 1s, At(12s));  // one decay later
  CHECK(health.Latency(At(12s)) == Approx(1 + 4 * 0.367879));
}

TEST_CASE("target health: more in flight costs more", "[policy]") {
  TargetHealth health((TargetHealthConfig()));
  Call(&health, TargetOutcome::kSuccess, 2s, At(1s));
  CHECK(health.Cost(At(1s)) == Approx(2));
  health.Begin();
  health.Begin();
  CHECK(health.Cost(At(1s)) == Approx(6));
  CHECK(health.in_flight() == 2);
}

TEST_CASE("target health: who fails at once does not look quick", "[policy]") {
  TargetHealth fails((TargetHealthConfig()));
  TargetHealth serves((TargetHealthConfig()));
  for (int i = 0; i < 30; ++i) {
    const Time now = At(i * 1s);
    Call(&fails, TargetOutcome::kFailure, 1ms, now);
    Call(&serves, TargetOutcome::kSuccess, 2s, now);
  }
  CHECK(fails.Success(At(30s)) < 0.25);
  CHECK(fails.Cost(At(30s)) > 2 * serves.Cost(At(30s)));
}

TEST_CASE("target health: a failure that took long counts as slow", "[policy]") {
  TargetHealth health((TargetHealthConfig()));
  Call(&health, TargetOutcome::kSuccess, 1s, At(1s));
  Call(&health, TargetOutcome::kFailure, 30s, At(31s));
  CHECK(health.Latency(At(31s)) == Approx(30));
}

TEST_CASE("target health: what failed is forgiven in time, without a request", "[policy]") {
  TargetHealth health((TargetHealthConfig()));
  for (int i = 0; i < 100; ++i) Call(&health, TargetOutcome::kFailure, 20s, At(1s));
  const double worst = health.Cost(At(1s));
  double last = worst;
  for (int s = 10; s <= 600; s += 10) {
    const double cost = health.Cost(At(s * 1s));
    CHECK(cost < last);
    last = cost;
  }
  CHECK(last < 1.01);
  CHECK(worst > 50);
}

TEST_CASE("target health: a neutral outcome frees its place and tells nothing", "[policy]") {
  TargetHealth health((TargetHealthConfig()));
  Call(&health, TargetOutcome::kSuccess, 1s, At(1s));
  const double before = health.Cost(At(1s));
  for (int i = 0; i < 100; ++i) Call(&health, TargetOutcome::kNeutral, 60s, At(1s));
  CHECK(health.Cost(At(1s)) == before);
  CHECK(health.in_flight() == 0);
}

}  // namespace
}  // namespace squall::target_health_test

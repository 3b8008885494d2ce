// What else opens a breaker than the share of failures over time, and how it comes back.
#include "engine/base/random.h"
#include "engine/policy/breaker.h"
#include "tests/catch.h"

namespace squall::breaker_kinds_test {
namespace {

constexpr auto kSuccess = CallOutcome::kSuccess;
constexpr auto kFailure = CallOutcome::kFailure;
constexpr auto kNeutral = CallOutcome::kNeutral;

Time At(Duration d) { return kStart + d; }

// No reason to open but those that a test adds.
BreakerConfig Bare() {
  BreakerConfig config;
  config.failure_threshold = 0;
  config.minimum_calls = 4;
  config.open_for = 5s;
  config.probes_to_close = 1;
  return config;
}

void Call(Breaker* breaker, CallOutcome outcome, Time from, Time to) {
  const auto permit = breaker->Acquire(from);
  REQUIRE(permit.has_value());
  breaker->Report(*permit, outcome, to);
}
void Call(Breaker* breaker, CallOutcome outcome, Time now) { Call(breaker, outcome, now, now); }

bool IsOpen(const Breaker& breaker, Time now) { return breaker.state(now) == BreakerState::kOpen; }

TEST_CASE("breaker: failures in a row open it, whatever the share", "[policy]") {
  BreakerConfig config = Bare();
  config.consecutive_failures = 3;
  Breaker breaker(config);
  for (int i = 0; i < 50; ++i) Call(&breaker, kSuccess, At(1s));
  for (int i = 0; i < 2; ++i) Call(&breaker, kFailure, At(1s));
  Call(&breaker, kSuccess, At(1s));
  for (int i = 0; i < 2; ++i) Call(&breaker, kFailure, At(1s));
  CHECK_FALSE(IsOpen(breaker, At(1s)));
  Call(&breaker, kFailure, At(1s));
  CHECK(IsOpen(breaker, At(1s)));
}

TEST_CASE("breaker: trap: a neutral outcome does not break a row of failures", "[policy]") {
  BreakerConfig config = Bare();
  config.consecutive_failures = 3;
  Breaker breaker(config);
  for (const auto outcome : {kFailure, kNeutral, kFailure, kNeutral, kFailure}) {
    Call(&breaker, outcome, At(1s));
  }
  CHECK(IsOpen(breaker, At(1s)));
}

TEST_CASE("breaker: a window of calls forgets the oldest call, not the oldest second", "[policy]") {
  BreakerConfig config = Bare();
  config.failure_threshold = 0.5;
  config.window_calls = 10;
  Breaker breaker(config);
  for (int i = 0; i < 10; ++i) Call(&breaker, kSuccess, At(i * 1h));
  for (int i = 0; i < 4; ++i) Call(&breaker, kFailure, At(10h));
  CHECK_FALSE(IsOpen(breaker, At(10h)));  // 4 of the last 10
  Call(&breaker, kFailure, At(200h));
  CHECK(IsOpen(breaker, At(200h)));  // 5 of 10, however long ago
  Breaker spread(config);
  for (int i = 0; i < 100; ++i) Call(&spread, i % 10 < 6 ? kSuccess : kFailure, At(1s));
  CHECK_FALSE(IsOpen(spread, At(1s)));
}

TEST_CASE("breaker: slow calls open it though they succeed", "[policy]") {
  BreakerConfig config = Bare();
  config.slow_call = 10s;
  config.slow_threshold = 0.5;
  Breaker breaker(config);
  for (int i = 0; i < 3; ++i) Call(&breaker, kSuccess, At(0s), At(9s));
  for (int i = 0; i < 2; ++i) Call(&breaker, kSuccess, At(0s), At(10s));
  CHECK_FALSE(IsOpen(breaker, At(10s)));  // 2 of 5
  Call(&breaker, kSuccess, At(0s), At(10s));
  CHECK(IsOpen(breaker, At(10s)));  // 3 of 6
}

TEST_CASE("breaker: trap: a slow call that its caller gave up is not the provider's", "[policy]") {
  BreakerConfig config = Bare();
  config.slow_call = 1s;
  config.consecutive_failures = 1;
  Breaker breaker(config);
  for (int i = 0; i < 20; ++i) Call(&breaker, kNeutral, At(0s), At(9s));
  CHECK_FALSE(IsOpen(breaker, At(9s)));
}

TEST_CASE("breaker: a slow probe does not close it", "[policy]") {
  BreakerConfig config = Bare();
  config.consecutive_failures = 1;
  config.slow_call = 2s;
  Breaker breaker(config);
  Call(&breaker, kFailure, At(0s));
  Call(&breaker, kSuccess, At(5s), At(7s));
  CHECK(IsOpen(breaker, At(7s)));
  Call(&breaker, kSuccess, At(12s), At(13s));
  CHECK(breaker.state(At(13s)) == BreakerState::kClosed);
}

TEST_CASE("breaker: the fading average opens it and forgets with time", "[policy]") {
  BreakerConfig config = Bare();
  config.ewma_window = 10s;
  config.ewma_threshold = 0.6;
  const auto failures_to_open = [&](Duration pause) {
    Breaker breaker(config);
    for (int i = 0; i < 6; ++i) Call(&breaker, kSuccess, At(1s));
    const Time later = At(1s + pause);
    int failures = 0;
    for (; !IsOpen(breaker, later) && failures < 100; ++failures) Call(&breaker, kFailure, later);
    return failures;
  };
  CHECK(failures_to_open(0s) == 9);    // 9 of 15
  CHECK(failures_to_open(10s) == 4);   // 4 of 4 + 6 / e
  CHECK(failures_to_open(600s) == 4);  // the minimum of calls
  Breaker few(config);
  for (int i = 0; i < 3; ++i) Call(&few, kFailure, At(1s));
  CHECK_FALSE(IsOpen(few, At(1s)));
}

TEST_CASE("breaker: trap: one failure of one call is no rate", "[policy]") {
  for (const int64_t window_calls : {0, 20}) {
    BreakerConfig config = Bare();
    config.failure_threshold = 0.5;
    config.window_calls = window_calls;
    config.ewma_window = 30s;
    config.slow_call = 1s;
    Breaker breaker(config);
    for (int i = 0; i < 3; ++i) Call(&breaker, kFailure, At(0s), At(5s));
    CHECK_FALSE(IsOpen(breaker, At(5s)));
    Call(&breaker, kFailure, At(0s), At(5s));
    CHECK(IsOpen(breaker, At(5s)));
  }
}

TEST_CASE("breaker: half-open takes as many probes at once as it may and counts both ways",
          "[policy]") {
  // Ten probes, half of them failed: resilience4j's default, decided as soon as it is certain.
  BreakerConfig config = Bare();
  config.consecutive_failures = 1;
  config.probes_at_once = 10;
  config.probes_to_close = 6;
  config.probes_to_open = 5;
  for (const int failures : {4, 5}) {
    Breaker breaker(config);
    Call(&breaker, kFailure, At(0s));
    std::vector<Breaker::Permit> permits;
    for (int i = 0; i < 10; ++i) permits.push_back(breaker.Acquire(At(6s)).value());
    CHECK_FALSE(breaker.Admits(At(6s)));
    CHECK(breaker.RetryAt(At(6s)) == At(66s));
    for (int i = 0; i < 10; ++i) {
      breaker.Report(permits[i], i < failures ? kFailure : kSuccess, At(7s));
    }
    const auto expected = failures == 4 ? BreakerState::kClosed : BreakerState::kOpen;
    CHECK(breaker.state(At(7s)) == expected);
  }
}

TEST_CASE("breaker: its open time is longer by the draw and grows until it closes", "[policy]") {
  BreakerConfig config = Bare();
  config.consecutive_failures = 1;
  config.open_for = 10s;
  config.open_jitter = 0.5;
  config.open_growth = 2;
  config.open_max = 30s;
  Breaker breaker(config);
  Time now = At(0s);
  const auto fail = [&](double u) {
    const auto permit = breaker.Acquire(now);
    REQUIRE(permit.has_value());
    breaker.Report(*permit, kFailure, now, u);
    const Duration open = breaker.RetryAt(now) - now;
    now += open;
    return open;
  };
  CHECK(fail(0) == 10s);
  CHECK(fail(0.5) == 25s);  // 20 s and a quarter
  CHECK(fail(0) == 30s);    // 40 s are too long
  CHECK(fail(0.5) == 37500ms);
  for (int i = 0; i < 2'000; ++i) REQUIRE(fail(0) == 30s);
  Call(&breaker, kSuccess, now);
  CHECK(fail(0) == 10s);  // it had closed
}

TEST_CASE("breaker: trap: what closes does not take all traffic at once", "[policy]") {
  BreakerConfig config = Bare();
  config.consecutive_failures = 1;
  config.ramp = 100s;
  Breaker breaker(config);
  CHECK(breaker.Admits(At(0s), 0.99));  // before its first trip there is nothing to ramp
  Call(&breaker, kFailure, At(0s));
  Call(&breaker, kSuccess, At(10s));
  REQUIRE(breaker.state(At(10s)) == BreakerState::kClosed);
  for (const int second : {0, 10, 30, 50, 99, 100, 500}) {
    int admitted = 0;
    for (int i = 0; i < 1'000; ++i) {
      const double u = (i + 0.5) / 1'000;
      const bool admits = breaker.Admits(At(10s + second * 1s), u);
      CHECK(breaker.Acquire(At(10s + second * 1s), u).has_value() == admits);
      admitted += admits ? 1 : 0;
    }
    CAPTURE(second);
    CHECK(std::abs(admitted - std::min(1'000, second * 10)) <= 1);
  }
  CHECK(breaker.RetryAt(At(10s), 0.25) == At(35s));  // when this caller's turn comes
  CHECK(breaker.Admits(At(35s), 0.25));
}

TEST_CASE("breaker: a failure on the ramp is a relapse, one after it is news", "[policy]") {
  BreakerConfig config = Bare();
  config.consecutive_failures = 1;
  config.open_growth = 2;
  config.ramp = 100s;
  for (const bool relapse : {true, false}) {
    Breaker breaker(config);
    Call(&breaker, kFailure, At(0s));
    Call(&breaker, kSuccess, At(10s));
    const Time again = relapse ? At(50s) : At(110s);
    Call(&breaker, kFailure, again);
    CHECK(breaker.RetryAt(again) == again + (relapse ? 10s : 5s));
  }
}

TEST_CASE("breaker: a server's word opens it until then", "[policy]") {
  Breaker breaker(Bare());
  const auto before = breaker.Acquire(At(0s));
  breaker.OpenUntil(At(40s), At(1s));
  CHECK(IsOpen(breaker, At(39s)));
  CHECK(breaker.RetryAt(At(2s)) == At(40s));
  breaker.Report(*before, kSuccess, At(3s));
  CHECK(IsOpen(breaker, At(3s)));
  Call(&breaker, kSuccess, At(40s));
  CHECK(breaker.state(At(40s)) == BreakerState::kClosed);
  breaker.OpenUntil(At(40s), At(41s));  // that time has passed
  CHECK(breaker.Admits(At(41s)));
}

TEST_CASE("breaker: a hint opens it if it is long enough to count", "[policy]") {
  BreakerConfig config = Bare();
  Breaker deaf(config);
  deaf.Hint(1h, At(1s));
  CHECK(deaf.Admits(At(1s)));
  config.open_on_hint = 10s;
  Breaker breaker(config);
  breaker.Hint(9s, At(1s));
  CHECK(breaker.Admits(At(1s)));
  breaker.Hint(10s, At(1s));
  CHECK(breaker.RetryAt(At(1s)) == At(11s));
}

TEST_CASE("breaker: trap: of two deadlines the later holds, in either order", "[policy]") {
  for (const bool longer_first : {true, false}) {
    Breaker breaker(Bare());
    breaker.OpenUntil(longer_first ? At(90s) : At(20s), At(1s));
    breaker.OpenUntil(longer_first ? At(20s) : At(90s), At(2s));
    CHECK(breaker.RetryAt(At(3s)) == At(90s));
  }
}

TEST_CASE("breaker: a server's word ends a half-open period", "[policy]") {
  Breaker breaker(Bare());
  breaker.OpenUntil(At(10s), At(1s));
  const auto probe = breaker.Acquire(At(10s));
  REQUIRE(probe.has_value());
  breaker.OpenUntil(At(30s), At(11s));
  breaker.Report(*probe, kSuccess, At(12s));  // of an older generation by now
  CHECK(breaker.RetryAt(At(12s)) == At(30s));
}

}  // namespace
}  // namespace squall::breaker_kinds_test

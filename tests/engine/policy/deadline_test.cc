#include "engine/policy/deadline.h"

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::deadline_test {
namespace {

TEST_CASE("deadline: an attempt ends by its own timeout or the request's, whichever is first",
          "[policy]") {
  const DeadlineConfig config{10s, 0s};
  CHECK(AttemptDeadline(config, config.per_try, kStart, kStart + 30s, 1) == kStart + 10s);
  CHECK(AttemptDeadline(config, config.per_try, kStart + 25s, kStart + 30s, 1) == kStart + 30s);
}

TEST_CASE("deadline: the reserve keeps failover reachable while a provider is untried",
          "[policy]") {
  const DeadlineConfig config{60s, 10s};
  CHECK(AttemptDeadline(config, config.per_try, kStart, kStart + 30s, 1) == kStart + 20s);
  CHECK(AttemptDeadline(config, config.per_try, kStart, kStart + 30s, 0) == kStart + 30s);
}

TEST_CASE("deadline: a reserve that does not fit is not kept", "[policy]") {
  const DeadlineConfig config{60s, 10s};
  CHECK(AttemptDeadline(config, config.per_try, kStart + 25s, kStart + 30s, 1) == kStart + 30s);
}

TEST_CASE("deadline: each untried provider keeps a reserve", "[policy]") {
  const DeadlineConfig config{60s, 5s, 8};
  for (const int64_t untried : {0, 1, 2, 5}) {
    CHECK(AttemptDeadline(config, config.per_try, kStart, kStart + 30s, untried) ==
          kStart + 30s - untried * 5s);
  }
  CHECK(AttemptDeadline({60s, 5s, 2}, 60s, kStart, kStart + 30s, 5) == kStart + 20s);
}

TEST_CASE("deadline: reserves that do not fit become equal shares where that is asked for",
          "[policy]") {
  const DeadlineConfig sharing{60s, 10s, 8, true};
  CHECK(AttemptDeadline(sharing, sharing.per_try, kStart, kStart + 12s, 2) == kStart + 4s);
  CHECK(AttemptDeadline({60s, 10s, 8}, 60s, kStart, kStart + 12s, 2) == kStart + 12s);
  CHECK(AttemptDeadline({60s, Duration::max(), 8, true}, 60s, kStart, kStart + 12s, 2) ==
        kStart + 4s);
  CHECK(AttemptDeadline({60s, Duration::max(), 8}, 60s, kStart, kStart + 12s, 2) == kStart + 12s);
}

TEST_CASE("deadline: trap: the last provider keeps its share whatever those before it do",
          "[policy]") {
  // Each attempt hangs until it is cut off or fails at a moment of its own, and is then repeated at
  // the same provider while the rule on repeats allows it.
  int repeats = 0;
  for (uint64_t world = 0; world < 2'000; ++world) {
    const auto draw = [&](uint64_t i) { return Draw(3, Stream("deadline"), world, i); };
    const auto providers = 1 + static_cast<int64_t>(draw(0) * 6);
    DeadlineConfig config{FromSeconds(0.1 + draw(1) * 60), FromSeconds(draw(2) * 20), 8, true};
    const Duration whole = FromSeconds(0.1 + draw(3) * 60);
    const Time deadline = kStart + whole;
    const Duration share = std::min(config.failover_reserve, whole / providers);
    Time now = kStart;
    uint64_t step = 10;
    for (int64_t tried = 1; tried <= providers; ++tried) {
      CAPTURE(world, providers, tried);
      REQUIRE(deadline - now >= share - 10ns * providers);  // division rounds down at each stage
      const int64_t untried = providers - tried;
      const bool hangs = draw(step++) < 0.5;
      for (int attempt = 0; attempt < 4; ++attempt) {
        if (attempt > 0 && !LeavesReserves(config, now, deadline, untried)) break;
        if (!FitsDeadline(config, now, deadline)) break;
        repeats += attempt > 0 ? 1 : 0;
        const Time until = AttemptDeadline(config, config.per_try, now, deadline, untried);
        now = hangs ? until : now + FromSeconds(draw(step++) * Seconds(until - now));
      }
    }
  }
  CHECK(repeats > 1'000);
}

TEST_CASE("deadline: a wait is not cut to fit, and must leave time for an answer", "[policy]") {
  DeadlineConfig config;
  CHECK_FALSE(FitsDeadline(config, kStart + 120s, kStart + 30s));
  CHECK_FALSE(FitsDeadline(config, kNever, kStart + 30s));
  config.least_attempt = 1s;
  CHECK(FitsDeadline(config, kStart + 29s, kStart + 30s));
  CHECK_FALSE(FitsDeadline(config, kStart + 29s + 1ns, kStart + 30s));
}

TEST_CASE("deadline: nothing starts at the deadline", "[policy]") {
  CHECK(FitsDeadline({}, kStart + 29s, kStart + 30s));
  CHECK_FALSE(FitsDeadline({}, kStart + 30s, kStart + 30s));
  CHECK(AttemptDeadline({10s, 0s}, 10s, kNever - 1s, kNever, 0) == kNever);
}

}  // namespace
}  // namespace squall::deadline_test

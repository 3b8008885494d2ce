#include "engine/policy/deadline.h"

#include "tests/catch.h"

namespace squall {
namespace {

TEST_CASE("deadline: an attempt ends by its own timeout or the request's, whichever is first",
          "[policy]") {
  const DeadlineConfig config{10s, 0s};
  CHECK(AttemptDeadline(config, kStart, kStart + 30s, true) == kStart + 10s);
  CHECK(AttemptDeadline(config, kStart + 25s, kStart + 30s, true) == kStart + 30s);
}

TEST_CASE("deadline: the reserve keeps failover reachable while a provider is untried",
          "[policy]") {
  const DeadlineConfig config{60s, 10s};
  CHECK(AttemptDeadline(config, kStart, kStart + 30s, true) == kStart + 20s);
  CHECK(AttemptDeadline(config, kStart, kStart + 30s, false) == kStart + 30s);
}

TEST_CASE("deadline: a reserve that does not fit is not kept", "[policy]") {
  const DeadlineConfig config{60s, 10s};
  CHECK(AttemptDeadline(config, kStart + 25s, kStart + 30s, true) == kStart + 30s);
}

TEST_CASE("deadline: nothing starts at the deadline", "[policy]") {
  CHECK(FitsDeadline(kStart + 29s, kStart + 30s));
  CHECK_FALSE(FitsDeadline(kStart + 30s, kStart + 30s));
  CHECK(AttemptDeadline({10s, 0s}, kNever - 1s, kNever, false) == kNever);
}

}  // namespace
}  // namespace squall

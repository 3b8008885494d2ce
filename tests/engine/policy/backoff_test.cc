#include "engine/policy/backoff.h"

#include <map>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall {
namespace {

TEST_CASE("backoff: the window doubles from the base to the cap and stays there", "[policy]") {
  const BackoffConfig config{500ms, 8s};
  const Duration expected[] = {500ms, 1s, 2s, 4s, 8s, 8s, 8s};
  for (int retry = 0; retry < 7; ++retry) CHECK(BackoffWindow(config, retry) == expected[retry]);
  CHECK(BackoffWindow(config, 1'000'000) == 8s);
  CHECK(BackoffWindow(BackoffConfig{10s, 1s}, 0) == 1s);
  CHECK(BackoffWindow(BackoffConfig{1s, Duration::max()}, 200) == Duration::max());
}

TEST_CASE("backoff: full jitter carries no mass at the cap", "[policy]") {
  // Far past the cap, no millisecond may hold more than 1 % of 100,000 draws.
  const BackoffConfig config{500ms, 8s};
  std::map<int64_t, int> mass;
  constexpr int kDraws = 100'000;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const Duration wait = FullJitter(config, 20, Draw(1, Stream("jitter"), i));
    REQUIRE(wait >= 0s);
    REQUIRE(wait < 8s);
    ++mass[wait / 1ms];
  }
  for (const auto& [ms, count] : mass) {
    CAPTURE(ms);
    CHECK(count <= kDraws / 100);
  }
}

TEST_CASE("backoff: full jitter averages half its window", "[policy]") {
  // Three windows of 1, 2 and 4 s: mean 3.5 s, sd sqrt(1.75) s; four standard errors at 50,000.
  const BackoffConfig config{1s, 32s};
  double sum_s = 0;
  constexpr int kRuns = 50'000;
  for (uint64_t i = 0; i < kRuns; ++i) {
    for (int retry = 0; retry < 3; ++retry) {
      sum_s += Seconds(FullJitter(config, retry, Draw(2, Stream("mean"), i, 0, retry)));
    }
  }
  CHECK(std::abs(sum_s / kRuns - 3.5) < 4 * 1.323 / std::sqrt(static_cast<double>(kRuns)));
}

TEST_CASE("backoff: a server's hint is a minimum and equal hints do not return together",
          "[policy]") {
  std::map<int64_t, int> arrivals;
  for (uint64_t i = 0; i < 1'000; ++i) {
    const Duration wait = HintWithJitter(10s, 0.2, 500ms, Draw(3, Stream("hint"), i));
    REQUIRE(wait >= 10s);
    REQUIRE(wait <= 12s);
    ++arrivals[wait / 10ms];
  }
  for (const auto& [bin, count] : arrivals) CHECK(count < 30);  // 1,000 over 200 bins
  CHECK(HintWithJitter(0s, 0.2, 500ms, 0.999) < 500ms);
  CHECK(HintWithJitter(Duration::max() - 1s, 0.2, 1s, 0.999) >= Duration::max() - 1s);
}

}  // namespace
}  // namespace squall

#include "engine/policy/backoff.h"

#include <climits>
#include <map>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::backoff_test {
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
    const Duration wait = BackoffDelay(config, {20}, Draw(1, Stream("jitter"), i));
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
      sum_s += Seconds(BackoffDelay(config, {retry}, Draw(2, Stream("mean"), i, 0, retry)));
    }
  }
  CHECK(std::abs(sum_s / kRuns - 3.5) < 4 * 1.323 / std::sqrt(static_cast<double>(kRuns)));
}

BackoffConfig Kind(BackoffKind kind, Duration base, Duration cap) {
  BackoffConfig config{base, cap};
  config.kind = kind;
  return config;
}

// One of each kind that is drawn, as every other field left at its default allows.
std::vector<BackoffConfig> JitteredKinds(Duration base, Duration cap) {
  std::vector<BackoffConfig> configs;
  for (const auto kind : {BackoffKind::kFull, BackoffKind::kEqual, BackoffKind::kDecorrelated,
                          BackoffKind::kRising, BackoffKind::kSmooth}) {
    configs.push_back(Kind(kind, base, cap));
  }
  for (const auto kind :
       {BackoffKind::kConstant, BackoffKind::kLinear, BackoffKind::kExponential}) {
    for (const auto side : {JitterSide::kDown, JitterSide::kBoth, JitterSide::kUp}) {
      BackoffConfig config = Kind(kind, base, cap);
      config.jitter = 0.25;
      config.side = side;
      configs.push_back(config);
    }
    configs.push_back(Kind(kind, base, cap));
    configs.back().extra = 750ms;
  }
  return configs;
}

// The wait before retry `last` of a sequence whose draws have the given key.
Duration NthWait(const BackoffConfig& config, int last, uint64_t key) {
  BackoffPast past;
  for (;; ++past.retry) {
    const double u = Draw(7, Stream("sequence"), key, static_cast<uint64_t>(past.retry));
    const Duration wait = BackoffDelay(config, past, u);
    if (past.retry == last) return wait;
    past.previous = wait;
    past.previous_u = u;
  }
}

TEST_CASE("backoff: trap: no kind gathers its waits on the cap", "[policy]") {
  // Of 20,000 draws no millisecond may hold 1 %. The widest expected share is 1 in 400 ms, 50 a
  // bin; 200 is 21 standard deviations above.
  constexpr int kDraws = 20'000;
  for (const BackoffConfig& config : JitteredKinds(500ms, 8s)) {
    for (const int retry : {5, 8, 30}) {
      std::map<int64_t, int> mass;
      for (uint64_t i = 0; i < kDraws; ++i) ++mass[NthWait(config, retry, i) / 1ms];
      int most = 0;
      for (const auto& [ms, count] : mass) most = std::max(most, count);
      const bool narrow = config.kind == BackoffKind::kConstant && config.extra == 0s;
      CAPTURE(BackoffKindNames()[static_cast<size_t>(config.kind)], retry,
              static_cast<int>(config.side));
      CHECK(most <= (narrow ? 2 : 1) * kDraws / 100);  // 125 ms of jitter are 125 bins
    }
  }
}

TEST_CASE("backoff: every wait lies between zero and the cap plus its upward jitter", "[policy]") {
  for (uint64_t world = 0; world < 100; ++world) {
    const auto draw = [&](uint64_t i) { return Draw(5, Stream("world"), world, i); };
    const Duration base = FromSeconds(0.000001 + draw(1) * 10);
    const Duration cap = base + FromSeconds(0.001 + draw(2) * 10'000 * draw(3));
    for (BackoffConfig config : JitteredKinds(base, cap)) {
      config.multiplier = 1.01 + 4 * draw(4);
      const double highest = static_cast<double>(cap.count()) * (1 + config.jitter) +
                             static_cast<double>(config.extra.count());
      for (const int retry : {0, 1, 2, 7, 63, 64, 1'000, INT_MAX - 1}) {
        for (const double u : {0.0, draw(5), 1 - 0x1p-53}) {
          const BackoffPast past{retry, FromSeconds(draw(6) * Seconds(cap)), draw(7)};
          CAPTURE(BackoffKindNames()[static_cast<size_t>(config.kind)], world, retry, u);
          const Duration wait = BackoffDelay(config, past, u);
          CHECK(wait >= 0s);
          CHECK(static_cast<double>(wait.count()) <= highest * (1 + 1e-12));
          CHECK(wait == BackoffDelay(config, past, u));
        }
      }
    }
  }
}

TEST_CASE("backoff: a retry beyond counting waits for the cap, not for nothing", "[policy]") {
  for (const CapRule rule : {CapRule::kWindow, CapRule::kDelay, CapRule::kBoth}) {
    BackoffConfig config = Kind(BackoffKind::kExponential, 1s, 24h);
    config.cap_rule = rule;
    config.multiplier = 100;
    CHECK(BackoffDelay(config, {INT_MAX - 1}, 0.5) == 24h);
  }
}

TEST_CASE("backoff: later draws wait longer, in every kind", "[policy]") {
  for (const BackoffConfig& config : JitteredKinds(500ms, 8s)) {
    const bool down = config.jitter > 0 && config.side == JitterSide::kDown;
    for (int retry = 0; retry < 12; ++retry) {
      const BackoffPast past{retry, 1s, 0.5};
      const Duration low = BackoffDelay(config, past, 0.2);
      const Duration high = BackoffDelay(config, past, 0.8);
      CAPTURE(BackoffKindNames()[static_cast<size_t>(config.kind)], retry);
      CHECK((down ? low > high : low < high));
    }
  }
}

TEST_CASE("backoff: kinds without jitter follow their formula", "[policy]") {
  const Duration constant[] = {1s, 1s, 1s, 1s, 1s};
  const Duration linear[] = {1s, 2s, 3s, 4s, 5s};
  const Duration exponential[] = {1s, 3s, 9s, 20s, 20s};
  for (int retry = 0; retry < 5; ++retry) {
    BackoffConfig config = Kind(BackoffKind::kConstant, 1s, 20s);
    config.multiplier = 3;
    CHECK(BackoffDelay(config, {retry}, 0.9) == constant[retry]);
    config.kind = BackoffKind::kLinear;
    CHECK(BackoffDelay(config, {retry}, 0.9) == linear[retry]);
    config.kind = BackoffKind::kExponential;
    CHECK(BackoffDelay(config, {retry}, 0.9) == exponential[retry]);
    config.kind = BackoffKind::kNone;
    CHECK(BackoffDelay(config, {retry}, 0.9) == 0s);
  }
}

TEST_CASE("backoff: equal jitter keeps half its window", "[policy]") {
  const BackoffConfig config = Kind(BackoffKind::kEqual, 1s, 8s);
  CHECK(BackoffDelay(config, {1}, 0) == 1s);
  CHECK(BackoffDelay(config, {1}, 0.5) == 1500ms);
  CHECK(BackoffDelay(config, {9}, 0) == 4s);
}

TEST_CASE("backoff: decorrelated waits grow from the last wait, not from the count", "[policy]") {
  BackoffConfig config = Kind(BackoffKind::kDecorrelated, 1s, 60s);
  config.multiplier = 3;
  CHECK(BackoffDelay(config, {0}, 0.5) == 2s);        // Uniform(1, 3)
  CHECK(BackoffDelay(config, {9, 1s}, 0.5) == 2s);    // however many there were
  CHECK(BackoffDelay(config, {1, 11s}, 0.5) == 17s);  // Uniform(1, 33)
  CHECK(BackoffDelay(config, {1, 50s}, 0) == 1s);     // and may fall back
  config.kind = BackoffKind::kRising;
  CHECK(BackoffDelay(config, {1, 11s}, 0) == 11s);  // which a rising one may not
  CHECK(BackoffDelay(config, {1, 11s}, 0.5) == 22s);
}

TEST_CASE("backoff: smooth waits add up to the curve that they are cut from", "[policy]") {
  // The sum of the first n waits is base / 1.4 * 2^t * tanh(sqrt(4 t)), t = n - 1 + last draw.
  const BackoffConfig config = Kind(BackoffKind::kSmooth, 1s, 24h);
  double sum_s = 0;
  BackoffPast past;
  for (; past.retry < 10; ++past.retry) {
    const double u = Draw(9, Stream("smooth"), static_cast<uint64_t>(past.retry));
    sum_s += Seconds(BackoffDelay(config, past, u));
    const double t = past.retry + u;
    CHECK(sum_s == Approx(std::exp2(t) * std::tanh(std::sqrt(4 * t)) / 1.4));
    past.previous_u = u;
  }
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
}  // namespace squall::backoff_test

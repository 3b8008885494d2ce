// The send rate as a law of what it is told: when it begins, what a throttle leaves, how it grows,
// and what it never exceeds. Its callers' side is in ../admission_send_rate_test.cc.
#include "engine/policy/send_rate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::send_rate_test {
namespace {

SendRateConfig On() {
  SendRateConfig config;
  config.enabled = true;
  return config;
}

// Replies at an even rate in (from, to]; none of them throttles.
void Answer(double per_s, Time from, Time to, SendRate* rate) {
  const auto count = static_cast<int64_t>(std::llround(per_s * Seconds(to - from)));
  for (int64_t i = 1; i <= count; ++i) rate->OnReply(false, from + (to - from) * i / count);
}

// One that has been answered `per_s` a second for 20 s and is throttled then.
constexpr Time kThrottle = kStart + 20s;
SendRate Throttled(double per_s, const SendRateConfig& config = On()) {
  SendRate rate(config);
  Answer(per_s, kStart, kThrottle, &rate);
  CHECK_FALSE(rate.on());
  rate.OnReply(true, kThrottle);
  return rate;
}

TEST_CASE("send rate: nobody waits before the first throttle, however much is sent", "[policy]") {
  SendRate rate(On());
  for (int i = 0; i < 1'000; ++i) {
    CHECK(rate.ReadyAt(kStart) == kStart);
    CHECK(rate.Take(kStart) == 0);
  }
  Answer(50, kStart, kStart + 10s, &rate);
  CHECK_FALSE(rate.on());
  CHECK(rate.ReadyAt(kStart + 10s) == kStart + 10s);
  rate.OnReply(true, kStart + 10s);
  CHECK(rate.on());
}

TEST_CASE("send rate: one that is not enabled learns nothing and holds nobody up", "[policy]") {
  SendRate rate{SendRateConfig()};
  for (int i = 1; i < 100; ++i) rate.OnReply(true, kStart + i * 100ms);
  CHECK_FALSE(rate.on());
  CHECK(rate.Take(kStart + 10s) == 0);
  CHECK(rate.ReadyAt(kStart + 10s) == kStart + 10s);
}

TEST_CASE("send rate: a throttle leaves seven tenths of what was measured", "[policy]") {
  for (const double per_s : {2.0, 10.0, 100.0}) {
    const SendRate rate = Throttled(per_s);
    CAPTURE(per_s);
    // A step of half a second counts whole replies, and the one that ends it.
    CHECK(rate.measured_per_s() == Approx(per_s).epsilon(0.05));
    CHECK(rate.per_s() == Approx(0.7 * rate.measured_per_s()));
  }
}

TEST_CASE("send rate: a throttle while it is on leaves seven tenths of the lower of both rates",
          "[policy]") {
  SendRate rate = Throttled(10);
  double before = rate.per_s();
  CHECK(before < rate.measured_per_s());
  for (int i = 0; i < 3; ++i) {  // replies to what was sent before
    rate.OnReply(true, kThrottle + 1ms * i);
    CHECK(rate.per_s() == Approx(0.7 * before));
    before = rate.per_s();
  }
  Answer(1, kThrottle + 1s, kThrottle + 11s, &rate);  // allowed more than is sent
  CHECK(rate.measured_per_s() == Approx(1).epsilon(0.1));
  CHECK(rate.per_s() > 1.5);
  rate.OnReply(true, kThrottle + 11s);
  CHECK(rate.per_s() == Approx(0.7 * rate.measured_per_s()));
}

TEST_CASE("send rate: it grows as a cubic that is back at the old rate after K", "[policy]") {
  for (const double per_s : {4.0, 20.0, 60.0}) {
    SendRateConfig config = On();
    config.most_over_measured = 1e6;  // tested by itself
    SendRate rate = Throttled(per_s, config);
    const double w_max = rate.per_s() / 0.7;
    const double k_s = std::cbrt(w_max * 0.3 / 0.4);
    CAPTURE(per_s, w_max, k_s);
    double last = rate.per_s();
    for (const double part : {0.1, 0.5, 0.9, 1.0, 1.1, 1.5, 2.0}) {
      const Time at = kThrottle + FromSeconds(part * k_s);
      rate.OnReply(false, at);
      const double t_s = part * k_s - k_s;
      CAPTURE(part);
      CHECK(rate.per_s() == Approx(0.4 * t_s * t_s * t_s + w_max));
      CHECK(rate.per_s() >= last);
      last = rate.per_s();
      if (part == 1.0) CHECK(rate.per_s() == Approx(w_max));
      if (part < 1.0) CHECK(rate.per_s() < w_max);
    }
    CHECK(last == Approx(1.3 * w_max));  // as far above after another K as it began below
  }
}

TEST_CASE("send rate: it is never more than twice what is measured, nor less than the least",
          "[policy]") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SendRate rate(On());
    Time now = kStart;
    for (uint64_t i = 0; i < 2'000; ++i) {
      // Busy and idle stretches, and throttles that come in bursts.
      const double mean_s = Draw(seed, 1, i / 100) < 0.3 ? 2 : 0.02;
      now += FromSeconds(Exponential(Draw(seed, 2, i), mean_s));
      rate.OnReply(Draw(seed, 3, i) < (i / 50 % 4 == 0 ? 0.2 : 0.01), now);
      if (!rate.on()) continue;
      CAPTURE(seed, i, rate.measured_per_s());
      REQUIRE(rate.per_s() <= std::max(2 * rate.measured_per_s(), 0.5));
      REQUIRE(rate.per_s() >= 0.5);
    }
    CHECK(rate.on());
  }
}

TEST_CASE("send rate: the measured rate follows the newest half second by four fifths",
          "[policy]") {
  SendRate rate(On());
  for (int i = 0; i < 9; ++i) rate.OnReply(false, kStart + 10ms * i);
  CHECK(rate.measured_per_s() == 0);
  rate.OnReply(false, kStart + 500ms);  // 10 in half a second
  CHECK(rate.measured_per_s() == Approx(0.8 * 20));
  rate.OnReply(false, kStart + 999ms);
  CHECK(rate.measured_per_s() == Approx(0.8 * 20));
  rate.OnReply(false, kStart + 1600ms);  // 2 in one second
  CHECK(rate.measured_per_s() == Approx(0.8 * 2 + 0.2 * 16));
}

TEST_CASE("send rate: what goes keeps to the rate and a burst of a second of it", "[policy]") {
  SendRate rate = Throttled(10);
  const double per_s = rate.per_s();
  std::vector<Time> times;
  Time now = kThrottle;
  while (times.size() < 100) {  // no reply changes the rate meanwhile
    now = rate.ReadyAt(now);
    CHECK(rate.Take(now) != 0);
    times.push_back(now);
  }
  for (size_t i = 0; i < times.size(); ++i) {
    for (size_t j = i; j < times.size(); ++j) {
      const auto sent = static_cast<double>(j - i + 1);
      REQUIRE(sent <= per_s * Seconds(times[j] - times[i]) + per_s + 1e-3);
    }
  }
  const double last = 100 - per_s;
  CHECK(Seconds(times.back() - kThrottle) == Approx(last / per_s).epsilon(0.01));
}

TEST_CASE("send rate: what was not sent after all may be sent by another", "[policy]") {
  SendRate rate(On());
  rate.OnReply(true, kStart + 400ms);  // nothing measured: the least rate, and one at a time
  CHECK(rate.per_s() == 0.5);
  const Time ready = rate.ReadyAt(kStart + 400ms);
  CHECK(ready == kStart + 400ms + 1200ms);  // 0.4 of it were there
  const uint64_t number = rate.Take(ready);
  CHECK(rate.ReadyAt(ready) == ready + 2s);
  rate.GiveBack(number, ready + 500ms);
  CHECK(rate.ReadyAt(ready + 500ms) == ready + 500ms);
  rate.GiveBack(0, ready + 500ms);
  rate.Take(ready + 500ms);
  CHECK(rate.ReadyAt(ready + 500ms) > ready + 500ms);
}

}  // namespace
}  // namespace squall::send_rate_test

#include <optional>

#include "engine/base/real_env.h"
#include "tests/catch.h"

namespace squall::real_env_wire_test {
namespace {

using SteadyClock = std::chrono::steady_clock;

Task<> Sleep(RealEnv& env, Time at, std::stop_token stop, std::optional<bool>* result) {
  const bool due = co_await env.SleepUntil(at, stop);
  *result = due;
}

Task<> StopAt(RealEnv& env, Time at, std::stop_source source) {
  const std::stop_token never;
  [[maybe_unused]] const bool due = co_await env.SleepUntil(at, never);
  source.request_stop();
}

// Long enough for a machine under load, far shorter than the sleeps that must not be waited for.
constexpr auto kSoon = std::chrono::seconds(5);

TEST_CASE("scenario time runs at its scale, and environments with one start agree") {
  const auto start = SteadyClock::now() - std::chrono::seconds(10);
  const RealEnv real(1.0, start);
  const RealEnv fast(0.01, start);
  const RealEnv also_fast(0.01, start);
  CHECK(Seconds(real.Now() - kStart) == Approx(10).margin(1));
  CHECK(Seconds(fast.Now() - kStart) == Approx(1000).margin(100));
  const Time before = fast.Now();
  const Time between = also_fast.Now();
  CHECK(before <= between);
  CHECK(between <= fast.Now());
}

TEST_CASE("a point in scenario time has its real instant") {
  const auto start = SteadyClock::now();
  const RealEnv real(1.0, start);
  const RealEnv fast(0.25, start);
  const RealEnv slow(1000.0, start);
  CHECK(real.ToSteady(kStart) == start);
  CHECK(real.ToSteady(kStart + 3s) == start + std::chrono::seconds(3));
  CHECK(fast.ToSteady(kStart + 8s) == start + std::chrono::seconds(2));
  for (const RealEnv* env : {&real, &fast, &slow}) {
    CHECK(env->ToSteady(kStart - 1h) < start);
  }
  CHECK(real.ToSteady(kNever) == SteadyClock::time_point::max());
  CHECK(slow.ToSteady(kNever) == SteadyClock::time_point::max());
  CHECK(slow.ToSteady(kStart + 200000h) == SteadyClock::time_point::max());
  CHECK(fast.ToSteady(kNever) > start + std::chrono::hours(500000));
}

TEST_CASE("a sleep ends once its time has come, never before") {
  for (const double scale : {1.0, 0.1, 0.037, 3.0}) {
    CAPTURE(scale);
    RealEnv env(scale);
    const Time at = env.Now() + FromSeconds(0.003 / scale);
    std::optional<bool> due;
    Spawn(env.executor(), Sleep(env, at, {}, &due));
    env.io().run();
    CHECK(due == true);
    CHECK(env.Now() >= at);
  }
}

TEST_CASE("a point that has passed needs no waiting") {
  RealEnv env;
  std::optional<bool> due;
  Spawn(env.executor(), Sleep(env, kStart, {}, &due));
  env.io().poll();
  CHECK(due == true);
}

TEST_CASE("a stopped sleep resumes at once and leaves nothing behind") {
  for (const Time at : {kNever, kStart + 1h}) {
    RealEnv env(1.0);
    std::stop_source source;
    std::optional<bool> due;
    Spawn(env.executor(), Sleep(env, at, source.get_token(), &due));
    Spawn(env.executor(), StopAt(env, env.Now() + 5ms, source));
    const auto begin = SteadyClock::now();
    env.io().run();  // returns only when no timer is left
    CHECK(due == false);
    CHECK(SteadyClock::now() - begin < kSoon);
  }
}

TEST_CASE("a sleep that is stopped beforehand does not begin") {
  RealEnv env;
  std::stop_source source;
  source.request_stop();
  std::optional<bool> due;
  Spawn(env.executor(), Sleep(env, kNever, source.get_token(), &due));
  env.io().poll();
  CHECK(due == false);
}

TEST_CASE("one stop ends every sleep under it") {
  constexpr int kSleeps = 1000;
  RealEnv env;
  std::stop_source source;
  std::vector<std::optional<bool>> due(kSleeps);
  for (auto& each : due) Spawn(env.executor(), Sleep(env, kNever, source.get_token(), &each));
  Spawn(env.executor(), StopAt(env, env.Now() + 5ms, source));
  env.io().run();
  for (const auto& each : due) REQUIRE(each == false);
}

TEST_CASE("an environment can share an event loop that it does not own") {
  asio::io_context io;
  const auto start = SteadyClock::now();
  RealEnv one(io, 1.0, start);
  RealEnv other(io, 0.5, start);
  std::optional<bool> one_due;
  std::optional<bool> other_due;
  Spawn(one.executor(), Sleep(one, one.Now() + 1ms, {}, &one_due));
  Spawn(other.executor(), Sleep(other, other.Now() + 1ms, {}, &other_due));
  io.run();
  CHECK(one_due == true);
  CHECK(other_due == true);
}

struct NotingAlarm final : Alarm {
  explicit NotingAlarm(RealEnv* env_in) : env(*env_in) {}
  void Ring() override {
    rang_at = env.Now();
    if (next != nullptr) env.ClearAlarm(next);
  }
  RealEnv& env;
  Alarm* next = nullptr;  // cleared when this one rings
  std::optional<Time> rang_at;
};

TEST_CASE("an alarm rings once its time has come, never before and never from within") {
  for (const double scale : {1.0, 0.037, 3.0}) {
    CAPTURE(scale);
    RealEnv env(scale);
    NotingAlarm alarm(&env);
    NotingAlarm past(&env);
    const Time at = env.Now() + FromSeconds(0.003 / scale);
    env.SetAlarm(at, &alarm);
    env.SetAlarm(kStart - 1s, &past);
    CHECK_FALSE(past.rang_at.has_value());
    env.io().run();
    REQUIRE(alarm.rang_at.has_value());
    CHECK(*alarm.rang_at >= at);
    REQUIRE(past.rang_at.has_value());
    CHECK(*past.rang_at <= *alarm.rang_at);
  }
}

TEST_CASE("a cleared alarm does not ring, though its time had come already") {
  RealEnv env;
  NotingAlarm first(&env);
  NotingAlarm second(&env);
  first.next = &second;
  const Time at = env.Now() + 2ms;
  env.SetAlarm(at, &first);
  env.SetAlarm(at, &second);
  while (env.Now() < at + 1ms) {
  }  // both are due when the loop begins
  const auto begin = SteadyClock::now();
  env.io().run();
  CHECK(first.rang_at.has_value());
  CHECK_FALSE(second.rang_at.has_value());

  env.io().restart();
  env.SetAlarm(kNever, &second);
  env.ClearAlarm(&second);
  env.io().run();  // returns only when no timer is left
  CHECK_FALSE(second.rang_at.has_value());
  CHECK(SteadyClock::now() - begin < kSoon);
}

TEST_CASE("an environment may end before the handler of a cleared alarm has run") {
  asio::io_context io;
  {
    RealEnv env(io, 1.0, SteadyClock::now());
    NotingAlarm alarm(&env);
    env.SetAlarm(kNever, &alarm);
    env.ClearAlarm(&alarm);
  }
  CHECK(io.run() > 0);  // and ends
}

}  // namespace
}  // namespace squall::real_env_wire_test

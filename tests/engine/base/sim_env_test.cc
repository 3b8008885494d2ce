#include "engine/base/sim_env.h"

#include <string>
#include <vector>

#include "tests/catch.h"

namespace squall::sim_env_test {
namespace {

using Log = std::vector<std::string>;

Task<> Note(Env* env, Time at, std::string name, Log* log) {
  const bool reached = co_await env->SleepUntil(at);
  log->push_back(name + (reached ? "" : " stopped"));
}

Task<> NoteUnlessStopped(Env* env, Time at, std::string name, std::stop_token stop, Log* log) {
  const bool reached = co_await env->SleepUntil(at, stop);
  log->push_back(name + (reached ? " woke at " : " stopped at ") +
                 FormatDuration(env->Now() - kStart));
}

Task<> StopAt(Env* env, Time at, std::stop_source* source, Log* log) {
  [[maybe_unused]] const bool reached = co_await env->SleepUntil(at);
  log->push_back("requesting");
  source->request_stop();
  log->push_back("requested");
}

TEST_CASE("sim env: events run by time, and in the order of asking at one time", "[base]") {
  SimEnv env;
  Log log;
  Spawn(env.executor(), Note(&env, kStart + 2s, "c", &log));
  Spawn(env.executor(), Note(&env, kStart + 1s, "a", &log));
  Spawn(env.executor(), Note(&env, kStart + 1s, "b", &log));
  Spawn(env.executor(), Note(&env, kStart, "now", &log));
  env.Run();
  CHECK(log == Log{"now", "a", "b", "c"});
  CHECK(env.Now() == kStart + 2s);
}

TEST_CASE("sim env: hours pass without waiting", "[base]") {
  SimEnv env;
  Log log;
  Spawn(env.executor(), Note(&env, kStart + 24h, "tomorrow", &log));
  env.Run();
  CHECK(env.Now() == kStart + 24h);
}

TEST_CASE("sim env: a stopped sleep resumes at once and leaves nothing in the queue", "[base]") {
  SimEnv env;
  Log log;
  std::stop_source source;
  Spawn(env.executor(), NoteUnlessStopped(&env, kStart + 1h, "sleeper", source.get_token(), &log));
  Spawn(env.executor(), StopAt(&env, kStart + 1s, &source, &log));
  env.RunUntil(kStart + 1s);
  CHECK(env.pending() == 0);
  env.Run();
  // Resumed at 1 s, and not from inside request_stop().
  CHECK(log == Log{"requesting", "requested", "sleeper stopped at 1s"});
  CHECK(env.Now() == kStart + 1s);
}

TEST_CASE("sim env: a sleep whose stop came first does not sleep", "[base]") {
  SimEnv env;
  Log log;
  std::stop_source source;
  source.request_stop();
  Spawn(env.executor(), NoteUnlessStopped(&env, kStart + 1h, "late", source.get_token(), &log));
  env.Run();
  CHECK(log == Log{"late stopped at 0s"});
}

TEST_CASE("sim env: a stop after the sleep has ended does nothing", "[base]") {
  SimEnv env;
  Log log;
  std::stop_source source;
  Spawn(env.executor(), NoteUnlessStopped(&env, kStart + 1s, "early", source.get_token(), &log));
  Spawn(env.executor(), StopAt(&env, kStart + 2s, &source, &log));
  env.Run();
  CHECK(log == Log{"early woke at 1s", "requesting", "requested"});
}

TEST_CASE("sim env: one stop ends many sleeps, in the order of their going to sleep", "[base]") {
  SimEnv env;
  Log log;
  std::stop_source source;
  for (int i = 0; i < 100; ++i) {
    Spawn(env.executor(), NoteUnlessStopped(&env, kStart + 1h + i * 1s, std::to_string(i),
                                            source.get_token(), &log));
  }
  Spawn(env.executor(), StopAt(&env, kStart + 1s, &source, &log));
  env.Run();
  CHECK(log.size() == 102);
  CHECK(env.Now() == kStart + 1s);
  CHECK(env.pending() == 0);
}

TEST_CASE("sim env: runs until drained, and not past a given time", "[base]") {
  SimEnv env;
  Log log;
  Spawn(env.executor(), Note(&env, kStart + 1s, "a", &log));
  Spawn(env.executor(), Note(&env, kStart + 3s, "b", &log));
  env.RunUntil(kStart + 2s);
  CHECK(log == Log{"a"});
  CHECK(env.Now() == kStart + 2s);
  CHECK(env.pending() == 1);
  env.Run();
  CHECK(env.pending() == 0);
}

TEST_CASE("sim env: coroutines that still sleep are destroyed with it", "[base]") {
  Log log;
  std::stop_source source;
  {
    SimEnv env;
    Spawn(env.executor(), NoteUnlessStopped(&env, kStart + 1h, "a", source.get_token(), &log));
    env.RunUntil(kStart + 1s);
    CHECK(env.pending() == 1);
  }
  source.request_stop();  // must not touch what is gone; the sanitizer watches
  CHECK(log.empty());
}

Task<> Chain(Env* env, int depth, int* reached) {
  if (depth > 0) {
    [[maybe_unused]] const bool woke = co_await env->SleepUntil(env->Now());
    co_await Chain(env, depth - 1, reached);
  }
  ++*reached;
}

TEST_CASE("sim env: nested coroutines that never wait do not grow the stack", "[base]") {
  SimEnv env;
  int reached = 0;
  Spawn(env.executor(), Chain(&env, 5'000, &reached));
  env.Run();
  CHECK(reached == 5'001);
  CHECK(env.Now() == kStart);
}

class LoggingAlarm final : public Alarm {
 public:
  LoggingAlarm(Env* env, std::string name, Log* log)
      : env_(*env), name_(std::move(name)), log_(*log) {}
  void Ring() override {
    log_.push_back(name_ + " rang at " + FormatDuration(env_.Now() - kStart));
    if (again > 0) env_.SetAlarm(env_.Now() + 1s, this);
    --again;
  }
  int again = 0;  // rings more

 private:
  Env& env_;
  std::string name_;
  Log& log_;
};

TEST_CASE("sim env: alarms ring among the sleepers, by time and in the order of setting",
          "[base]") {
  SimEnv env;
  Log log;
  LoggingAlarm late(&env, "late", &log);
  LoggingAlarm early(&env, "early", &log);
  env.SetAlarm(kStart + 2s, &late);
  env.SetAlarm(kStart + 1s, &early);
  Spawn(env.executor(), Note(&env, kStart + 1s, "sleeper", &log));
  CHECK(log.empty());
  env.Run();
  CHECK(log == Log{"early rang at 1s", "sleeper", "late rang at 2s"});
}

TEST_CASE("sim env: a cleared alarm neither rings nor keeps time going", "[base]") {
  SimEnv env;
  Log log;
  LoggingAlarm alarm(&env, "alarm", &log);
  env.ClearAlarm(&alarm);
  env.SetAlarm(kStart + 1h, &alarm);
  env.ClearAlarm(&alarm);
  CHECK(env.pending() == 0);
  env.Run();
  CHECK(log.empty());
  CHECK(env.Now() == kStart);
}

TEST_CASE("sim env: an alarm may be set again while it rings, and for a past time rings now",
          "[base]") {
  SimEnv env;
  Log log;
  LoggingAlarm alarm(&env, "alarm", &log);
  alarm.again = 2;
  env.RunUntil(kStart + 5s);
  env.SetAlarm(kStart, &alarm);
  CHECK(log.empty());  // not from within
  env.Run();
  CHECK(log == Log{"alarm rang at 5s", "alarm rang at 6s", "alarm rang at 7s"});
}

}  // namespace
}  // namespace squall::sim_env_test

// RealEnv: the wire world's Env, on an io_context and the steady clock. Scenario time may run
// faster or slower than real time: one second of it takes `time_scale` real seconds, so 0.1 plays a
// scenario ten times as fast. Several RealEnvs that share `start` and `time_scale` agree about
// Now(), which is how a thread of servers and a thread of clients live on one timeline.
//
// Threads: Now() and ToSteady() from any; everything else, and request_stop() of a token that was
// passed in, only on the thread that runs the io_context. Errors: none.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "engine/base/env.h"

namespace squall {

class RealEnv final : public Env {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // Owns its io_context. `time_scale` > 0; Now() is 0 at `start`.
  explicit RealEnv(double time_scale = 1.0, SteadyTime start = std::chrono::steady_clock::now());

  // Runs on `io`, which outlives it.
  RealEnv(asio::io_context& io, double time_scale, SteadyTime start);

  ~RealEnv() override;
  RealEnv(const RealEnv&) = delete;
  RealEnv& operator=(const RealEnv&) = delete;

  Time Now() const override;

  // Lets Now() be 0 at `start` instead. Before the event loop runs and before anybody asks.
  void SetStart(SteadyTime start) { start_ = start; }

  // As Env says. A stopped sleep resumes from the event loop, never inside request_stop().
  Task<bool> SleepUntil(Time at, std::stop_token stop = {}) override;

  void SetAlarm(Time at, Alarm* alarm) override;
  void ClearAlarm(Alarm* alarm) override;

  asio::any_io_executor executor() override { return io_.get_executor(); }
  asio::io_context& io() { return io_; }

  // The real instant at which Now() reaches `at`, rounded up. kNever, and whatever else lies past
  // the clock's range, is the clock's largest value.
  SteadyTime ToSteady(Time at) const;

  // Scenario time that passes in so much real time.
  Duration FromReal(std::chrono::nanoseconds real) const;

 private:
  struct Bells;  // the alarms that are set, and the one timer that rings them
  void AwaitNext();
  void RingDue();

  std::unique_ptr<asio::io_context> owned_;
  asio::io_context& io_;
  double time_scale_;
  SteadyTime start_;
  std::shared_ptr<Bells> bells_;  // with its handlers, which may come to run when this has ended
};

}  // namespace squall

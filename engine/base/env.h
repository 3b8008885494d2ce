// Env is one of the two seams between the engine and its world (the other is wire/transport.h):
// what time it is, and waiting for a later one. RealEnv runs on an io_context; SimEnv jumps from
// event to event in virtual time. Each Env belongs to one thread.
#pragma once

#include <stop_token>

#include "engine/base/check.h"
#include "engine/base/task.h"
#include "engine/base/time.h"
#include "engine/base/timer_queue.h"

namespace squall {

// Rings once at a point in time, from its Env's loop, unless it is cleared before. A sleep costs a
// coroutine, an alarm a place in a queue: for what nearly never comes to pass. Stays where it is
// while it is set, and is cleared before it or its Env ends.
class Alarm : public TimerQueue::Item {
 public:
  Alarm() = default;
  virtual ~Alarm() { SQUALL_CHECK(!queued()); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // No longer set; may be set again here.
  virtual void Ring() = 0;
};

class Env {
 public:
  virtual ~Env() = default;

  // Monotonic; 0 at the start of the run.
  virtual Time Now() const = 0;

  // Resumes once Now() >= at and returns true, or returns false as soon as `stop` is requested. A
  // point that has passed resumes without waiting. A stopped sleep leaves nothing behind.
  // `stop` must be requested on this Env's thread.
  virtual Task<bool> SleepUntil(Time at, std::stop_token stop = {}) = 0;

  // Rings `alarm`, which is not set, once Now() >= at, and never from inside this call.
  virtual void SetAlarm(Time at, Alarm* alarm) = 0;
  // Nothing happens to one that is not set.
  virtual void ClearAlarm(Alarm* alarm) = 0;

  virtual asio::any_io_executor executor() = 0;
};

}  // namespace squall

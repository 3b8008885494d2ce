// Env is one of the two seams between the engine and its world (the other is wire/transport.h):
// what time it is, and waiting for a later one. RealEnv runs on an io_context; SimEnv jumps from
// event to event in virtual time. Each Env belongs to one thread.
#pragma once

#include <stop_token>

#include "engine/base/task.h"
#include "engine/base/time.h"

namespace squall {

class Env {
 public:
  virtual ~Env() = default;

  // Monotonic; 0 at the start of the run.
  virtual Time Now() const = 0;

  // Resumes once Now() >= at and returns true, or returns false as soon as `stop` is requested. A
  // point that has passed resumes without waiting. A stopped sleep leaves nothing behind.
  // `stop` must be requested on this Env's thread.
  virtual Task<bool> SleepUntil(Time at, std::stop_token stop = {}) = 0;

  virtual asio::any_io_executor executor() = 0;
};

}  // namespace squall

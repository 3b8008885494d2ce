// The real clock for measuring our own CPU time per phase. It must never decide anything: what the
// engine does depends on Env alone.
#pragma once

#include <time.h>

#include <cstdint>

namespace squall {

// Monotonic nanoseconds, about 25 ns a reading. The reports state the overhead that they measured.
inline int64_t RealNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace squall

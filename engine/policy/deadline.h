// Deadline: how much time one attempt may take inside the time that the whole request has.
#pragma once

#include <algorithm>

#include "engine/base/time.h"

namespace squall {

struct DeadlineConfig {
  Duration per_try = 10s;  // longest single attempt, > 0
  Duration failover_reserve =
      0s;  // time kept back for one more provider while one is untried, >= 0
};

// When an attempt that starts at `start` must end: within the per-try timeout and the request's
// deadline, less the reserve while `others_untried`. Never before `start`: a reserve that does not
// fit is not kept.
inline Time AttemptDeadline(const DeadlineConfig& config, Time start, Time deadline,
                            bool others_untried) {
  const Time end = std::min(SaturatingAdd(start, config.per_try), deadline);
  const Time reserved = others_untried ? deadline - config.failover_reserve : deadline;
  return reserved > start ? std::min(end, reserved) : end;
}

// May something that starts at `at` still be answered in time? An attempt needs a positive span.
inline bool FitsDeadline(Time at, Time deadline) { return at < deadline; }

}  // namespace squall

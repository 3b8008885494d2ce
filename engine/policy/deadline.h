// Deadline: how much time one attempt may take inside the time that the whole request has, and
// whether a wait is worth making. Retries at the first provider must not use up the time of the
// last: each provider that is still untried keeps a reserve.
//
// Pure; any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/time.h"

namespace squall {

struct DeadlineConfig {
  Duration per_try = 10s;          // longest single attempt, > 0
  Duration failover_reserve = 0s;  // time kept back for each untried provider, >= 0
  int64_t reserve_stages = 1;      // for this many of them at most, >= 1
  // What becomes of reserves that do not fit into the time that is left: none is kept, or each
  // untried provider and this attempt get an equal share.
  bool share_when_short = false;
  Duration least_attempt = 0s;  // what has less time left is not sent, >= 0
};

// When an attempt that starts at `start` must end: within the per-try timeout and the request's
// deadline, less the reserves of `untried` (>= 0) other providers. Never before `start`. With
// share_when_short, as many stages and LeavesReserves before each repeat, each of the n providers
// of a request that has R left gets at least min(failover_reserve, R / n), whatever those before it
// do.
inline Time AttemptDeadline(const DeadlineConfig& config, Time start, Time deadline,
                            int64_t untried) {
  const Time end = std::min(SaturatingAdd(start, config.per_try), deadline);
  const int64_t stages = std::min(untried, config.reserve_stages);
  if (stages <= 0 || deadline <= start) return end;
  const Duration left = deadline - start;
  Duration each = config.failover_reserve;
  if (config.share_when_short) each = std::min(each, left / (stages + 1));
  const bool fits = each <= Duration::max() / stages && each * stages < left;
  return fits ? std::min(end, deadline - each * stages) : end;
}

// May a provider that has had its attempt be asked again at `at`? Only while the reserves of the
// untried ones fit in full and leave it as much: what a repeat takes beyond, it takes from them.
inline bool LeavesReserves(const DeadlineConfig& config, Time at, Time deadline, int64_t untried) {
  const int64_t stages = std::min(untried, config.reserve_stages);
  if (stages <= 0) return true;
  return at < deadline && config.failover_reserve <= (deadline - at) / (stages + 1);
}

// May something that starts at `at` still be answered in time? Not worth sending is what has less
// than least_attempt for its answer. A wait is never cut to fit: a server's hint is a minimum.
inline bool FitsDeadline(const DeadlineConfig& config, Time at, Time deadline) {
  return SaturatingAdd(at, std::max(config.least_attempt, Duration(1))) <= deadline;
}

// The latest time that fits.
inline Time LatestStart(const DeadlineConfig& config, Time deadline) {
  return deadline - std::max(config.least_attempt, Duration(1));
}

}  // namespace squall

// Deadline: how much time one attempt may take inside the time that the whole request has, and
// whether a wait is worth making. Retries at the first provider must not use up the time of the
// last: each provider that is still untried keeps a reserve.
//
// Pure; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

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
  // Where this many times the quantile of a provider's latency of late is less, it takes the place
  // of per_try: a timeout that fits the traffic leaves time for others. 0 = it never does.
  double adaptive_factor = 0;       // >= 1 or 0
  double adaptive_quantile = 0.99;  // of the latency of good answers, [0, 1]
};

// The longest that an attempt may take at a provider whose latency has this quantile.
inline Duration LongestTry(const DeadlineConfig& config, std::optional<Duration> latency) {
  if (config.adaptive_factor <= 0 || !latency.has_value()) return config.per_try;
  const double adapted = Seconds(*latency) * config.adaptive_factor;
  return adapted < Seconds(config.per_try) ? FromSeconds(adapted) : config.per_try;
}

// When an attempt that starts at `start` must end: within `longest` and the request's
// deadline, less the reserves of `untried` (>= 0) other providers. Never before `start`. With
// share_when_short, as many stages and LeavesReserves before each repeat, each of the n providers
// of a request that has R left gets at least min(failover_reserve, R / n), whatever those before it
// do.
inline Time AttemptDeadline(const DeadlineConfig& config, Duration longest, Time start,
                            Time deadline, int64_t untried) {
  const Time end = std::min(SaturatingAdd(start, longest), deadline);
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

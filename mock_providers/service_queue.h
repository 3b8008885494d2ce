// ServiceQueue: c servers behind one queue, first come first served, as a provider's capacity. Of
// work that has come in it is known at once when a server will begin, so nothing ever has to be
// told to leave: work whose client has gone is still done, and those behind it wait for it. (Many
// inference servers drop it instead; then the starts that were promised would move, which a plan
// that is fixed on arrival cannot. What is modelled is the worse case, the one that keeps an
// overload alive.)
//
// Kendall's names: G/G/c without a bound, G/G/c/K with K - c places. Tested against Erlang B and C,
// M/M/1/K, Pollaczek-Khinchine and the M/M/1 retrial queue. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "engine/base/time.h"

namespace squall {

class ServiceQueue {
 public:
  static constexpr int64_t kNoBound = std::numeric_limits<int64_t>::max();

  // `servers` >= 1; `places` for those that wait, >= 0.
  ServiceQueue(int64_t servers, int64_t places) : servers_(servers), places_(places) {}

  // When a server begins on `work` (>= 0) that arrives `now`, which never goes back; nullopt, and
  // nothing has happened, when every server is busy and every place is taken.
  std::optional<Time> Enter(Time now, Duration work);

 private:
  int64_t servers_;
  int64_t places_;
  std::vector<Time> busy_until_;  // min-heap, one entry per server that has ever worked
  std::deque<Time> starts_;       // of those that wait, in order; empty without a bound
};

}  // namespace squall

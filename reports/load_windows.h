// LoadWindows: one replication second by second: requests offered, attempts sent, right answers.
// Four counters per second of the run are all it keeps. From it come the worst amplification over
// any second and any ten, the series of a result, and the recovery after a trigger (recovery.h).
//
// The amplification of a window is the attempts sent in it divided by the requests offered (by
// their intended arrival) in it. Windows start at whole seconds and lie between the first arrival
// and the last: the last second, in which arrivals stop, is left out (its few arrivals would face
// the retries of everything before them), unless it is the only one. A window in which nothing was
// offered has no ratio and is skipped. A run shorter than the window is one window. What is sent
// after the last arrival counts in the mean over the run, not here. With few requests a second the
// worst window is largely chance: read it beside the arrival rate.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/time.h"

namespace squall {

struct LoadSecond {
  uint32_t offered = 0;  // requests whose intended arrival it holds
  uint32_t sent = 0;     // attempts
  uint32_t good = 0;     // right answers in time that came in it
  uint32_t kept = 0;     // of `offered`, those that got one, whenever that was
};

class LoadWindows {
 public:
  void Offered(Time at) {
    if (LoadSecond* second = SecondOf(at)) ++second->offered;
  }
  void Sent(Time at) {
    if (LoadSecond* second = SecondOf(at)) ++second->sent;
  }
  // A right answer in time to a request that was offered at `offered`.
  void Good(Time offered, Time at) {
    if (LoadSecond* second = SecondOf(offered)) ++second->kept;
    if (LoadSecond* second = SecondOf(at)) ++second->good;
  }

  // Over windows of so many whole seconds, >= 1; nullopt if nothing was offered.
  std::optional<double> Worst(int64_t length_s) const;

  // The whole seconds in which requests were offered, [begin, end), without the last one as above;
  // both 0 if nothing was offered.
  struct Range {
    int64_t begin = 0;
    int64_t end = 0;
  };
  Range OfferedSeconds() const;

  // From the start of the run to the last second of which anything is known.
  std::span<const LoadSecond> seconds() const { return seconds_; }

 private:
  static constexpr int64_t kMaxSeconds = int64_t{1} << 22;  // 48 days; later ones are not counted

  LoadSecond* SecondOf(Time at) {
    const int64_t second = std::max<int64_t>(at.time_since_epoch().count(), 0) / 1'000'000'000;
    if (second >= kMaxSeconds) return nullptr;
    const size_t index = static_cast<size_t>(second);
    if (index >= seconds_.size()) seconds_.resize(index + 1);
    return &seconds_[index];
  }

  std::vector<LoadSecond> seconds_;
};

// The same over all replications, for the series of a result.
class LoadTotals {
 public:
  void Add(const LoadWindows& run);
  void Merge(const LoadTotals& other);

  // Sums over `window_s` seconds each, the shortest with which no more than kMostWindows are
  // needed; the last one may reach beyond the end of the run.
  static constexpr int64_t kMostWindows = 240;
  struct Series {
    int64_t window_s = 1;
    std::vector<int64_t> offered;
    std::vector<int64_t> attempts;
    std::vector<int64_t> good;
    bool operator==(const Series&) const = default;
  };
  Series Compress() const;

 private:
  struct Second {
    int64_t offered = 0;
    int64_t sent = 0;
    int64_t good = 0;
  };
  std::vector<Second> seconds_;
};

}  // namespace squall

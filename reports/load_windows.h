// LoadWindows: the worst amplification over any second and any ten seconds of one replication. One
// pair of counters per second of the run is all it keeps.
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
#include <vector>

#include "engine/base/time.h"

namespace squall {

class LoadWindows {
 public:
  void Offered(Time at) {
    if (Second* second = SecondOf(at)) ++second->offered;
  }
  void Sent(Time at) {
    if (Second* second = SecondOf(at)) ++second->sent;
  }

  // Over windows of so many whole seconds, >= 1; nullopt if nothing was offered.
  std::optional<double> Worst(int64_t length_s) const;

 private:
  static constexpr int64_t kMaxSeconds = int64_t{1} << 22;  // 48 days; later ones are not counted
  struct Second {
    uint32_t offered = 0;
    uint32_t sent = 0;
  };

  Second* SecondOf(Time at) {
    const int64_t second = std::max<int64_t>(at.time_since_epoch().count(), 0) / 1'000'000'000;
    if (second >= kMaxSeconds) return nullptr;
    const size_t index = static_cast<size_t>(second);
    if (index >= seconds_.size()) seconds_.resize(index + 1);
    return &seconds_[index];
  }

  std::vector<Second> seconds_;
};

}  // namespace squall

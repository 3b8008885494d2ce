#include "reports/load_windows.h"

#include <algorithm>

namespace squall {

std::optional<double> LoadWindows::Worst(int64_t length_s) const {
  const int64_t seconds = static_cast<int64_t>(seconds_.size());
  const auto at = [this](int64_t second) { return seconds_[static_cast<size_t>(second)]; };
  int64_t first = 0;
  while (first < seconds && at(first).offered == 0) ++first;
  if (first == seconds) return std::nullopt;
  int64_t last = seconds - 1;
  while (at(last).offered == 0) --last;
  const int64_t end = std::max(last, first + 1);  // exclusive
  const int64_t length = std::min(length_s, end - first);

  std::optional<double> worst;
  int64_t offered = 0;
  int64_t sent = 0;
  for (int64_t second = first; second < end; ++second) {
    offered += at(second).offered;
    sent += at(second).sent;
    if (second - first >= length) {
      offered -= at(second - length).offered;
      sent -= at(second - length).sent;
    }
    if (second - first + 1 < length || offered == 0) continue;
    worst = std::max(worst.value_or(0), static_cast<double>(sent) / static_cast<double>(offered));
  }
  return worst;
}

}  // namespace squall

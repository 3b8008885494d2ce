#include "reports/load_windows.h"

#include <algorithm>

namespace squall {

LoadWindows::Range LoadWindows::OfferedSeconds() const {
  const int64_t seconds = static_cast<int64_t>(seconds_.size());
  const auto offered = [this](int64_t s) { return seconds_[static_cast<size_t>(s)].offered; };
  int64_t first = 0;
  while (first < seconds && offered(first) == 0) ++first;
  if (first == seconds) return {};
  int64_t last = seconds - 1;
  while (offered(last) == 0) --last;
  return {first, std::max(last, first + 1)};
}

std::optional<double> LoadWindows::Worst(int64_t length_s) const {
  const auto at = [this](int64_t second) { return seconds_[static_cast<size_t>(second)]; };
  const auto [first, end] = OfferedSeconds();
  if (first == end) return std::nullopt;
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

void LoadTotals::Add(const LoadWindows& run) {
  const auto seconds = run.seconds();
  if (seconds.size() > seconds_.size()) seconds_.resize(seconds.size());
  for (size_t i = 0; i < seconds.size(); ++i) {
    seconds_[i].offered += seconds[i].offered;
    seconds_[i].sent += seconds[i].sent;
    seconds_[i].good += seconds[i].good;
  }
}

void LoadTotals::Merge(const LoadTotals& other) {
  if (other.seconds_.size() > seconds_.size()) seconds_.resize(other.seconds_.size());
  for (size_t i = 0; i < other.seconds_.size(); ++i) {
    seconds_[i].offered += other.seconds_[i].offered;
    seconds_[i].sent += other.seconds_[i].sent;
    seconds_[i].good += other.seconds_[i].good;
  }
}

LoadTotals::Series LoadTotals::Compress() const {
  Series series;
  const auto seconds = static_cast<int64_t>(seconds_.size());
  series.window_s = std::max<int64_t>((seconds + kMostWindows - 1) / kMostWindows, 1);
  const auto windows = static_cast<size_t>((seconds + series.window_s - 1) / series.window_s);
  series.offered.resize(windows);
  series.attempts.resize(windows);
  series.good.resize(windows);
  for (size_t i = 0; i < seconds_.size(); ++i) {
    const size_t window = i / static_cast<size_t>(series.window_s);
    series.offered[window] += seconds_[i].offered;
    series.attempts[window] += seconds_[i].sent;
    series.good[window] += seconds_[i].good;
  }
  return series;
}

}  // namespace squall

#include "reports/recovery.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace squall {
namespace {

constexpr double kBackAt = 0.95;   // of the share before the trigger
constexpr double kUpBefore = 0.5;  // the least share that counts as having been up
constexpr int64_t kWindow_s = 10;
constexpr int64_t kHold_s = 60;
constexpr int64_t kEnough = 100;  // requests of which a share is worth judging

// Sums over seconds [begin, end), in constant time.
class Cumulated {
 public:
  explicit Cumulated(std::span<const LoadSecond> seconds) : sums_(seconds.size() + 1) {
    for (size_t i = 0; i < seconds.size(); ++i) {
      sums_[i + 1] = {sums_[i].offered + seconds[i].offered, sums_[i].kept + seconds[i].kept};
    }
  }
  int64_t Offered(int64_t begin, int64_t end) const { return At(end).offered - At(begin).offered; }
  int64_t Kept(int64_t begin, int64_t end) const { return At(end).kept - At(begin).kept; }

 private:
  struct Sum {
    int64_t offered = 0;
    int64_t kept = 0;
  };
  Sum At(int64_t second) const {
    const auto last = static_cast<int64_t>(sums_.size()) - 1;
    return sums_[static_cast<size_t>(std::clamp<int64_t>(second, 0, last))];
  }
  std::vector<Sum> sums_;
};

// Exact for whole seconds, which Seconds() is not.
double ExactSeconds(Duration d) { return static_cast<double>(d.count()) / 1e9; }

int64_t WholeSecondsUp(Time at) { return (at - kStart + 1s - 1ns) / 1s; }

double ShareBefore(const Cumulated& sums, int64_t second) {
  const int64_t offered = sums.Offered(0, second);
  if (offered < kEnough) return 1;
  return static_cast<double>(sums.Kept(0, second)) / static_cast<double>(offered);
}

}  // namespace

Recovery RecoveryAfter(const TriggerWindow& trigger, const LoadWindows& run) {
  Recovery recovery;
  const auto [first, end] = run.OfferedSeconds();
  const auto since_trigger_s = [&trigger](int64_t second) {
    return std::max(ExactSeconds(second * 1s - (trigger.to - kStart)), 0.0);
  };
  recovery.observed_s = since_trigger_s(end);
  const Cumulated sums(run.seconds());
  const auto begin = WholeSecondsUp(trigger.to);
  const int64_t offered = sums.Offered(first, end);
  if (offered == 0) return recovery;
  const int64_t for_enough = (kEnough * (end - first) + offered - 1) / offered;
  const int64_t window = std::max(kWindow_s, for_enough);
  const int64_t hold = std::max(kHold_s, window);
  if (begin + hold > end) return recovery;

  recovery.kind = Recovery::Kind::kStayedDown;
  const double before = ShareBefore(sums, (trigger.from - kStart) / 1s);
  if (before < kUpBefore) return recovery;
  int64_t up_since = begin;
  for (int64_t second = begin; second + window <= end; ++second) {
    const auto wanted =
        kBackAt * before * static_cast<double>(sums.Offered(second, second + window));
    if (static_cast<double>(sums.Kept(second, second + window)) < wanted) up_since = second + 1;
    if (second + window - up_since < hold) continue;
    recovery.kind = Recovery::Kind::kBack;
    recovery.time_s = since_trigger_s(up_since);
    return recovery;
  }
  return recovery;
}

RecoverySummary Summarize(const TriggerWindow& trigger, std::span<const Recovery> replications) {
  RecoverySummary summary;
  summary.trigger_end_s = ExactSeconds(trigger.to - kStart);
  constexpr double kNeverBack = std::numeric_limits<double>::infinity();
  std::vector<double> times;
  for (const Recovery& one : replications) {
    if (one.kind == Recovery::Kind::kUnseen) continue;
    const bool back = one.kind == Recovery::Kind::kBack;
    summary.observed_s =
        times.empty() ? one.observed_s : std::min(summary.observed_s, one.observed_s);
    summary.stayed_down += !back;
    times.push_back(back ? one.time_s : kNeverBack);
  }
  summary.n = static_cast<int64_t>(times.size());
  if (times.empty()) return summary;
  std::sort(times.begin(), times.end());
  const auto known = [](double time_s) {
    return std::isfinite(time_s) ? std::optional(time_s) : std::nullopt;
  };
  summary.median_s = known(times[(times.size() - 1) / 2]);
  summary.worst_s = known(times.back());
  return summary;
}

}  // namespace squall

#include "engine/policy/backoff.h"

#include <algorithm>

namespace squall {

Duration BackoffWindow(const BackoffConfig& config, int retry) {
  Duration window = std::min(config.base, config.cap);
  for (int i = 0; i < retry && window < config.cap; ++i) {
    window = window > config.cap / 2 ? config.cap : window * 2;
  }
  return window;
}

Duration FullJitter(const BackoffConfig& config, int retry, double u) {
  const auto window = static_cast<double>(BackoffWindow(config, retry).count());
  return Duration(static_cast<int64_t>(window * u));
}

Duration HintWithJitter(Duration hint, double spread, Duration floor_spread, double u) {
  const auto width = static_cast<double>(hint.count()) * spread;
  const double extra = std::max(width, static_cast<double>(floor_spread.count())) * u;
  const auto cap = static_cast<double>((Duration::max() - hint).count());
  return hint + Duration(static_cast<int64_t>(std::min(extra, cap * 0.5)));
}

}  // namespace squall

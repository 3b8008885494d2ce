#include "bench/tune/runner.h"

#include <mutex>
#include <thread>
#include <vector>

namespace squall {

absl::Status LocalRunner::Run(std::span<const SweepPoint> points, ResultSink sink) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  absl::Status first_error;
  const auto work = [&] {
    for (size_t i = next++; i < points.size(); i = next++) {
      const absl::StatusOr<PointResult> result = RunPoint(points[i], stop_);
      const std::lock_guard lock(mutex);
      if (!first_error.ok()) return;
      first_error = result.ok() ? sink(*result) : result.status();
      if (!first_error.ok()) return;
    }
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads_; ++i) others.emplace_back(work);
    work();
  }
  return first_error;
}

}  // namespace squall

// Who runs sweep points: threads of this process, or workers elsewhere (nats_runner.h). Results
// come in any order; what is made of them does not depend on it.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <atomic>
#include <span>

#include "bench/tune/point.h"

namespace squall {

// Called for one result at a time, on any thread.
using ResultSink = absl::FunctionRef<absl::Status(const PointResult&)>;

class PointRunner {
 public:
  virtual ~PointRunner() = default;

  // Returns when every point has been given to `sink`, or at the first error: that of a point
  // (kInvalidArgument and the like), that of the sink, or kCancelled after an interrupt.
  virtual absl::Status Run(std::span<const SweepPoint> points, ResultSink sink) = 0;
};

class LocalRunner final : public PointRunner {
 public:
  // `stop` as in RunPoint.
  LocalRunner(int threads, const std::atomic<bool>* stop) : threads_(threads), stop_(stop) {}

  absl::Status Run(std::span<const SweepPoint> points, ResultSink sink) override;

 private:
  int threads_;
  const std::atomic<bool>* stop_;
};

}  // namespace squall

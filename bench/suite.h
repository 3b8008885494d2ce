// How benchmarks join the suite: SQUALL_BENCHMARK(function) and Register(name, function, ...), in
// place of Google Benchmark's own, so that all of them
//   - say p50, p95 and p99 over repetitions (--benchmark_repetitions=30) beside mean and median,
//   - make exactly $SQUALL_BENCH_ITERATIONS iterations where that is set, whatever they take: one
//     shows that they still run, and equal numbers of them make instructions countable
//     (bench/gate).
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace squall {

// 0: as many as Google Benchmark finds necessary.
inline int64_t FixedIterations() {
  static const char* asked = std::getenv("SQUALL_BENCH_ITERATIONS");
  return asked == nullptr ? 0 : std::atoll(asked);
}

// How often a benchmark may measure something by itself: as often as it likes, or just a little
// where iterations are fixed and nobody will read the result.
inline int AtMost(int usual) { return FixedIterations() > 0 ? std::min(usual, 5) : usual; }

template <int percent>
double PercentileOf(const std::vector<double>& repetitions) {
  std::vector<double> sorted = repetitions;
  std::sort(sorted.begin(), sorted.end());
  // Rounded up, so that p99 of few repetitions is the slowest and not the one before.
  const size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<size_t>(rank, 1) - 1];
}

template <class... Args>
benchmark::internal::Benchmark* Register(const std::string& name, Args&&... args) {
  auto* const added = benchmark::RegisterBenchmark(name.c_str(), std::forward<Args>(args)...);
  added->ComputeStatistics("p50", PercentileOf<50>);
  added->ComputeStatistics("p95", PercentileOf<95>);
  added->ComputeStatistics("p99", PercentileOf<99>);
  if (FixedIterations() > 0) added->Iterations(FixedIterations());
  return added;
}

}  // namespace squall

#define SQUALL_BENCHMARK(function)                                                     \
  [[maybe_unused]] const benchmark::internal::Benchmark* const registered_##function = \
      ::squall::Register(#function, function)

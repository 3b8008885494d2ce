// Does the engine's memory stay bounded? Resident memory and blocks in use after a tenth of the
// calls and after all of them. As a benchmark it only shows that it runs; bench/soak makes ten
// million calls of it.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bench/allocations.h"
#include "bench/soak_world.h"
#include "bench/suite.h"

namespace squall::soak_bench {
namespace {

// KiB; 0 where the kernel does not say.
double ResidentKib() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  long pages = 0;
  const int read = std::fscanf(file, "%*d %ld", &pages);
  std::fclose(file);
  return read == 1 ? static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024
                   : 0;
}

void BM_Soak(benchmark::State& state) {
  const char* asked = std::getenv("SQUALL_SOAK_CALLS");
  const uint64_t few = FixedIterations() > 0 ? 1'000 : 10'000;
  const uint64_t calls = asked == nullptr ? few : std::strtoull(asked, nullptr, 10);
  for (auto _ : state) {
    SoakWorld world;
    world.Run(calls / 10);
    const double rss_tenth = ResidentKib();
    const int64_t blocks_tenth = BlocksInUse();
    world.Run(calls - calls / 10);
    state.counters["calls"] = static_cast<double>(world.calls());
    state.counters["answered"] = static_cast<double>(world.answered());
    state.counters["rss_kib_tenth"] = rss_tenth;
    state.counters["rss_kib_all"] = ResidentKib();
    state.counters["blocks_tenth"] = static_cast<double>(blocks_tenth);
    state.counters["blocks_all"] = static_cast<double>(BlocksInUse());
  }
}
SQUALL_BENCHMARK(BM_Soak)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace squall::soak_bench

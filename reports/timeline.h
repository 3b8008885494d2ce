// Timelines: what a run looked like over time beside its load (load_windows.h): how long requests
// took, what was left of the budget for extra attempts, which circuits were open. A recorder per
// replication, fed by its thread; those of all replications are added up window by window.
//
// Windows are as long as need be: one second, and twice that whenever more than kMostWindows would
// be needed, so that memory does not grow with the run (0.2 MB, and 16 bytes per window and
// provider). Latencies are kept in eighths of an octave and quantiles interpolated (within 12.5 %
// of the exact one); the budget is what is left of it at the end of each request, so that busy
// times weigh more. A circuit counts as open from the transition that the engine reported to the
// next one: an open one whose time has passed turns half-open only when somebody asks. Where a
// provider has several circuits, the share is of the time in which at least one of them was open.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/policy/breaker.h"

namespace squall {

// What was done to a run for a while, to be shaded on its time axis.
struct Episode {
  std::string name;
  std::string kind;                    // "outage", "ramp", "weather", "load"
  std::string fault;                   // that it causes; "" of load
  std::vector<std::string> providers;  // that it hits; empty: all
  double from_s = 0;
  double to_s = 0;
  double share = 1;             // of arrivals that it hits; of load: times the usual rate
  bool first_run_only = false;  // drawn anew in each replication; this is the first one's
  bool operator==(const Episode&) const = default;
};

struct CircuitLine {
  std::string provider;
  int64_t moves = 0;              // transitions
  std::vector<double> open;       // share of each window in which it was open, 0..1
  std::vector<double> half_open;  // likewise
  bool operator==(const CircuitLine&) const = default;
};

// Over all replications; the windows lie one after another from the start of the run.
struct TimeSeries {
  int64_t window_s = 1;
  int64_t replications = 0;
  std::vector<int64_t> p50_us;  // latency of the requests that arrived in the window; -1: none did
  std::vector<int64_t> p99_us;
  std::vector<double> budget_least;  // left, over the ends of requests; -1: none, or no limit
  std::vector<double> budget_mean;
  std::vector<CircuitLine> circuits;  // by provider
  std::vector<Episode> episodes;      // by their beginning
  bool empty() const { return p50_us.empty(); }
  bool operator==(const TimeSeries&) const = default;
};

class TimelineRecorder {
 public:
  static constexpr int64_t kMostWindows = 240;

  explicit TimelineRecorder(size_t providers);

  void OnRequest(Time started, Time ended);
  void OnBudget(Time now, double left);  // infinite where nothing limits it
  void OnBreaker(size_t provider, BreakerState from, BreakerState to, Time now);

  // The replication is over.
  void Settle();

  // Both settled, of the same providers.
  void Merge(const TimelineRecorder& later);

  // Settled; without episodes. `names` of the providers.
  TimeSeries Summarize(const std::vector<std::string>& names) const;

 private:
  static constexpr int kParts = 8;     // of an octave
  static constexpr int kOctaves = 22;  // from 2^19 ns = 0.5 ms on, beyond half an hour
  static constexpr size_t kBuckets = kParts * kOctaves;
  static constexpr int kFirstOctave = 19;

  struct Window {
    int64_t covered_ns = 0;  // by replications
    int64_t requests = 0;
    std::array<uint32_t, kBuckets> latency{};
    int64_t budget_n = 0;
    double budget_sum = 0;
    double budget_least = 0;
    void Add(const Window& other);
  };
  struct CircuitTime {
    int64_t open_ns = 0;
    int64_t half_open_ns = 0;
  };
  struct Circuit {
    int64_t moves = 0;
    int open = 0;  // circuits of this provider in that state
    int half_open = 0;
    Time since{};
  };

  static size_t BucketOf(int64_t ns);
  static int64_t MicrosOf(size_t bucket, double inside);  // 0 to 1: how far within
  static int64_t QuantileUs(const Window& window, double q);

  Window& WindowAt(Time at);
  void Coarsen();
  void AddCircuitTime(size_t provider, Time until);
  template <class AddPart>
  void Spread(Time from, Time to, AddPart add);

  size_t providers_;
  int64_t window_ns_ = 1'000'000'000;
  int64_t replications_ = 0;
  Time last_{};
  std::vector<Window> windows_;
  std::vector<CircuitTime> circuit_times_;  // [window * providers_ + provider]
  std::vector<Circuit> circuits_;
};

}  // namespace squall

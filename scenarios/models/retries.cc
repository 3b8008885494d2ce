#include "scenarios/models/retries.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <cmath>

#include "engine/policy/backoff.h"
#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 3> kPlaceNames = {"every_layer", "outermost", "innermost"};
constexpr int64_t kMaxDepth = 8;
constexpr double kMaxAttemptsPerCall = 1e7;

class Simulation {
 public:
  Simulation(const Retries& m, uint64_t seed)
      : m_(m),
        failures_(seed, Stream("model/retries/failure")),
        waits_(seed, Stream("model/retries/wait")) {}

  // One call of the outermost layer. Attempts are counted per layer; layer depth - 1 asks the
  // provider.
  bool Call(uint64_t call) {
    call_ = call;
    counts_.fill(0);
    wait_ = Duration::zero();
    return Try(0);
  }

  int64_t attempts(int64_t layer) const { return counts_[static_cast<size_t>(layer)]; }
  Duration wait() const { return wait_; }

 private:
  int64_t TriesOf(int64_t layer) const {
    switch (m_.retry_at) {
      case RetryPlace::kEveryLayer: return m_.attempts;
      case RetryPlace::kOutermost: return layer == 0 ? m_.attempts : 1;
      case RetryPlace::kInnermost: return layer == m_.depth - 1 ? m_.attempts : 1;
    }
    return 1;
  }

  bool Try(int64_t layer) {
    Duration previous{};
    double u = 0;
    for (int64_t n = 0; n < TriesOf(layer); ++n) {
      if (n > 0 && layer == 0) {
        const BackoffPast past{static_cast<int>(n - 1), previous, u};
        u = waits_(call_, static_cast<uint64_t>(n));
        previous = BackoffDelay(m_.backoff, past, u);
        wait_ += previous;
      }
      int64_t& count = counts_[static_cast<size_t>(layer)];
      ++count;
      const bool last = layer == m_.depth - 1;
      const bool good =
          last ? failures_(call_, static_cast<uint64_t>(count)) >= m_.failure_rate : Try(layer + 1);
      if (good) return true;
    }
    return false;
  }

  const Retries& m_;
  Draws failures_;
  Draws waits_;
  uint64_t call_ = 0;
  std::array<int64_t, kMaxDepth> counts_{};
  Duration wait_{};
};

}  // namespace

void Describe(Fields& f, Retries& m) {
  f.Number("failure_rate", m.failure_rate, kRateRange,
           "Share of attempts at the provider that fail, independently; 1 is a total outage.");
  f.Int("attempts", m.attempts, {1, 32}, "Tries of each layer that retries, the first included.");
  f.Int("depth", m.depth, {1, kMaxDepth}, "Layers of callers, each above the next.");
  f.Enum("retry_at", m.retry_at, kPlaceNames, "Which layers retry; the others try once.");
  f.Int("calls", m.calls, {1, 100'000'000}, "Calls offered in one replication.");
  f.Struct("backoff", m.backoff, "Waits of the outermost layer between its tries.");
  f.Require(std::pow(static_cast<double>(m.attempts), static_cast<double>(m.depth)) <=
                kMaxAttemptsPerCall,
            "attempts to the power of depth must be at most 10 million");
}

void RunModel(const Retries& m, uint64_t seed, ModelOutputs* out) {
  Simulation simulation(m, seed);
  std::array<Moments, kMaxDepth> layers;
  Moments wait_s;
  int64_t successes = 0;
  for (int64_t call = 0; call < m.calls; ++call) {
    successes += simulation.Call(static_cast<uint64_t>(call)) ? 1 : 0;
    for (int64_t layer = 0; layer < m.depth; ++layer) {
      layers[static_cast<size_t>(layer)].Add(static_cast<double>(simulation.attempts(layer)));
    }
    wait_s.Add(Seconds(simulation.wait()));
  }
  out->Add("amplification", layers[static_cast<size_t>(m.depth - 1)]);
  out->Count("success", successes, m.calls);
  for (int64_t layer = 0; layer < m.depth; ++layer) {
    out->Add(absl::StrCat("attempts_layer_", layer + 1), layers[static_cast<size_t>(layer)]);
  }
  out->Add("wait_s", wait_s);
}

}  // namespace squall

#include "scenarios/models/herd.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "engine/policy/backoff.h"
#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 3> kWaitNames = {"none", "full_jitter", "retry_after"};

// Arrivals of a unit Poisson process before `mean`.
int64_t Poisson(double mean, const Draws& draws) {
  double at = 0;
  int64_t n = 0;
  while (true) {
    at += Exponential(draws(static_cast<uint64_t>(n), 1), 1);
    if (at >= mean) return n;
    ++n;
  }
}

Duration WaitOf(const Herd& m, double u) {
  switch (m.wait) {
    case HerdWait::kNone: return 0s;
    case HerdWait::kFullJitter: {
      BackoffConfig config;
      config.kind = BackoffKind::kFull;
      config.base = m.window;
      config.cap = m.window;
      return BackoffDelay(config, {}, u);
    }
    case HerdWait::kRetryAfter: return HintWithJitter(m.retry_after, m.spread, 0s, u);
  }
  return 0s;
}

}  // namespace

void Describe(Fields& f, Herd& m) {
  f.Int("clients", m.clients, {1, 10'000'000}, "Clients that were turned away at one moment.");
  f.Bool("poisson_clients", m.poisson_clients, "Whether that is only the mean of their number.");
  f.Enum("wait", m.wait, kWaitNames, "How long each waits.");
  f.Span("window", m.window, {1us, 24h}, "Full jitter: they return within this.");
  f.Span("retry_after", m.retry_after, {0s, 24h}, "The hint that all of them were given.");
  f.Number("spread", m.spread, {0, 10}, "Random wait on top of the hint, as a share of it.");
  f.Span("bin", m.bin, {1us, 1h}, "Time over which arrivals are counted together.");
}

void RunModel(const Herd& m, uint64_t seed, ModelOutputs* out) {
  const Draws draws(seed, Stream("model/herd"));
  const int64_t clients =
      m.poisson_clients ? Poisson(static_cast<double>(m.clients), draws) : m.clients;
  std::map<int64_t, int64_t> bins;
  int64_t most = 0;
  Duration last{};
  for (int64_t i = 0; i < clients; ++i) {
    const Duration wait = WaitOf(m, draws(static_cast<uint64_t>(i)));
    most = std::max(most, ++bins[wait / m.bin]);
    last = std::max(last, wait);
  }
  out->Add("max_in_bin", static_cast<double>(most));
  out->Add("last_s", Seconds(last));
}

}  // namespace squall

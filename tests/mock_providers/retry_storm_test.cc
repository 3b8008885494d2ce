// The M/M/1 retry storm: clients that lose patience leave their work in the queue and come again.
// Parameters of rupakm/DesCartes, examples/metastable_retry_storm.rs: mu = 10, 100 places, patience
// 4 s, at most 3 retries, none after a refusal, 30 arrivals a second in [120 s, 125 s), 400 s in
// all. The figures are those of an independent program of 2,000 runs of that model; ours is
// compared with them within |z| < 4 of both standard errors together.
#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <string_view>
#include <vector>

#include "engine/base/random.h"
#include "mock_providers/service_queue.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::retry_storm_test {
namespace {

constexpr StreamId kGap = Stream("storm/gap");
constexpr StreamId kWork = Stream("storm/work");
constexpr StreamId kWait = Stream("storm/wait");
constexpr Duration kPatience = 4s;
constexpr Time kEnd = kStart + 400s;
constexpr Time kSpikeFrom = kStart + 120s;
constexpr Time kSpikeTo = kStart + 125s;

struct Clients {
  double lambda = 9.3;
  bool spike = true;
  uint64_t retries = 3;
  double jitter_s = 0;  // base of full jitter, cap 20 s; 0 = at once
  double budget = 0;    // deposit per call into a bucket of 10; 0 = no budget
};

struct Figures {
  double goodput_before = 0;  // a second, in [20 s, 120 s)
  double goodput = 0;         // a second, in the last 100 s
  double load = 0;            // attempts per arrival there
};

struct Attempt {
  Time at;
  uint64_t client;
  uint64_t number;
  bool operator>(const Attempt& other) const {
    return at != other.at ? at > other.at : client > other.client;
  }
};

// Arrivals by time change: unit-mean gaps, used up at the rate of the moment.
Time NextArrival(const Clients& clients, uint64_t seed, uint64_t index, Time from) {
  double gap = Exponential(Draw(seed, kGap, index), 1);
  const auto rate_at = [&clients](Time at) {
    return clients.spike && at >= kSpikeFrom && at < kSpikeTo ? 30 : clients.lambda;
  };
  for (const Time edge : {kSpikeFrom, kSpikeTo}) {
    if (from >= edge) continue;
    const double expected = rate_at(from) * Seconds(edge - from);
    if (gap < expected) break;
    gap -= expected;
    from = edge;
  }
  return from + FromSeconds(gap / rate_at(from));
}

Duration WaitBefore(const Clients& clients, uint64_t seed, const Attempt& failed) {
  if (clients.jitter_s == 0) return 0s;
  const double window_s =
      std::min(20.0, clients.jitter_s * std::exp2(static_cast<double>(failed.number + 1)));
  return FromSeconds(window_s * Draw(seed, kWait, failed.client, failed.number));
}

Figures Storm(const Clients& clients, uint64_t seed) {
  ServiceQueue server(1, 100);
  std::priority_queue<Attempt, std::vector<Attempt>, std::greater<>> attempts;
  attempts.push({NextArrival(clients, seed, 0, kStart), 0, 0});
  uint64_t arrived = 0;
  double tokens = 10;
  double before = 0, good = 0, sent = 0, offered = 0;
  while (!attempts.empty() && attempts.top().at < kEnd) {
    const Attempt now = attempts.top();
    attempts.pop();
    const bool late = now.at >= kEnd - 100s;
    if (now.number == 0) {
      offered += late;
      tokens = std::min(10.0, tokens + clients.budget);
      ++arrived;
      attempts.push({NextArrival(clients, seed, arrived, now.at), arrived, 0});
    }
    sent += late;
    const Duration work = FromSeconds(Exponential(Draw(seed, kWork, now.client, now.number), 0.1));
    const auto start = server.Enter(now.at, work);
    if (!start) continue;
    const Time answered = *start + work;
    if (answered <= now.at + kPatience) {
      before += answered >= kStart + 20s && answered < kSpikeFrom;
      good += answered >= kEnd - 100s && answered < kEnd;
      continue;
    }
    if (now.number >= clients.retries) continue;
    if (clients.budget > 0 && tokens < 1) continue;
    tokens -= 1;
    attempts.push(
        {now.at + kPatience + WaitBefore(clients, seed, now), now.client, now.number + 1});
  }
  return {before / 100, good / 100, sent / offered};
}

struct Row {
  std::string_view name;
  Clients clients;
  Figures published;
  Figures half_width;  // 95 %
};

const Row kRows[] = {
    {"9.3 a second", {}, {7.907, 0.000, 1.992}, {0.113, 0, 0.002}},
    {"no retries", {.retries = 0}, {8.895, 8.548, 1}, {0.045, 0.073, 0}},
    {"no spike", {.spike = false}, {7.907, 3.421, 1.630}, {0.113, 0.188, 0.020}},
    {"8 a second", {.lambda = 8}, {7.976, 0, 2.135}, {0.019, 0, 0.002}},
    {"7 a second", {.lambda = 7}, {6.997, 0, 2.275}, {0.012, 0, 0.002}},
    {"2.4, below mu / 4", {.lambda = 2.4}, {2.407, 2.333, 1.096}, {0.007, 0.007 * 4, 0.016}},
    {"10 % budget, 9.3", {.budget = 0.1}, {8.301, 2.571, 1.075}, {0.089, 0.161, 0.002}},
    {"10 % budget, 8", {.lambda = 8, .budget = 0.1}, {7.989, 7.981, 1}, {0.013, 0.015, 0.0005}},
    {"full jitter, 7", {.lambda = 7, .jitter_s = 0.5}, {6.997, 0, 2.275}, {0.012, 0, 0.002}},
};

struct Estimate {
  double mean = 0;
  double error = 0;
};

Estimate Over(const std::vector<Figures>& runs, double Figures::*figure) {
  double sum = 0;
  double squares = 0;
  for (const Figures& run : runs) sum += run.*figure;
  const auto n = static_cast<double>(runs.size());
  for (const Figures& run : runs) squares += std::pow(run.*figure - sum / n, 2);
  return {sum / n, std::sqrt(squares / (n - 1) / n)};
}

}  // namespace

TEST_CASE("retry storm: what stays down, and how hard, is what an independent simulator says",
          "[long]") {
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    std::vector<Figures> runs;
    for (uint64_t r = 0; r < 40; ++r) {
      runs.push_back(Storm(row.clients, DrawBits(kTestSeed, Stream("test/run"), r)));
    }
    for (const auto figure : {&Figures::goodput_before, &Figures::goodput, &Figures::load}) {
      const Estimate got = Over(runs, figure);
      const double error = std::hypot(got.error, row.half_width.*figure / 1.96);
      CAPTURE(got.mean, got.error, row.published.*figure);
      CHECK(std::abs(got.mean - row.published.*figure) <= 4 * error + 0.0005);
    }
  }
}

}  // namespace squall::retry_storm_test

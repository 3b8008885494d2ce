// The queue against queueing theory. Each row is run in replications of fixed length from an empty
// system, the first tenth of the arrivals left out; the figure is compared with the mean of the
// replications within |z| < 4 of their standard error (chance 6e-5 a row), and that error must be
// below 5 % of the figure, or the comparison would say nothing.
#include "mock_providers/service_queue.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::service_queue_test {
namespace {

constexpr StreamId kGap = Stream("test/gap");
constexpr StreamId kWork = Stream("test/work");
constexpr StreamId kSlow = Stream("test/slow");

struct Estimate {
  double mean = 0;
  double error = 0;  // standard error of the mean
};

Estimate OverReplications(int replications, const std::function<double(uint64_t seed)>& run) {
  std::vector<double> values;
  double sum = 0;
  for (int r = 0; r < replications; ++r) {
    values.push_back(run(DrawBits(kTestSeed, Stream("test/run"), static_cast<uint64_t>(r))));
    sum += values.back();
  }
  const double n = replications;
  double squares = 0;
  for (const double value : values) squares += (value - sum / n) * (value - sum / n);
  return {sum / n, std::sqrt(squares / (n - 1) / n)};
}

void CheckAgainst(const Estimate& got, double theory) {
  CAPTURE(got.mean, got.error, theory);
  CHECK(std::abs(got.mean - theory) < 4 * got.error);
  CHECK(got.error < 0.05 * theory);
}

// Service times of mean 1, all of one uniform and one more for the choice of a phase.
enum class Law { kExponential, kDeterministic, kLogNormal, kHyperExponential };

double ServiceTime(Law law, uint64_t seed, uint64_t i) {
  const double u = Draw(seed, kWork, i);
  switch (law) {
    case Law::kExponential: return Exponential(u, 1);
    case Law::kDeterministic: return 1;
    case Law::kLogNormal: return LogNormal(u, std::exp(-0.5), 1);
    // Balanced means, squared coefficient of variation 4.
    case Law::kHyperExponential: {
      const double p = (1 + std::sqrt(0.6)) / 2;
      const bool first = Draw(seed, kSlow, i) < p;
      return Exponential(u, 1 / (2 * (first ? p : 1 - p)));
    }
  }
  return 0;
}

struct Station {
  int64_t servers = 1;
  int64_t places = ServiceQueue::kNoBound;
  double rho = 0.5;  // lambda / (servers mu), mu = 1
  Law law = Law::kExponential;
};

struct Seen {
  double mean_wait = 0;  // of those served
  double waited = 0;     // share that had to
  double lost = 0;       // share turned away
  double over_5 = 0;     // share that stays longer than five mean service times
};

Seen Run(const Station& station, uint64_t seed, uint64_t arrivals) {
  ServiceQueue queue(station.servers, station.places);
  const double gap_s = 1 / (station.rho * static_cast<double>(station.servers));
  Time now = kStart;
  Seen sum;
  double counted = 0;
  double served = 0;
  for (uint64_t i = 0; i < arrivals; ++i) {
    now += FromSeconds(Exponential(Draw(seed, kGap, i), gap_s));
    const Duration work = FromSeconds(ServiceTime(station.law, seed, i));
    const auto start = queue.Enter(now, work);
    if (i < arrivals / 10) continue;
    ++counted;
    sum.lost += !start;
    if (!start) continue;
    ++served;
    sum.mean_wait += Seconds(*start - now);
    sum.waited += *start > now;
    sum.over_5 += *start - now + work > 5s;
  }
  return {sum.mean_wait / served, sum.waited / served, sum.lost / counted, sum.over_5 / served};
}

TEST_CASE("queue: servers work first come first served", "[long]") {
  ServiceQueue queue(2, ServiceQueue::kNoBound);
  const Duration expected[] = {0ms, 0ms, 100ms, 100ms, 200ms};
  for (const Duration wait : expected) CHECK(queue.Enter(kStart, 100ms) == kStart + wait);
  CHECK(queue.Enter(kStart + 250ms, 100ms) == kStart + 250ms);
}

TEST_CASE("queue: who is turned away changes nothing", "[long]") {
  ServiceQueue queue(1, 1);
  CHECK(queue.Enter(kStart, 100ms) == kStart);
  CHECK(queue.Enter(kStart, 100ms) == kStart + 100ms);
  for (int i = 0; i < 5; ++i) CHECK(queue.Enter(kStart, 1h) == std::nullopt);
  CHECK(queue.Enter(kStart + 100ms, 100ms) == kStart + 200ms);
  ServiceQueue none(1, 0);
  CHECK(none.Enter(kStart, 100ms) == kStart);
  CHECK(none.Enter(kStart + 99ms, 100ms) == std::nullopt);
  CHECK(none.Enter(kStart + 100ms, 100ms) == kStart + 100ms);
}

TEST_CASE("queue: waits are those of Erlang C", "[long]") {
  // B(0) = 1, B(k) = a B / (k + a B); C = B / (1 - rho (1 - B)); Wq = C / (c mu - lambda).
  struct Row {
    int64_t servers;
    double rho;
    double wait;     // P(wait > 0)
    double mean_wq;  // in mean service times
  };
  const Row rows[] = {{1, 0.5, 0.5, 1},
                      {1, 0.8, 0.8, 4},
                      {2, 0.8, 0.71111111, 1.7777778},
                      {5, 0.8, 0.55411255, 0.55411255},
                      {10, 0.8, 0.40918015, 0.20459008}};
  for (const Row& row : rows) {
    CAPTURE(row.servers, row.rho);
    const Station station{.servers = row.servers, .rho = row.rho};
    std::vector<Seen> seen;
    const Estimate waits = OverReplications(20, [&](uint64_t seed) {
      seen.push_back(Run(station, seed, 25'000));
      return seen.back().mean_wait;
    });
    CheckAgainst(waits, row.mean_wq);
    size_t next = 0;
    CheckAgainst(OverReplications(20, [&](uint64_t) { return seen[next++].waited; }), row.wait);
  }
}

TEST_CASE("queue: who finds no server is lost as Erlang B has it", "[long]") {
  struct Row {
    int64_t servers;
    double rho;
    double lost;
  };
  const Row rows[] = {{1, 0.8, 0.44444444},  {2, 0.8, 0.32989691},  {5, 0.8, 0.19906687},
                      {10, 0.8, 0.12166106}, {10, 0.9, 0.16796323}, {50, 0.9, 0.054104472}};
  for (const Row& row : rows) {
    CAPTURE(row.servers, row.rho);
    const Station station{.servers = row.servers, .places = 0, .rho = row.rho};
    CheckAgainst(
        OverReplications(20, [&](uint64_t seed) { return Run(station, seed, 10'000).lost; }),
        row.lost);
  }
}

TEST_CASE("queue: the loss of M/G/c/c depends on the mean of the service time alone", "[long]") {
  for (const Law law : {Law::kDeterministic, Law::kLogNormal, Law::kHyperExponential}) {
    const Station station{.servers = 5, .places = 0, .rho = 0.8, .law = law};
    CheckAgainst(
        OverReplications(20, [&](uint64_t seed) { return Run(station, seed, 10'000).lost; }),
        0.19906687);
  }
}

TEST_CASE("queue: M/M/1/K loses (1 - rho) rho^K / (1 - rho^(K+1))", "[long]") {
  struct Row {
    int64_t k;  // in the system: one in service, K - 1 waiting
    double rho;
    double lost;
  };
  const Row rows[] = {{10, 0.8, 0.023492858},
                      {10, 1, 0.090909091},
                      {10, 2, 0.50024426},
                      {10, 4, 0.75000018},
                      {20, 0.93, 0.020963443}};
  for (const Row& row : rows) {
    CAPTURE(row.k, row.rho);
    const Station station{.places = row.k - 1, .rho = row.rho};
    CheckAgainst(
        OverReplications(30, [&](uint64_t seed) { return Run(station, seed, 20'000).lost; }),
        row.lost);
  }
}

TEST_CASE("queue: M/G/1 waits as Pollaczek and Khinchine have it", "[long]") {
  // Wq = lambda E[S^2] / (2 (1 - rho)); E[S] = 1, E[S^2] = 1 deterministic, 2 exponential, e
  // lognormal of sigma 1, 5 hyperexponential.
  struct Row {
    Law law;
    double second_moment;
  };
  const Row rows[] = {{Law::kDeterministic, 1},
                      {Law::kExponential, 2},
                      {Law::kLogNormal, std::exp(1.0)},
                      {Law::kHyperExponential, 5}};
  for (const Row& row : rows) {
    for (const double rho : {0.5, 0.8}) {
      CAPTURE(rho, row.second_moment);
      const Station station{.rho = rho, .law = row.law};
      CheckAgainst(
          OverReplications(20, [&](uint64_t seed) { return Run(station, seed, 25'000).mean_wait; }),
          rho * row.second_moment / (2 * (1 - rho)));
    }
  }
}

TEST_CASE("queue: the share of M/M/1 stays beyond a client's patience is e^-((mu - lambda) t)",
          "[long]") {
  for (const double rho : {0.5, 0.8}) {
    const Station station{.rho = rho};
    CheckAgainst(
        OverReplications(20, [&](uint64_t seed) { return Run(station, seed, 40'000).over_5; }),
        std::exp(-(1 - rho) * 5));
  }
}

// M/M/1 without places, whose clients come back after Exp(nu) until they are served: the mean
// number of those that are away, by time.
double MeanOrbit(double lambda, double nu, uint64_t seed, uint64_t arrivals) {
  struct Visit {
    Time at;
    uint64_t client;
    uint64_t times;
    bool operator>(const Visit& other) const {
      return at != other.at ? at > other.at : client > other.client;
    }
  };
  std::priority_queue<Visit, std::vector<Visit>, std::greater<>> visits;
  ServiceQueue queue(1, 0);
  visits.push({kStart, 0, 0});
  double away_s = 0;
  Time begin = kStart;
  Time last = kStart;
  uint64_t next = 1;
  uint64_t orbit = 0;
  while (next < arrivals) {
    const Visit visit = visits.top();
    visits.pop();
    if (next == arrivals / 10) begin = visit.at, away_s = 0;
    away_s += static_cast<double>(orbit) * Seconds(visit.at - last);
    last = visit.at;
    if (visit.times == 0) {
      const double gap = Exponential(Draw(seed, kGap, next), 1 / lambda);
      visits.push({visit.at + FromSeconds(gap), next++, 0});
    } else {
      --orbit;
    }
    if (queue.Enter(visit.at, FromSeconds(Exponential(Draw(seed, kWork, visit.client), 1))))
      continue;
    ++orbit;
    const double away = Exponential(Draw(seed, kSlow, visit.client, visit.times), 1 / nu);
    visits.push({visit.at + FromSeconds(away), visit.client, visit.times + 1});
  }
  return away_s / Seconds(last - begin);
}

TEST_CASE("queue: as many clients orbit an M/M/1 retrial queue as theory has it", "[long]") {
  // E[N] = rho (lambda + nu rho) / (nu (1 - rho)) with mu = 1 (Falin and Templeton, "Retrial
  // Queues", 1997). Busy periods are long, hence the longer runs.
  struct Row {
    double lambda;
    double nu;
    double orbit;
  };
  const Row rows[] = {{0.5, 0.1, 5.5}, {0.8, 1, 6.4}};
  for (const Row& row : rows) {
    CAPTURE(row.lambda, row.nu);
    CheckAgainst(
        OverReplications(
            20, [&](uint64_t seed) { return MeanOrbit(row.lambda, row.nu, seed, 12'000); }),
        row.orbit);
  }
}

}  // namespace
}  // namespace squall::service_queue_test

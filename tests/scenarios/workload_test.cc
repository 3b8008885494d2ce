#include "scenarios/workload.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "scenarios/world.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::workload_test {
namespace {

Scenario Load(const std::vector<std::string>& sets) {
  ScenarioOptions options;
  options.sets = sets;
  auto scenario = LoadScenarioText(
      R"({"providers": [{"name": "alpha", "models": [{"name": "m"}]}]})", "s.json", options);
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  return std::move(*scenario);
}

std::vector<Time> Arrivals(const Scenario& scenario) {
  Workload workload(scenario, kTestSeed);
  std::vector<Time> arrivals;
  while (const auto item = workload.Next()) arrivals.push_back(item->at);
  return arrivals;
}

constexpr const char* kPhases =
    R"(/workload/arrivals/phases=[{"for": "100s", "rate_per_s": 20},
       {"for": "10s", "rate_per_s": 100}, {"for": "50s", "rate_per_s": 0}])";

TEST_CASE("phases: each holds its rate for its time, then rate_per_s does") {
  const auto arrivals = Arrivals(Load({"/workload/requests=4000", kPhases}));
  const auto count = [&](Duration from, Duration to) {
    int64_t n = 0;
    for (const Time at : arrivals) n += at >= kStart + from && at < kStart + to;
    return static_cast<double>(n);
  };
  // Poisson counts, within 4 standard deviations: chance 6e-5 each.
  CHECK(std::abs(count(0s, 100s) - 2000) < 4 * std::sqrt(2000));
  CHECK(std::abs(count(100s, 110s) - 1000) < 4 * std::sqrt(1000));
  CHECK(count(110s, 160s) == 0);
  CHECK(std::abs(count(160s, 210s) - 500) < 4 * std::sqrt(500));
}

TEST_CASE("phases: uniform arrivals keep their spacing across an edge, by expected arrivals") {
  const auto arrivals = Arrivals(Load(
      {"/workload/requests=5", "/workload/arrivals/kind=uniform", "/workload/arrivals/rate_per_s=1",
       R"(/workload/arrivals/phases=[{"for": "2500ms", "rate_per_s": 1},
               {"for": "1s", "rate_per_s": 2}])"}));
  const std::vector<Time> expected = {kStart + 1s, kStart + 2s, kStart + 2750ms, kStart + 3250ms,
                                      kStart + 4s};
  CHECK(arrivals == expected);
}

TEST_CASE("phases: a longer run has the shorter one as its prefix") {
  const auto few = Arrivals(Load({"/workload/requests=2500", kPhases}));
  const auto many = Arrivals(Load({"/workload/requests=4000", kPhases}));
  CHECK(std::equal(few.begin(), few.end(), many.begin()));
}

TEST_CASE("phases: at the rate that stays they change nothing") {
  const auto plain = Arrivals(Load({"/workload/requests=500"}));
  const auto phased =
      Arrivals(Load({"/workload/requests=500",
                     R"(/workload/arrivals/phases=[{"for": "7s", "rate_per_s": 10}])"}));
  for (size_t i = 0; i < plain.size(); ++i) {
    CHECK(std::abs((plain[i] - phased[i]).count()) <= 2);  // rounding to nanoseconds
  }
}

TEST_CASE("phases: a trace says itself when") {
  ScenarioOptions options;
  options.sets = {"/workload/arrivals/kind=trace", "/workload/arrivals/trace=t.csv", kPhases};
  const auto scenario = LoadScenarioText(
      R"({"providers": [{"name": "alpha", "models": [{"name": "m"}]}]})", "s.json", options);
  REQUIRE_FALSE(scenario.ok());
  CHECK(scenario.status().ToString().find("/workload/arrivals/phases") != std::string::npos);
}

TEST_CASE("the trigger of a scenario spans its outages, its ramps and its spikes") {
  CHECK(TriggerOf(Load({})) == std::nullopt);
  CHECK(TriggerOf(Load({kPhases})) == TriggerWindow{kStart, kStart + 110s});
  const std::string outage = R"({"name": "a", "kind": "outage", "from": "105s", "to": "2m"})";
  CHECK(TriggerOf(Load({"/climate=[" + outage + "]"})) ==
        TriggerWindow{kStart + 105s, kStart + 120s});
  CHECK(
      TriggerOf(Load({kPhases, "/workload/arrivals/rate_per_s=20",
                      "/climate=[" + outage + R"(, {"name": "b", "kind": "gilbert_elliott"}])"})) ==
      TriggerWindow{kStart + 100s, kStart + 120s});
}

}  // namespace
}  // namespace squall::workload_test

// After a load spike, what keeps a service down is its clients' own retries, and some mechanisms
// end that and some do not. The margins are wide: over 20 seeds every cell of the map at this load
// (bench/metastable_map) is 0 or 1.
#include <optional>
#include <string>
#include <vector>

#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::metastable_test {
namespace {

constexpr uint64_t kSeeds = 3;

// Observed for 160 s after the spike, unless `sets` say otherwise.
std::vector<RecoverySummary> Runs(const std::string& preset, const std::vector<std::string>& sets) {
  ScenarioOptions options;
  options.preset = preset;
  options.sets = {"/workload/requests=4720"};
  options.sets.insert(options.sets.end(), sets.begin(), sets.end());
  const auto scenario = LoadScenario("metastable", options);
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  std::vector<RecoverySummary> runs;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Summary summary = RunVirtual(*scenario, seed, RunHooks()).metrics.Summarize();
    REQUIRE(summary.recovery.has_value());
    REQUIRE(summary.recovery->n == 1);
    REQUIRE(summary.recovery->observed_s > 120);
    runs.push_back(*summary.recovery);
  }
  return runs;
}

void CheckStaysDown(const std::string& preset, const std::vector<std::string>& sets) {
  for (const RecoverySummary& run : Runs(preset, sets)) CHECK(run.stayed_down == 1);
}

void CheckBackWithin(double seconds, const std::string& preset,
                     const std::vector<std::string>& sets) {
  for (const RecoverySummary& run : Runs(preset, sets)) {
    REQUIRE(run.stayed_down == 0);
    CHECK(*run.median_s <= seconds);
  }
}

constexpr const char* kNoBreaker = "/engine/breaker/enabled=false";
constexpr const char* kNoBudget = "/engine/budget/enabled=false";

TEST_CASE("metastable: naive retry stays down after the spike", "[scenarios][long]") {
  CheckStaysDown("naive_retry", {});
}

TEST_CASE("metastable: full jitter alone does not help", "[scenarios][long]") {
  CheckStaysDown("naive_retry",
                 {"/engine/retry/backoff/base=500ms", "/engine/retry/backoff/cap=20s"});
}

TEST_CASE("metastable: with the whole engine the service is back within 90 seconds",
          "[scenarios][long]") {
  CheckBackWithin(90, "self_healing", {});
}

TEST_CASE("metastable: a breaker that sees all of the load is enough without a budget",
          "[scenarios][long]") {
  CheckBackWithin(90, "self_healing", {kNoBudget});
  CheckBackWithin(90, "naive_retry", {"/engine/breaker/enabled=true"});
}

// Of first attempts alone a budget sheds nothing: 16 a second and a fifth of it and one more are
// more than the 20 that can be served.
TEST_CASE("metastable: a budget of a fifth, without breaker, is not enough at 0.8",
          "[scenarios][long]") {
  CheckStaysDown("self_healing", {kNoBreaker});
}

TEST_CASE("metastable: below capacity / attempts nothing stays down", "[scenarios][long]") {
  // 20 / 3 = 6.67 a second; at 4 even naive retry comes back.
  CheckBackWithin(90, "naive_retry",
                  {"/workload/arrivals/rate_per_s=4", "/workload/arrivals/phases/0/rate_per_s=4",
                   "/workload/requests=2120"});
}

// Thirty seconds in which all work takes eight times as long. What has come in by then is 140 s of
// work, so nobody is back sooner.
const std::vector<std::string> kBrownOut = {
    "/workload/arrivals/phases=[]", "/workload/requests=5120",
    R"(/climate=[{"name": "brown-out", "fault": "slow", "from": "60s", "to": "90s"}])"};

TEST_CASE("metastable: naive retry stays down after a loss of capacity too", "[scenarios][long]") {
  CheckStaysDown("naive_retry", kBrownOut);
}

TEST_CASE("metastable: the whole engine comes back from it once the queue is done",
          "[scenarios][long]") {
  CheckBackWithin(150, "self_healing", kBrownOut);
}

}  // namespace
}  // namespace squall::metastable_test

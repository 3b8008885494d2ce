// The same seed does the same things, whatever the number of threads; another seed does others.
#include "reports/result.h"
#include "scenarios/replicate.h"
#include "tests/catch.h"

namespace squall::determinism_test {
namespace {

Scenario Load(const std::string& name, std::vector<std::string> sets) {
  ScenarioOptions options;
  options.sets = std::move(sets);
  absl::StatusOr<Scenario> scenario = LoadScenario(name, options);
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  return std::move(*scenario);
}

WorldResult Run(const Scenario& scenario, int64_t replications, int threads) {
  ReplicateOptions options;
  options.replications = replications;
  options.threads = threads;
  absl::StatusOr<WorldResult> result = RunReplications(scenario, options, RunHooks());
  REQUIRE(result.ok());
  return std::move(*result);
}

// Everything of the result but its timing.
std::string Text(const Scenario& scenario, const WorldResult& world) {
  RunResult result;
  result.scenario = scenario.name;
  result.scenario_hash = scenario.hash;
  result.seed = scenario.seed;
  result.summary = world.metrics.Summarize();
  result.breaker_transitions = world.breaker_transitions;
  return ToJsonWithoutTiming(result);
}

TEST_CASE("one seed gives the same result twice, on one thread or two", "[scenarios][long]") {
  for (const BundledItem& item : BundledScenarios()) {
    CAPTURE(item.name);
    if (Load(item.name, {}).model) continue;  // tests/scenarios/models has these
    // A chain of layers makes hundreds of attempts at one request.
    const bool chained = !Load(item.name, {}).chain.empty();
    const Scenario scenario =
        Load(item.name, {chained ? "/workload/requests=5" : "/workload/requests=100"});
    const std::string once = Text(scenario, Run(scenario, 5, 1));
    CHECK(Text(scenario, Run(scenario, 5, 1)) == once);
    CHECK(Text(scenario, Run(scenario, 5, 2)) == once);
  }
}

TEST_CASE("another seed gives another fingerprint", "[scenarios]") {
  const Scenario first = Load("production-10k", {"/workload/requests=400", "/seed=1"});
  const Scenario second = Load("production-10k", {"/workload/requests=400", "/seed=2"});
  CHECK(Run(first, 1, 1).metrics.fingerprint() != Run(second, 1, 1).metrics.fingerprint());
}

TEST_CASE("one replication is the plain run, and more begin with it", "[scenarios]") {
  const Scenario scenario = Load("production-10k", {"/workload/requests=300"});
  const WorldResult plain = RunVirtual(scenario, static_cast<uint64_t>(scenario.seed), RunHooks());
  CHECK(Run(scenario, 1, 1).metrics.fingerprint() == plain.metrics.fingerprint());
  const WorldResult three = Run(scenario, 3, 2);
  const auto prefix = three.metrics.first_faults().subspan(0, 300);
  CHECK(std::equal(prefix.begin(), prefix.end(), plain.metrics.first_faults().begin()));
}

TEST_CASE("engines meet the same faults on their first attempts", "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=2000"};
  const WorldResult base = Run(Load("production-10k", sets), 1, 1);
  for (const char* preset : {"none", "naive_retry"}) {
    ScenarioOptions options;
    options.sets = sets;
    options.preset = preset;
    const absl::StatusOr<Scenario> scenario = LoadScenario("production-10k", options);
    REQUIRE(scenario.ok());
    const WorldResult other = Run(*scenario, 1, 1);
    CHECK(ShareDiffering(base.metrics.first_faults(), other.metrics.first_faults()) == 0.0);
    CHECK(other.metrics.fingerprint() != base.metrics.fingerprint());
  }
}

TEST_CASE("a longer run begins with the shorter one's faults", "[scenarios]") {
  const WorldResult few = Run(Load("production-10k", {"/workload/requests=200"}), 1, 1);
  const WorldResult many = Run(Load("production-10k", {"/workload/requests=600"}), 1, 1);
  const auto prefix = many.metrics.first_faults().subspan(0, 200);
  CHECK(std::equal(prefix.begin(), prefix.end(), few.metrics.first_faults().begin()));
}

}  // namespace
}  // namespace squall::determinism_test

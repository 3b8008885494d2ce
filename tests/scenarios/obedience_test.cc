// Waits that providers ask for: an engine that obeys is never counted as early, one that does not
// is.
#include "scenarios/replicate.h"
#include "tests/catch.h"

namespace squall::obedience_test {
namespace {

// Half of all first attempts get a 429 that names a wait; retries may meet it again.
Scenario Limited(const std::string& preset) {
  ScenarioOptions options;
  options.preset = preset;
  options.sets = {"/workload/requests=2000",
                  R"(/faults={"rate_limit": {"rate": 0.5, "persists": 0.5, "retry_after": "2s",
                              "retry_after_present": 1}})"};
  auto scenario = LoadScenario("production-10k", options);
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

Obedience Run(const std::string& preset, int64_t replications = 1, int threads = 1) {
  ReplicateOptions options;
  options.replications = replications;
  options.threads = threads;
  const auto result = RunReplications(Limited(preset), options, RunHooks());
  REQUIRE(result.ok());
  return result->metrics.Summarize().obedience;
}

TEST_CASE(
    "obedience: a preset that obeys hints never comes back early, one that ignores them does") {
  const Obedience obeying = Run("self_healing");
  CHECK(obeying.hints_given > 500);
  CHECK(obeying.early_same_request == 0);
  const Obedience naive = Run("naive_retry");
  CHECK(naive.hints_given > 500);
  CHECK(naive.early_same_request > 500);
}

TEST_CASE("obedience: waits that quotas ask for are kept as well") {
  ScenarioOptions options;
  options.preset = "self_healing";
  options.sets = {"/workload/requests=2000", "/faults={}", "/climate=[]"};
  for (const char* provider : {"0", "1"}) {
    options.sets.push_back(std::string("/providers/") + provider +
                           R"(/quota={"requests_per_min": 120, "request_window": "2s"})");
  }
  const auto scenario = LoadScenario("production-10k", options);
  REQUIRE(scenario.ok());
  const Obedience kept = RunVirtual(*scenario, 1, RunHooks()).metrics.Summarize().obedience;
  CHECK(kept.hints_given > 200);
  CHECK(kept.early_same_request == 0);
}

TEST_CASE("obedience: replications add up, whatever the number of threads", "[long]") {
  const Obedience one = Run("naive_retry", 4, 1);
  CHECK(one == Run("naive_retry", 4, 2));
  CHECK(one.hints_given > 3 * Run("naive_retry").hints_given);
}

}  // namespace
}  // namespace squall::obedience_test

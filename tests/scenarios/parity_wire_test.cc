// One engine, two worlds: the same scenario in virtual time and over real sockets must go the same
// way, request by request. The scenario has no quotas, breakers or budgets, whose decisions depend
// on the exact time.
#include <map>
#include <string>
#include <vector>

#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::parity_wire_test {
namespace {

using Story = std::map<uint64_t, std::string>;  // by request

std::string Tell(const Outcome& outcome, const CallResult& result) {
  std::string story;
  for (const AttemptOutcome& attempt : outcome.attempts) {
    story += std::string(attempt.strategy) + "@" + std::to_string(attempt.provider) + " fault " +
             std::to_string(attempt.fault) + " seen as " +
             std::string(FailureClassName(attempt.diagnosed)) + "; ";
  }
  story += std::to_string(outcome.restarts) + " restarts; ";
  return story + std::string(result.stop_reason) + (outcome.right ? " right" : " not right");
}

// Slower than needed, so that a busy machine does not turn milliseconds of delay into timeouts.
constexpr double kTimeScale = 0.5;

void CheckParity(const std::vector<std::string>& sets) {
  ScenarioOptions options;
  options.sets = sets;
  const absl::StatusOr<Scenario> scenario = LoadScenario("parity", options);
  REQUIRE(scenario.ok());
  const auto seed = static_cast<uint64_t>(scenario->seed);
  Story simulated;
  Story real;
  RunHooks hooks;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
    simulated[outcome.index] = Tell(outcome, result);
  };
  const WorldResult virtual_result = RunVirtual(*scenario, seed, hooks);
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
    real[outcome.index] = Tell(outcome, result);
  };
  const absl::StatusOr<WorldResult> wire_result = RunWire(*scenario, seed, kTimeScale, hooks);
  REQUIRE(wire_result.ok());

  CHECK(simulated.size() == static_cast<size_t>(scenario->workload.requests));
  REQUIRE(real.size() == simulated.size());
  int different = 0;
  for (const auto& [index, story] : simulated) {
    if (real[index] == story) continue;
    ++different;
    UNSCOPED_INFO("request " << index << "\n  virtual: " << story
                             << "\n  wire:    " << real[index]);
  }
  CHECK(different == 0);
  for (size_t i = 0; i < wire_result->faults.size(); ++i) {
    CAPTURE(i);
    CHECK(wire_result->faults[i].scheduled == wire_result->faults[i].injected);
    CHECK(wire_result->faults[i].injected == virtual_result.faults[i].injected);
  }
}

TEST_CASE("both worlds tell the same story of every request", "[wire]") { CheckParity({}); }

TEST_CASE("and of every stream, which both read while it arrives", "[wire]") {
  // A piece costs as much as a whole reply, so there are fewer requests, and patience is longer.
  CheckParity({"/workload/stream=1", "/workload/requests=150", "/workload/arrivals/rate_per_s=25",
               "/workload/answer_tokens=10", "/engine/stream/after_commit=restart",
               "/engine/deadline/per_try=4s", "/engine/stream/watch/first_piece=2s",
               "/engine/stream/watch/between=2s",
               R"(/faults/timeout/variants={"hang":1,"stall":1,"keep_alives_only":1})",
               R"(/faults/truncated/variants={"finish_length":1,"cut":1,"no_terminal":1})"});
}

TEST_CASE("the wire world takes a high rate without a failure that nobody injected", "[wire]") {
  ScenarioOptions options;
  options.sets = {"/workload/requests=1000", "/workload/arrivals/rate_per_s=20", "/faults={}"};
  const absl::StatusOr<Scenario> scenario = LoadScenario("production-10k", options);
  REQUIRE(scenario.ok());
  RunHooks hooks;
  int failed = 0;
  int64_t attempts = 0;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
    failed += result.ok ? 0 : 1;
    attempts += static_cast<int64_t>(outcome.attempts.size());
  };
  const absl::StatusOr<WorldResult> result = RunWire(*scenario, 1, 0.02, hooks);
  REQUIRE(result.ok());
  CHECK(failed == 0);
  CHECK(attempts == 1000);
}

}  // namespace
}  // namespace squall::parity_wire_test

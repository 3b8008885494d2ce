// Every fault through the whole stack: what the mock injects is what the engine sees.
#include "mock_providers/dialect_server.h"
#include "mock_providers/faults.h"
#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::fault_diagnosis_test {
namespace {

// Every attempt meets this variant of this fault.
Scenario AlwaysFaulty(const FaultRow& row, const FaultVariant& variant,
                      std::string_view dialect = "openai", int requests = 40) {
  ScenarioOptions options;
  options.preset = "self_healing";  // whose guard looks at forms, not at languages
  options.sets = {"/workload/requests=" + std::to_string(requests), "/faults={}",
                  "/engine/breaker/enabled=false"};
  absl::StatusOr<Scenario> scenario = LoadScenario("production-10k", options);
  REQUIRE(scenario.ok());
  FaultConfig fault;
  fault.rate = 1;
  fault.variants = {{std::string(variant.name), 1.0}};
  fault.retry_after_present = variant.name == "without_hint" ? 0 : 1;
  for (ProviderConfig& provider : scenario->providers) {
    provider.faults = {{std::string(row.name), fault}};
    provider.dialect = std::string(dialect);
  }
  return std::move(*scenario);
}

struct Seen {
  int attempts = 0;
  int right_class = 0;
  int right_retry = 0;
  std::string_view instead;  // what a wrong diagnosis said
};

Seen Observe(const FaultRow& row, const FaultVariant& variant, std::string_view dialect) {
  constexpr int kRequests = 10;
  const Scenario scenario = AlwaysFaulty(row, variant, dialect, kRequests);
  Seen seen;
  RunHooks hooks;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult&) {
    for (const AttemptOutcome& attempt : outcome.attempts) {
      ++seen.attempts;
      seen.right_class += attempt.diagnosed == attempt.truth;
      seen.right_retry += attempt.diagnosed_retry == attempt.truth_retry;
      if (attempt.diagnosed != attempt.truth) seen.instead = FailureClassName(attempt.diagnosed);
      CHECK(attempt.fault == FindFault(row.name));
    }
  };
  RunVirtual(scenario, 1, hooks);
  REQUIRE(seen.attempts >= kRequests);
  return seen;
}

TEST_CASE("every fault is diagnosed as what it is, by class and by what to do, in every dialect",
          "[scenarios]") {
  for (const std::string_view dialect : DialectServerNames()) {
    for (const FaultRow& row : FaultTable()) {
      // The one is in perfect form, the other makes impatient clients give up.
      if (row.name == "silent_degradation" || row.slows) continue;
      for (const FaultVariant& variant : row.variants) {
        const Seen seen = Observe(row, variant, dialect);
        CAPTURE(dialect, row.name, variant.name, seen.instead);
        CHECK(seen.right_class == seen.attempts);
        CHECK(seen.right_retry == seen.attempts);
      }
    }
  }
}

TEST_CASE("silent degradation passes every check there is, and the report counts it",
          "[scenarios]") {
  // Well formed and wrong: no status, shape or schema shows it. The oracle knows, the engine does
  // not.
  const FaultRow& row = FaultTable()[static_cast<size_t>(FindFault("silent_degradation"))];
  for (const FaultVariant& variant : row.variants) {
    CAPTURE(variant.name);
    const Scenario scenario = AlwaysFaulty(row, variant);
    const Summary summary = RunVirtual(scenario, 1, RunHooks()).metrics.Summarize();
    CHECK(summary.faulted().n == 40);
    CHECK(summary.faulted().silent_escape == 40);
    CHECK(summary.faulted().false_recovery() == 40);
    CHECK(summary.faulted().strict == 0);
  }
}

TEST_CASE("slow and oddly framed replies are good replies and stay out of the recovery denominator",
          "[scenarios]") {
  for (const char* name : {"slow", "stream_shape"}) {
    const FaultRow& row = FaultTable()[static_cast<size_t>(FindFault(name))];
    const Scenario scenario = AlwaysFaulty(row, row.variants.front());
    const Summary summary = RunVirtual(scenario, 1, RunHooks()).metrics.Summarize();
    CHECK(summary.faulted().n == 0);
    CHECK(summary.of(RequestKind::kSlow).n == 40);
  }
}

}  // namespace
}  // namespace squall::fault_diagnosis_test

// The bundled scenario that meets every fault: it must leave none out, and its confusion matrix
// must hold nothing off its diagonal but what its own text explains.
#include <map>

#include "mock_providers/faults.h"
#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::all_faults_test {
namespace {

Scenario AllFaults(const std::vector<std::string>& sets) {
  ScenarioOptions options;
  options.sets = sets;
  absl::StatusOr<Scenario> scenario = LoadScenario("all-faults", options);
  REQUIRE(scenario.ok());
  return std::move(*scenario);
}

TEST_CASE("all-faults names every fault, and every variant where it names any", "[scenarios]") {
  const Scenario scenario = AllFaults({});
  for (const FaultRow& row : FaultTable()) {
    CAPTURE(row.name);
    const auto fault = scenario.faults.find(std::string(row.name));
    REQUIRE(fault != scenario.faults.end());
    CHECK(fault->second.rate > 0);
    const auto& weights = fault->second.variants;
    if (!weights.empty()) CHECK(weights.size() == row.variants.size());
    for (const FaultVariant& variant : row.variants) {
      CAPTURE(variant.name);
      const bool by_default = weights.empty() && variant.weight != kOptIn;
      const auto weight = weights.find(std::string(variant.name));
      CHECK((by_default || (weight != weights.end() && weight->second > 0)));
    }
  }
}

TEST_CASE("all-faults: only an answer that is wrong in perfect form is taken for something else",
          "[scenarios][long]") {
  for (const char* dialect : {"openai", "anthropic", "gemini"}) {
    std::vector<std::string> sets = {"/workload/requests=2500"};
    for (const char* provider : {"0", "1", "2"}) {
      sets.push_back("/providers/" + std::string(provider) + "/dialect=" + dialect);
    }
    std::map<FailureClass, std::map<FailureClass, int64_t>> confusion;
    RunHooks hooks;
    hooks.on_outcome = [&](const Outcome& outcome, const CallResult&) {
      for (const AttemptOutcome& attempt : outcome.attempts) {
        if (!attempt.impairment) ++confusion[attempt.truth][attempt.diagnosed];
      }
    };
    RunVirtual(AllFaults(sets), 1, hooks);
    CHECK(confusion.size() >= 17);  // classes met, ok among them
    for (const auto& [truth, row] : confusion) {
      int64_t all = 0;
      for (const auto& [unused, count] : row) all += count;
      for (const auto& [diagnosed, count] : row) {
        if (diagnosed == truth || truth == FailureClass::kSemantic) continue;
        CAPTURE(dialect, FailureClassName(truth), FailureClassName(diagnosed), count, all);
        CHECK(count * 100 <= all);
      }
    }
    // The guard sees some of those: another language, garbage.
    auto& wrong = confusion[FailureClass::kSemantic];
    CHECK(wrong[FailureClass::kOk] > 0);
    CHECK(wrong.size() <= 1 + wrong.count(FailureClass::kSemantic));
  }
}

}  // namespace
}  // namespace squall::all_faults_test

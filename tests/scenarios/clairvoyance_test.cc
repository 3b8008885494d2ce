// The ceiling where models turn requests down for what they say.
#include "scenarios/clairvoyance.h"

#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::clairvoyance_test {
namespace {

struct Counts {
  int faulted = 0;
  int recoverable = 0;
  int answered = 0;  // in time and rightly
};

// Prompts of 1000 tokens, answers bounded at 256, and models that never err. The first `limited`
// providers have windows of `context_tokens`.
Counts Run(std::string_view preset, size_t limited, int64_t context_tokens,
           std::string_view rejected = "") {
  ScenarioOptions options;
  options.sets = {"/workload/requests=60", "/faults={}", "/workload/prompt_tokens=1000",
                  "/workload/prompt_sigma=0"};
  options.preset = std::string(preset);
  absl::StatusOr<Scenario> scenario = LoadScenario("production-10k", options);
  REQUIRE(scenario.ok());
  for (size_t i = 0; i < scenario->providers.size(); ++i) {
    ProviderConfig& provider = scenario->providers[i];
    provider.faults.clear();
    for (ModelConfig& model : provider.models) {
      model.base_error = 0;
      if (i >= limited) continue;
      model.context_tokens = context_tokens;
      if (!rejected.empty()) model.rejects = {std::string(rejected)};
    }
  }
  Counts counts;
  RunHooks hooks;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult&) {
    counts.faulted += outcome.faulted();
    counts.recoverable += outcome.ceiling == 1;
    counts.answered += outcome.ok && outcome.in_time && outcome.right;
  };
  RunVirtual(*scenario, 1, hooks);
  return counts;
}

TEST_CASE("clairvoyance: a request too long for a model is a fault that a shorter one recovers",
          "[scenarios]") {
  const Counts all_short = Run("none", 3, 600);
  CHECK(all_short.faulted == 60);
  CHECK(all_short.recoverable == 60);
  CHECK(all_short.answered == 0);
  const Counts hopeless = Run("none", 3, 100);  // not even the bare task
  CHECK(hopeless.faulted == 60);
  CHECK(hopeless.recoverable == 0);
  const Counts picky = Run("none", 3, 0, "temperature");
  CHECK(picky.faulted == 60);
  CHECK(picky.recoverable == 60);
}

TEST_CASE("clairvoyance: the engine that foresees sends a request where it is taken unchanged",
          "[scenarios]") {
  CHECK(Run("clairvoyant", 2, 600).answered == 60);
  CHECK(Run("clairvoyant", 2, 0, "temperature").answered == 60);
  CHECK(Run("clairvoyant", 3, 600).answered == 0);
}

}  // namespace
}  // namespace squall::clairvoyance_test

// Callers of the scenario library: conversations that grow, workers that crash, requests that come
// twice.
#include <cmath>
#include <map>

#include "tests/scenarios/library.h"

namespace squall::library_callers_test {
namespace {

// Outcomes in the order of their indices.
std::map<uint64_t, Outcome> OutcomesOf(const std::string& name, const std::string& preset,
                                       const std::vector<std::string>& sets) {
  const Scenario scenario = LibraryScenario(name, preset, sets);
  std::map<uint64_t, Outcome> outcomes;
  RunHooks hooks;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult&) {
    outcomes.emplace(outcome.index, outcome);
  };
  RunVirtual(scenario, 1, hooks);
  return outcomes;
}

const std::vector<std::string> kOneConversation = {"/workload/requests=60",
                                                   "/workload/conversation/turns=60"};

TEST_CASE("library: each turn of a conversation waits for the one before it", "[scenarios]") {
  const auto outcomes = OutcomesOf("runaway-agents", "none", kOneConversation);
  REQUIRE(outcomes.size() == 60);
  for (uint64_t turn = 1; turn < 60; ++turn) {
    CHECK(outcomes.at(turn).started == outcomes.at(turn - 1).ended + 2s);
  }
}

// A turn sends the questions and answers of up to 40 turns before it: 300 tokens and 150 each, so
// turn k costs 1 + 1.5 * min(k, 40) prompts; the marker and rounding of texts to tokens add a few.
TEST_CASE("library: a runaway conversation costs more with each turn until its window is full",
          "[scenarios]") {
  const auto outcomes = OutcomesOf("runaway-agents", "none", kOneConversation);
  const auto prompt = [&](uint64_t turn) {
    return static_cast<double>(outcomes.at(turn).prompt_tokens);
  };
  CHECK(prompt(20) / prompt(0) == Approx(31).epsilon(0.1));
  CHECK(prompt(40) / prompt(0) == Approx(61).epsilon(0.1));
  CHECK(prompt(59) / prompt(40) == Approx(1).epsilon(0.05));
}

TEST_CASE("library: limits on turns and on money end a runaway conversation, a circuit does not",
          "[scenarios]") {
  const auto run = [](const std::string& set) {
    std::vector<std::string> sets = {"/workload/requests=200", "/workload/conversation/turns=100"};
    if (!set.empty()) sets.push_back(set);
    return SummaryOf("runaway-agents", "squall", sets);
  };
  const Summary unlimited = run("");
  CHECK(unlimited.requests == 200);
  CHECK(unlimited.all.strict == 200);
  const Summary turns = run("/engine/conversation/turns_per_conversation=20");
  CHECK(turns.all.strict == 2 * 20);
  CHECK(turns.requests == 2 * 21);  // the refused turn is the last
  const Summary money = run("/engine/conversation/usd_per_conversation=0.05");
  CHECK(money.cost_usd <= 2 * 0.05);
  CHECK(money.cost_usd < unlimited.cost_usd / 5);
  CHECK(money.requests < unlimited.requests);
}

TEST_CASE("library: agents that ask again after a refusal go on to the last turn", "[scenarios]") {
  const Summary summary = SummaryOf("runaway-agents", "squall",
                                    {"/workload/requests=100", "/workload/conversation/turns=100",
                                     "/engine/conversation/turns_per_conversation=20",
                                     "/workload/conversation/ends_on_failure=false"});
  CHECK(summary.requests == 100);
  CHECK(summary.all.strict == 20);
}

// Two restarts at 5 requests a second, answers of 1.2 s: about 12 are under way. Poisson, 4 sigma.
TEST_CASE("library: a crash loses nothing that is submitted again, and runs it twice",
          "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=700"};
  const Summary kept = SummaryOf("worker-restart", "", sets);
  CHECK(kept.requests == 700);
  CHECK(kept.all.late == 0);
  CHECK(kept.duplicates.submissions == kept.duplicates.executions);
  CHECK(kept.duplicates.submissions >= 1);
  CHECK(std::abs(static_cast<double>(kept.duplicates.submissions) - 12) < 4 * std::sqrt(12.0));
  CHECK(kept.duplicates.results == 0);

  std::vector<std::string> lossy = sets;
  lossy.push_back("/workload/resubmit_lost=false");
  const Summary lost = SummaryOf("worker-restart", "", lossy);
  CHECK(lost.all.late == kept.duplicates.submissions);  // the same crashes, and nobody is told
  CHECK(lost.duplicates.submissions == 0);
}

TEST_CASE("library: without a record a second submission is done twice, key or no key",
          "[scenarios]") {
  for (const bool same_key : {true, false}) {
    CAPTURE(same_key);
    const std::string key =
        std::string("/workload/resubmit/same_key=") + (same_key ? "true" : "false");
    for (const std::string preset : {"none", "squall", "clairvoyant"}) {
      CAPTURE(preset);
      const Summary summary =
          SummaryOf("duplicate-submission", preset, {"/workload/requests=400", key});
      CHECK(summary.requests == 400);
      const auto second = static_cast<double>(summary.duplicates.submissions);
      // 99.9 % binomial bound of the configured tenth.
      CHECK(std::abs(second / 400 - 0.1) < 3.3 * std::sqrt(0.09 / 400));
      CHECK(summary.duplicates.executions >= summary.duplicates.submissions);
      CHECK(summary.duplicates.results == summary.duplicates.submissions);
      CHECK(summary.all.strict <= summary.requests - summary.duplicates.results);
    }
  }
}

TEST_CASE("library: whose requests come twice is the same for every engine", "[scenarios]") {
  const auto twice = [](const std::string& preset) {
    std::vector<uint64_t> indices;
    for (const auto& [index, outcome] :
         OutcomesOf("duplicate-submission", preset, {"/workload/requests=200"})) {
      if (outcome.submissions > 1) indices.push_back(index);
    }
    return indices;
  };
  CHECK(twice("none") == twice("squall"));
}

}  // namespace
}  // namespace squall::library_callers_test

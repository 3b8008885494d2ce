// Does learning help on traffic that it was not trained on, and does it un-learn?
//
// Rules are learned on seeds 1 to 5 of scenario "learning", checked on seed 51 and given to an
// engine that meets seeds 101 to 110, where the same engine without them meets the same draws. The
// seed is the unit: what happens within one run is not independent.
#include <cmath>
#include <map>

#include "scenarios/knowledge_trial.h"
#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::learning_test {
namespace {

Scenario Learning(const std::vector<std::string>& sets = {}) {
  ScenarioOptions options;
  options.sets = sets;
  absl::StatusOr<Scenario> scenario = LoadScenario("learning", options);
  INFO(scenario.status().message());
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

// What passes the check of what was learned. Less traffic than the scenario's own, for the sake of
// time.
const std::vector<LearnedRule>& CheckedRules() {
  static const std::vector<LearnedRule> rules = [] {
    Scenario scenario = Learning({"/workload/requests=5000"});
    std::vector<LearnedRule> sum;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      AddRules(&sum, RunVirtual(scenario, seed, RunHooks()).rules);
    }
    Knowledge learned(scenario.engine.knowledge);
    learned.Import(sum, kStart);
    scenario.seed = 51;
    const auto trial = TryKnowledge(scenario, learned.Export(kStart), ReplicateOptions(), nullptr);
    REQUIRE(trial.ok());
    Knowledge passed(scenario.engine.knowledge);
    passed.Import(RulesThatPassed(*trial), kStart);
    return passed.Export(kStart);
  }();
  return rules;
}

struct Paired {
  double with = 0;
  double without = 0;
};

Paired Recovery(const Scenario& scenario, uint64_t seed) {
  const auto strict = [&](const Scenario& s, const std::vector<LearnedRule>* rules) {
    RunHooks hooks;
    hooks.rules = rules;
    const Summary summary = RunVirtual(s, seed, hooks).metrics.Summarize();
    return static_cast<double>(summary.faulted().strict) / static_cast<double>(summary.faulted().n);
  };
  Scenario knowing_nothing = scenario;
  knowing_nothing.engine.knowledge.learn = false;
  return {strict(scenario, &CheckedRules()), strict(knowing_nothing, nullptr)};
}

struct Estimate {
  double mean = 0;
  double half = 0;  // of the 95 % interval
};

// Of a mean difference over ten seeds, by Student's t with nine degrees of freedom.
Estimate MeanOfTen(const std::vector<double>& differences) {
  REQUIRE(differences.size() == 10);
  constexpr double kStudent = 2.262;
  Estimate estimate;
  for (const double d : differences) estimate.mean += d / 10;
  double squares = 0;
  for (const double d : differences) squares += (d - estimate.mean) * (d - estimate.mean);
  estimate.half = kStudent * std::sqrt(squares / 9 / 10);
  return estimate;
}

TEST_CASE("learning: rules help on seeds that they were not learned on", "[learning][long]") {
  const Scenario scenario = Learning();
  std::vector<double> differences;
  for (uint64_t seed = 101; seed <= 110; ++seed) {
    const Paired paired = Recovery(scenario, seed);
    differences.push_back(paired.with - paired.without);
  }
  const Estimate gain = MeanOfTen(differences);
  INFO("gain " << gain.mean << " +- " << gain.half);
  CHECK(gain.mean - gain.half > 0);
}

// From half-time on gamma refuses everything, and nothing else is shared. Refusals do not open a
// circuit: nothing but un-learning tells the engine.
Scenario GammaTurnsBad() {
  return Learning({R"(/climate=[{"name": "gamma refuses", "kind": "outage",)"
                   R"( "providers": ["gamma"], "fault": "rate_limit",)"
                   R"( "from": "1000s", "to": "1d", "share": 1}])"});
}

TEST_CASE("learning: a rule whose target turns bad is silent within the stated number of outcomes",
          "[learning][long]") {
  const Scenario scenario = GammaTurnsBad();
  const int64_t bound = *MostContraryOutcomes(scenario.engine.knowledge);
  std::map<RuleKey, int64_t> misled;  // attempts at gamma after half-time, by exact pattern
  int64_t late = 0;
  RunHooks hooks;
  hooks.rules = &CheckedRules();
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
    if (outcome.started < kStart + 1000s) return;
    const std::span<const AttemptRecord> attempts(result.attempts.data(), result.attempts.size());
    for (size_t n = 2; n <= attempts.size(); ++n) {
      const bool advised = attempts[n - 1].provider == 2 && attempts[n - 1].sent &&
                           attempts[n - 1].strategy == "learned_rule";
      const auto lesson = LessonOf(attempts.first(n));
      if (!advised || !lesson.has_value()) continue;
      const int64_t count = ++misled[*KeyOf(RuleScope::kExact, lesson->after, lesson->action)];
      // A few more may be under way when the rule falls silent.
      late += count > bound + 5;
    }
  };
  const WorldResult result = RunVirtual(scenario, 101, hooks);
  REQUIRE(!misled.empty());
  CHECK(late == 0);
  for (const LearnedRule& rule : result.rules) {
    const auto count = misled.find(rule.key);
    if (count != misled.end() && count->second >= bound) CHECK_FALSE(rule.speaks);
  }
}

TEST_CASE("learning: stale rules cost at most one recovery in twenty", "[learning][long]") {
  const Scenario scenario = GammaTurnsBad();
  std::vector<double> losses;
  for (uint64_t seed = 101; seed <= 110; ++seed) {
    const Paired paired = Recovery(scenario, seed);
    losses.push_back(paired.without - paired.with);
  }
  const Estimate loss = MeanOfTen(losses);
  INFO("loss " << loss.mean << " +- " << loss.half);
  CHECK(loss.mean + loss.half < 0.05);
}

}  // namespace
}  // namespace squall::learning_test

#include "scenarios/episodes.h"

#include "mock_providers/climate.h"
#include "scenarios/replicate.h"
#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::episodes_test {
namespace {

Scenario Load(const std::string& name, std::vector<std::string> sets = {}) {
  ScenarioOptions options;
  options.sets = std::move(sets);
  absl::StatusOr<Scenario> scenario = LoadScenario(name, options);
  INFO(scenario.status());
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

TEST_CASE("episodes: an outage and a phase of load are spans of the run", "[episodes]") {
  const std::vector<Episode> outage = EpisodesOf(Load("outage"), 20min);
  REQUIRE(outage.size() == 1);
  CHECK(outage[0] == Episode{"alpha hangs", "outage", "timeout", {"alpha"}, 300, 600, 1, false});
  CHECK(EpisodesOf(Load("outage"), 5min).empty());
  const std::vector<Episode> load = EpisodesOf(Load("metastable"), 10min);
  REQUIRE(load.size() == 1);
  CHECK(load[0] == Episode{"load", "load", "", {}, 60, 90, 2.5, false});
}

TEST_CASE("episodes: weather is that of the scenario's seed", "[episodes]") {
  const Scenario scenario = Load(
      "outage", {R"(/climate=[{"name": "fog", "kind": "gilbert_elliott", "fault": "server_error",
                     "mean_up": "60s", "mean_degraded": "20s", "mean_down": "10s"}])"});
  const std::vector<Episode> fog = EpisodesOf(scenario, 1h);
  REQUIRE(fog.size() > 10);
  const Climate climate(scenario.climate, {"alpha", "beta"}, static_cast<uint64_t>(scenario.seed));
  size_t next = 0;
  for (Time at = kStart; at < kStart + 1h; at += 250ms) {
    while (next < fog.size() && fog[next].to_s <= Seconds(at - kStart)) ++next;
    const bool inside = next < fog.size() && fog[next].from_s <= Seconds(at - kStart);
    REQUIRE(climate.ShareAt(0, at) == (inside ? fog[next].share : 0));
  }
}

Chronicle Kept(const Scenario& scenario, int64_t replications, int threads) {
  ReplicateOptions options;
  options.replications = replications;
  options.threads = threads;
  RunHooks hooks;
  hooks.chronicle = true;
  const absl::StatusOr<WorldResult> world = RunReplications(scenario, options, hooks);
  REQUIRE(world.ok());
  int64_t faulted = 0;
  const Chronicle chronicle = world->chronicle->Take();
  for (const FlowRow& row : chronicle.flows) faulted += row.count;
  CHECK(faulted == world->metrics.Summarize().faulted().n);
  return chronicle;
}

TEST_CASE("a chronicle is the same whatever the number of threads", "[episodes]") {
  const Scenario scenario = Load("outage");
  const Chronicle one = Kept(scenario, 3, 1);
  CHECK(one == Kept(scenario, 3, 2));
  CHECK(one.time.replications == 3);
  CHECK(one.stories.size() > 20);
}

TEST_CASE("a run keeps a chronicle only where it is asked to", "[episodes]") {
  const Scenario scenario = Load("outage", {"/workload/requests=50"});
  CHECK(RunVirtual(scenario, 1, RunHooks()).chronicle == nullptr);
}

TEST_CASE("stories say of an outage what was done, and which circuit let them pass", "[episodes]") {
  const Chronicle chronicle = Kept(Load("outage"), 1, 1);
  size_t of_outage = 0;
  for (const Story& story : chronicle.stories) {
    for (const StoryAttempt& attempt : story.attempts)
      of_outage += attempt.episode == "alpha hangs";
  }
  CHECK(of_outage > 0);
  // Alpha's circuit is open within the outage and nowhere before it.
  const CircuitLine& alpha = chronicle.time.circuits[0];
  const auto window = static_cast<double>(chronicle.time.window_s);
  double before = 0;
  double within = 0;
  for (size_t i = 0; i < alpha.open.size(); ++i) {
    const double at = static_cast<double>(i) * window;
    if (at + window <= 300) before += alpha.open[i];
    if (at >= 300 && at + window <= 600) within += alpha.open[i];
  }
  CHECK(before == 0);
  CHECK(within > 0);
}

}  // namespace
}  // namespace squall::episodes_test

// Comparisons of real runs: the same code twice is never a regression, and engines made worse on
// purpose are found by the figure that is about what was taken from them.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/compare_rules.h"
#include "scenarios/replicate.h"
#include "scenarios/result_scenario.h"
#include "tests/catch.h"

namespace squall::result_compare_test {
namespace {

StoredResult RunOne(const std::string& name, std::vector<std::string> sets, int64_t seed,
                    int64_t replications, const std::string& preset = "") {
  ScenarioOptions options;
  options.sets = std::move(sets);
  options.preset = preset;
  auto scenario = LoadScenario(name, options);
  INFO(scenario.status());
  REQUIRE(scenario.ok());
  scenario->seed = seed;
  RunHooks hooks;
  hooks.keep_requests = true;
  ReplicateOptions replicate;
  replicate.replications = replications;
  const auto world = RunReplications(*scenario, replicate, hooks);
  REQUIRE(world.ok());
  StoredResult stored;
  DescribeScenario(*scenario, &stored.result);
  stored.result.replications = replications;
  stored.result.summary = world->metrics.Summarize();
  stored.result.requests = std::make_shared<const RequestsTable>(world->requests);
  stored.json = std::make_shared<const nlohmann::ordered_json>(ResultDocument(stored.result));
  return stored;
}

std::vector<std::string> Failed(const StoredResult& base, const StoredResult& next) {
  std::vector<std::string> failed;
  for (const RuleVerdict& one : JudgeRules(DefaultRules(), Compare(base, next, {}), 0.01)) {
    if (one.verdict == GateVerdict::kFail) failed.push_back(one.rule.metric);
  }
  return failed;
}

bool Has(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

TEST_CASE("the same code on 50 seeds is identical every time", "[compare][long]") {
  for (int64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    const std::vector<std::string> sets = {"/workload/requests=150"};
    const StoredResult a = RunOne("production-10k", sets, seed, 1);
    const StoredResult b = RunOne("production-10k", sets, seed, 1);
    CHECK(Compare(a, b, {}).identical);
    CHECK(Failed(a, b).empty());
  }
}

// An engine that draws its jitter otherwise is as good: over 50 seeds no default rule may fail.
TEST_CASE("an engine that only jitters otherwise is no regression on any of 50 seeds",
          "[compare][long]") {
  size_t alarms = 0;
  for (int64_t seed = 1; seed <= 50; ++seed) {
    const StoredResult a = RunOne("production-10k", {"/workload/requests=600"}, seed, 1);
    const StoredResult b = RunOne(
        "production-10k", {"/workload/requests=600", "/engine/retry/backoff/base=251ms"}, seed, 1);
    const CompareResult compared = Compare(a, b, {});
    CHECK(compared.paired);
    alarms += Failed(a, b).size();
  }
  CHECK(alarms == 0);
}

struct Injected {
  const char* what;
  const char* scenario;
  std::vector<std::string> sets;
  std::vector<std::string> changes;
  const char* found_by;
  const char* preset;
  int64_t replications;
};

TEST_CASE("an engine made worse on purpose is found by the figure that is about it",
          "[compare][long]") {
  const std::vector<std::string> limited = {"/workload/requests=1500", "/faults={}",
                                            "/faults/rate_limit/rate=0.2"};
  const std::vector<std::string> failing = {"/workload/requests=1500", "/faults={}",
                                            "/faults/server_error/rate=0.4",
                                            "/engine/breaker/enabled=false"};
  const Injected rows[] = {{"the retry budget is off",
                            "production-10k",
                            failing,
                            {"/engine/budget/enabled=false"},
                            "amplification.mean",
                            "self_healing",
                            2},
                           {"the breaker's window is twice as long",
                            "outage",
                            {},
                            {"/engine/breaker/window=60s"},
                            "recovery.strict",
                            "self_healing",
                            6},
                           {"Retry-After is ignored",
                            "production-10k",
                            limited,
                            {"/engine/retry/obey_retry_after=false"},
                            "hints.early",
                            "squall",
                            2},
                           {"the guard does not look at schemas",
                            "production-10k",
                            {"/workload/requests=1500"},
                            {"/engine/guard/json_schema=false"},
                            "silent_escape",
                            "squall",
                            2},
                           {"nobody diagnoses",
                            "all-faults",
                            {"/workload/requests=1500"},
                            {"/engine/diagnose=false"},
                            "diagnosis.class_accuracy",
                            "squall",
                            1}};
  for (const Injected& row : rows) {
    CAPTURE(row.what);
    std::vector<std::string> changed = row.sets;
    changed.insert(changed.end(), row.changes.begin(), row.changes.end());
    const StoredResult base = RunOne(row.scenario, row.sets, 1, row.replications, row.preset);
    const StoredResult worse = RunOne(row.scenario, changed, 1, row.replications, row.preset);
    const auto failed = Failed(base, worse);
    std::string found;
    for (const std::string& metric : failed) found += metric + " ";
    CAPTURE(found);
    CHECK(Has(failed, row.found_by));
    CHECK_FALSE(Compare(base, worse, {}).settings.empty());
  }
}

TEST_CASE("a result holds the experiment it was made from", "[compare][long]") {
  for (const BundledItem& item : BundledScenarios()) {
    CAPTURE(item.name);
    if (LoadScenario(item.name, {})->model) continue;  // which has no requests
    const StoredResult stored = RunOne(item.name, {"/workload/requests=120"}, 77, 2);
    const auto again = ScenarioOfResult(stored.result, "r.json");
    INFO(again.status());
    REQUIRE(again.ok());
    CHECK(again->scenario.seed == 77);
    CHECK(again->scenario.hash == stored.result.scenario_hash);
    RunHooks hooks;
    hooks.keep_requests = true;
    ReplicateOptions replicate;
    replicate.replications = 2;
    replicate.threads = 2;
    const auto world = RunReplications(again->scenario, replicate, hooks);
    REQUIRE(world.ok());
    CHECK(world->metrics.fingerprint() == stored.result.summary.fingerprint);
    CHECK(world->requests.rows() == stored.result.requests->rows());
  }
}

TEST_CASE("a result whose scenario was edited is refused", "[compare]") {
  StoredResult stored = RunOne("production-10k", {"/workload/requests=50"}, 1, 1);
  auto json = nlohmann::ordered_json::parse(stored.result.effective);
  json["workload"]["requests"] = 51;
  stored.result.effective = json.dump();
  const auto again = ScenarioOfResult(stored.result, "r.json");
  REQUIRE_FALSE(again.ok());
  CHECK(std::string(again.status().message()).find("r.json: /scenario_hash: got ") == 0);
}

}  // namespace
}  // namespace squall::result_compare_test

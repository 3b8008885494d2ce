// The table of mechanisms, and `squall run --ablate` from outside.
#include "bench/ablation.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/bench/command.h"

namespace squall::ablation_test {
namespace {

using nlohmann::json;

// Every mechanism switched on.
const std::vector<std::string> kEverything = {
    "/workload/stream=0.5",
    "/engine/hedge/kind=quantile",
    "/engine/retry/backoff/extra=1s",
    "/engine/stream/watch/between=5s",
    "/engine/breaker/ramp=10s",
    "/engine/breaker/open_on_hint=5s",
    "/engine/breaker/open_jitter=1",
    "/engine/deadline/adaptive_factor=2",
    "/engine/provider_budget/enabled=true",
    "/engine/limiter/enabled=true",
    "/engine/concurrency/kind=aimd",
    "/engine/quality/enabled=true",
    "/engine/opinions/equivalence=always",
    R"(/engine/ladder=["repair","adapt","reask","failover","retry","degrade","learned_rule"])"};

ScenarioOptions Everything() {
  ScenarioOptions options;
  options.preset = "self_healing";
  options.sets = kEverything;
  return options;
}

std::vector<std::string> Names(const std::vector<Removal>& removals) {
  std::vector<std::string> names;
  for (const Removal& removal : removals) names.push_back(removal.removed);
  return names;
}

TEST_CASE("ablation: an engine with everything on loses each mechanism of the table once") {
  const auto removals = Removals("production-10k", Everything());
  REQUIRE(removals.ok());
  std::vector<std::string> all;
  for (const Mechanism& mechanism : Mechanisms()) {
    CAPTURE(mechanism.name);
    all.emplace_back(mechanism.name);
    CHECK(mechanism.name.size() <= 15);  // the table's column
  }
  CHECK(Names(*removals) == all);
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
}

TEST_CASE("ablation: a mechanism taken away is not in use any more, and nothing else is gone",
          "[long]") {
  const auto removals = Removals("production-10k", Everything());
  REQUIRE(removals.ok());
  // What has no use without another goes with it.
  const std::map<std::string, std::set<std::string>> parts = {
      {"breaker", {"breaker ramp", "breaker hint"}}, {"retry_after", {}}, {"backoff", {}}};
  for (const Removal& removal : *removals) {
    CAPTURE(removal.removed);
    ScenarioOptions options = Everything();
    options.sets.insert(options.sets.end(), removal.edits.begin(), removal.edits.end());
    const auto rest = Removals("production-10k", options);
    REQUIRE(rest.ok());
    const std::vector<std::string> left = Names(*rest);
    for (const Removal& other : *removals) {
      const bool there = std::find(left.begin(), left.end(), other.removed) != left.end();
      const auto found = parts.find(removal.removed);
      const bool goes = other.removed == removal.removed ||
                        (found != parts.end() && found->second.count(other.removed) > 0);
      CAPTURE(other.removed);
      CHECK(there == !goes);
    }
  }
}

TEST_CASE("ablation: what an engine does not use is no row") {
  ScenarioOptions options;
  options.preset = "none";
  CHECK(Names(*Removals("production-10k", options)).empty());
  options.preset = "naive_retry";
  CHECK(Names(*Removals("production-10k", options)) ==
        std::vector<std::string>{"retry", "backoff", "jitter", "per-try timeout"});
  CHECK_FALSE(Removals("no-such-scenario", options).ok());
}

TEST_CASE("cli: --ablate prints what each mechanism is worth, within 80 columns", "[cli][long]") {
  const CommandResult result =
      Squall("run production-10k -q --ablate --set /workload/requests=2000");
  CHECK(result.code == 0);
  CHECK(result.err.empty());
  for (const char* part : {"whole engine", "- failover", "- retry budget", "Newcombe", "worse"}) {
    CAPTURE(part);
    CHECK(Contains(result.out, part));
  }
  std::istringstream lines(
      Squall("run production-10k -q --ablate --set /workload/requests=2000", "LC_ALL=C").out);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("cli: --ablate as JSON is the whole engine and then each removal beside it",
          "[cli][long]") {
  const std::string base =
      "run production-10k -q --json --engine self_healing --set /workload/requests=2000";
  const json results = json::parse(Squall(base + " --ablate").out, nullptr, false);
  REQUIRE(results.is_array());
  REQUIRE(results.size() > 10);
  CHECK_FALSE(results[0].contains("ablation"));
  json whole = json::parse(Squall(base).out, nullptr, false);
  CHECK(whole["fingerprint"] == results[0]["fingerprint"]);
  for (size_t i = 1; i < results.size(); ++i) {
    const json& ablation = results[i]["ablation"];
    CAPTURE(ablation.dump());
    const json& strict = ablation["strict"];
    const int64_t change =
        strict["without_only"].get<int64_t>() - strict["whole_only"].get<int64_t>();
    CHECK(strict["difference"].get<double>() ==
          Approx(static_cast<double>(change) / strict["pairs"].get<double>()));
    CHECK(strict["ci95"][0] <= strict["difference"]);
    CHECK(strict["ci95"][1] >= strict["difference"]);
    CHECK(ablation["cost_usd"]["difference"].get<double>() ==
          Approx(results[i]["cost"]["usd"].get<double>() - results[0]["cost"]["usd"].get<double>())
              .margin(1e-12));
    if (ablation["removed"] == "failover") CHECK(strict["ci95"][1] < 0);
  }
  // The command that a row gives repeats that row.
  const std::string repeat = results[1]["repeat"].get<std::string>();
  REQUIRE(repeat.starts_with("squall "));
  const json again = json::parse(Squall(repeat.substr(7) + " -q --json").out, nullptr, false);
  CHECK(again["fingerprint"] == results[1]["fingerprint"]);
}

TEST_CASE("cli: --ablate takes one engine", "[cli]") {
  const CommandResult several = Squall("run production-10k --ablate --engine none,self_healing");
  CHECK(several.code == 2);
  CHECK(Lines(several.err) == 1);
  CHECK(Contains(several.err, "--ablate"));
  CHECK(several.out.empty());
  CHECK(Squall("run production-10k --ablate --engine self_heeling").code == 64);
  const CommandResult none = Squall("run parity -q --ablate --engine none");
  CHECK(none.code == 0);
  CHECK(Contains(none.out, "no mechanism to take away"));
}

}  // namespace
}  // namespace squall::ablation_test

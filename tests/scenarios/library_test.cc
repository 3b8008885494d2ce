// Every bundled scenario says what it models, from which sources, what it assumes and what a reader
// should see, and runs under the engines that it is meant to tell apart.
#include "tests/scenarios/library.h"

#include <cmath>

namespace squall::library_test {
namespace {

TEST_CASE("library: every bundled scenario has a doc, sources, assumptions and an expectation") {
  REQUIRE(BundledScenarios().size() >= 30);
  for (const BundledItem& item : BundledScenarios()) {
    CAPTURE(item.name);
    const Scenario scenario = LibraryScenario(item.name, "", {});
    CHECK(scenario.doc.size() >= 80);
    CHECK_FALSE(scenario.sources.empty());
    CHECK_FALSE(scenario.assumptions.empty());
    CHECK_FALSE(scenario.expect.empty());
    bool ours = false;
    for (const std::string& text : scenario.assumptions) {
      ours = ours || text.find("ours") != std::string::npos;
    }
    CHECK(ours);  // what nobody has published is named as our own
  }
}

// Five engines over a prefix of each scenario: nothing hangs, nothing is lost, and first attempts
// meet the same draws where load and circuits do not decide.
TEST_CASE("library: every bundled scenario runs under every yardstick", "[scenarios][long]") {
  for (const BundledItem& item : BundledScenarios()) {
    if (LibraryScenario(item.name, "", {}).model) continue;  // it has no engine
    for (const std::string preset : {"none", "naive_retry", "squall", "clairvoyant"}) {
      CAPTURE(item.name, preset);
      const Scenario scenario = LibraryScenario(item.name, preset, {"/workload/requests=25"});
      const Summary summary = RunVirtual(scenario, 1, RunHooks()).metrics.Summarize();
      const bool converses = scenario.workload.conversation.turns > 1;
      CHECK(summary.requests <= 25);
      CHECK((converses || summary.requests == 25));
      CHECK(summary.all.strict <= summary.all.lenient);
    }
  }
}

// 99.9 % binomial bounds on the share of faulted first attempts, n = 3,000.
TEST_CASE("library: mixes fault the share of first attempts that their sources give",
          "[scenarios][long]") {
  struct Row {
    const char* name;
    double faulted;
    double rate_limited;  // of the faulted
  };
  const Row rows[] = {{"seed000-low", 0.05, 0.2},
                      {"production-10k", 0.10, 0.2},
                      {"seed000-high", 0.15, 0.2},
                      {"datadog-feb", 0.05, 0.6},
                      {"datadog-mar", 0.02, 0.34}};
  constexpr double kRequests = 3000;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Summary summary = SummaryOf(row.name, "none", {"/workload/requests=3000"});
    const auto bound = [](double p, double n) { return 3.3 * std::sqrt(p * (1 - p) / n); };
    const double share = static_cast<double>(summary.faulted().n) / kRequests;
    CHECK(std::abs(share - row.faulted) < bound(row.faulted, kRequests));
    for (const FaultSummary& fault : summary.by_fault) {
      if (fault.name != "rate_limit") continue;
      const auto n = static_cast<double>(summary.faulted().n);
      CHECK(std::abs(static_cast<double>(fault.tally.n) / n - row.rate_limited) <
            bound(row.rate_limited, n));
    }
  }
}

}  // namespace
}  // namespace squall::library_test

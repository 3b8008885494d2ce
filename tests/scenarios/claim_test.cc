#include "scenarios/claim.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "scenarios/scenario.h"
#include "tests/catch.h"

namespace squall::claim_test {
namespace {

// A good claim, in which `from` is replaced by `to`.
std::string Text(const std::string& from = "", const std::string& to = "") {
  std::string text = R"({
  "id": "c", "topic": "retries", "statement": "Two is enough.", "published": "2", "unit": "x",
  "source": {"title": "T"}, "rule": "equivalence", "value": 2, "margin": 0.1,
  "runs": [{"name": "a", "scenario": "parity"}, {"name": "b", "scenario": "outage"}],
  "statistic": {"kind": "ratio",
                "of": [{"run": "a", "at": "/faulted"}, {"run": "b", "at": "/faulted"}]}
})";
  const size_t at = from.empty() ? std::string::npos : text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

TEST_CASE("claim: a file is read as it stands") {
  const auto claim = LoadClaimText(Text(), "claims/c.json");
  INFO(claim.status().ToString());
  REQUIRE(claim.ok());
  CHECK(claim->topic == ClaimTopic::kRetries);
  CHECK(claim->runs.size() == 2);
  CHECK(claim->statistic.kind == StatisticKind::kRatio);
  CHECK(claim->claimed().low == 2);
  CHECK(claim->claimed().high == 2);
  CHECK(claim->claimed().margin == 0.1);
}

struct Row {
  const char* from;
  const char* to;
  const char* says;  // of the one line
};

const Row kRows[] = {
    {R"("margin")", R"("margn")", R"(/margn: got unknown key "margn")"},
    {R"("margin": 0.1)", R"("margin": -1)", "/margin: got -1"},
    {R"("rule": "equivalence")", R"("rule": "about")", "/rule: got \"about\""},
    {R"("id": "c")", R"("id": "d")", R"(/id: got "d", expected "c" as the file is called)"},
    {R"("statement": "Two is enough.",)", "", "/statement: got none"},
    {R"("run": "b")", R"("run": "bb")", R"(/statistic/of/1/run: got unknown run "bb")"},
    {R"("at": "/faulted"}]})", R"("at": "faulted"}]})", "expected a JSON pointer"},
    {R"("kind": "ratio",)", "", "/statistic/of: got 2 values, expected 1"},
    {R"("name": "b")", R"("name": "a")", R"(/runs/1/name: got "a" a second time)"},
    {R"("scenario": "outage")", R"("scenario": "")", "/runs/1/scenario: got none"},
    {R"("unit": "x")", R"("unit": "x", "not_testable": "because")", "/runs: got runs beside"},
    {R"("rule": "equivalence", "value": 2)", R"("rule": "range", "low": 2, "high": 1)",
     "/high: got a range that is empty"},
    {R"("topic": "retries")", R"("topic": "retry")",
     R"(/topic: got "retry", expected one of recovery)"},
};

TEST_CASE("claim: each mistake is one line with the file and the JSON pointer") {
  for (const Row& row : kRows) {
    CAPTURE(row.from, row.to);
    const auto claim = LoadClaimText(Text(row.from, row.to), "claims/c.json");
    REQUIRE_FALSE(claim.ok());
    const std::string message(claim.status().message());
    CAPTURE(message);
    CHECK(message.starts_with("claims/c.json:"));
    CHECK(message.find(row.says) != std::string::npos);
  }
}

TEST_CASE("claim: rules say which figures bear a claim out") {
  const auto claimed = [](const char* rule) {
    return LoadClaimText(Text(R"("rule": "equivalence", "value": 2)", rule), "claims/c.json")
        .value()
        .claimed();
  };
  CHECK(claimed(R"("rule": "at_least", "value": 2)").low == 2);
  CHECK(std::isinf(claimed(R"("rule": "at_least", "value": 2)").high));
  CHECK(claimed(R"("rule": "at_most", "value": 2)").high == 2);
  CHECK(std::isinf(claimed(R"("rule": "at_most", "value": 2)").low));
  CHECK(claimed(R"("rule": "range", "low": 1, "high": 3)").low == 1);
  CHECK(claimed(R"("rule": "range", "low": 1, "high": 3)").high == 3);
}

TEST_CASE("claims: every bundled one loads, has a name of its own and runs what exists") {
  const auto claims = BundledClaims();
  INFO(claims.status().ToString());
  REQUIRE(claims.ok());
  std::set<std::string> ids;
  for (const Claim& claim : *claims) {
    CAPTURE(claim.id);
    CHECK(ids.insert(claim.id).second);
    CHECK_FALSE(claim.source.date.empty());
    if (!claim.worlds_of.empty()) {
      CHECK(std::any_of(claims->begin(), claims->end(),
                        [&](const Claim& other) { return other.id == claim.worlds_of; }));
    }
    for (const ClaimRun& run : claim.runs) {
      ScenarioOptions options;
      options.sets = run.sets;
      options.preset = run.engine;
      const auto scenario = LoadScenario(run.scenario, options);
      INFO(scenario.status().ToString());
      CHECK(scenario.ok());
    }
    for (const ClaimWorld& world : claim.worlds) {
      CAPTURE(world.name);
      ScenarioOptions options;
      options.sets = world.sets;
      const auto scenario = LoadScenario(claim.runs.front().scenario, options);
      INFO(scenario.status().ToString());
      CHECK(scenario.ok());
    }
  }
}

}  // namespace
}  // namespace squall::claim_test

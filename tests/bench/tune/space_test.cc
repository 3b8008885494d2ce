// What a space says, and the candidates that it has.
#include "bench/tune/space.h"

#include <set>

#include "scenarios/scenario.h"
#include "tests/bench/tune/made_space.h"

namespace squall::space_test {
namespace {

constexpr const char* kSpace = R"({
  "name": "s", "engine": "squall",
  "parameters": [
    {"at": "/engine/retry/backoff/kind", "kind": "categorical", "values": ["none", "full"]},
    {"at": "/engine/retry/backoff/base", "kind": "log", "low": 10, "high": 1000, "unit": "ms",
     "when": ["/engine/retry/backoff/kind=full"]},
    {"at": "/engine/retry/max_attempts", "kind": "integer", "low": 1, "high": 4},
    {"at": "/engine/budget/ratio", "kind": "continuous", "low": 0, "high": 1}
  ],
  "objectives": [{"metric": "recovery.strict", "goal": "maximize"}],
  "constraints": ["amplification.mean <= 1.3x"],
  "scenarios": [{"scenario": "production-10k"}]
})";

std::string Errors(std::string text) {
  const absl::StatusOr<TuneSpace> space = LoadSpaceText(text, "s.json");
  return space.ok() ? "" : std::string(space.status().message());
}

// kSpace with one part replaced.
std::string With(const std::string& part, const std::string& by) {
  std::string text = kSpace;
  const size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

TEST_CASE("space: a candidate sets what --set takes, in units, inside its ranges", "[tune]") {
  const TuneSpace space = SpaceFrom(kSpace);
  const Candidate low = CandidateAt(space, std::vector<double>{0.9, 0, 0, 0});
  CHECK(low.sets == std::vector<std::string>{
                        "/engine/retry/backoff/kind=full", "/engine/retry/backoff/base=10ms",
                        "/engine/retry/max_attempts=1", "/engine/budget/ratio=0"});
  const Candidate high = CandidateAt(space, std::vector<double>{1, 1, 1, 1});
  CHECK(high.values == std::vector<std::string>{"full", "1000ms", "4", "1"});
  const Candidate middle = CandidateAt(space, std::vector<double>{1, 0.5, 0.5, 0.3333333});
  CHECK(middle.values[1] == "100ms");
  CHECK(middle.values[3] == "0.3333");
}

TEST_CASE("space: what a condition leaves out is not set, and makes no further candidate",
          "[tune]") {
  const TuneSpace space = SpaceFrom(kSpace);
  const Candidate a = CandidateAt(space, std::vector<double>{0.1, 0.2, 0.5, 0.5});
  const Candidate b = CandidateAt(space, std::vector<double>{0.3, 0.8, 0.5, 0.5});
  CHECK(a.values[1].empty());
  CHECK(a == b);
  CHECK(a.sets.size() == 3);
}

TEST_CASE("space: every step of a grid is a value of its own", "[tune]") {
  const TuneSpace space = SpaceFrom(kSpace);
  for (size_t p = 0; p < space.parameters.size(); ++p) {
    std::set<std::string> values;
    const std::vector<double> steps = GridSteps(space.parameters[p]);
    for (const double step : steps) {
      std::vector<double> unit = {0.9, 0.5, 0.5, 0.5};
      unit[p] = step;
      values.insert(CandidateAt(space, unit).values[p]);
    }
    CHECK(values.size() == steps.size());
  }
  CHECK(GridSteps(space.parameters[2]).size() == 4);  // there are four whole numbers, not five
}

TEST_CASE("space: mistakes are named with their place", "[tune]") {
  CHECK(Errors(kSpace).empty());
  CHECK(Errors(With("recovery.strict", "recovery.strickt"))
            .find("did you mean \"recovery.strict\"") != std::string::npos);
  CHECK(Errors(With("\"low\": 10, \"high\": 1000", "\"low\": 10, \"high\": 10"))
            .find("/parameters/1/high: got a range that is empty") != std::string::npos);
  CHECK(Errors(With("\"low\": 10,", "\"low\": 0,")).find("/parameters/1/low") != std::string::npos);
  CHECK(Errors(With("kind=full\"]", "kind=fool\"]")).find("/parameters/1/when/0") !=
        std::string::npos);
  CHECK(Errors(With("[\"none\", \"full\"]", "[\"full\"]")).find("at least two") !=
        std::string::npos);
  CHECK(Errors(With("<= 1.3x", "<= lots")).find("/constraints/0") != std::string::npos);
  CHECK(Errors(With("\"name\": \"s\"", "\"nane\": \"s\"")).find("did you mean \"name\"") !=
        std::string::npos);
}

TEST_CASE("space: every bundled one loads, and its scenarios take its extremes", "[tune]") {
  REQUIRE(BundledSpaces().size() >= 5);
  for (const std::string& name : BundledSpaces()) {
    INFO(name);
    const absl::StatusOr<TuneSpace> space = LoadSpace(name);
    REQUIRE(space.ok());
    CHECK(space->name == name);
    for (const double at : {0.0, 0.5, 1.0}) {
      const std::vector<double> unit(space->parameters.size(), at);
      const Candidate candidate = CandidateAt(*space, unit);
      for (const TuneScenario& scenario : space->scenarios) {
        ScenarioOptions options;
        options.preset = space->engine;
        options.sets = scenario.sets;
        options.sets.insert(options.sets.end(), candidate.sets.begin(), candidate.sets.end());
        const auto loaded = LoadScenario(scenario.scenario, options);
        INFO(std::string(loaded.status().message()));
        CHECK(loaded.ok());
      }
    }
  }
}

}  // namespace
}  // namespace squall::space_test

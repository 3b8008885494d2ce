// Names of providers in routing: a misspelt one would otherwise be a rule that nobody follows.
#include "scenarios/scenario.h"
#include "tests/catch.h"

namespace squall::load_routing_test {
namespace {

std::string Refusal(const std::string& routing) {
  const std::string text = R"({"engine": {"routing": )" + routing + R"(},
      "providers": [{"name": "alpha", "models": [{"name": "m"}]},
                    {"name": "beta", "models": [{"name": "m"}]}]})";
  const auto scenario = LoadScenarioText(text, "s.json", {});
  return scenario.ok() ? "" : std::string(scenario.status().message());
}

TEST_CASE("routing: tiers and weights name providers of the scenario and nobody else") {
  CHECK(Refusal(R"({"tiers": {"alpha": 1}, "weights": {"alpha": 3, "beta": 1}})").empty());
  struct Row {
    const char* routing;
    const char* problem;
  };
  const Row rows[] = {
      {R"({"tiers": {"aplha": 1}})",
       "s.json:1:35: /engine/routing/tiers/aplha: got unknown provider \"aplha\", expected one of "
       "alpha, beta"},
      {R"({"weights": {"alpha": 1, "bet": 2}})",
       "s.json:1:49: /engine/routing/weights/bet: got unknown provider \"bet\", expected one of "
       "alpha, beta"},
  };
  for (const Row& row : rows) {
    const std::string refusal = Refusal(row.routing);
    CAPTURE(refusal, row.problem);
    CHECK(refusal.find(row.problem) == 0);
    CHECK(refusal.find("did you mean") != std::string::npos);
  }
}

}  // namespace
}  // namespace squall::load_routing_test

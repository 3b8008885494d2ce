// Caps that deployments of a region share must be stated alike by all of them.
#include "scenarios/scenario.h"
#include "tests/catch.h"

namespace squall::regions_test {
namespace {

std::string TwoDeployments(const std::string& first, const std::string& second) {
  return R"({"providers": [{"name": "one", "models": [{"name": "m"}], "quota": {)" + first +
         R"(}}, {"name": "two", "models": [{"name": "m"}], "quota": {)" + second + "}}]}";
}

std::string Refusal(const std::string& first, const std::string& second) {
  const auto scenario = LoadScenarioText(TwoDeployments(first, second), "s.json", {});
  return scenario.ok() ? "" : std::string(scenario.status().message());
}

TEST_CASE("regions: deployments that agree on their region's caps are accepted") {
  const std::string cap = R"("region": "eastus", "region_tokens_per_min": 300000)";
  CHECK(Refusal(cap, cap).empty());
  CHECK(Refusal(cap, cap + R"(, "tokens_per_min": 450000)").empty());
  CHECK(Refusal(cap, R"("region": "westus", "region_tokens_per_min": 100000)").empty());
  CHECK(Refusal(cap, cap + R"(, "request_window": "10s")").empty());  // no cap on requests
}

TEST_CASE("regions: deployments that contradict each other are refused with both figures") {
  struct Row {
    std::string first;
    std::string second;
    std::string part;
  };
  const std::string tokens = R"("region": "eastus", "region_tokens_per_min": 300000)";
  const std::string requests = R"("region": "eastus", "region_requests_per_min": 60)";
  const Row rows[] = {
      {tokens, R"("region": "eastus", "region_tokens_per_min": 450000)",
       "/providers/1/quota/region_tokens_per_min: got 450000 for region \"eastus\", expected "
       "300000 as provider \"one\" states"},
      {tokens, R"("region": "eastus")", "got 0 for region \"eastus\", expected 300000"},
      {requests, R"("region": "eastus", "region_requests_per_min": 61)",
       "/providers/1/quota/region_requests_per_min: got 61"},
      {requests, requests + R"(, "request_window": "1s")", "/providers/1/quota/request_window"},
      {tokens, R"("region_tokens_per_min": 300000)",
       "/providers/1/quota/region: got none beside a cap of a region"},
  };
  for (const Row& row : rows) {
    const std::string refusal = Refusal(row.first, row.second);
    CAPTURE(refusal, row.part);
    CHECK(refusal.find(row.part) != std::string::npos);
  }
}

}  // namespace
}  // namespace squall::regions_test

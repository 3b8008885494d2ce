// From a result's JSON to an estimate, on results made up for the purpose.
#include "bench/reproduce_estimate.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/catch.h"

namespace squall::reproduce_estimate_test {
namespace {

using nlohmann::json;

Claim MakeClaim(StatisticKind kind, std::vector<ClaimValue> of, double scale = 1) {
  Claim claim;
  claim.id = "c";
  for (const char* name : {"a", "b"}) {
    ClaimRun run;
    run.name = name;
    run.scenario = name;
    claim.runs.push_back(run);
  }
  claim.statistic.kind = kind;
  claim.statistic.of = std::move(of);
  claim.statistic.scale = scale;
  return claim;
}

ClaimValue At(const char* at, const char* run = "a") {
  ClaimValue value;
  value.run = run;
  value.at = at;
  return value;
}

// Runs "a" and "b": pooled results, and figures x of three replications each.
ClaimOutputs Outputs(const json& a, const json& b) {
  ClaimOutputs outputs;
  for (const auto& [name, pooled] : {std::pair("a", a), std::pair("b", b)}) {
    auto output = std::make_unique<ClaimOutput>();
    output->pooled = std::make_unique<json>(pooled);
    for (const double x : pooled.value("xs", std::vector<double>())) {
      output->replications.push_back({{"x", x}});
    }
    ClaimRun run;
    run.scenario = name;
    outputs[ClaimRunKey(run)] = std::move(output);
  }
  return outputs;
}

Estimate Of(const Claim& claim, const json& a, const json& b = json::object()) {
  const auto estimate = EstimateOf(claim, Outputs(a, b));
  INFO(estimate.status().ToString());
  REQUIRE(estimate.ok());
  return *estimate;
}

TEST_CASE("estimate: a share is Wilson's over its requests, wherever their number stands") {
  const json share = {{"count", 841}, {"rate", 0.841}};
  const std::pair<const char*, json> rows[] = {
      {"/recovered/strict", {{"faulted", 1000}, {"recovered", {{"strict", share}}}}},
      {"/success", {{"requests", 1000}, {"success", share}}},
      {"/by_fault/timeout/strict", {{"by_fault", {{"timeout", {{"n", 1000}, {"strict", share}}}}}}},
      {"/duplicates/requests_executed_again",
       {{"requests", 1000}, {"duplicates", {{"requests_executed_again", share}}}}},
      {"/time_to_detect/episodes/e/undetected",
       {{"time_to_detect", {{"episodes", {{"e", {{"hits", 1000}, {"undetected", share}}}}}}}}},
      {"/model/outputs/stuck",
       {{"model", {{"outputs", {{"stuck", {{"count", 841}, {"n", 1000}, {"rate", .841}}}}}}}}}};
  for (const auto& [at, result] : rows) {
    CAPTURE(at);
    const Estimate estimate = Of(MakeClaim(StatisticKind::kValue, {At(at)}, 100), result);
    CHECK(estimate.value == Approx(84.1));
    CHECK(estimate.n == 1000);
    CHECK(estimate.ci95.low == Approx(81.7036).margin(1e-3));
    CHECK(estimate.ci95.high == Approx(86.2354).margin(1e-3));
    CHECK(estimate.ci90.low > estimate.ci95.low);
  }
}

TEST_CASE("estimate: a figure is Student's t over replications") {
  const Estimate estimate =
      Of(MakeClaim(StatisticKind::kValue, {At("/x")}), {{"x", 2}, {"xs", {1, 2, 3}}});
  CHECK(estimate.value == Approx(2));
  CHECK(estimate.n == 3);
  CHECK(estimate.ci95.high == Approx(2 + 4.302653 / std::sqrt(3)));  // t(2; 0.975), sd 1
}

TEST_CASE("estimate: of one replication nothing is known but the figure") {
  const Estimate estimate =
      Of(MakeClaim(StatisticKind::kValue, {At("/x")}), {{"x", 2}, {"xs", json::array({2})}});
  CHECK(estimate.value == 2);
  CHECK(std::isinf(estimate.ci95.high));
}

TEST_CASE("estimate: ratios and differences are taken within replications") {
  const json a = {{"x", 6}, {"xs", {2, 6, 10}}};
  const json b = {{"x", 3}, {"xs", {1, 3, 5}}};
  const std::vector<ClaimValue> of = {At("/x", "a"), At("/x", "b")};
  const Estimate ratio = Of(MakeClaim(StatisticKind::kRatio, of), a, b);
  CHECK(ratio.value == Approx(2));
  CHECK(ratio.ci95.low == Approx(2));  // it is 2 in every replication
  const Estimate difference = Of(MakeClaim(StatisticKind::kDifference, of), a, b);
  CHECK(difference.value == Approx(3));
  CHECK(difference.ci95.low < 0);
}

json Mean(double mean, double se) { return {{"y", {{"mean", mean}, {"se", se}, {"n", 10'000}}}}; }

TEST_CASE("estimate: means of models have the errors that the model states") {
  const Estimate one = Of(MakeClaim(StatisticKind::kValue, {At("/y")}), Mean(800, 2));
  CHECK(one.ci95.low == Approx(800 - 1.96 * 2).margin(0.01));
  // 800 / 2000 with relative errors 1/400 and 1/500.
  const std::vector<ClaimValue> of = {At("/y", "a"), At("/y", "b")};
  const Estimate ratio = Of(MakeClaim(StatisticKind::kRatio, of), Mean(800, 2), Mean(2000, 4));
  CHECK(ratio.value == Approx(0.4));
  CHECK(ratio.ci95.high - ratio.value ==
        Approx(1.96 * 0.4 * std::hypot(1 / 400.0, 1 / 500.0)).epsilon(0.01));
}

TEST_CASE("estimate: a pointer that leads nowhere is one line with the claim and the pointer") {
  const auto estimate = EstimateOf(MakeClaim(StatisticKind::kValue, {At("/no/such")}),
                                   Outputs({{"x", 1}}, json::object()));
  REQUIRE_FALSE(estimate.ok());
  CHECK(estimate.status().message() ==
        "claim c: /no/such: got nothing, expected a share, a mean, a number or a list of numbers");
}

}  // namespace
}  // namespace squall::reproduce_estimate_test

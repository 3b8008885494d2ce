// Thresholds: what is no metric is an error, what is too uncertain is neither pass nor fail.
#include "reports/threshold.h"

#include <nlohmann/json.hpp>
#include <set>

#include "reports/threshold_table.h"
#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::threshold_test {
namespace {

using nlohmann::ordered_json;

ThresholdVerdict JudgeText(const std::string& text, const ordered_json& result) {
  const auto threshold = ParseThreshold(text);
  INFO(threshold.status());
  REQUIRE(threshold.ok());
  return Judge(*threshold, result);
}

TEST_CASE("a threshold is a metric, an operator, a number and a unit of that metric") {
  struct Row {
    const char* text;
    double limit;
  };
  const Row good[] = {{"recovery.strict >= 80 %", 0.8},
                      {"  recovery.strict>=80%  ", 0.8},
                      {"amplification.p100_10s <= 1.2", 1.2},
                      {"amplification.mean < 1.2x", 1.2},
                      {"latency.p99 <= 12 s", 12'000},
                      {"latency.p50<250ms", 250},
                      {"recovery_time_s <= 2 min", 120},
                      {"cost.usd_per_request <= 0.002 usd", 0.002},
                      {"goodput >= 9.5 /s", 9.5},
                      {"breaker_transitions <= 0", 0},
                      {"model.wait_s <= 1e3", 1000}};
  for (const Row& row : good) {
    CAPTURE(row.text);
    const auto threshold = ParseThreshold(row.text);
    INFO(threshold.status());
    REQUIRE(threshold.ok());
    CHECK(threshold->limit == Approx(row.limit));
  }
  const Row bad[] = {{"", 0},
                     {"recovery.strict", 0},
                     {"recovery.strict 80 %", 0},
                     {"recovery.strict == 80 %", 0},
                     {"recovery.strict >= ", 0},
                     {"recovery.strict >= eighty", 0},
                     {"recovery.strict >= 0.8", 0},  // of 1 or of 100?
                     {"recovery.strict >= 800 %", 0},
                     {"recovery.strict >= 80 ms", 0},
                     {"recovery.strict >= 80 % or so", 0},
                     {"recovery.strict >= nan %", 0},
                     {"latency.p99 <= 12", 0},
                     {"latency.p99 <= 12 %", 0},
                     {">= 80 %", 0},
                     {"model. >= 1", 0}};
  for (const Row& row : bad) {
    CAPTURE(row.text);
    const auto threshold = ParseThreshold(row.text);
    REQUIRE_FALSE(threshold.ok());
    CHECK(std::string(threshold.status().message()).find("got ") == 0);
    CHECK(std::string(threshold.status().message()).find("expected ") != std::string::npos);
  }
}

TEST_CASE("a misspelt metric is told what it was meant to be") {
  const auto threshold = ParseThreshold("recovery.stict >= 80 %");
  CHECK(std::string(threshold.status().message()).find("did you mean \"recovery.strict\"?") !=
        std::string::npos);
}

TEST_CASE("every metric of the table is in a result, described, and of one name") {
  const ordered_json json = ordered_json::parse(ToJson(testing::SampleResult(3, 2'000)));
  std::set<std::string_view> names;
  for (const MetricRow& row : MetricTable()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.doc.size() > 10);
    CHECK(row.doc.back() == '.');
    if (row.needs == MetricNeeds::kTrigger) continue;  // the sample has none
    CHECK(json.contains(ordered_json::json_pointer(row.value)));
    if (*row.interval != '\0') CHECK(json.contains(ordered_json::json_pointer(row.interval)));
    if (*row.n != '\0') CHECK(json.contains(ordered_json::json_pointer(row.n)));
  }
}

TEST_CASE("all of the interval decides, and what it straddles is inconclusive") {
  const ordered_json json = ordered_json::parse(ToJson(testing::SampleResult(3, 2'000)));
  const Interval ci = *FigureOf("recovery.strict", json).ci95;
  const double value = *FigureOf("recovery.strict", json).value;
  struct Row {
    const char* op;
    double limit;
    GateVerdict verdict;
  };
  const double below = ci.low - 0.01;
  const double above = ci.high + 0.01;
  const Row rows[] = {
      {">=", below, GateVerdict::kPass},         {">=", above, GateVerdict::kFail},
      {">=", value, GateVerdict::kInconclusive}, {"<=", above, GateVerdict::kPass},
      {"<=", below, GateVerdict::kFail},         {"<", value, GateVerdict::kInconclusive},
      {">", ci.low - 1e-6, GateVerdict::kPass},  {">", ci.low + 1e-6, GateVerdict::kInconclusive}};
  for (const Row& row : rows) {
    CAPTURE(row.op, row.limit);
    const std::string text =
        "recovery.strict " + std::string(row.op) + " " + std::to_string(100 * row.limit) + " %";
    CHECK(JudgeText(text, json).verdict == row.verdict);
  }
}

TEST_CASE("of nothing there is no pass") {
  const ordered_json empty = ordered_json::parse(ToJson(testing::SampleResult(3, 0)));
  for (const char* text :
       {"recovery.strict >= 0 %", "latency.p99 <= 1000 s", "amplification.mean <= 100",
        "cost.usd_per_request <= 1000 usd", "recovery_time_s <= 1000 s", "model.wait <= 1"}) {
    CAPTURE(text);
    const ThresholdVerdict verdict = JudgeText(text, empty);
    CHECK(verdict.verdict == GateVerdict::kEmpty);
    CHECK(Worst(std::vector{verdict}) == GateVerdict::kEmpty);
  }
}

TEST_CASE("percentiles of too few samples and interrupted runs are inconclusive") {
  ordered_json json = ordered_json::parse(ToJson(testing::SampleResult(3, 500)));
  CHECK(JudgeText("latency.p999 <= 1000 s", json).verdict == GateVerdict::kInconclusive);
  CHECK(JudgeText("latency.p90 <= 1000 s", json).verdict == GateVerdict::kPass);
  json["partial"] = true;
  CHECK(JudgeText("latency.p90 <= 1000 s", json).verdict == GateVerdict::kInconclusive);
}

TEST_CASE("five replications speak for the interval") {
  Metrics all(testing::SampleFaultNames());
  for (uint64_t r = 0; r < 6; ++r) {
    Metrics one(testing::SampleFaultNames());
    for (uint64_t i = 0; i < 300; ++i) one.Add(testing::Drawn(i, r));
    all.Merge(one);
  }
  RunResult result = testing::SampleResult(3, 0);
  result.summary = all.Summarize();
  const ordered_json json = ordered_json::parse(ToJson(result));
  const auto between = json["recovered"]["strict"]["ci95_between_replications"];
  CHECK(FigureOf("recovery.strict", json).ci95->low == between[0].get<double>());
}

TEST_CASE("a verdict reads back from a result") {
  const ordered_json json = ordered_json::parse(ToJson(testing::SampleResult(3, 800)));
  const ThresholdVerdict verdict = JudgeText("latency.p99 <= 12 s", json);
  const ThresholdVerdict again = ThresholdVerdictOf(ToJson(verdict));
  CHECK(ToJson(again) == ToJson(verdict));
  CHECK(RenderThresholds(std::vector{again}, {}) == RenderThresholds(std::vector{verdict}, {}));
}

TEST_CASE("the worst verdict and its words are the same everywhere") {
  const ordered_json json = ordered_json::parse(ToJson(testing::SampleResult(3, 800)));
  const std::vector<ThresholdVerdict> verdicts = {JudgeText("recovery.strict >= 1 %", json),
                                                  JudgeText("recovery.strict >= 99 %", json),
                                                  JudgeText("latency.p999 <= 12 s", json)};
  CHECK(Worst(verdicts) == GateVerdict::kFail);
  CHECK(ThresholdCounts(verdicts) == "1 of 3 thresholds failed, 1 inconclusive");
  const std::string ascii = RenderThresholds(verdicts, TextStyle{false, false});
  for (const char* word : {"pass", "FAIL", "????"}) {
    CAPTURE(word);
    CHECK(ascii.find(word) != std::string::npos);
  }
}

}  // namespace
}  // namespace squall::threshold_test

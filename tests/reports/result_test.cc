#include "reports/result.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::result_test {
namespace {

using nlohmann::ordered_json;
using testing::Healthy;
using testing::SampleFaultNames;
using testing::SampleResult;

// Every path that readers of results may rely on.
constexpr const char* kRequired[] = {"/format_version",
                                     "/scenario",
                                     "/seed",
                                     "/engine",
                                     "/requests",
                                     "/faulted",
                                     "/recovered/strict/count",
                                     "/recovered/strict/rate",
                                     "/recovered/strict/ci95",
                                     "/recovered/lenient/count",
                                     "/recovered/lenient/rate",
                                     "/recovered/lenient/ci95",
                                     "/recovered/false_recovery/count",
                                     "/recovered/false_recovery/rate",
                                     "/recovered/false_recovery/ci95",
                                     "/recovered/silent_escape/count",
                                     "/recovered/silent_escape/rate",
                                     "/recovered/silent_escape/ci95",
                                     "/recovered/abstained/count",
                                     "/recovered/abstained/rate",
                                     "/recovered/abstained/ci95",
                                     "/ceiling",
                                     "/efficiency",
                                     "/amplification/mean",
                                     "/amplification/worst_1s",
                                     "/amplification/worst_10s",
                                     "/goodput/window_s",
                                     "/goodput/offered",
                                     "/goodput/attempts",
                                     "/goodput/good",
                                     "/recovery_time_s",
                                     "/after_trigger",
                                     "/by_phase",
                                     "/exposure",
                                     "/time_to_detect/episodes",
                                     "/time_to_detect/false_alarms",
                                     "/duplicates/results",
                                     "/duplicates/upstream_executions",
                                     "/layers",
                                     "/latency_ms/p50",
                                     "/latency_ms/p90",
                                     "/latency_ms/p99",
                                     "/latency_ms/p999",
                                     "/diagnosis/class_accuracy",
                                     "/diagnosis/retry_accuracy",
                                     "/diagnosis/confusion",
                                     "/faults",
                                     "/tokens",
                                     "/cost",
                                     "/obedience/hints_given",
                                     "/obedience/early_same_request",
                                     "/obedience/early_same_user",
                                     "/fingerprint",
                                     "/timing/calls_per_second",
                                     "/timing/wall_s",
                                     "/timing/cpu_s",
                                     "/timing/diagnosis_ns"};

TEST_CASE("a result has every key that the format promises, empty runs too") {
  for (const int64_t requests : {0, 1, 500}) {
    CAPTURE(requests);
    const ordered_json json = ordered_json::parse(ToJson(SampleResult(1, requests)));
    for (const char* path : kRequired) {
      CAPTURE(path);
      CHECK(json.contains(ordered_json::json_pointer(path)));
    }
    for (const char* kind : {"timeout", "garbage", "slow"}) {
      CHECK(json["faults"][kind]["scheduled"] == 10);
      CHECK(json["faults"][kind]["injected"] == 10);
    }
  }
}

TEST_CASE("what is unknown is null, never NaN and never a made-up zero") {
  const std::string text = ToJson(SampleResult(1, 0));
  CHECK(text.find("nan") == std::string::npos);
  CHECK(text.find("inf") == std::string::npos);
  const ordered_json json = ordered_json::parse(text);
  CHECK(json["recovered"]["strict"]["count"] == 0);
  CHECK(json["recovered"]["strict"]["rate"].is_null());
  CHECK(json["recovered"]["strict"]["ci95"].is_null());
  CHECK(json["ceiling"].is_null());
  CHECK(json["efficiency"].is_null());
  CHECK(json["amplification"]["mean"].is_null());
  CHECK(json["latency_ms"]["p50"].is_null());
  CHECK(json["diagnosis"]["class_accuracy"].is_null());
  CHECK(json["cost"]["usd_per_success"].is_null());
  RunResult timeless = SampleResult(1, 5);
  timeless.timing = RunTiming();
  CHECK(ordered_json::parse(ToJson(timeless))["timing"]["calls_per_second"].is_null());
}

TEST_CASE("one run gives the same bytes, and only timing may differ") {
  const RunResult a = SampleResult(9, 400);
  RunResult b = SampleResult(9, 400);
  CHECK(ToJson(a) == ToJson(b));
  b.timing.wall_s = 77;
  b.summary.phases[0].p99 = 12345;
  CHECK(ToJson(a) != ToJson(b));
  CHECK(ToJsonWithoutTiming(a) == ToJsonWithoutTiming(b));
  CHECK(ToJsonWithoutTiming(a) != ToJsonWithoutTiming(SampleResult(10, 400)));
  CHECK(ordered_json::parse(ToJson(a)).size() ==
        ordered_json::parse(ToJsonWithoutTiming(a)).size() + 1);
}

TEST_CASE("numbers in a result are those of its summary, in the units of their keys") {
  const RunResult result = SampleResult(4, 3'000);
  const Summary& s = result.summary;
  const ordered_json json = ordered_json::parse(ToJson(result));
  CHECK(json["requests"] == 3'000);
  CHECK(json["faulted"] == s.faulted().n);
  const auto& strict = json["recovered"]["strict"];
  CHECK(strict["count"] == s.faulted().strict);
  CHECK(strict["rate"].get<double>() * static_cast<double>(s.faulted().n) ==
        Approx(static_cast<double>(s.faulted().strict)));
  CHECK(strict["ci95"][0] < strict["rate"]);
  CHECK(strict["ci95"][1] > strict["rate"]);
  CHECK(json["latency_ms"]["p50"].get<double>() == static_cast<double>(s.latency.p50) / 1e6);
  CHECK(json["latency_ms"]["too_few_samples_for"] == ordered_json::array({"p999"}));
  CHECK(json["timing"]["calls_per_second"] == 12'000);
  CHECK(json["timing"]["diagnosis_ns"]["classify"]["n"] == 3'000);
  CHECK(json["fingerprint"] == FingerprintText(s.fingerprint));
  CHECK(json["tokens"]["total"] == 3'000 * 150);
  CHECK(json["other_requests"].size() == kRequestKindCount - 1);
  CHECK_FALSE(json["by_fault"].contains("slow"));
  int64_t confused = 0;
  for (const auto& row : json["diagnosis"]["confusion"]) {
    for (const auto& cell : row) confused += cell.get<int64_t>();
  }
  CHECK(confused == s.diagnosis.attempts);
}

TEST_CASE("doubles read back as the same value") {
  RunResult result = SampleResult(4, 10);
  result.summary.cost_usd = 0.1 + 0.2;
  CHECK(ordered_json::parse(ToJson(result))["cost"]["usd"].get<double>() == 0.1 + 0.2);
}

// Two replications of 1,000 s: 10 requests a second, those offered in [100 s, 140 s) unanswered.
RunResult WithOutage() {
  Metrics merged(SampleFaultNames());
  for (int replication = 0; replication < 2; ++replication) {
    Metrics one(SampleFaultNames());
    one.SetTrigger({kStart + 100s, kStart + 120s});
    for (uint64_t i = 0; i < 10'000; ++i) {
      Outcome outcome = Healthy(i, kStart + static_cast<int64_t>(i) * 100ms);
      outcome.ok = i < 1'000 || i >= 1'400;
      one.Add(outcome);
    }
    merged.Merge(one);
  }
  RunResult result = SampleResult(1, 0);
  result.replications = 2;
  result.summary = merged.Summarize();
  return result;
}

TEST_CASE("the series adds up all replications in at most 240 windows, a list to a line") {
  const std::string text = ToJson(WithOutage());
  const ordered_json json = ordered_json::parse(text);
  const auto& goodput = json["goodput"];
  CHECK(goodput["window_s"] == 5);
  CHECK(goodput["offered"].size() == 201);  // the last one answers of the 1,000th second
  CHECK(goodput["offered"][0] == 100);
  CHECK(goodput["good"][20].get<int>() <= 2);  // that came in from before
  CHECK(goodput["good"][25] == 0);
  CHECK(goodput["good"][30] == 100);
  CHECK(goodput["attempts"][25] == 100);
  CHECK(text.find("\"offered\": [100, 100, ") != std::string::npos);
  for (const char* key : {"offered", "attempts"}) {
    int64_t sum = 0;
    for (const auto& count : goodput[key]) sum += count.get<int64_t>();
    CHECK(sum == 20'000);
  }
}

TEST_CASE("the recovery time counts from the end of the trigger, and null is none") {
  const ordered_json json = ordered_json::parse(ToJson(WithOutage()));
  CHECK(json["recovery_time_s"] == 20);
  CHECK(json["after_trigger"]["trigger_end_s"] == 120);
  CHECK(json["after_trigger"]["replications"] == 2);
  CHECK(json["after_trigger"]["worst_s"] == 20);
  CHECK(json["after_trigger"]["stayed_down"]["count"] == 0);
  CHECK(ordered_json::parse(ToJson(SampleResult(1, 100)))["recovery_time_s"].is_null());
  CHECK(ordered_json::parse(ToJson(SampleResult(1, 100)))["after_trigger"].is_null());
}

TEST_CASE("brackets inside texts of a list do no harm") {
  RunResult result = SampleResult(1, 5);
  result.overrides = {"/climate=[", "/a={", "]"};
  const ordered_json json = ordered_json::parse(ToJson(result));
  CHECK(json["overrides"] == ordered_json(result.overrides));
}

TEST_CASE("text that is not UTF-8 does not break a result") {
  RunResult result = SampleResult(4, 10);
  result.scenario = "caf\xe9";
  CHECK(ordered_json::parse(ToJson(result))["scenario"] == "caf\xef\xbf\xbd");
}

TEST_CASE("the interval between replications appears from five of them on") {
  for (const int replications : {1, 4, 5}) {
    Metrics all(testing::SampleFaultNames());
    for (int r = 0; r < replications; ++r) {
      Metrics one(testing::SampleFaultNames());
      for (uint64_t i = 0; i < 50; ++i) one.Add(testing::Drawn(i, static_cast<uint64_t>(r)));
      all.Merge(one);
    }
    RunResult result;
    result.summary = all.Summarize();
    const ordered_json json = ordered_json::parse(ToJson(result));
    CHECK(json["recovered"]["strict"]["ci95_between_replications"].is_null() ==
          (replications < kMinClusters));
  }
}

}  // namespace
}  // namespace squall::result_test

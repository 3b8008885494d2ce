// What is reported of an episode: phases around it, exposure before and after the trip, and who
// noticed. By hand-made outcomes.
#include "reports/detection.h"
#include "reports/exposure.h"
#include "reports/metrics.h"
#include "reports/trigger_phases.h"
#include "tests/catch.h"

namespace squall::trigger_sections_test {
namespace {

constexpr int kHang = 3;
constexpr TriggerWindow kTrigger{kStart + 100s, kStart + 200s};

AttemptOutcome Attempt(Duration from, Duration to, int episode, int fault = kHang) {
  AttemptOutcome attempt;
  attempt.fault = episode < 0 ? -1 : fault;
  attempt.episode = episode;
  attempt.truth = episode < 0 ? FailureClass::kOk : FailureClass::kTimeout;
  attempt.diagnosed = attempt.truth;
  attempt.rule = episode < 0 ? "" : "transport.timeout";
  attempt.strategy = "first";
  attempt.started = kStart + from;
  attempt.ended = kStart + to;
  return attempt;
}

Outcome Request(Duration at, Duration ended, bool ok, std::vector<AttemptOutcome> attempts) {
  Outcome outcome;
  outcome.started = kStart + at;
  outcome.ended = kStart + ended;
  outcome.in_time = outcome.body = true;
  outcome.ok = outcome.right = ok;
  outcome.cost_usd = 1;
  outcome.attempts.assign(attempts.begin(), attempts.end());
  return outcome;
}

TEST_CASE(
    "exposure: what ended by the trip made it, what is under way hangs, what comes is spared") {
  Exposure exposure;
  exposure.Begin(kTrigger, kHang);
  exposure.Add(Request(90s, 91s, true, {Attempt(90s, 91s, -1)}));      // before
  exposure.Add(Request(101s, 131s, false, {Attempt(101s, 131s, 0)}));  // seen
  exposure.OnOpen(kStart + 131s);
  exposure.OnOpen(kStart + 150s);                                      // a later one does not count
  exposure.Add(Request(110s, 140s, false, {Attempt(110s, 140s, 0)}));  // out already
  exposure.Add(Request(132s, 132s, false, {}));                        // fails fast
  exposure.Add(Request(133s, 134s, true, {Attempt(133s, 134s, -1)}));  // fallback
  exposure.Add(Request(145s, 175s, false, {Attempt(145s, 175s, 0)}));  // probe
  exposure.Add(Request(201s, 201s, false, {}));                        // after all is over
  const auto summary = exposure.Summarize();
  REQUIRE(summary.has_value());
  CHECK(summary->trip_s.value_or(0) == Approx(31));
  CHECK(summary->struck == 3);
  CHECK(summary->failed_before_trip == 1);
  CHECK(summary->hanging == 1);
  CHECK(summary->probes == 1);
  CHECK(summary->hung.n == 3);
  CHECK(summary->fast_fail.n == 1);
  CHECK(summary->fallback.n == 1);
}

TEST_CASE(
    "exposure: without a trip all that was struck failed before it, and replications add up") {
  Exposure sum;
  for (int replication = 0; replication < 2; ++replication) {
    Exposure exposure;
    exposure.Begin(kTrigger, kHang);
    exposure.Add(Request(101s, 131s, false, {Attempt(101s, 131s, 0)}));
    if (replication == 1) exposure.OnOpen(kStart + 140s);
    sum.Merge(exposure);
  }
  const auto summary = sum.Summarize();
  REQUIRE(summary.has_value());
  CHECK(summary->struck == 2);
  CHECK(summary->failed_before_trip == 2);
  CHECK(summary->trips == 1);
  CHECK(summary->trip_s.value_or(0) == Approx(40));
  CHECK_FALSE(Exposure().Summarize().has_value());
}

TEST_CASE("phases: requests belong to the time of their arrival") {
  TriggerPhases phases;
  phases.Add(kTrigger, Request(99s, 120s, true, {Attempt(99s, 120s, -1)}));
  phases.Add(kTrigger, Request(100s, 101s, false, {}));
  phases.Add(kTrigger, Request(200s, 201s, true, {Attempt(200s, 201s, -1)}));
  TriggerPhases twice;
  twice.Merge(phases);
  twice.Merge(phases);
  const auto summary = twice.Summarize();
  for (const PhaseSummary& phase : summary) CHECK(phase.requests == 2);
  CHECK(summary[0].strict == 2);
  CHECK(summary[1].strict == 0);
  CHECK(summary[1].attempts == 0);
  CHECK(summary[2].cost_usd == 2);
  CHECK(summary[0].latency.n == 2);
}

TEST_CASE("detection: the first and the tenth hit that a rule names, and what was passed on") {
  Detection detection;
  detection.Begin({{"quiet", kStart + 10s}, {"loud", kStart + 100s}});
  AttemptOutcome unseen = Attempt(20s, 21s, 0);
  unseen.diagnosed = FailureClass::kOk;
  detection.Add(Request(20s, 21s, true, {unseen}));
  for (int i = 0; i < 12; ++i) {
    detection.Add(
        Request(100s + i * 1s, 101s + i * 1s, false, {Attempt(100s + i * 1s, 101s + i * 1s, 1)}));
  }
  AttemptOutcome alarm = Attempt(300s, 301s, -1);
  alarm.diagnosed = FailureClass::kSemantic;
  alarm.rule = "judge.wrong";
  detection.Add(Request(300s, 301s, false, {alarm}));
  const DetectionSummary summary = detection.Summarize();
  REQUIRE(summary.episodes.size() == 2);
  CHECK(summary.episodes[0].undetected == 1);
  CHECK(summary.episodes[0].passed_on == 0);  // the answer was another attempt's
  CHECK(summary.episodes[0].detectors.empty());
  const EpisodeSummary& loud = summary.episodes[1];
  CHECK(loud.hits == 12);
  REQUIRE(loud.detectors.size() == 1);
  CHECK(loud.detectors[0].rule == "transport.timeout");
  CHECK(loud.detectors[0].detections == 12);
  CHECK(loud.detectors[0].first_s.value_or(0) == Approx(1));
  CHECK(loud.detectors[0].tenth_s.value_or(0) == Approx(10));
  CHECK(loud.detectors[0].hits_before == 0.0);
  CHECK(summary.healthy == 1);
  REQUIRE(summary.false_alarms.size() == 1);
  CHECK(summary.false_alarms[0] == std::pair<std::string, int64_t>("judge.wrong", 1));
}

TEST_CASE("detection: over replications the times are medians, and counts add up") {
  Detection sum;
  for (const int late : {5, 1, 3}) {
    Detection detection;
    detection.Begin({{"row", kStart}});
    AttemptOutcome unseen = Attempt(0s, 0s, 0);
    unseen.diagnosed = FailureClass::kOk;
    for (int i = 0; i < late; ++i) detection.Add(Request(0s, 1s, true, {unseen}));
    detection.Add(Request(1s, late * 1s, false, {Attempt(1s, late * 1s, 0)}));
    sum.Merge(detection);
  }
  const DetectionSummary summary = sum.Summarize();
  REQUIRE(summary.episodes.size() == 1);
  CHECK(summary.episodes[0].hits == 5 + 1 + 3 + 3);
  REQUIRE(summary.episodes[0].detectors.size() == 1);
  const DetectorSummary& detector = summary.episodes[0].detectors[0];
  CHECK(detector.replications == 3);
  CHECK(detector.first_s.value_or(0) == Approx(3));
  CHECK(detector.hits_before == 3.0);
  CHECK_FALSE(detector.tenth_s.has_value());
}

TEST_CASE("metrics: two results under one key are no strict success") {
  Metrics metrics({"a", "b", "c", "timeout"});
  Outcome outcome = Request(0s, 1s, true, {Attempt(0s, 1s, -1)});
  outcome.results = 2;
  outcome.submissions = 2;
  outcome.executions = 3;
  metrics.Add(outcome);
  const Summary summary = metrics.Summarize();
  CHECK(summary.all.strict == 0);
  CHECK(summary.all.lenient == 1);
  CHECK(summary.duplicates == Duplicates{1, 1, 2, 1});
}

}  // namespace
}  // namespace squall::trigger_sections_test

#include "reports/metrics.h"

#include <string_view>
#include <vector>

#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::metrics_test {
namespace {

using testing::Drawn;
using testing::Healthy;
using testing::Retried;
using testing::SampleFaultNames;

Metrics Of(const std::vector<Outcome>& outcomes) {
  Metrics metrics(SampleFaultNames());
  for (const Outcome& outcome : outcomes) metrics.Add(outcome);
  return metrics;
}

Metrics DrawnRun(uint64_t seed, uint64_t requests) {
  Metrics metrics(SampleFaultNames());
  for (uint64_t i = 0; i < requests; ++i) metrics.Add(Drawn(i, seed));
  return metrics;
}

void CheckPartition(const Tally& t) {
  CHECK(t.strict + t.false_recovery() + t.abstained + t.late == t.n);
  CHECK(t.strict <= t.lenient);
  CHECK(t.silent_escape <= t.n);
}

TEST_CASE("every request ends in exactly one way and belongs to exactly one kind") {
  const Summary s = DrawnRun(1, 5'000).Summarize();
  Tally sum;
  for (const Tally& tally : s.by_kind) {
    CHECK(tally.n > 0);
    CheckPartition(tally);
    sum.Merge(tally);
  }
  CHECK(sum == s.all);
  CHECK(s.requests == 5'000);
  Tally faults;
  for (const FaultSummary& fault : s.by_fault) {
    CheckPartition(fault.tally);
    faults.Merge(fault.tally);
  }
  CHECK(faults == s.faulted());
  int64_t requests = 0;
  int64_t attempts = 0;
  for (size_t k = 0; k < s.attempts_per_request.size(); ++k) {
    requests += s.attempts_per_request[k];
    attempts += static_cast<int64_t>(k) * s.attempts_per_request[k];
  }
  CHECK(requests == s.requests);
  CHECK(attempts == s.amplification.attempts);
  int64_t recovered = 0;
  for (const auto& [strategy, count] : s.recovered_by) recovered += count;
  CHECK(recovered == s.faulted().strict);
}

TEST_CASE("what the caller holds in time decides how a faulted request ended") {
  struct Row {
    std::string_view claim;
    bool in_time, ok, body, right;
    int strict, lenient, abstained, late;
  };
  const Row rows[] = {
      {"a right answer in time is recovered", true, true, true, true, 1, 1, 0, 0},
      {"a wrong answer in time is a false recovery", true, true, true, false, 0, 1, 0, 0},
      {"told that it failed, the caller holds nothing", true, false, true, true, 0, 0, 1, 0},
      {"a loud failure is an abstention", true, false, false, false, 0, 0, 1, 0},
      {"a right answer after the deadline is late", false, true, true, true, 0, 0, 0, 1},
      {"a failure after the deadline is late", false, false, false, false, 0, 0, 0, 1},
      {"a success without a body is neither", true, true, false, false, 0, 0, 0, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.claim);
    Outcome outcome = Retried(0, kStart);
    outcome.in_time = row.in_time;
    outcome.ok = row.ok;
    outcome.body = row.body;
    outcome.right = row.right;
    const Tally t = Of({outcome}).Summarize().faulted();
    CHECK(t.n == 1);
    CHECK(t.strict == row.strict);
    CHECK(t.lenient == row.lenient);
    CHECK(t.abstained == row.abstained);
    CHECK(t.late == row.late);
  }
}

TEST_CASE("a silent escape is a success on the faulted first attempt alone") {
  Outcome escape = Healthy(0, kStart);
  escape.attempts[0].fault = 1;
  escape.right = false;
  CHECK(Of({escape}).Summarize().faulted().silent_escape == 1);
  escape.ok = false;  // noticed
  CHECK(Of({escape}).Summarize().faulted().silent_escape == 0);
  CHECK(Of({Retried(0, kStart)}).Summarize().faulted().silent_escape == 0);
}

TEST_CASE("a recovery is the strategy's that brought the answer, whoever was asked after it") {
  Outcome mended = Healthy(0, kStart);
  mended.attempts[0].fault = 1;
  mended.answered_by = "repair";
  Outcome judged = Retried(1, kStart);
  judged.attempts.push_back(judged.attempts[1]);
  judged.attempts[2].strategy = "judge";
  Outcome confirmed = Healthy(2, kStart);  // of what the fault made
  confirmed.attempts[0].fault = 1;
  confirmed.right = false;
  confirmed.attempts.push_back(judged.attempts[2]);
  const Summary s = Of({mended, judged, confirmed}).Summarize();
  CHECK(s.recovered_by ==
        std::vector<std::pair<std::string, int64_t>>{{"repair", 1}, {"retry", 1}});
  CHECK(s.faulted().strict == 2);
  CHECK(s.faulted().silent_escape == 1);
}

TEST_CASE("load, impairments and the model's own errors stay out of the recovery denominator") {
  Outcome slow = Healthy(0, kStart);
  slow.attempts[0].fault = 2;
  slow.attempts[0].impairment = true;
  Outcome by_load = Healthy(1, kStart);
  by_load.attempts[0].by_load = true;
  Outcome wrong = Healthy(2, kStart);
  wrong.wrong_by_model = true;
  wrong.right = false;
  Outcome unsent = Healthy(3, kStart);
  unsent.attempts.clear();
  const Summary s = Of({slow, by_load, wrong, unsent, Healthy(4, kStart)}).Summarize();
  CHECK(s.faulted().n == 0);
  CHECK(s.of(RequestKind::kSlow).strict == 1);
  CHECK(s.of(RequestKind::kByLoad).n == 1);
  CHECK(s.of(RequestKind::kModelError).false_recovery() == 1);
  CHECK(s.of(RequestKind::kUnsent).n == 1);
  CHECK(s.of(RequestKind::kHealthy).strict == 1);
  CHECK(s.by_fault[2].first_attempts == 1);
  CHECK(s.by_fault[2].tally.n == 0);
  CHECK(s.diagnosis.attempts == 0);
}

TEST_CASE("the ceiling is over faulted requests of which it is known, and efficiency follows") {
  std::vector<Outcome> outcomes;
  for (uint64_t i = 0; i < 10; ++i) {
    outcomes.push_back(Retried(i, kStart));
    outcomes.back().ceiling = i < 8 ? 1 : 0;
    outcomes.back().right = i < 6;
  }
  const Tally t = Of(outcomes).Summarize().faulted();
  CHECK(*t.ceiling() == Approx(0.8));
  CHECK(*t.efficiency() == Approx(0.75));
  for (Outcome& outcome : outcomes) outcome.ceiling = -1;
  CHECK_FALSE(Of(outcomes).Summarize().faulted().ceiling());
  CHECK_FALSE(Of(outcomes).Summarize().faulted().efficiency());
}

TEST_CASE("diagnosis is judged on every faulted attempt, against the truth of that attempt") {
  Outcome outcome = Retried(0, kStart);
  outcome.attempts[0].diagnosed = FailureClass::kConnection;  // wrong class,
  outcome.attempts[0].truth_retry = RetryDecision::kSameProviderNow;
  outcome.attempts[0].diagnosed_retry = RetryDecision::kSameProviderNow;  // right decision
  outcome.attempts[1].fault = 1;
  outcome.attempts[1].truth = outcome.attempts[1].diagnosed = FailureClass::kMalformedResponse;
  outcome.attempts[1].truth_retry = RetryDecision::kOtherProviderOnly;
  Outcome alarmed = Healthy(1, kStart);
  alarmed.attempts[0].diagnosed = FailureClass::kServerError;
  const Summary s = Of({outcome, alarmed}).Summarize();
  CHECK(s.diagnosis == DiagnosisScore{.attempts = 2, .class_right = 1, .retry_right = 1});
  const auto cell = [&](FailureClass truth, FailureClass said) {
    return s.confusion[static_cast<size_t>(truth)][static_cast<size_t>(said)];
  };
  CHECK(cell(FailureClass::kTimeout, FailureClass::kConnection) == 1);
  CHECK(cell(FailureClass::kMalformedResponse, FailureClass::kMalformedResponse) == 1);
  CHECK(cell(FailureClass::kOk, FailureClass::kServerError) == 0);
  CHECK(s.healthy_attempts == 1);
  CHECK(s.false_alarms == 1);
}

TEST_CASE("latency runs from the intended arrival, tokens and cost over all attempts") {
  Outcome outcome = Retried(0, kStart + 5s);
  outcome.attempts[0].started = kStart + 6s;  // queued for a second first
  outcome.prompt_tokens = 240;
  outcome.completion_tokens = 60;
  outcome.cost_usd = 0.5;
  const Summary s = Of({outcome, Healthy(1, kStart)}).Summarize();
  CHECK(s.latency.max == 1'100'000'000);
  CHECK(s.latency.n == 2);
  CHECK(s.latency_recovered.n == 1);
  CHECK(s.prompt_tokens == 240);
  CHECK(s.completion_tokens == 60);
  CHECK(s.cost_usd == 0.5);
  CHECK(*s.amplification.mean == Approx(1.5));
  CHECK(s.recovered_by == std::vector<std::pair<std::string, int64_t>>{{"retry", 1}});
  CHECK(s.span_s == Approx(6.1));
}

TEST_CASE("many small costs add up without drift") {
  std::vector<Outcome> outcomes(100'000, Healthy(0, kStart));
  for (Outcome& outcome : outcomes) outcome.cost_usd = 0.0012;
  CHECK(Of(outcomes).Summarize().cost_usd == Approx(120).epsilon(1e-15));
}

TEST_CASE("merged replications add up to what one pass over all of them counts") {
  Metrics merged(SampleFaultNames());
  Metrics single(SampleFaultNames());
  for (uint64_t seed = 0; seed < 4; ++seed) {
    merged.Merge(DrawnRun(seed, 500));
    for (uint64_t i = 0; i < 500; ++i) single.Add(Drawn(i, seed));
  }
  const Summary a = merged.Summarize();
  const Summary b = single.Summarize();
  CHECK(a.by_kind == b.by_kind);
  CHECK(a.all == b.all);
  CHECK(a.by_fault == b.by_fault);
  CHECK(a.latency == b.latency);
  CHECK(a.latency_success == b.latency_success);
  CHECK(a.latency_recovered == b.latency_recovered);
  CHECK(a.diagnosis == b.diagnosis);
  CHECK(a.confusion == b.confusion);
  CHECK(a.recovered_by == b.recovered_by);
  CHECK(a.attempts_per_request == b.attempts_per_request);
  CHECK(a.amplification.attempts == b.amplification.attempts);
  CHECK(a.prompt_tokens == b.prompt_tokens);
  CHECK(a.cost_usd == Approx(b.cost_usd).epsilon(1e-12));
  CHECK(a.healthy_attempts == b.healthy_attempts);
  CHECK(a.false_alarms == b.false_alarms);
  CHECK(a.replications.size() == 4);
  CHECK(merged.first_faults().size() == 2000);
}

TEST_CASE("merging into nothing copies, and merging nothing changes nothing") {
  const Metrics run = DrawnRun(3, 300);
  Metrics merged(SampleFaultNames());
  merged.Merge(run);
  merged.Merge(Metrics(SampleFaultNames()));
  CHECK(merged.fingerprint() == run.fingerprint());
  const Summary a = merged.Summarize();
  const Summary b = run.Summarize();
  CHECK(a.amplification == b.amplification);
  CHECK(a.span_s == b.span_s);
  CHECK(a.cost_usd == b.cost_usd);
  REQUIRE(a.replications.size() == 1);
  CHECK(a.replications[0].n == b.faulted().n);
  CHECK(a.replications[0].successes == b.faulted().strict);
}

TEST_CASE("replications add spans, and the worst window is the worst of any of them") {
  const auto run = [](int attempts_each) {
    Metrics metrics(SampleFaultNames());
    for (uint64_t i = 0; i < 30; ++i) {
      Outcome outcome = Healthy(i, kStart + static_cast<int64_t>(i) * 100ms);
      while (static_cast<int>(outcome.attempts.size()) < attempts_each) {
        outcome.attempts.push_back(outcome.attempts[0]);
      }
      metrics.Add(outcome);
    }
    return metrics;
  };
  Metrics merged = run(1);
  merged.Merge(run(3));
  merged.Merge(run(2));
  const Summary s = merged.Summarize();
  CHECK(*s.amplification.worst_1s == Approx(3));
  CHECK(*s.amplification.worst_10s == Approx(3));
  CHECK(*s.amplification.mean == Approx(2));
  CHECK(s.span_s == Approx(9));
  CHECK(*s.goodput_per_s() == Approx(10));
}

TEST_CASE("a fingerprint tells any difference in what happened and in the order of replications") {
  const uint64_t base = DrawnRun(1, 200).fingerprint();
  CHECK(DrawnRun(1, 200).fingerprint() == base);
  CHECK(DrawnRun(2, 200).fingerprint() != base);
  CHECK(DrawnRun(1, 199).fingerprint() != base);

  Outcome outcome = Retried(0, kStart);
  const uint64_t one = Of({outcome}).fingerprint();
  outcome.attempts[1].started += 1ns;
  CHECK(Of({outcome}).fingerprint() != one);

  Metrics forward = DrawnRun(1, 200);
  forward.Merge(DrawnRun(2, 200));
  Metrics backward = DrawnRun(2, 200);
  backward.Merge(DrawnRun(1, 200));
  CHECK(forward.fingerprint() != backward.fingerprint());
  CHECK(FingerprintText(0xab).size() == 16);
  CHECK(FingerprintText(0xab) == "00000000000000ab");
}

TEST_CASE("two runs can show that they met the same faults, whatever else differed") {
  const Metrics a = DrawnRun(1, 400);
  CHECK(*ShareDiffering(a.first_faults(), a.first_faults()) == 0);
  CHECK(*ShareDiffering(a.first_faults(), DrawnRun(2, 400).first_faults()) > 0.3);

  Outcome faulted = Retried(1, kStart);
  Outcome unsent = Healthy(2, kStart);
  unsent.attempts.clear();
  const Metrics x = Of({Healthy(0, kStart), faulted, unsent, Healthy(3, kStart)});
  const Metrics y = Of({Healthy(0, kStart), Healthy(1, kStart), Healthy(2, kStart)});
  const std::vector<uint8_t> expected = {0, 1, Metrics::kNoFirstAttempt, 0};
  CHECK(std::vector<uint8_t>(x.first_faults().begin(), x.first_faults().end()) == expected);
  CHECK(*ShareDiffering(x.first_faults(), y.first_faults()) == Approx(0.5));
  CHECK_FALSE(ShareDiffering({}, y.first_faults()));
}

TEST_CASE("obedience adds up over replications") {
  Metrics first = DrawnRun(1, 10);
  Metrics second = DrawnRun(2, 10);
  first.OnObedience({5, 2, 1});
  second.OnObedience({30, 0, 7});
  first.Merge(second);
  CHECK(first.Summarize().obedience == Obedience{35, 2, 8});
}

TEST_CASE("requests may end in any order") {
  const Metrics metrics = Of({Retried(2, kStart), Healthy(0, kStart), Healthy(1, kStart)});
  const std::vector<uint8_t> expected = {0, 0, 1};
  CHECK(std::vector<uint8_t>(metrics.first_faults().begin(), metrics.first_faults().end()) ==
        expected);
}

TEST_CASE("phases are timed apart, and the clock's own cost is measured") {
  Metrics metrics(SampleFaultNames());
  metrics.OnPhase(Phase::kClassify, 100);
  metrics.OnPhase(Phase::kParse, 2000);
  const Summary s = metrics.Summarize();
  CHECK(s.phases[static_cast<size_t>(Phase::kClassify)].p50 == 100);
  CHECK(s.phases[static_cast<size_t>(Phase::kParse)].max == 2000);
  CHECK(s.phases[static_cast<size_t>(Phase::kDecide)].n == 0);
  CHECK(MeasureTimerOverheadNs() >= 0);
  CHECK(MeasureTimerOverheadNs() < 100'000);
}

}  // namespace
}  // namespace squall::metrics_test

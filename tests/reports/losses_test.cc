#include "reports/losses.h"

#include "reports/summary.h"
#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::losses_test {
namespace {

using testing::Retried;

// Retried's second attempt brought a wrong answer, by this fault if any.
Outcome Wrong(int fault, bool hidden, bool impairment = false) {
  Outcome outcome = Retried(7, kStart);
  outcome.right = false;
  outcome.attempts[1].fault = fault;
  outcome.attempts[1].hidden = hidden;
  outcome.attempts[1].impairment = impairment;
  return outcome;
}

TEST_CASE("losses: a wrong answer is told apart by what was done to the attempt that brought it") {
  CHECK(ReasonOf(Wrong(-1, false)) == "model_error");
  CHECK(ReasonOf(Wrong(2, false, true)) == "model_error");  // slow, and by itself wrong
  CHECK(ReasonOf(Wrong(1, true)) == "hidden_fault");
  CHECK(ReasonOf(Wrong(1, false)) == "missed_fault");
  // What the first attempt brought was given, whoever else was asked about it.
  Outcome first = Wrong(1, true);
  first.answered_by = first.attempts[0].strategy;
  first.attempts[0].diagnosed = FailureClass::kOk;
  CHECK(ReasonOf(first) == "missed_fault");
}

TEST_CASE("losses: a call without an answer is lost by the engine's own reason to stop") {
  Outcome outcome = Retried(7, kStart);
  outcome.ok = outcome.body = outcome.right = false;
  outcome.stop = "budget";
  CHECK(ReasonOf(outcome) == "budget");
  outcome.ok = outcome.body = outcome.right = true;
  outcome.in_time = false;
  CHECK(ReasonOf(outcome) == "late");
  outcome.body = false;
  CHECK(ReasonOf(outcome) == "empty");
}

TEST_CASE("losses: only what a clairvoyant engine recovers can be lost, each once") {
  Metrics metrics(testing::SampleFaultNames());
  for (const int ceiling : {1, 0}) {
    for (const bool right : {true, false}) {
      Outcome outcome = right ? Retried(3, kStart) : Wrong(1, true);
      outcome.ceiling = ceiling;
      metrics.Add(outcome);
    }
  }
  Metrics twice(testing::SampleFaultNames());
  twice.Merge(metrics);
  twice.Merge(metrics);
  const Summary summary = twice.Summarize();
  CHECK(summary.losses.total() == 2);
  CHECK(summary.losses.count("hidden_fault") == 2);
  REQUIRE(summary.losses.MostFirst().size() == 1);
  CHECK(summary.losses.MostFirst()[0].example == 7);
  CHECK(summary.by_fault[0].losses == summary.losses);
  // All four began with a fault that can be seen, and two of them ended with one that cannot.
  CHECK(summary.visible.n == 8);
  CHECK(summary.visible.wrong == 4);
  CHECK(summary.visible.missed == 0);
}

TEST_CASE("losses: every reason that an engine gives has words") {
  for (const char* reason : {"budget", "provider_budget", "circuit_open", "no_plan", "committed"}) {
    CHECK(ReasonWords(reason) != reason);
  }
  CHECK(ReasonWords("usd_per_request") == "usd_per_request");
}

}  // namespace
}  // namespace squall::losses_test

// Limits, herds and hedges of the scenario library: what load of their own does to callers.
#include <cmath>

#include "tests/scenarios/library.h"

namespace squall::library_load_test {
namespace {

// A bucket grants at most its rate over the run and once its size: what a minute refills.
TEST_CASE("library: a retrieval pipeline is bound by tokens while requests are plenty",
          "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=270"};  // three minutes
  const Scenario scenario = LibraryScenario("tpm-rag", "none", sets);
  const Summary bare = RunVirtual(scenario, 1, RunHooks()).metrics.Summarize();
  const QuotaConfig& quota = scenario.providers[0].quota;
  const double minutes = bare.span_s / 60;
  CHECK(static_cast<double>(bare.requests) < static_cast<double>(quota.requests_per_min) * minutes);
  CHECK(bare.of(RequestKind::kByLoad).n > bare.requests / 3);
  const double granted = static_cast<double>(quota.tokens_per_min) * (minutes + 1);
  CHECK(static_cast<double>(bare.prompt_tokens) <= granted);  // refused prompts are not billed

  const Summary small =
      SummaryOf("tpm-rag", "none", {"/workload/requests=270", "/workload/prompt_tokens=1000"});
  CHECK(small.of(RequestKind::kByLoad).n == 0);
}

TEST_CASE("library: naive retries of refused prompts answer no more of them", "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=270"};
  const Summary bare = SummaryOf("tpm-rag", "none", sets);
  const Summary naive = SummaryOf("tpm-rag", "naive_retry", sets);
  CHECK(*naive.amplification.mean > 1.5);
  // One prompt is an eightieth of what the bucket holds beside the refill: small change.
  CHECK(std::abs(static_cast<double>(naive.all.strict - bare.all.strict)) <
        0.1 * static_cast<double>(bare.all.strict));
}

TEST_CASE("library: five deployments under one regional cap grant what the cap grants",
          "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=990"};
  for (const std::string preset : {"none", "squall"}) {
    CAPTURE(preset);
    const Scenario scenario = LibraryScenario("azure-regional-cap", preset, sets);
    const Summary summary = RunVirtual(scenario, 1, RunHooks()).metrics.Summarize();
    const auto cap = static_cast<double>(scenario.providers[0].quota.region_tokens_per_min);
    const double granted = cap * (summary.span_s / 60 + 1);
    const auto used = static_cast<double>(summary.prompt_tokens);
    CHECK(used <= granted);
    CHECK(used > 0.9 * granted);  // and all of that is used
  }
  // The sum of the deployments is 7.5 times the cap, and would have been enough for all.
  std::vector<std::string> apart = sets;
  for (int i = 0; i < 5; ++i) {
    const std::string quota = "/providers/" + std::to_string(i) + "/quota/";
    apart.push_back(quota + "region=");
    apart.push_back(quota + "region_tokens_per_min=0");
  }
  const Summary free = SummaryOf("azure-regional-cap", "squall", apart);
  CHECK(free.all.strict == free.requests);
}

TEST_CASE("library: hedging from the start doubles the tokens and takes away the hop",
          "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=1000"};
  const Summary sequential = SummaryOf("failover-or-hedge", "", sets);
  std::vector<std::string> hedged = sets;
  hedged.push_back(R"(/engine/hedge={"kind":"fixed","delay":"1us","minimum":"0s"})");
  const Summary parallel = SummaryOf("failover-or-hedge", "", hedged);
  // A hop after a hang costs the per-try timeout of 3 s, and only that.
  CHECK(sequential.latency.p99 > 3'000'000'000);
  CHECK(parallel.latency.p99 < 3'000'000'000);
  // Attempts, since a loser's tokens are billed: two for nearly every request.
  CHECK(*parallel.amplification.mean > 1.95);
  const double tokens = ShareOf(parallel.prompt_tokens, sequential.prompt_tokens);
  // Of two attempts each, some 5 % are refused at the first provider and not billed, while one
  // after the other a hang is billed and then the answer.
  CHECK(tokens > 1.7);
  CHECK(tokens < 2);
}

TEST_CASE("library: a herd that obeys an equal Retry-After keeps itself out", "[scenarios]") {
  // Each wave's refusals count, so that what the hint promised is used up when they are back.
  const Summary together = SummaryOf("herd-retry-after");
  CHECK(together.obedience.early_same_request == 0);
  CHECK(together.all.strict == 10);  // the first of all, which found room
  const Summary spread = SummaryOf("herd-retry-after", "", {"/engine/retry/retry_after_spread=10"});
  CHECK(spread.obedience.early_same_request == 0);
  CHECK(spread.all.strict > together.all.strict);
}

TEST_CASE(
    "library: jitter on an equal Retry-After serves a hundred clients in a third of the attempts",
    "[scenarios]") {
  const std::string free = "/providers/0/quota/charge_rejected=false";
  const Summary together = SummaryOf("herd-retry-after", "", {free});
  const Summary spread =
      SummaryOf("herd-retry-after", "", {free, "/engine/retry/retry_after_spread=10"});
  CHECK(together.all.strict < 50);  // one per wave, in 32 attempts
  CHECK(spread.all.strict == 100);
  CHECK(3 * spread.amplification.attempts < together.amplification.attempts);
}

// Over a few seeds full jitter needs half of the attempts or a little more: what is published about
// contention on a database row ("less than half") is not to be had at a full server.
TEST_CASE("library: jitter serves a hundred clients with fewer attempts and in less time",
          "[scenarios]") {
  const Summary step = SummaryOf("jitter-100-clients");
  for (const std::string kind : {"full", "equal", "decorrelated"}) {
    CAPTURE(kind);
    const Summary drawn =
        SummaryOf("jitter-100-clients", "", {"/engine/retry/backoff/kind=" + kind});
    CHECK(drawn.all.strict == drawn.requests);
    CHECK(ShareOf(drawn.amplification.attempts, step.amplification.attempts) < 0.75);
    CHECK(drawn.latency.max < step.latency.max / 3);
  }
}

TEST_CASE("library: clients of their own share neither circuits nor budgets", "[scenarios]") {
  // One engine learns of the outage from its first 20 calls; a hundred need 20 calls each.
  const std::vector<std::string> sets = {"/workload/requests=900", "/workload/sessions=100"};
  std::vector<std::string> many = sets;
  many.push_back("/workload/clients=100");
  CHECK(RunLibrary("outage", "self_healing", sets).breaker_transitions > 0);
  CHECK(RunLibrary("outage", "self_healing", many).breaker_transitions == 0);
}

}  // namespace
}  // namespace squall::library_load_test

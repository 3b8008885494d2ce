// The models give what published simulators and theory give: every row of data/published.tsv within
// |z| < 4 of standard errors of both sides, with the replications that the row states and the seed
// of its scenario. Of about 850 independent normal scores one is beyond 4 by chance with
// probability 5 %; seeds are fixed, so what has passed passes.
//
// Finagle's cap at 50 calls a second and fewer is checked with a window of 100 s: retries are
// whole, so that 0.4 of one is lost per window, and the cap does not depend on its length.
//
// Quantiles of batches are biased where batches are short: queues near saturation have long ones,
// and where a quantile is the hedge's own delay, at which the distribution has a kink, there is one
// batch.
//
// Not among the rows, of the reference this table was made from: Wilson, Clopper-Pearson and
// Jeffreys intervals, sample sizes and the rule of three (statistics, not models;
// reports/intervals_test.cc); the CTMC solutions of the retrial queue (the same figures as its
// closed form, twice); the budgets' closed forms at f = 0.0909 (the knee itself, where no bucket is
// large enough) and that of the failure share at f = b (where the excursions of the share decide,
// not its limit); the throttle's fixed point where K accepts = offered exactly (it is approached
// from one side only); breakers that need more than 200,000 calls on average, or trip with less
// than 1e-4, to trip once.
#include "tests/scenarios/models/published.h"

#include <cmath>
#include <set>
#include <string>

#include "tests/catch.h"

namespace squall::published_test {
namespace {

constexpr double kMaxScore = 4;

void CheckGroups(const std::set<std::string>& groups) {
  std::string last;
  ModelOutputs outputs;
  int64_t rows = 0;
  for (const PublishedRow& row : PublishedRows()) {
    if (!groups.contains(row.group)) continue;
    ++rows;
    std::string key = row.scenario;
    for (const std::string& set : row.sets) key += " " + set;
    if (key != last) outputs = RunRow(row);  // rows of one run stand together
    last = key;
    const Score score = ScoreOf(row, outputs);
    INFO(row.group << ": " << row.what << ": published " << row.published << ", ours " << score.ours
                   << ", z " << score.z << "; " << key);
    CHECK(std::abs(score.z) < kMaxScore);
  }
  CHECK(rows > 0);
}

using Groups = std::set<std::string>;
const Groups kAws = {"AWS backoff"};
const Groups kBrookerRetries = {"Brooker retries"};
const Groups kBrookerCollapse = {"Brooker collapse"};
const Groups kStorm = {"M/M/1 retry storm", "GC pause"};
const Groups kQueues = {"M/M/c",    "M/M/1",   "M/D/1",        "M/G/1 logn",
                        "M/G/1 H2", "M/M/1/K", "M/M/1 retrial"};
const Groups kRetries = {"retry", "retry depth"};
const Groups kBudgets = {"Budgets, 4,000,000 calls", "budget 10%", "budget conc", "budget Finagle"};
const Groups kHedges = {"hedge Exp(1)", "hedge logn", "fan-out", "order stat"};
const Groups kOthers = {"breaker", "jitter", "SRE throttle"};

TEST_CASE("models: AWS backoff contention is as published", "[models][long]") { CheckGroups(kAws); }

TEST_CASE("models: Brooker's retry strategies are as published", "[models][long]") {
  CheckGroups(kBrookerRetries);
}

TEST_CASE("models: Brooker's collapse is as published", "[models][long]") {
  CheckGroups(kBrookerCollapse);
}

TEST_CASE("models: the retry storm is as published", "[models][long]") { CheckGroups(kStorm); }

TEST_CASE("models: queues are those of theory", "[models][long]") { CheckGroups(kQueues); }

TEST_CASE("models: retries cost and save what theory says, in layers too", "[models][long]") {
  CheckGroups(kRetries);
}

TEST_CASE("models: budgets allow what their rules say", "[models][long]") { CheckGroups(kBudgets); }

TEST_CASE("models: hedging and fan-out are those of theory", "[models][long]") {
  CheckGroups(kHedges);
}

TEST_CASE("models: breakers, herds and throttles are those of theory", "[models][long]") {
  CheckGroups(kOthers);
}

TEST_CASE("models: no row of the table of published figures is left out", "[models][long]") {
  Groups all;
  for (const Groups& some : {kAws, kBrookerRetries, kBrookerCollapse, kStorm, kQueues, kRetries,
                             kBudgets, kHedges, kOthers}) {
    all.insert(some.begin(), some.end());
  }
  for (const PublishedRow& row : PublishedRows()) {
    CAPTURE(row.group, row.what);
    CHECK(all.contains(row.group));
  }
}

}  // namespace
}  // namespace squall::published_test

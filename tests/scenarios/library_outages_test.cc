// Outages of the scenario library: who is exposed before anybody knows, what failing over costs,
// and what no retry cures.
#include <cmath>

#include "tests/scenarios/library.h"

namespace squall::library_outages_test {
namespace {

constexpr const char* kNoBreaker = "/engine/breaker/enabled=false";
const std::vector<std::string> kShort = {"/workload/requests=1000"};  // to the end of the outage

std::vector<std::string> With(std::vector<std::string> sets, const std::string& more) {
  sets.push_back(more);
  return sets;
}

// One request every 0.6 s, each with a timeout of 30 s: the k-th failure is known 0.6 (k - 1) + 30
// s after the first of them was sent, and all that came by then are out.
TEST_CASE("library: ten failures cannot trip a circuit before sixty requests hang", "[scenarios]") {
  const Summary summary = SummaryOf("outage-5min", "", kShort);
  REQUIRE(summary.exposure.has_value());
  const ExposureSummary& exposure = *summary.exposure;
  REQUIRE(exposure.trip_s.has_value());
  CHECK(exposure.failed_before_trip >= 10);
  CHECK(exposure.failed_before_trip <= 15);  // as published ...
  const auto failed = static_cast<double>(exposure.failed_before_trip);
  CHECK(*exposure.trip_s >= 30 + 0.6 * (failed - 1));
  CHECK(*exposure.trip_s <= 30 + 0.6 * (failed + 1));
  const auto out = static_cast<double>(exposure.failed_before_trip + exposure.hanging);
  CHECK(std::abs(out - *exposure.trip_s / 0.6) <= 2);
  CHECK(out >= 59);
  // ... and the others are out already, so that 500 less these are spared, and not 485.
  const double spared = 500 - out - static_cast<double>(exposure.probes);
  CHECK(std::abs(static_cast<double>(exposure.fallback.n) - spared) <= 2);
  CHECK(exposure.fallback.p50 > 100'000'000);  // the latency that the fallback is given: 200 ms
  CHECK(exposure.fallback.p50 < 300'000'000);
  CHECK(exposure.fast_fail.n == 0);
}

TEST_CASE("library: without a breaker every request of the outage hangs for its timeout",
          "[scenarios]") {
  const Summary summary = SummaryOf("outage-5min", "", With(kShort, kNoBreaker));
  REQUIRE(summary.exposure.has_value());
  CHECK(summary.exposure->trips == 0);
  CHECK(summary.exposure->requests_struck == 500);
  CHECK(summary.exposure->hung.n == 500);
  CHECK(summary.exposure->hung.p50 >= 29'000'000'000);  // to the resolution of the histogram
}

TEST_CASE("library: with nowhere else to go a circuit makes requests fail at once", "[scenarios]") {
  const Summary summary = SummaryOf("outage-5min-no-fallback", "", kShort);
  REQUIRE(summary.exposure.has_value());
  const ExposureSummary& exposure = *summary.exposure;
  CHECK(exposure.failed_before_trip + exposure.hanging <= 65);
  CHECK(exposure.fast_fail.n >= 400);
  CHECK(exposure.fast_fail.max < 10'000'000);  // 10 ms
}

// What a request costs at each provider follows from its prices and tokens; the tolerance is that
// of the mean of a lognormal mix, 5 % at 400 requests.
TEST_CASE("library: ten hours of failover cost the ratio of the prices and nothing else",
          "[scenarios]") {
  // Three hours of the healthy and of the dear provider.
  const std::vector<std::string> sets = {"/workload/requests=1600", "/climate/0/from=1h",
                                         "/workload/arrivals/rate_per_s=0.2"};
  const Scenario scenario = LibraryScenario("cost-spike", "self_healing", sets);
  const Summary summary = RunVirtual(scenario, 1, RunHooks()).metrics.Summarize();
  REQUIRE(summary.phases_of_trigger.has_value());
  const PhaseSummary& before = (*summary.phases_of_trigger)[0];
  const PhaseSummary& during = (*summary.phases_of_trigger)[1];
  REQUIRE(before.requests > 400);
  REQUIRE(during.requests > 400);
  const auto price = [&](size_t provider) {
    const ModelConfig& model = scenario.providers[provider].models[0];
    return static_cast<double>(scenario.workload.prompt_tokens) * model.usd_per_mtok_in +
           static_cast<double>(scenario.workload.answer_tokens) * model.usd_per_mtok_out;
  };
  const double spike = during.cost_usd / static_cast<double>(during.requests) /
                       (before.cost_usd / static_cast<double>(before.requests));
  CHECK(spike == Approx(price(1) / price(0)).epsilon(0.05));
  CHECK(during.strict == during.requests);
}

TEST_CASE("library: nothing that is refused for its key or model is recovered by retrying it",
          "[scenarios]") {
  for (const std::string name : {"key-expiry", "retired-model"}) {
    CAPTURE(name);
    // A rate of 1/s: ten minutes are over after 600 requests.
    const std::vector<std::string> sets = {"/workload/requests=900",
                                           "/workload/arrivals/rate_per_s=1"};
    const Summary naive = SummaryOf(name, "naive_retry", sets);
    CHECK(naive.faulted().n > 200);
    CHECK(naive.faulted().strict == 0);
    CHECK(naive.amplification.attempts == naive.requests);  // and it does not even try
    const Summary ours = SummaryOf(name, "squall", sets);
    CHECK(ShareOf(ours.faulted().lenient, ours.faulted().n) > 0.95);
  }
}

TEST_CASE("library: a model is retired and its sibling is not", "[scenarios]") {
  // Degrading stays with the provider: the small model answers.
  const std::vector<std::string> sets = {
      "/workload/requests=900", "/workload/arrivals/rate_per_s=1",
      R"(/engine={"preset":"custom","ladder":["degrade"],"budget":{"enabled":false}})"};
  const Summary summary = SummaryOf("retired-model", "", sets);
  CHECK(summary.faulted().n > 200);
  CHECK(summary.faulted().lenient == summary.faulted().n);
}

TEST_CASE("library: half of a region fails, so half of the retries in it work", "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=900",
                                         "/workload/arrivals/rate_per_s=1"};
  const Summary bare = SummaryOf("half-region", "none", sets);
  const auto during = static_cast<double>((*bare.phases_of_trigger)[1].requests);
  // 99.9 % bound at n of some 720.
  CHECK(std::abs(static_cast<double>(bare.faulted().n) / during - 0.5) <
        3.3 * std::sqrt(0.25 / during));
  const Summary naive = SummaryOf("half-region", "naive_retry", sets);
  // Two more tosses of the coin: 3/4, less the models' own errors of 3 %.
  const auto n = static_cast<double>(naive.faulted().n);
  CHECK(std::abs(ShareOf(naive.faulted().lenient, naive.faulted().n) - 0.75) <
        3.3 * std::sqrt(0.1875 / n));
}

TEST_CASE("library: a flapping provider is down a third of the time", "[scenarios]") {
  // 30 stays are few: the share is that of their lengths, within 4 sigma over 120 cycles.
  const Summary summary =
      SummaryOf("flapping", "none", {"/workload/requests=3600", "/workload/arrivals/rate_per_s=1"});
  CHECK(std::abs(ShareOf(summary.faulted().n, summary.requests) - 1.0 / 3) < 0.12);
  CHECK(summary.faulted().strict == 0);
}

TEST_CASE("library: a brown-out faults nothing, and only a clock sees it", "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=900",
                                         "/workload/arrivals/rate_per_s=1"};
  const Summary bare = SummaryOf("brown-out", "none", sets);
  CHECK(bare.faulted().n == 0);
  const auto& phases = *bare.phases_of_trigger;
  CHECK(static_cast<double>(phases[1].latency.p50) >
        6 * static_cast<double>(phases[0].latency.p50));
  const Summary ours = SummaryOf("brown-out", "squall", sets);
  CHECK((*ours.phases_of_trigger)[1].latency.p50 < phases[1].latency.p50 / 2);
}

}  // namespace
}  // namespace squall::library_outages_test

#include "mock_providers/climate.h"

#include <cmath>

#include "mock_providers/faults.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::climate_test {
namespace {

const std::vector<std::string> kProviders = {"alpha", "beta", "gamma"};

ClimateConfig Row(ClimateKind kind) {
  ClimateConfig row;
  row.name = "weather";
  row.kind = kind;
  row.from = 1min;
  row.to = 3min;
  return row;
}

Climate Make(ClimateConfig row) { return Climate({std::move(row)}, kProviders, kTestSeed); }

Time At(Duration d) { return kStart + d; }

TEST_CASE("climate: an outage is active in its window, end excluded") {
  ClimateConfig row = Row(ClimateKind::kOutage);
  row.share = 0.7;
  const Climate climate = Make(row);
  CHECK(climate.ShareAt(0, At(1min) - 1ns) == 0);
  CHECK(climate.ShareAt(0, At(1min)) == 0.7);
  CHECK(climate.ShareAt(0, At(3min) - 1ns) == 0.7);
  CHECK(climate.ShareAt(0, At(3min)) == 0);
}

TEST_CASE("climate: a full outage hits every arrival at its providers with its fault") {
  ClimateConfig row = Row(ClimateKind::kOutage);
  row.providers = {"alpha", "gamma"};
  row.fault = "rate_limit";
  row.variants = {{"without_hint", 1}};
  const Climate climate = Make(row);
  for (uint64_t request = 0; request < 200; ++request) {
    const auto hit = climate.Hit(0, request, "", 0, At(2min));
    REQUIRE(hit.has_value());
    CHECK(hit->episode == 0);
    CHECK(hit->fault == FindFault("rate_limit"));
    CHECK(hit->variant == FindVariant(hit->fault, "without_hint"));
    CHECK(climate.Hit(2, request, "", 3, At(2min)).has_value());
    CHECK_FALSE(climate.Hit(1, request, "", 0, At(2min)).has_value());
    CHECK_FALSE(climate.Hit(0, request, "", 0, At(4min)).has_value());
  }
}

TEST_CASE("climate: no named providers means all") {
  const Climate climate = Make(Row(ClimateKind::kOutage));
  for (ProviderId id = 0; id < kProviders.size(); ++id) {
    CHECK(climate.Hit(id, 1, "", 0, At(2min)).has_value());
  }
}

TEST_CASE("climate: an outage of some models leaves their siblings alone") {
  ClimateConfig row = Row(ClimateKind::kOutage);
  row.models = {"large"};
  const Climate climate = Make(row);
  CHECK(climate.Hit(0, 1, "", 0, At(2min), "large").has_value());
  CHECK(climate.Hit(1, 1, "", 0, At(2min), "large").has_value());
  CHECK_FALSE(climate.Hit(0, 1, "", 0, At(2min), "small").has_value());
}

TEST_CASE("climate: a ramp goes from one share to the other in a straight line") {
  ClimateConfig row = Row(ClimateKind::kRamp);
  row.share = 0.008;
  row.share_end = 0.16;
  const Climate climate = Make(row);
  CHECK(climate.ShareAt(0, At(59s)) == 0);
  CHECK(climate.ShareAt(0, At(1min)) == Approx(0.008));
  CHECK(climate.ShareAt(0, At(2min)) == Approx(0.084));
  CHECK(climate.ShareAt(0, At(3min) - 1ns) == Approx(0.16));
  CHECK(climate.ShareAt(0, At(3min)) == 0);
}

TEST_CASE("climate: the share is what is hit, per attempt and independently of the provider") {
  ClimateConfig row = Row(ClimateKind::kOutage);
  row.share = 0.3;
  const Climate climate = Make(row);
  constexpr int64_t kTrials = 20'000;
  int64_t hits = 0;
  int64_t both = 0;
  int64_t twice = 0;
  for (uint64_t request = 0; request < kTrials; ++request) {
    const bool alpha = climate.Hit(0, request, "s", 0, At(2min)).has_value();
    hits += alpha;
    both += alpha && climate.Hit(1, request, "s", 0, At(2min)).has_value();
    twice += alpha && climate.Hit(0, request, "s", 1, At(2min)).has_value();
  }
  CHECK(SharePlausible(hits, kTrials, 0.3));
  CHECK(SharePlausible(both, kTrials, 0.09));
  CHECK(SharePlausible(twice, kTrials, 0.09));
}

TEST_CASE("climate: sticky requests are hit at every attempt and every provider, or never") {
  ClimateConfig row = Row(ClimateKind::kOutage);
  row.share = 0.3;
  row.sticky = Sticky::kRequest;
  const Climate climate = Make(row);
  int64_t hits = 0;
  for (uint64_t request = 0; request < 5'000; ++request) {
    const bool hit = climate.Hit(0, request, "", 0, At(2min)).has_value();
    hits += hit;
    for (const ProviderId id : {ProviderId{0}, ProviderId{1}}) {
      REQUIRE(climate.Hit(id, request, "x", 4, At(100s)).has_value() == hit);
    }
  }
  CHECK(SharePlausible(hits, 5'000, 0.3));
}

TEST_CASE("climate: sticky sessions are hit in all their requests, or in none") {
  ClimateConfig row = Row(ClimateKind::kOutage);
  row.share = 0.3;
  row.sticky = Sticky::kSession;
  const Climate climate = Make(row);
  int64_t hits = 0;
  for (int i = 0; i < 5'000; ++i) {
    const std::string session = "user-" + std::to_string(i);
    const bool hit = climate.Hit(0, 1, session, 0, At(2min)).has_value();
    hits += hit;
    for (uint64_t request = 2; request < 6; ++request) {
      REQUIRE(climate.Hit(0, request, session, 1, At(90s)).has_value() == hit);
    }
  }
  CHECK(SharePlausible(hits, 5'000, 0.3));
}

TEST_CASE("climate: who is stuck in a growing ramp stays stuck") {
  ClimateConfig row = Row(ClimateKind::kRamp);
  row.share = 0;
  row.share_end = 0.5;
  row.sticky = Sticky::kSession;
  const Climate climate = Make(row);
  for (int i = 0; i < 500; ++i) {
    const std::string session = "user-" + std::to_string(i);
    bool before = false;
    for (Duration t = 1min; t < 3min; t += 5s) {
      const bool hit = climate.Hit(0, 9, session, 0, At(t)).has_value();
      REQUIRE((hit || !before));
      before = hit;
    }
  }
}

ClimateConfig GilbertElliottRow() {
  ClimateConfig row = Row(ClimateKind::kGilbertElliott);
  row.mean_up = 60s;
  row.mean_degraded = 10s;
  row.mean_down = 5s;
  row.share = 1;
  row.degraded_share = 0.25;
  return row;
}

TEST_CASE("climate: Gilbert-Elliott spends its long-run shares in each state") {
  const Climate climate = Make(GilbertElliottRow());
  // A cycle is up + degraded + down + degraded: 85 s. Each stay is exponential, so over n cycles
  // the time in a state has the standard deviation sqrt(n) x mean (x sqrt 2 for degraded).
  constexpr double kCycles = 4000;
  const Duration horizon = FromSeconds(85 * kCycles);
  int64_t up = 0;
  int64_t degraded = 0;
  int64_t down = 0;
  for (Duration t = 0s; t < horizon; t += 500ms) {
    const double share = climate.ShareAt(0, At(t));
    up += share == 0;
    degraded += share == 0.25;
    down += share == 1;
  }
  const double ticks = static_cast<double>(up + degraded + down);
  const double root = std::sqrt(kCycles);
  CHECK(static_cast<double>(up) / ticks == Approx(60.0 / 85).margin(3.29 / root));
  CHECK(static_cast<double>(degraded) / ticks == Approx(20.0 / 85).margin(3.29 * 15 / 85 / root));
  CHECK(static_cast<double>(down) / ticks == Approx(5.0 / 85).margin(3.29 * 7 / 85 / root));
}

TEST_CASE("climate: Gilbert-Elliott goes up, degraded, down, degraded, and starts up") {
  const Climate climate = Make(GilbertElliottRow());
  const double cycle[] = {0, 0.25, 1, 0.25};
  Time now = kStart;
  for (int i = 0; i < 400; ++i) {
    REQUIRE(climate.ShareAt(0, now) == cycle[i % 4]);
    const Time next = climate.NextChange(now);
    REQUIRE(next > now);
    REQUIRE(climate.ShareAt(0, next - 1ns) == cycle[i % 4]);
    now = next;
  }
}

TEST_CASE("climate: the Gilbert-Elliott path does not depend on who asks when") {
  const Climate forward = Make(GilbertElliottRow());
  const Climate backward = Make(GilbertElliottRow());
  CHECK(backward.ShareAt(0, At(10h)) == forward.ShareAt(0, At(10h)));
  for (Duration t = 10h; t >= 0s; t -= 7s) {
    REQUIRE(backward.ShareAt(0, At(t)) == forward.ShareAt(0, At(t)));
  }
}

TEST_CASE("climate: rows of other names have paths of their own") {
  ClimateConfig other = GilbertElliottRow();
  other.name = "other weather";
  const Climate climate({GilbertElliottRow(), other}, kProviders, kTestSeed);
  int64_t equal = 0;
  for (Duration t = 0s; t < 1h; t += 1s) {
    equal += climate.ShareAt(0, At(t)) == climate.ShareAt(1, At(t));
  }
  CHECK(equal < 3500);
}

TEST_CASE("climate: the first row that hits wins") {
  ClimateConfig first = Row(ClimateKind::kOutage);
  first.share = 0.5;
  ClimateConfig second = Row(ClimateKind::kOutage);
  second.name = "storm";
  second.fault = "timeout";
  const Climate climate({first, second}, kProviders, kTestSeed);
  int64_t firsts = 0;
  for (uint64_t request = 0; request < 4'000; ++request) {
    const auto hit = climate.Hit(0, request, "", 0, At(2min));
    REQUIRE(hit.has_value());
    firsts += hit->episode == 0;
  }
  CHECK(SharePlausible(firsts, 4'000, 0.5));
}

TEST_CASE("climate: the next change is the nearest edge of any row") {
  ClimateConfig later = Row(ClimateKind::kRamp);
  later.name = "later";
  later.from = 2min;
  later.to = 10min;
  const Climate climate({Row(ClimateKind::kOutage), later}, kProviders, kTestSeed);
  CHECK(climate.NextChange(kStart) == At(1min));
  CHECK(climate.NextChange(At(1min)) == At(2min));
  CHECK(climate.NextChange(At(2min)) == At(3min));
  CHECK(climate.NextChange(At(3min)) == At(10min));
  CHECK(climate.NextChange(At(10min)) == kNever);
  CHECK(Climate({}, kProviders, 1).NextChange(kStart) == kNever);
}

}  // namespace
}  // namespace squall::climate_test

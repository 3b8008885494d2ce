// Statistical claims here hold the 99.9 % binomial bound of mock_testing.h; seeds are fixed, so a
// test that passes once passes always.
#include "mock_providers/fault_draw.h"

#include <functional>

#include "mock_providers/faults.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::fault_draw_test {
namespace {

constexpr int64_t kRequests = 100'000;

using Faults = std::map<std::string, FaultConfig>;

FaultConfig Config(double rate, double request_bound = 0, double common_cause = 0,
                   double pinned = 0, double persists = 0) {
  FaultConfig config;
  config.rate = rate;
  config.request_bound = request_bound;
  config.common_cause = common_cause;
  config.pinned = pinned;
  config.persists = persists;
  return config;
}

// A mix in which every part of the rate is present.
Faults MixedFaults() {
  Faults faults;
  faults["timeout"] = Config(0.035, 0.1, 0.1, 0.5, 0.5);
  faults["rate_limit"] = Config(0.02, 0, 0.3);
  faults["schema_drift"] = Config(0.025, 0.4, 0.1);
  faults["server_error"] = Config(0.0075, 0, 0);
  faults["silent_degradation"] = Config(0.1, 0.5, 0.5);
  return faults;
}

FaultDraw DrawAt(std::string_view provider, const Faults& faults, uint64_t seed = kTestSeed) {
  return FaultDraw(faults, provider, seed);
}

int64_t CountIf(const std::function<bool(uint64_t request)>& holds) {
  int64_t count = 0;
  for (uint64_t request = 0; request < kRequests; ++request) count += holds(request);
  return count;
}

TEST_CASE("fault draw: each kind's share of first arrivals is its rate") {
  for (const std::string_view provider : {"alpha", "beta"}) {
    const Faults faults = MixedFaults();
    const FaultDraw draw = DrawAt(provider, faults);
    std::vector<int64_t> counts(FaultTable().size(), 0);
    for (uint64_t request = 0; request < kRequests; ++request) {
      const FaultHit hit = draw.At(request, 0);
      if (hit.kind >= 0) ++counts[static_cast<size_t>(hit.kind)];
    }
    for (size_t i = 0; i < counts.size(); ++i) {
      const std::string name(FaultTable()[i].name);
      const double rate = faults.contains(name) ? faults.at(name).rate : 0;
      CAPTURE(name, counts[i]);
      if (rate == 0) {
        CHECK(counts[i] == 0);
      } else {
        CHECK(SharePlausible(counts[i], kRequests, rate));
      }
    }
  }
}

TEST_CASE("fault draw: rates that sum to 1 leave nothing healthy") {
  Faults faults;
  faults["timeout"] = Config(0.7, 0.3, 0.3);
  faults["rate_limit"] = Config(0.2, 1, 0);
  faults["server_error"] = Config(0.1, 0, 0);
  const FaultDraw draw = DrawAt("alpha", faults);
  CHECK(CountIf([&](uint64_t request) { return draw.At(request, 0).kind < 0; }) == 0);
}

TEST_CASE("fault draw: without rates everything is healthy") {
  const FaultDraw draw = DrawAt("alpha", {});
  CHECK(CountIf([&](uint64_t request) { return draw.At(request, 3).kind >= 0; }) == 0);
}

TEST_CASE("fault draw: a request-bound fault follows its request to every provider and attempt") {
  Faults faults;
  faults["schema_drift"] = Config(0.1, 1);
  const FaultDraw alpha = DrawAt("alpha", faults);
  const FaultDraw beta = DrawAt("beta", faults);
  int64_t hits = 0;
  for (uint64_t request = 0; request < 20'000; ++request) {
    const FaultHit first = alpha.At(request, 0);
    hits += first.kind >= 0;
    for (const uint32_t arrival : {0u, 1u, 7u}) {
      REQUIRE(beta.At(request, arrival).kind == first.kind);
      REQUIRE(alpha.At(request, arrival).kind == first.kind);
      REQUIRE(beta.At(request, arrival).variant == first.variant);
      REQUIRE(beta.At(request, arrival).request_bound == (first.kind >= 0));
    }
  }
  CHECK(SharePlausible(hits, 20'000, 0.1));
}

TEST_CASE("fault draw: a common cause hits the first arrival at all providers, and only that") {
  Faults faults;
  faults["server_error"] = Config(0.1, 0, 1);
  const FaultDraw alpha = DrawAt("alpha", faults);
  const FaultDraw beta = DrawAt("beta", faults);
  for (uint64_t request = 0; request < 20'000; ++request) {
    const FaultHit hit = alpha.At(request, 0);
    REQUIRE(beta.At(request, 0).kind == hit.kind);
    REQUIRE(beta.At(request, 0).variant == hit.variant);
    REQUIRE_FALSE(hit.request_bound);
    REQUIRE(alpha.At(request, 1).kind == -1);  // persists is 0 and there are no own faults
  }
}

TEST_CASE("fault draw: own faults of two providers are independent") {
  Faults faults;
  faults["timeout"] = Config(0.3);
  const FaultDraw alpha = DrawAt("alpha", faults);
  const FaultDraw beta = DrawAt("beta", faults);
  const int64_t both = CountIf([&](uint64_t request) {
    return alpha.At(request, 0).kind >= 0 && beta.At(request, 0).kind >= 0;
  });
  CHECK(SharePlausible(both, kRequests, 0.09));
}

TEST_CASE("fault draw: pinned faults never clear at their provider") {
  Faults faults;
  faults["timeout"] = Config(0.2, 0, 0, 1, 0);
  const FaultDraw draw = DrawAt("alpha", faults);
  for (uint64_t request = 0; request < 20'000; ++request) {
    const int kind = draw.At(request, 0).kind;
    if (kind < 0) continue;
    REQUIRE(draw.At(request, 1).kind == kind);
    REQUIRE(draw.At(request, 5).kind == kind);
  }
}

TEST_CASE(
    "fault draw: of first faults the pinned share stays for good, the rest persists by chance") {
  // With a rate of 1 % a fresh fault after one that cleared is rare enough to be counted in.
  Faults faults;
  faults["timeout"] = Config(0.01, 0, 0, 0.4, 0.5);
  const FaultDraw draw = DrawAt("alpha", faults);
  int64_t faulted = 0;
  std::vector<int64_t> still(5, 0);
  for (uint64_t request = 0; request < 1'000'000; ++request) {
    if (draw.At(request, 0).kind < 0) continue;
    ++faulted;
    for (uint32_t n = 1; n < still.size(); ++n) still[n] += draw.At(request, n).kind >= 0;
  }
  CHECK(SharePlausible(faulted, 1'000'000, 0.01));
  // One step of the chain: pinned stays; else it persists, or clears and meets a fresh fault, which
  // itself is pinned or not.
  double pinned = 0.4;
  double loose = 0.6;
  for (size_t n = 1; n < still.size(); ++n) {
    const double fresh = (loose * 0.5 + (1 - pinned - loose)) * 0.01;
    pinned += fresh * 0.4;
    loose = loose * 0.5 + fresh * 0.6;
    CAPTURE(n, still[n], faulted);
    CHECK(SharePlausible(still[n], faulted, pinned + loose));
  }
}

TEST_CASE("fault draw: after a healthy arrival the next one meets own faults at their rate") {
  Faults faults;
  faults["timeout"] = Config(0.05);
  const FaultDraw draw = DrawAt("alpha", faults);
  const int64_t later = CountIf([&](uint64_t request) { return draw.At(request, 1).kind >= 0; });
  CHECK(SharePlausible(later, kRequests, 0.05));
}

TEST_CASE("fault draw: a request that never stops arriving is drawn anew once in a life") {
  Faults faults;
  faults["timeout"] = Config(0.1, 0, 0, 1, 0);         // pinned
  faults["server_error"] = Config(0.1, 1);             // request-bound
  faults["rate_limit"] = Config(0.1, 0, 0.5, 0.5, 0);  // some of everything
  const FaultDraw draw = DrawAt("alpha", faults);
  constexpr uint32_t kLives = 50'000;
  int64_t faulted = 0;
  for (uint32_t life = 0; life < kLives; ++life) {
    faulted += draw.At(7, life * FaultDraw::kLife).kind >= 0;
  }
  CHECK(SharePlausible(faulted, kLives, 0.3));
}

TEST_CASE("fault draw: no other kind, provider or order changes a draw") {
  Faults faults;
  faults["timeout"] = Config(0.05);
  const FaultDraw alone = DrawAt("alpha", faults);
  const FaultDraw again = DrawAt("alpha", faults);
  faults["timeout"].slowdown = 3;  // settings that draw nothing
  faults["timeout"].retry_after = 9s;
  const FaultDraw other_settings = DrawAt("alpha", faults);
  for (uint64_t request = 5'000; request-- > 0;) {
    for (uint32_t n = 3; n-- > 0;) {
      REQUIRE(alone.At(request, n).kind == again.At(request, n).kind);
      REQUIRE(alone.At(request, n).kind == other_settings.At(request, n).kind);
    }
  }
}

TEST_CASE("fault draw: raising a rate keeps the faults that were there") {
  Faults low;
  low["timeout"] = Config(0.05);
  Faults high;
  high["timeout"] = Config(0.10);
  const FaultDraw a = DrawAt("alpha", low);
  const FaultDraw b = DrawAt("alpha", high);
  for (uint64_t request = 0; request < 20'000; ++request) {
    if (a.At(request, 0).kind >= 0) REQUIRE(b.At(request, 0).kind >= 0);
  }
}

TEST_CASE("fault draw: another seed draws other faults") {
  Faults faults;
  faults["timeout"] = Config(0.5);
  const FaultDraw a = DrawAt("alpha", faults, 1);
  const FaultDraw b = DrawAt("alpha", faults, 2);
  const int64_t equal =
      CountIf([&](uint64_t request) { return a.At(request, 0).kind == b.At(request, 0).kind; });
  CHECK(SharePlausible(equal, kRequests, 0.5));
}

TEST_CASE("fault draw: rounding loses no draw below the sum") {
  const std::vector<double> weights = {0.1, 0.2, 0.7, 0};
  CHECK(PickBelowSum(0.05, 1.0, weights) == 0);
  CHECK(PickBelowSum(0.95, 1.0, weights) == 2);
  CHECK(PickBelowSum(0.999, 1.0, {0.5, 0.49, 0}) == 1);  // the last weight above 0
  CHECK(PickBelowSum(0.5, 0.4, {0.2, 0.2}) == -1);
}

TEST_CASE("fault draw: a common cause gets to a provider as often as its reach says") {
  Faults origin;
  origin["server_error"] = Config(0.5, 0, 1, 1);
  Faults elsewhere = origin;
  elsewhere["server_error"].reach = 0.2;
  const FaultDraw alpha = DrawAt("alpha", origin);
  const FaultDraw beta = DrawAt("beta", elsewhere);
  const FaultDraw gamma = DrawAt("gamma", elsewhere);
  int64_t at_beta = 0;
  int64_t at_both = 0;
  const int64_t causes = CountIf([&](uint64_t request) {
    const bool cause = alpha.At(request, 0).kind >= 0;
    const bool hits_beta = beta.At(request, 0).kind >= 0;
    if (hits_beta) REQUIRE(cause);  // never without the cause
    at_beta += hits_beta;
    at_both += hits_beta && gamma.At(request, 0).kind >= 0;
    return cause;
  });
  CHECK(SharePlausible(at_beta, causes, 0.2));
  CHECK(SharePlausible(at_both, causes, 0.04));  // drawn for each
}

TEST_CASE("fault draw: another model heals a share of what is bound to the request, for good") {
  Faults faults;
  faults["schema_drift"] = Config(1, 1);
  faults["schema_drift"].model_heals = 0.4;
  const FaultDraw draw = DrawAt("alpha", faults);
  const int64_t healed = CountIf([&](uint64_t request) {
    const bool good = draw.At(request, 1, 1).kind < 0;
    REQUIRE((draw.At(request, 4, 1).kind < 0) == good);  // the model can or it cannot
    REQUIRE(draw.At(request, 4, 0).kind >= 0);
    return good;
  });
  CHECK(SharePlausible(healed, kRequests, 0.4));
}

TEST_CASE("fault draw: where a change of model is no retry it clears nothing") {
  Faults faults;
  faults["server_error"] = Config(1, 0, 1, 0, 0.5);
  const FaultDraw retries = DrawAt("alpha", faults);
  faults["server_error"].model_clears = false;
  const FaultDraw same = DrawAt("alpha", faults);
  int64_t cleared = 0;
  for (uint64_t request = 0; request < kRequests; ++request) {
    REQUIRE((same.At(request, 2, 1).kind >= 0) == (same.At(request, 1, 0).kind >= 0));
    cleared += retries.At(request, 1, 1).kind < 0;
  }
  CHECK(SharePlausible(cleared, kRequests, 0.5));
}

TEST_CASE("fault draw: shares that add up to 1 leave no fault of a provider's own") {
  Faults faults;
  faults["timeout"] = Config(0.35, 0.138, 0.862);  // 1 - 0.138 - 0.862 is not 0 in binary
  faults["server_error"] = Config(0.65, 0.028, 0.972);
  const FaultDraw draw = DrawAt("alpha", faults);
  for (uint64_t request = 0; request < 20'000; ++request) {
    const FaultHit first = draw.At(request, 0);
    REQUIRE(first.kind >= 0);
    if (!first.request_bound) REQUIRE(draw.At(request, 1).kind < 0);  // cleared, and stays so
  }
}

}  // namespace
}  // namespace squall::fault_draw_test

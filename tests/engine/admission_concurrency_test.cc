// Places at a provider: how many are in flight, who waits for one, and what becomes of a place
// whose holder or whose heir has gone. How the limit is found is in
// policy/concurrency_limit_test.cc.
#include "engine/policy/concurrency_limit.h"
#include "tests/engine/admission_rig.h"

namespace squall::admission_concurrency_test {
namespace {

EngineConfig Bulkhead(int64_t places, int64_t waiting, Duration max_wait = 10min) {
  EngineConfig config = Unlimited();
  config.concurrency.kind = ConcurrencyKind::kFixed;
  config.concurrency.initial = places;
  config.concurrency.max_waiting = waiting;
  config.concurrency.max_wait = max_wait;
  return config;
}

TEST_CASE("bulkhead: never more than its places are in flight, and they pass on in order",
          "[admission]") {
  Crowd crowd(Bulkhead(3, 100), NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {After(1s, Good())});
  crowd.OfferMany(8, {.id = "r"});
  crowd.Run();
  CHECK(crowd.MostInFlight(0) == 3);
  CHECK(crowd.Got(0) == Words{"r00@0", "r01@0", "r02@0", "r03@1000", "r04@1000", "r05@1000",
                              "r06@2000", "r07@2000"});
  CHECK(crowd.Got(1).empty());
  CHECK(crowd.engine->admission().concurrency(0).in_flight() == 0);
}

TEST_CASE("bulkhead: who comes as a place is handed over queues up behind", "[admission]") {
  for (const bool before : {false, true}) {  // the answer of a, in the same moment
    Crowd crowd(Bulkhead(1, 100), NamedProviders({"alpha"}));
    crowd.transport.Script(0, {After(1s, Good())});
    if (before) crowd.Offer({.id = "c", .at = kStart + 1s});
    crowd.Offer({.id = "a"});
    crowd.Offer({.id = "b"});
    if (!before) crowd.Offer({.id = "c", .at = kStart + 1s});
    crowd.Run();
    CHECK(crowd.MostInFlight(0) == 1);
    CHECK(crowd.Got(0) == Words{"a@0", "b@1000", "c@2000"});
  }
}

TEST_CASE("bulkhead: a full one spills over at once, and a full one everywhere refuses",
          "[admission]") {
  Crowd crowd(Bulkhead(2, 1), NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {After(1s, Good())});
  crowd.transport.Script(1, {After(1s, Good())});
  crowd.OfferMany(8, {.id = "r"});
  crowd.Run();
  CHECK(crowd.Got(0) == Words{"r00@0", "r01@0", "r02@1000"});
  CHECK(crowd.Got(1) == Words{"r03@0", "r04@0", "r05@1000"});
  for (const std::string id : {"r06", "r07"}) {
    CHECK_FALSE(crowd.Of(id).ok);
    CHECK(crowd.Of(id).ended == kStart);
    CHECK(crowd.Of(id).stop_reason == "refused");
  }
}

TEST_CASE("bulkhead: who has waited too long goes elsewhere, and holds nothing up", "[admission]") {
  Crowd crowd(Bulkhead(1, 10, 2s), NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {After(3s, Good())});
  crowd.Offer({.id = "a"});
  crowd.Offer({.id = "b"});
  crowd.Offer({.id = "c", .at = kStart + 1500ms});
  crowd.Run();
  CHECK(crowd.Got(0) == Words{"a@0", "c@3000"});
  CHECK(crowd.Got(1) == Words{"b@2000"});
  CHECK(StepsOf(crowd.Of("b")) == Words{"0 concurrency", "1"});
}

TEST_CASE("bulkhead: a waiter that leaves loses no place, whenever it leaves", "[admission]") {
  // Before its place comes, in the same moment (before and after it is handed over), and after.
  const Duration moments[] = {500ms, 1s - 1ns, 1s, 1s + 1ns, 1500ms};
  for (const Duration leaves : moments) {
    for (const bool late : {false, true}) {
      CAPTURE(leaves / 1ns, late);
      Crowd crowd(Bulkhead(1, 100), NamedProviders({"alpha"}));
      crowd.transport.Script(0, {After(1s, Good())});
      const Duration from = late ? 1ms : 0s;
      const Question leaver{.id = "b", .at = kStart + from, .leaves_after = leaves - from};
      if (!late) crowd.Offer({.id = "a"});
      crowd.Offer(leaver);
      if (late) crowd.Offer({.id = "a"});
      crowd.Offer({.id = "c", .at = kStart + 2ms});
      crowd.Run();
      CHECK(crowd.Of("b").stop_reason == "cancelled");
      CHECK(crowd.Of("b").ended == kStart + leaves);
      CHECK(crowd.Of("c").ok);
      CHECK(crowd.Of("c").attempts[0].started == kStart + std::max<Duration>(leaves, 1s));
      CHECK(crowd.MostInFlight(0) == 1);
      CHECK(crowd.engine->admission().concurrency(0).in_flight() == 0);
    }
  }
}

TEST_CASE("bulkhead: a place waited for does not outlast the limiter's ticket", "[admission]") {
  EngineConfig config = Bulkhead(1, 100, 500ms);
  config.limiter.enabled = true;
  config.limiter.requests_per_min = 60;
  config.limiter.request_burst = 2s;
  Crowd crowd(config, NamedProviders({"alpha"}));
  crowd.transport.Script(0, {After(900ms, Good())});
  crowd.Offer({.id = "a"});
  crowd.Offer({.id = "b"});                        // has a ticket, gets no place in 500 ms
  crowd.Offer({.id = "c", .at = kStart + 950ms});  // and has given the ticket back
  crowd.Run();
  CHECK(crowd.Of("b").stop_reason == "refused");
  CHECK(crowd.Got(0) == Words{"a@0", "c@950"});
  CHECK(crowd.engine->admission().concurrency(0).in_flight() == 0);
  CHECK(crowd.engine->admission().limiter(0).waiting() == 0);
}

}  // namespace
}  // namespace squall::admission_concurrency_test

// The send rate between callers and a provider that throttles: who waits, in which order, and what
// becomes of those who cannot. How the rate is found is in policy/send_rate_test.cc.
#include "engine/policy/send_rate.h"
#include "tests/engine/admission_rig.h"

namespace squall::admission_send_rate_test {
namespace {

// A rate that stays at 1/s once alpha has throttled, however it answers.
EngineConfig OneASecond() {
  EngineConfig config = Unlimited();
  config.retry.retry_after_spread = 0;
  config.send_rate.enabled = true;
  config.send_rate.min_per_s = 1;
  config.send_rate.most_over_measured = 1e-6;
  return config;
}

Words Sorted(Words words) {
  std::sort(words.begin(), words.end());
  return words;
}

TEST_CASE("send rate: a throttle holds back everybody's next attempt there, in their order",
          "[admission]") {
  Crowd crowd(OneASecond(), NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {Status(429), Good()});
  crowd.Offer({.id = "a"});  // throttled after 100 ms, of a second that one attempt takes
  crowd.Offer({.id = "b", .at = kStart + 50ms});  // before the throttle nobody waits
  crowd.OfferMany(3, {.id = "r", .at = kStart + 200ms});
  crowd.Run();
  CHECK(crowd.Got(0) == Words{"a@0", "b@50", "r00@1000", "r01@2000", "r02@3000"});
  CHECK(crowd.Got(1) == Words{"a@100"});
  CHECK(crowd.Of("r02").ok);
  CHECK(StepsOf(crowd.Of("r02")) == Words{"0"});
}

TEST_CASE("send rate: who waits for too long, or beyond its deadline, goes elsewhere unsent",
          "[admission]") {
  EngineConfig config = OneASecond();
  Crowd patient(config, NamedProviders({"alpha", "beta"}));
  patient.transport.Script(0, {Status(429), Good()});
  patient.Offer({.id = "a"});
  patient.OfferMany(2, {.id = "r", .at = kStart + 200ms, .patience = 1500ms});
  patient.Run();
  CHECK(patient.Got(0) == Words{"a@0", "r00@1000"});
  CHECK_FALSE(patient.Of("r01").ok);  // by then it is too late for beta, too

  config.send_rate.max_wait = 1s;
  Crowd hasty(config, NamedProviders({"alpha", "beta"}));
  hasty.transport.Script(0, {Status(429), Good()});
  hasty.Offer({.id = "a"});
  hasty.OfferMany(3, {.id = "r", .at = kStart + 200ms});
  hasty.Run();
  CHECK(hasty.Got(0) == Words{"a@0", "r00@1000"});
  CHECK(Sorted(hasty.Got(1)) == Words{"a@100", "r01@1200", "r02@1200"});
  CHECK(StepsOf(hasty.Of("r01")) == Words{"0 send_rate", "1"});

  config.send_rate.max_waiting = 1;
  Crowd full(config, NamedProviders({"alpha", "beta"}));
  full.transport.Script(0, {Status(429), Good()});
  full.Offer({.id = "a"});
  full.OfferMany(3, {.id = "r", .at = kStart + 200ms});
  full.Run();
  CHECK(full.Got(0) == Words{"a@0", "r00@1000"});
  CHECK(full.Got(1) == Words{"a@100", "r01@200", "r02@200"});
}

TEST_CASE("send rate: who leaves the queue, first or not, gives its turn to those behind it",
          "[admission]") {
  for (const bool first : {true, false}) {
    CAPTURE(first);
    Crowd crowd(OneASecond(), NamedProviders({"alpha"}));
    crowd.transport.Script(0, {Status(429), Good()});
    crowd.Offer({.id = "a"});
    crowd.Offer({.id = "b", .at = kStart + 200ms, .leaves_after = first ? 300ms : 0ms});
    crowd.Offer({.id = "c", .at = kStart + 201ms, .leaves_after = first ? 0ms : 300ms});
    crowd.Offer({.id = "d", .at = kStart + 202ms});
    crowd.Run();
    CHECK(crowd.Of(first ? "b" : "c").stop_reason == "cancelled");
    CHECK(crowd.Got(0) == Words{"a@0", first ? "c@1000" : "b@1000", "d@2000"});
  }
}

TEST_CASE("send rate: what is refused after its turn has come gives it back", "[admission]") {
  EngineConfig config = OneASecond();
  config.concurrency.kind = ConcurrencyKind::kFixed;
  config.concurrency.initial = 1;
  config.concurrency.max_waiting = 0;
  Crowd crowd(config, NamedProviders({"alpha"}));
  crowd.transport.Script(0, {Status(429), After(1200ms, Good()), Good()});
  crowd.Offer({.id = "a"});
  crowd.Offer({.id = "b", .at = kStart + 200ms});  // goes at 1 s and has the only place
  crowd.Offer({.id = "c", .at = kStart + 300ms});  // its turn comes at 2 s, and no place
  crowd.Offer({.id = "d", .at = kStart + 2300ms});
  crowd.Run();
  CHECK(crowd.Of("c").stop_reason == "refused");
  CHECK(crowd.Of("c").ended == kStart + 2s);
  CHECK(crowd.Got(0) == Words{"a@0", "b@1000", "d@2300"});
}

TEST_CASE("send rate: it grows again while it is answered, and those who wait go sooner",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.send_rate.enabled = true;
  config.ladder = {};
  Crowd crowd(config, NamedProviders({"alpha"}));
  crowd.transport.Script(0, {Status(429), Good()});
  crowd.Offer({.id = "a"});  // nothing is measured yet: 0.5/s from there
  crowd.OfferMany(60, {.id = "r", .at = kStart + 1s});
  crowd.Run();
  const std::vector<Time> times = crowd.TimesAt(0);
  REQUIRE(times.size() == 61);
  CHECK(times.back() < kStart + 60s);  // at 0.5/s it would have taken two minutes
  // Of the gaps between attempts the later ones are shorter.
  CHECK(times[60] - times[50] < times[11] - times[1]);
  // Twice what is measured is all that it may grow by in a step.
  const SendRate& rate = crowd.engine->admission().send_rate(0);
  CHECK(rate.per_s() <= 2 * rate.measured_per_s());
  CHECK(rate.per_s() > 1);
}

}  // namespace
}  // namespace squall::admission_send_rate_test

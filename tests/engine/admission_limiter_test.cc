// The limiter between callers and a provider: who waits, how long, in which order, and who goes
// elsewhere. The limiter's own laws are in policy/rate_limiter_test.cc.
#include "engine/policy/rate_limiter.h"
#include "engine/policy/token_estimate.h"
#include "tests/engine/admission_rig.h"

namespace squall::admission_limiter_test {
namespace {

EngineConfig OneASecond(Duration burst) {
  EngineConfig config = Unlimited();
  config.limiter.enabled = true;
  config.limiter.requests_per_min = 60;
  config.limiter.request_burst = burst;
  return config;
}

// Requests of `amount` each, sent at `times`, keep within rate * span + burst over every span.
void CheckPace(const std::vector<Time>& times, double amount, double per_s, double burst) {
  for (size_t i = 0; i < times.size(); ++i) {
    for (size_t j = i; j < times.size(); ++j) {
      const double sent = amount * static_cast<double>(j - i + 1);
      CAPTURE(i, j);
      REQUIRE(sent <= per_s * Seconds(times[j] - times[i]) + burst + 1e-3);
    }
  }
}

TEST_CASE("limiter: a burst leaves in order and no faster than the limit on requests, nor slower",
          "[admission]") {
  Crowd crowd(OneASecond(10s), NamedProviders({"alpha", "beta"}));
  crowd.OfferMany(40, {.id = "r"});
  crowd.Run();
  const std::vector<Time> times = crowd.TimesAt(0);
  REQUIRE(times.size() == 40);
  CheckPace(times, 1, 1, 10);
  CHECK(times[9] == kStart);
  CHECK(times.back() >= kStart + 30s);
  CHECK(times.back() < kStart + 30s + 1ms);
  const Words got = crowd.Got(0);
  CHECK(std::is_sorted(got.begin(), got.end(), [](const std::string& a, const std::string& b) {
    return a.substr(0, 3) < b.substr(0, 3);
  }));
  CHECK(crowd.Got(1).empty());
  CHECK(crowd.engine->admission().limiter(0).waiting() == 0);
}

TEST_CASE("limiter: a burst leaves no faster than the limit on tokens, answers included",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.limiter.enabled = true;
  config.limiter.tokens_per_min = 6'000;
  Crowd crowd(config, NamedProviders({"alpha"}));
  crowd.transport.Script(0, {After(9min, Good())});  // nothing is settled meanwhile
  crowd.OfferMany(20, {.id = "r", .max_tokens = 900});
  crowd.Run();
  const TokenRatio ratio{TokenRatioConfig()};
  const auto prompt = static_cast<double>(ratio.Expect(EstimateTokens("<<r00>> "), 1));
  const std::vector<Time> times = crowd.TimesAt(0);
  REQUIRE(times.size() == 20);
  CheckPace(times, 900 + prompt, 100, 6'000);
  const double last = 20 * (900 + prompt) - 6'000;
  CHECK(Seconds(times.back() - kStart) == Approx(last / 100).margin(0.01));
}

TEST_CASE("limiter: who cannot go in time is refused at once, and goes elsewhere unsent",
          "[admission]") {
  struct Row {
    Duration max_wait;
    Duration patience;
  };
  for (const Row& row : {Row{24h, 2500ms}, Row{2s, 10min}}) {
    EngineConfig config = OneASecond(1s);
    config.limiter.max_wait = row.max_wait;
    Crowd crowd(config, NamedProviders({"alpha", "beta"}));
    crowd.OfferMany(5, {.id = "r", .patience = row.patience});
    crowd.Run();
    CHECK(crowd.Got(0) == Words{"r00@0", "r01@1000", "r02@2000"});
    CHECK(crowd.Got(1) == Words{"r03@0", "r04@1000"});
    CHECK(StepsOf(crowd.Of("r03")) == Words{"0 rate_limiter", "1"});
    CHECK(crowd.Of("r03").attempts[0].ended == kStart);
    for (const std::string id : {"r00", "r01", "r02", "r03", "r04"}) CHECK(crowd.Of(id).ok);
  }
}

TEST_CASE("limiter: whose turn comes too late for an answer does not wait for it", "[admission]") {
  EngineConfig config = OneASecond(1s);
  config.deadline.least_attempt = 200ms;
  Crowd crowd(config, NamedProviders({"alpha", "beta"}));
  crowd.OfferMany(3, {.id = "r", .patience = 2100ms});
  crowd.Run();
  CHECK(crowd.Got(0) == Words{"r00@0", "r01@1000"});
  CHECK(crowd.Got(1) == Words{"r02@0"});
}

TEST_CASE("limiter: where nobody can take a request in time, it says so at once", "[admission]") {
  EngineConfig config = OneASecond(1s);
  config.limiter.max_wait = 500ms;
  Crowd crowd(config, NamedProviders({"alpha", "beta"}));
  crowd.OfferMany(3, {.id = "r"});
  crowd.Run();
  const CallResult& last = crowd.Of("r02");
  CHECK_FALSE(last.ok);
  CHECK(last.ended == kStart);
  CHECK(last.stop_reason == "refused");
  CHECK(StepsOf(last) == Words{"0 rate_limiter", "1 rate_limiter"});
}

TEST_CASE("limiter: who leaves the queue gives its place to those behind it", "[admission]") {
  Crowd crowd(OneASecond(1s), NamedProviders({"alpha"}));
  crowd.Offer({.id = "a"});
  crowd.Offer({.id = "b", .leaves_after = 500ms});
  crowd.Offer({.id = "c"});
  crowd.Offer({.id = "d"});
  crowd.Run();
  CHECK(crowd.Of("b").stop_reason == "cancelled");
  CHECK(crowd.Of("b").ended == kStart + 500ms);
  CHECK(crowd.Got(0) == Words{"a@0", "c@1000", "d@2000"});
}

TEST_CASE("limiter: what an answer did not use lets those who wait go at that moment",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.limiter.enabled = true;
  config.limiter.tokens_per_min = 2'000;
  Crowd crowd(config, NamedProviders({"alpha"}));
  crowd.transport.Script(0, {After(1s, Good())});  // 15 tokens
  crowd.Offer({.id = "a", .max_tokens = 1'900});
  crowd.Offer({.id = "b", .at = kStart + 500ms, .max_tokens = 1'900});
  crowd.Offer({.id = "c", .at = kStart + 600ms, .max_tokens = 1'900});
  crowd.Run();
  CHECK(crowd.Got(0) == Words{"a@0", "b@1000", "c@2000"});
}

TEST_CASE("limiter: a refusal with a hint holds everybody back until it has passed",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.retry.retry_after_spread = 0;
  const auto run = [&config](Words* alpha, Words* beta) {
    Crowd crowd(config, NamedProviders({"alpha", "beta"}));
    crowd.transport.Script(0, {Status(429, "5"), Good()});
    crowd.Offer({.id = "a"});
    crowd.Offer({.id = "b", .at = kStart + 1s});
    crowd.Run();
    *alpha = crowd.Got(0);
    *beta = crowd.Got(1);
  };
  Words alpha;
  Words beta;
  run(&alpha, &beta);
  CHECK(alpha == Words{"a@0", "b@1000"});
  config.limiter.enabled = true;
  run(&alpha, &beta);
  CHECK(alpha == Words{"a@0", "b@5100"});
  CHECK(beta == Words{"a@100"});
  config.limiter.max_wait = 3s;
  run(&alpha, &beta);
  CHECK(alpha == Words{"a@0"});
  CHECK(beta == Words{"a@100", "b@1000"});
}

TEST_CASE("limiter: headers slow the pace before anything is refused", "[admission]") {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const Pairs families[] = {
      {{"x-ratelimit-limit-requests", "60"},
       {"x-ratelimit-remaining-requests", "1"},
       {"x-ratelimit-reset-requests", "59s"}},
      {{"date", "Thu, 01 Jan 2026 00:00:00 GMT"},
       {"anthropic-ratelimit-requests-limit", "60"},
       {"anthropic-ratelimit-requests-remaining", "1"},
       {"anthropic-ratelimit-requests-reset", "2026-01-01T00:00:59Z"}},
  };
  for (const Pairs& family : families) {
    CAPTURE(family[1].first);
    EngineConfig config = Unlimited();
    config.limiter.enabled = true;
    const auto run = [&] {
      Crowd crowd(config, NamedProviders({"alpha"}));
      ScriptedReply first = Good();
      first.headers = family;
      crowd.transport.Script(0, {first, Good()});
      crowd.Offer({.id = "a"});
      crowd.OfferMany(3, {.id = "r", .at = kStart + 200ms});
      crowd.Run();
      return crowd.Got(0);
    };
    CHECK(run() == Words{"a@0", "r00@200", "r01@1100", "r02@2100"});
    config.limiter.learn_headers = false;
    CHECK(run() == Words{"a@0", "r00@200", "r01@200", "r02@200"});
  }
}

TEST_CASE("limiter: what a deployment of Azure tells is a limit over ten seconds", "[admission]") {
  // 10 requests in ten seconds are 60 a minute; read as 10 a minute, the 30 would take three.
  for (const bool azure : {false, true}) {
    EngineConfig config = Unlimited();
    config.limiter.enabled = true;
    ProviderInfo info = NamedProvider("alpha");
    info.dialect = azure ? "azure" : "openai";
    Crowd crowd(config, {info});
    ScriptedReply reply = Good();
    reply.headers.emplace_back("x-ratelimit-limit-requests", "10");
    crowd.transport.Script(0, {After(1ms, reply)});
    CHECK(crowd.Ask1({.id = "first"}).ok);
    crowd.OfferMany(30, {.id = "r"});
    crowd.Run();
    const Duration took = crowd.TimesAt(0).back() - kStart;
    CAPTURE(azure, took / 1ms);
    CHECK((took < 22s) == azure);
    CHECK(took >= (azure ? 19s : 160s));
  }
}

}  // namespace
}  // namespace squall::admission_limiter_test

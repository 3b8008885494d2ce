#include "mock_providers/quota.h"

#include "mock_providers/provider.h"
#include "mock_providers/wire_text.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::quota_test {
namespace {

TEST_CASE("quota: waits are those that real 429s print") {
  struct Row {
    double limit;
    double used;
    double requested;
    Duration window;
    const char* printed;
  };
  const Row rows[] = {
      {50'000, 47'949, 3'006, 1min, "1.146s"},
      {30'000, 22'999, 12'528, 1min, "11.054s"},
      {30'000, 6'899, 24'050, 1min, "1.898s"},
      {200'000, 150'974, 53'621, 1min, "1.378s"},
      {200'000, 200'000, 9'180, 1min, "2.754s"},
      {4'000'000, 3'999'000, 2'000, 1min, "15ms"},
      {3, 3, 1, 1min, "20s"},
      {10'000, 10'000, 1, 24h, "8.64s"},
      {200, 200, 1, 24h, "7m12s"},
      {50, 50, 1, 24h, "28m48s"},
      {1'000, 1'000, 1, 24h, "1m26.4s"},
  };
  for (const Row& row : rows) {
    CHECK(GoDuration(QuotaWait(row.used, row.requested, row.limit, row.window)) == row.printed);
  }
  CHECK(QuotaWait(10, 5, 20, 1min) == 0s);
}

TEST_CASE("quota: a bucket refills all the time, and its wait is enough") {
  QuotaBucket bucket(60, 1min);
  CHECK(bucket.Fits(60, kStart));
  bucket.Charge(60, kStart);
  CHECK_FALSE(bucket.Fits(1, kStart));
  CHECK(bucket.Wait(1, kStart) == 1s);
  CHECK(bucket.Used(kStart + 10s) == 50);
  CHECK(bucket.Fits(10, kStart + 10s));
  CHECK_FALSE(bucket.Fits(11, kStart + 10s));
  CHECK(bucket.Line(kStart).reset == 1min);
  CHECK(bucket.Line(kStart + 30s).remaining == 30);
  CHECK(bucket.Fits(60, kStart + 1h));
}

QuotaConfig Requests(int64_t per_min, bool charge_rejected = true) {
  QuotaConfig config;
  config.requests_per_min = per_min;
  config.charge_rejected = charge_rejected;
  return config;
}

TEST_CASE("quota: refused requests count where they are charged, and the hint still holds") {
  Quota charged(Requests(3), nullptr);
  Quota free(Requests(3, false), nullptr);
  for (Quota* quota : {&charged, &free}) {
    for (int i = 0; i < 3; ++i) CHECK(quota->Admit({}, kStart).admitted());
  }
  const QuotaVerdict first = charged.Admit({}, kStart + 10s);
  CHECK(first.hit == QuotaLimit::kRequests);
  CHECK(first.used == 3);
  CHECK(first.wait == 20s);
  CHECK(free.Admit({}, kStart + 10s).wait == 20s);  // whole requests are told
  CHECK_FALSE(charged.Admit({}, kStart + 29s).admitted());
  CHECK(free.Admit({}, kStart + 21s).admitted());
  CHECK(charged.Admit({}, kStart + 29s + 20s).admitted());
}

TEST_CASE("quota: the limit that takes longest is the one that is told") {
  QuotaConfig config = Requests(60);
  config.tokens_per_min = 1000;
  Quota quota(config, nullptr);
  CHECK(quota.Admit({900, 800, 100}, kStart).admitted());
  const QuotaVerdict verdict = quota.Admit({500, 400, 100}, kStart);
  CHECK(verdict.hit == QuotaLimit::kTokens);
  CHECK(verdict.used == 900);
  CHECK(verdict.wait == 24s);
  CHECK(quota.Admit({500, 400, 100}, kStart + 24s).admitted());
}

TEST_CASE("quota: a request beyond a whole limit never fits and is given no hint") {
  QuotaConfig config;
  config.tokens_per_min = 1000;
  Quota quota(config, nullptr);
  const QuotaVerdict verdict = quota.Admit({1001, 1000, 1}, kStart);
  CHECK(verdict.hit == QuotaLimit::kTooLarge);
  CHECK_FALSE(verdict.wait.has_value());
}

TEST_CASE("quota: what is running counts until it ends, and then no more") {
  QuotaConfig config;
  config.concurrency = 2;
  Quota quota(config, nullptr);
  for (const Duration ends : {5s, 9s}) {
    CHECK(quota.Admit({}, kStart).admitted());
    quota.Began(kStart + ends);
  }
  CHECK(quota.Admit({}, kStart + 4s).hit == QuotaLimit::kConcurrency);
  CHECK(quota.Admit({}, kStart + 5s).admitted());
}

TEST_CASE("quota: a daily quota refills all day, or comes back at midnight on the Pacific") {
  QuotaConfig config;
  config.requests_per_day = 200;
  Quota rolling(config, nullptr);
  config.daily_reset = DailyReset::kMidnight;
  Quota fixed(config, nullptr);
  for (int i = 0; i < 200; ++i) {
    CHECK(rolling.Admit({}, kStart).admitted());
    CHECK(fixed.Admit({}, kStart).admitted());
  }
  CHECK(rolling.Admit({}, kStart).wait == 432s);
  const QuotaVerdict verdict = fixed.Admit({}, kStart);
  CHECK(verdict.hit == QuotaLimit::kDay);
  CHECK(verdict.daily_window);
  CHECK(rolling.Admit({}, kStart + 432s).admitted());
  CHECK_FALSE(fixed.Admit({}, kStart + 8h - 1s).admitted());
  CHECK(fixed.Admit({}, kStart + 8h).admitted());
}

TEST_CASE("quota: money that is spent is gone") {
  QuotaConfig config;
  config.spend_cap_usd = 1;
  Quota quota(config, nullptr);
  CHECK(quota.Admit({}, kStart).admitted());
  quota.Spent(0.6);
  CHECK(quota.Admit({}, kStart).admitted());
  quota.Spent(0.6);
  CHECK(quota.Admit({}, kStart + 24h).hit == QuotaLimit::kSpend);
}

TEST_CASE("quota: deployments of one region share its cap, others do not") {
  QuotaConfig config;
  config.region = "eastus";
  config.region_requests_per_min = 2;
  QuotaRegions regions;
  Quota one(config, &regions);
  Quota two(config, &regions);
  config.region = "westus";
  Quota other(config, &regions);
  CHECK(one.Admit({}, kStart).admitted());
  CHECK(two.Admit({}, kStart).admitted());
  const QuotaVerdict verdict = one.Admit({}, kStart);
  CHECK(verdict.regional);
  CHECK(verdict.wait == 30s);
  CHECK_FALSE(two.Admit({}, kStart).admitted());
  CHECK(other.Admit({}, kStart).admitted());
}

TEST_CASE("quota: requests may be enforced over less than a minute") {
  QuotaConfig config = Requests(60);
  config.request_window = 1s;
  Quota quota(config, nullptr);
  CHECK(quota.Admit({}, kStart).admitted());
  CHECK_FALSE(quota.Admit({}, kStart + 500ms).admitted());
  CHECK(quota.Admit({}, kStart + 1500ms).admitted());
}

// ---- a provider's quota on the wire ----

struct Limited {
  explicit Limited(std::string_view dialect_in, const QuotaConfig& quota) : dialect(dialect_in) {
    ProviderConfig config = InDialect(dialect, OneModel("alpha"));
    config.models[0].usd_per_mtok_in = 1000;
    config.quota = quota;
    provider = std::make_unique<Provider>(0, config, kTestSeed, nullptr, &truth);
  }
  ReplyPlan Send(std::string_view id, Duration at) {
    return provider->Plan(DialectHttp(dialect, {}, id), kStart + at);
  }
  std::string dialect;
  GroundTruth truth;
  std::unique_ptr<Provider> provider;
};

TEST_CASE("quota: a 429 is the engine's doing, and prints the limiter's own figures") {
  for (const std::string_view dialect : kAllDialects) {
    Limited limited(dialect, Requests(3));
    for (const char* id : {"a", "b", "c"}) CHECK(limited.Send(id, 0s).status == 200);
    const ReplyPlan plan = limited.Send("d", 0s);
    const Understood got = ReadReply(dialect, plan);
    CAPTURE(dialect, plan.body, got.problem);
    CHECK(plan.status == 429);
    CHECK(got.well_formed);
    CHECK(plan.fault.by_load);
    CHECK(plan.fault.failure_class == "rate_limit");
    CHECK(plan.fault.variant == "requests");
    CHECK(plan.retry_not_before == (dialect == "deepseek" ? kStart : plan.at + 20s));
    if (dialect == "openai" || dialect == "openai_responses") {
      CHECK(
          got.error_message.find("(RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.") !=
          std::string::npos);
    }
    CHECK(limited.truth.counts().back().scheduled == 1);
    CHECK(limited.Send("e", 20s).status == 200);
  }
}

TEST_CASE("quota: rate headers tell what is left in the dialect's own units") {
  QuotaConfig quota = Requests(60);
  quota.tokens_per_min = 100'000;
  quota.input_tokens_per_min = 80'000;
  const auto headers = [&](std::string_view dialect) {
    return Limited(dialect, quota).Send("a", 90s).headers;
  };
  for (const std::string_view dialect : {"openai", "openai_responses"}) {
    CHECK(headers(dialect).Find("x-ratelimit-remaining-requests") == "59");
    CHECK(headers(dialect).Find("x-ratelimit-reset-requests") == "1s");
  }
  CHECK(headers("azure").Find("x-ratelimit-limit-tokens") == "100000");
  CHECK(headers("azure").Find("x-ratelimit-reset-requests") == "1");
  CHECK(headers("anthropic").Find("anthropic-ratelimit-requests-reset") == "2026-01-01T00:01:31Z");
  CHECK(headers("anthropic").Find("anthropic-ratelimit-input-tokens-remaining") == "80000");
  for (const std::string_view dialect : {"gemini", "deepseek"}) {
    CHECK(headers(dialect).block().find("ratelimit") == std::string_view::npos);
  }
  CHECK(Limited("openai", {}).Send("a", 0s).headers.block().find("ratelimit") ==
        std::string_view::npos);
}

TEST_CASE("quota: money that is gone and days that are over are not cured by waiting") {
  QuotaConfig spend;
  spend.spend_cap_usd = 1e-9;
  QuotaConfig day;
  day.requests_per_day = 1;
  day.daily_reset = DailyReset::kMidnight;
  for (const std::string_view dialect : kAllDialects) {
    for (const QuotaConfig& quota : {spend, day}) {
      Limited limited(dialect, quota);
      CHECK(limited.Send("a", 0s).status == 200);
      const ReplyPlan plan = limited.Send("b", 1min);
      CAPTURE(dialect, plan.body);
      CHECK(plan.status >= 400);
      CHECK(ReadReply(dialect, plan).well_formed);
      CHECK(plan.fault.failure_class == "quota_exhausted");
      CHECK(plan.fault.retry_decision == "other_provider_only");
    }
  }
  Limited gemini("gemini", day);
  gemini.Send("a", 0s);
  const std::string body = gemini.Send("b", 1min).body;
  CHECK(body.find("GenerateRequestsPerDay") != std::string::npos);
  CHECK(body.find(R"("retryDelay":"22s")") != std::string::npos);  // the trap
}

TEST_CASE("quota: a drawn fault is not hidden by a used quota") {
  ProviderConfig config = WithFault("empty_body", 1);
  config.quota = Requests(1);
  GroundTruth truth;
  Provider provider(0, config, kTestSeed, nullptr, &truth);
  for (int i = 0; i < 3; ++i) {
    const ReplyPlan plan = provider.Plan(DialectHttp("openai", {}, std::to_string(i)), kStart);
    CHECK(plan.status == 200);
    CHECK_FALSE(plan.fault.by_load);
  }
}

TEST_CASE("quota: who comes back before the hint is counted, by request and by user") {
  Limited limited("openai", Requests(1));
  limited.Send("a", 0s);
  limited.Send("b", 0s);    // told to wait a minute
  limited.Send("b", 10s);   // does not
  limited.Send("c", 20s);   // nor does the same user with another request
  limited.Send("d", 200s);  // all is forgiven
  const HintCounts hints = limited.truth.hints();
  CHECK(hints.given == 3);
  CHECK(hints.early_same_request == 1);
  CHECK(hints.early_same_user == 1);
}

TEST_CASE("quota: a hint still to come when its client gave up told it nothing") {
  ProviderConfig config = WithFault("rate_limit", 1, {{"with_hint", 1}});
  config.faults["rate_limit"].retry_after = 60s;
  config.latency.ttft_median = 100s;  // so that even the 429 takes long
  config.latency.ttft_sigma = 0;
  GroundTruth truth;
  Provider provider(0, config, kTestSeed, nullptr, &truth);
  const auto send = [&](Duration at) {
    return provider.Plan(DialectHttp("openai", {}, "a"), kStart + at);
  };
  const ReplyPlan first = send(0s);
  REQUIRE(first.at > kStart + 1s);
  CHECK(send(500ms).early == EarlyReturn::kNo);
  CHECK(truth.hints().early_same_request == 0);
  const ReplyPlan heard = provider.Plan(DialectHttp("openai", {}, "b"), kStart + 500ms);
  const Time later = heard.at + 1s;
  CHECK(provider.Plan(DialectHttp("openai", {}, "b"), later).early == EarlyReturn::kSameRequest);
}

}  // namespace
}  // namespace squall::quota_test

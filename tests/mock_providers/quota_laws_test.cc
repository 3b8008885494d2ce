// Laws that a quota keeps under any traffic: no window holds more than the burst and the refill,
// the wait that is told is enough for whoever obeys it, and headers fit what the limiter goes on to
// do.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "engine/base/random.h"
#include "mock_providers/quota.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::quota_laws_test {
namespace {

constexpr StreamId kTraffic = Stream("test/quota");
constexpr Duration kPrinted = 1ms;  // waits are printed in whole milliseconds, rounded down

struct Admitted {
  Time at{};
  double amount = 0;
};

// The most that any window holds beyond its refill: the burst.
double WorstBurst(const std::vector<Admitted>& log, double limit, Duration window) {
  double worst = 0;
  double burst = 0;
  Time last{};
  for (const Admitted& entry : log) {
    burst = std::max(burst - limit * Seconds(entry.at - last) / Seconds(window), 0.0);
    burst += entry.amount;
    last = entry.at;
    worst = std::max(worst, burst);
  }
  return worst;
}

QuotaCost RandomCost(uint64_t n, int64_t tokens) {
  const auto some = [&](uint64_t index) {
    return 1 + static_cast<int64_t>(Draw(kTestSeed, kTraffic, n, 0, index) *
                                    static_cast<double>(tokens));
  };
  const int64_t input = some(0);
  const int64_t output = some(1);
  return {input + output, input, output};
}

struct Law {
  const char* name;
  QuotaConfig config;
  int64_t tokens;     // of a request, at most, each way
  Duration gap;       // mean time between requests, well below what the quota admits
  int64_t first = 1;  // tokens of the first request, to use up a large quota
};

QuotaCost CostIn(const Law& law, uint64_t n) {
  return n == 0 ? QuotaCost{law.first, 1, 1} : RandomCost(n, law.tokens);
}

std::vector<Law> Laws() {
  std::vector<Law> laws;
  const auto add = [&](const char* name, int64_t tokens, Duration gap, auto&& edit) {
    Law law{name, {}, tokens, gap, 1};
    edit(&law.config);
    laws.push_back(law);
  };
  add("requests", 10, 200ms, [](QuotaConfig* q) { q->requests_per_min = 60; });
  add("requests by the second", 10, 200ms, [](QuotaConfig* q) {
    q->requests_per_min = 60;
    q->request_window = 1s;
  });
  add("many requests", 10, 50us, [](QuotaConfig* q) {
    q->requests_per_min = 120'000;
    q->request_window = 1s;
  });
  add("tokens", 400, 100ms, [](QuotaConfig* q) { q->tokens_per_min = 30'000; });
  add("many tokens", 80, 300us, [](QuotaConfig* q) { q->tokens_per_min = 10'000'000; });
  add("both ways", 400, 100ms, [](QuotaConfig* q) {
    q->input_tokens_per_min = 20'000;
    q->output_tokens_per_min = 8'000;
  });
  add("requests and tokens", 400, 100ms, [](QuotaConfig* q) {
    q->requests_per_min = 50;
    q->tokens_per_min = 20'000;
  });
  add("a day", 10, 10s, [](QuotaConfig* q) {
    q->requests_per_day = 2'000;
    q->requests_per_min = 30;
  });
  add("a region", 400, 100ms, [](QuotaConfig* q) {
    q->tokens_per_min = 45'000;
    q->region = "eastus";
    q->region_tokens_per_min = 30'000;
    q->region_requests_per_min = 60;
  });
  laws[4].first = 9'990'000;
  const size_t count = laws.size();
  for (size_t i = 0; i < count; ++i) {
    laws.push_back(laws[i]);
    laws.back().config.charge_rejected = false;
  }
  return laws;
}

struct Counted {
  std::vector<Admitted> requests;
  std::vector<Admitted> tokens;
  std::vector<Admitted> input;
  std::vector<Admitted> output;

  void Add(const QuotaCost& cost, Time at) {
    requests.push_back({at, 1});
    tokens.push_back({at, static_cast<double>(cost.tokens)});
    input.push_back({at, static_cast<double>(cost.input)});
    output.push_back({at, static_cast<double>(cost.output)});
  }
};

void CheckBurst(const std::vector<Admitted>& log, int64_t limit_in, Duration window) {
  if (limit_in == 0) return;
  const auto limit = static_cast<double>(limit_in);
  CHECK(WorstBurst(log, limit, window) <= limit + limit * 1e-3 / Seconds(window) + 0.01);
}

TEST_CASE("quota: no window holds more than one burst and what is refilled") {
  for (const Law& law : Laws()) {
    CAPTURE(law.name, law.config.charge_rejected);
    Quota quota(law.config, nullptr);
    Counted counted;
    Time now = kStart;
    int64_t refused = 0;
    for (uint64_t n = 0; n < 3000; ++n) {
      now += FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 1), Seconds(law.gap)));
      const QuotaCost cost = CostIn(law, n);
      if (quota.Admit(cost, now).admitted()) {
        counted.Add(cost, now);
      } else {
        ++refused;
      }
    }
    CHECK(refused > 300);  // else this would be no test
    const QuotaConfig& c = law.config;
    const auto in_window = static_cast<int64_t>(static_cast<double>(c.requests_per_min) *
                                                Seconds(c.request_window) / 60);
    CheckBurst(counted.requests, in_window, c.request_window);
    CheckBurst(counted.requests, c.requests_per_day, 24h);
    CheckBurst(counted.requests, c.region_requests_per_min, 1min);
    CheckBurst(counted.tokens, c.tokens_per_min, 1min);
    CheckBurst(counted.tokens, c.region_tokens_per_min, 1min);
    CheckBurst(counted.input, c.input_tokens_per_min, 1min);
    CheckBurst(counted.output, c.output_tokens_per_min, 1min);
  }
}

TEST_CASE("quota: who is alone and comes back when the printed wait is over is let in") {
  for (const Law& law : Laws()) {
    CAPTURE(law.name, law.config.charge_rejected);
    Quota quota(law.config, nullptr);
    Time now = kStart;
    int returns = 0;
    for (uint64_t n = 0; n < 4000; ++n) {
      now += FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 2), Seconds(law.gap)));
      const QuotaCost cost = CostIn(law, n);
      const QuotaVerdict verdict = quota.Admit(cost, now);
      if (verdict.admitted() || n % 4 != 0) continue;
      REQUIRE(verdict.wait.has_value());
      now += *verdict.wait / kPrinted * kPrinted;
      const QuotaVerdict again = quota.Admit(cost, now);
      CAPTURE(n, Seconds(*verdict.wait), QuotaLimitName(verdict.hit), QuotaLimitName(again.hit));
      REQUIRE(again.admitted());
      ++returns;
    }
    CHECK(returns > 50);
  }
}

TEST_CASE("quota: what a refusal itself uses up is in the wait that it tells") {
  QuotaConfig config;
  config.requests_per_min = 2;
  config.tokens_per_min = 1'000;
  for (const bool charged : {true, false}) {
    config.charge_rejected = charged;
    Quota quota(config, nullptr);
    CHECK(quota.Admit({900, 800, 100}, kStart).admitted());
    const QuotaVerdict verdict = quota.Admit({150, 100, 50}, kStart);
    CAPTURE(charged);
    // The tokens are there after 3 s, but a refusal that counts is the second request of two.
    CHECK(verdict.hit == (charged ? QuotaLimit::kRequests : QuotaLimit::kTokens));
    CHECK(verdict.wait == (charged ? Duration(30s) : Duration(3s)));
    CHECK(quota.Admit({150, 100, 50}, kStart + *verdict.wait).admitted());
  }
}

TEST_CASE("quota: the wait that is told is the formula of the figures beside it") {
  for (const Law& law : Laws()) {
    Quota quota(law.config, nullptr);
    Time now = kStart;
    for (uint64_t n = 0; n < 2000; ++n) {
      now += FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 3), Seconds(law.gap)));
      const QuotaVerdict verdict = quota.Admit(CostIn(law, n), now);
      if (verdict.admitted()) continue;
      CAPTURE(law.name, n);
      const double in_a_ms = static_cast<double>(verdict.limit) * 1e-3 / Seconds(verdict.window);
      REQUIRE(static_cast<double>(verdict.used) <=
              static_cast<double>(verdict.limit) + std::ceil(in_a_ms));
      REQUIRE(verdict.wait == QuotaWait(static_cast<double>(verdict.used),
                                        static_cast<double>(verdict.requested),
                                        static_cast<double>(verdict.limit), verdict.window));
    }
  }
}

void CheckLine(const QuotaLine& line, Duration window) {
  if (line.limit == 0) return;
  const double used = static_cast<double>(line.limit) * Seconds(line.reset) / Seconds(window);
  REQUIRE((line.remaining >= 0 && line.remaining <= line.limit));
  const double slack = 1 + static_cast<double>(line.limit) * 1e-3 / Seconds(window);
  REQUIRE(std::abs(static_cast<double>(line.limit - line.remaining) - used) <= slack);
}

TEST_CASE("quota: what remains and when it is whole again agree in every reply") {
  for (const Law& law : Laws()) {
    CAPTURE(law.name, law.config.charge_rejected);
    Quota quota(law.config, nullptr);
    Time now = kStart;
    for (uint64_t n = 0; n < 2000; ++n) {
      now += FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 4), Seconds(law.gap)));
      const QuotaVerdict verdict = quota.Admit(CostIn(law, n), now);
      CheckLine(verdict.view.requests, law.config.request_window);
      CheckLine(verdict.view.tokens, 1min);
      CheckLine(verdict.view.input_tokens, 1min);
      CheckLine(verdict.view.output_tokens, 1min);
    }
  }
}

TEST_CASE("quota: five deployments of 450 000 tokens a minute share 300 000, and use them") {
  QuotaConfig config;
  config.tokens_per_min = 450'000;
  config.region = "eastus";
  config.region_tokens_per_min = 300'000;
  QuotaRegions regions;
  std::vector<std::unique_ptr<Quota>> deployments;
  for (int i = 0; i < 5; ++i) deployments.push_back(std::make_unique<Quota>(config, &regions));
  std::vector<Admitted> log;
  double tokens = 0;
  int64_t own = 0;
  Time now = kStart;
  for (uint64_t n = 0; now < kStart + 10min; ++n) {
    now += FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 5), 0.1));
    const QuotaCost cost = RandomCost(n, 1'000);
    const QuotaVerdict verdict = deployments[n % 5]->Admit(cost, now);
    if (verdict.admitted()) {
      log.push_back({now, static_cast<double>(cost.tokens)});
      tokens += log.back().amount;
    } else {
      own += !verdict.regional;
    }
  }
  CHECK(WorstBurst(log, 300'000, 1min) <= 300'000 + 10);
  CHECK(tokens <= 300'000 * 11);
  CHECK(tokens >= 300'000 * 10);  // the first burst, and then all that is refilled
  CHECK(own == 0);                // no deployment comes near its own 450 000
}

TEST_CASE(
    "quota: no more run at once than may, and no more is spent than the cap and one request") {
  QuotaConfig config;
  config.concurrency = 7;
  config.spend_cap_usd = 2;
  Quota quota(config, nullptr);
  std::vector<Time> ends;
  double spent = 0;
  bool over = false;
  Time now = kStart;
  for (uint64_t n = 0; n < 3000; ++n) {
    now += FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 6), 0.05));
    const QuotaVerdict verdict = quota.Admit({}, now);
    if (verdict.hit == QuotaLimit::kSpend) {
      over = true;
      continue;
    }
    REQUIRE_FALSE(over);
    if (!verdict.admitted()) continue;
    const Duration lasts = FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 7), 1.0));
    std::erase_if(ends, [&](Time end) { return end <= now; });
    ends.push_back(now + lasts);
    REQUIRE(ends.size() <= 7);
    quota.Began(now + lasts);
    quota.Spent(0.01);
    spent += 0.01;
  }
  CHECK(over);
  CHECK(spent <= 2.01 + 1e-9);
}

TEST_CASE("quota: a day on the Pacific coast never holds more than its quota") {
  QuotaConfig config;
  config.requests_per_day = 500;
  config.daily_reset = DailyReset::kMidnight;
  Quota quota(config, nullptr);
  std::vector<int> days(6, 0);
  Time now = kStart;
  for (uint64_t n = 0; now < kStart + 72h; ++n) {
    now += FromSeconds(Exponential(Draw(kTestSeed, kTraffic, n, 8), 60));
    // Runs start at 00:00 UTC, which is 16:00 there.
    const auto day = static_cast<size_t>((now.time_since_epoch() + 16h) / 24h);
    days[day] += quota.Admit({}, now).admitted();
  }
  CHECK(std::count(days.begin(), days.end(), 500) >= 2);
  CHECK(*std::max_element(days.begin(), days.end()) == 500);
}

}  // namespace
}  // namespace squall::quota_laws_test

#include "mock_providers/provider.h"

#include <cmath>
#include <vector>

#include "engine/base/random.h"
#include "mock_providers/climate.h"
#include "mock_providers/faults.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::provider_test {
namespace {

constexpr Time kNow = kStart + 100s;

// A provider with a log of its own.
struct Mock {
  explicit Mock(const ProviderConfig& config, Climate* climate = nullptr, ProviderId id = 0)
      : provider(id, config, kTestSeed, climate, &truth) {}
  ReplyPlan Plan(const HttpRequest& request, Time now = kNow) {
    return provider.Plan(request, now);
  }
  ReplyPlan Plan(uint64_t number, Time now = kNow) {
    const TaskSpec task = MakeTask(TaskKind::kArithmetic, number);
    return Plan(TaskHttp(task, "r" + std::to_string(number)), now);
  }
  GroundTruth truth;
  Provider provider;
};

std::string Content(const ReplyPlan& plan) {
  return ParseJson(plan.body)["choices"][0]["message"]["content"].get<std::string>();
}

// Every reply takes 100 ms sharp.
ProviderConfig Steady(int64_t servers, int64_t queue_max) {
  ProviderConfig config = OneModel("alpha");
  config.latency.ttft_median = 100ms;
  config.latency.ttft_sigma = 0;
  config.latency.per_token_median = 0ms;
  config.capacity.servers = servers;
  config.capacity.queue_max = queue_max;
  return config;
}

ProviderConfig Faulty() {
  ProviderConfig config = OneModel("alpha");
  for (const FaultRow& row : FaultTable()) {
    FaultConfig& fault = config.faults[std::string(row.name)];
    fault.rate = 0.05;
    fault.request_bound = 0.2;
    fault.common_cause = 0.2;
    fault.pinned = 0.3;
    fault.persists = 0.5;
  }
  config.models[0].base_error = 0.1;
  return config;
}

TEST_CASE("provider: a healthy request gets its right answer with honest usage") {
  for (int kind = 0; kind < kTaskKindCount; ++kind) {
    Mock mock(OneModel("alpha"));
    const TaskSpec task = MakeTask(static_cast<TaskKind>(kind), 5);
    const ReplyPlan plan = mock.Plan(TaskHttp(task, "r5"));
    CHECK(plan.status == 200);
    CHECK(plan.end == End::kClean);
    CHECK_FALSE(plan.fault.present());
    CHECK(OracleAccepts(kTestSeed, task, Content(plan)));
    const json usage = ParseJson(plan.body)["usage"];
    CHECK(usage["prompt_tokens"] == CountTokens(TaskPrompt(kTestSeed, task, 0).size()));
    CHECK(usage["completion_tokens"] == CountTokens(Content(plan).size()));
  }
}

TEST_CASE("provider: an answer longer than max_tokens is cut there, and says so") {
  json body = ChatRequestBody(TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 5, 200), 0));
  body["max_completion_tokens"] = 20;
  const ReplyPlan plan = Mock(OneModel("alpha")).Plan(ChatHttp(body));
  const json reply = ParseJson(plan.body);
  CHECK(reply["choices"][0]["finish_reason"] == "length");
  CHECK(Content(plan).size() == 80);
  CHECK(reply["usage"]["completion_tokens"] == 20);
  CHECK_FALSE(plan.fault.present());
}

TEST_CASE("provider: a request is keyed by its id, else idempotency key, else task, else body") {
  Mock mock(OneModel("alpha"));
  const TaskSpec task = MakeTask(TaskKind::kExtract, 5);
  const json body = ChatRequestBody(TaskPrompt(kTestSeed, task, 0));
  HttpRequest request = ChatHttp(body);
  CHECK(mock.Plan(request).request_key == RequestKey(task));
  request.headers.Add("idempotency-key", "abc");
  CHECK(mock.Plan(request).request_key == RequestKey("abc"));
  request.headers.Add("X-Squall-Request", "r1");
  CHECK(mock.Plan(request).request_key == RequestKey("r1"));

  const uint64_t first = mock.Plan(ChatHttp(ChatRequestBody("hello"))).request_key;
  CHECK(mock.Plan(ChatHttp(ChatRequestBody("hello"))).request_key == first);
  CHECK(mock.Plan(ChatHttp(ChatRequestBody("hello!"))).request_key != first);
}

TEST_CASE("provider: a marker says the same as the id that a workload gives") {
  const TaskSpec task = MakeTask(TaskKind::kExtract, 5);
  CHECK(TaskId(task) == "r5");
  CHECK(RequestKey(task) == RequestKey("r5"));
}

TEST_CASE("provider: keyed by task, it heeds no header and logs what is no request") {
  Mock mock(OneModel("alpha"));
  mock.provider.KeyByTask();
  const TaskSpec task = MakeTask(TaskKind::kExtract, 5);
  HttpRequest request = ChatHttp(ChatRequestBody(TaskPrompt(kTestSeed, task, 0)), "r77");
  request.headers.Add("idempotency-key", "a target's own");
  CHECK(mock.Plan(request).request_key == RequestKey("r5"));
  CHECK(mock.truth.arrivals() == 1);
  CHECK(mock.truth.Take(RequestKey("r5"))[0].arrived == kNow);
  // Without a marker it goes by the headers.
  CHECK(mock.Plan(ChatHttp(ChatRequestBody("hello"), "r77")).request_key == RequestKey("r77"));
  HttpRequest none;
  none.target = "/v1/chat/completions";
  none.body = "no JSON";
  mock.Plan(none);
  CHECK(mock.truth.arrivals() == 3);
}

TEST_CASE("provider: attempts are counted per request and provider") {
  Mock mock(OneModel("alpha"));
  Provider other(1, OneModel("beta"), kTestSeed, nullptr, &mock.truth);
  CHECK(mock.Plan(1).arrival == 0);
  CHECK(mock.Plan(1).arrival == 1);
  CHECK(mock.Plan(2).arrival == 0);
  CHECK(other.Plan(TaskHttp(MakeTask(TaskKind::kArithmetic, 1), "r1"), kNow).arrival == 0);
  CHECK(mock.Plan(1).arrival == 2);
}

TEST_CASE("provider: the log holds every arrival in order, with model and tokens") {
  ProviderConfig config = WithFault("rate_limit", 1);
  config.models.emplace_back();
  config.models[1].name = "small";
  Mock mock(config, nullptr, 3);
  const TaskSpec task = MakeTask(TaskKind::kExtract, 5);
  const ReplyPlan plan =
      mock.Plan(ChatHttp(ChatRequestBody(TaskPrompt(kTestSeed, task, 0), "small"), "r5"));
  mock.Plan(TaskHttp(task, "r5"));
  const Arrivals arrivals = mock.truth.Take(RequestKey("r5"));
  REQUIRE(arrivals.size() == 2);
  CHECK(arrivals[0].provider == 3);
  CHECK(arrivals[0].model == 1);
  CHECK(arrivals[1].model == 0);
  CHECK(arrivals[0].fault.kind == FindFault("rate_limit"));
  CHECK(arrivals[0].fault.variant == plan.fault.variant);
  CHECK(arrivals[0].prompt_tokens == CountTokens(TaskPrompt(kTestSeed, task, 0).size()));
  CHECK(arrivals[0].completion_tokens == 0);
}

TEST_CASE("provider: refuses what is no request, and logs it where it has an id") {
  Mock mock(WithFault("timeout", 1));
  HttpRequest request = ChatHttp(ChatRequestBody("x", "unknown"), "r9");
  const ReplyPlan plan = mock.Plan(request);
  CHECK(plan.status == 404);
  CHECK_FALSE(plan.fault.present());
  CHECK(plan.at > kNow);
  CHECK(mock.truth.Take(RequestKey("r9")).size() == 1);
  request = ChatHttp(ChatRequestBody("x", "unknown"));
  CHECK(mock.Plan(request).status == 404);
}

TEST_CASE("provider: latency is lognormal with the configured median and spread") {
  ProviderConfig config = OneModel("alpha");
  config.latency.ttft_median = 400ms;
  config.latency.ttft_sigma = 0.5;
  config.latency.per_token_median = 0ms;
  Mock mock(config);
  constexpr int64_t kTrials = 5'000;
  int64_t below_median = 0;
  int64_t below_sigma = 0;
  for (uint64_t i = 0; i < kTrials; ++i) {
    const double seconds = Seconds(mock.Plan(i).at - kNow);
    below_median += seconds < 0.4;
    below_sigma += seconds < 0.4 * std::exp(0.5);
  }
  CHECK(SharePlausible(below_median, kTrials, 0.5));
  CHECK(SharePlausible(below_sigma, kTrials, 0.841345));
}

TEST_CASE("provider: every generated token takes its time") {
  ProviderConfig config = Steady(0, 0);
  config.latency.per_token_median = 10ms;
  config.latency.per_token_sigma = 0;
  Mock mock(config);
  for (const int64_t tokens : {40, 60, 500}) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, 5, tokens);
    const ReplyPlan plan = mock.Plan(TaskHttp(task, "r" + std::to_string(tokens)));
    CHECK(plan.at - kNow == 100ms + tokens * 10ms);
    CHECK(plan.headers.Find("openai-processing-ms") == std::to_string(100 + tokens * 10));
  }
}

TEST_CASE("provider: replies do not depend on the order of arrival or on other providers") {
  Mock forward(Faulty());
  Mock backward(Faulty());
  std::vector<ReplyPlan> plans;
  for (uint64_t i = 0; i < 500; ++i) plans.push_back(forward.Plan(i));
  for (uint64_t i = 500; i-- > 0;) {
    const ReplyPlan plan = backward.Plan(i);
    REQUIRE(plan.body == plans[i].body);
    REQUIRE(plan.at == plans[i].at);
    REQUIRE(plan.end == plans[i].end);
    REQUIRE(plan.headers.block() == plans[i].headers.block());
  }
}

TEST_CASE("provider: Peek sees what Plan does, and changes nothing") {
  ClimateConfig row;
  row.name = "weather";
  row.share = 0.2;
  row.from = 0s;
  row.to = 10min;
  Climate climate({row}, {"alpha"}, kTestSeed);
  Mock mock(Faulty(), &climate);
  Mock unseen(Faulty(), &climate);
  for (uint64_t i = 0; i < 1'000; ++i) {
    for (uint32_t arrival = 0; arrival < 3; ++arrival) {
      const std::string id = "r" + std::to_string(i);
      const Outlook outlook = mock.provider.Peek(RequestKey(id), "user-1", arrival, 0, 60, kNow);
      const ReplyPlan plan = mock.Plan(i);
      REQUIRE(plan.arrival == arrival);
      REQUIRE(outlook.fault == plan.fault.kind);
      const bool good =
          !plan.fault.present() || FaultTable()[static_cast<size_t>(plan.fault.kind)].impairment;
      if (good) REQUIRE(outlook.latency == plan.at - kNow);
      REQUIRE(outlook.right == (good && !plan.wrong_by_model));
      if (good) {
        const TaskSpec task = MakeTask(TaskKind::kArithmetic, i);
        REQUIRE(OracleAccepts(kTestSeed, task, Content(plan)) == outlook.right);
      }
      REQUIRE(unseen.Plan(i).body == plan.body);
    }
  }
}

TEST_CASE("provider: a model errs in its share of requests, the same ones wherever it is served",
          "[long]") {
  ProviderConfig alpha = OneModel("alpha");
  alpha.models[0].base_error = 0.1;
  ProviderConfig beta = OneModel("beta");
  beta.models[0].base_error = 0.1;
  ProviderConfig gamma = beta;
  gamma.models[0].name = "other";
  Mock a(alpha);
  Mock b(beta);
  Mock c(gamma);
  constexpr int64_t kTrials = 5'000;
  int64_t errors = 0;
  int64_t both = 0;
  for (uint64_t i = 0; i < kTrials; ++i) {
    const ReplyPlan plan = a.Plan(i);
    const bool accepted =
        OracleAccepts(kTestSeed, MakeTask(TaskKind::kArithmetic, i), Content(plan));
    errors += plan.wrong_by_model;
    REQUIRE(accepted != plan.wrong_by_model);
    REQUIRE_FALSE(plan.fault.present());
    REQUIRE(b.Plan(i).wrong_by_model == plan.wrong_by_model);
    const TaskSpec task = MakeTask(TaskKind::kArithmetic, i);
    const std::string id = "r" + std::to_string(i);
    const ReplyPlan other =
        c.Plan(ChatHttp(ChatRequestBody(TaskPrompt(kTestSeed, task, 0), "other"), id));
    both += plan.wrong_by_model && other.wrong_by_model;
  }
  CHECK(SharePlausible(errors, kTrials, 0.1));
  CHECK(SharePlausible(both, kTrials, 0.01));
}

TEST_CASE("provider: climate comes before base rates, and is named in the truth") {
  ClimateConfig row;
  row.name = "weather";
  row.fault = "connection_reset";
  row.to = 10min;
  Climate climate({row}, {"alpha"}, kTestSeed);
  Mock mock(WithFault("timeout", 1), &climate);
  const ReplyPlan during = mock.Plan(1);
  CHECK(during.fault.kind == FindFault("connection_reset"));
  CHECK(during.fault.episode == 0);
  const ReplyPlan after = mock.Plan(1, kStart + 10min);
  CHECK(after.fault.kind == FindFault("timeout"));
  CHECK(after.fault.episode == -1);
}

TEST_CASE("provider: without a limit replies do not wait for each other") {
  Mock mock(Steady(0, 0));
  for (uint64_t i = 0; i < 50; ++i) CHECK(mock.Plan(i).at == kNow + 100ms);
}

TEST_CASE("provider: servers work first come first served") {
  Mock mock(Steady(2, 0));
  const Duration expected[] = {100ms, 100ms, 200ms, 200ms, 300ms};
  for (uint64_t i = 0; i < 5; ++i) CHECK(mock.Plan(i).at == kNow + expected[i]);
  CHECK(mock.Plan(5, kNow + 250ms).at == kNow + 350ms);
  CHECK(mock.Plan(6, kNow + 5s).at == kNow + 5s + 100ms);
}

TEST_CASE("provider: a full queue answers 503 by load until it has moved") {
  Mock mock(Steady(1, 3));
  for (uint64_t i = 0; i < 4; ++i) CHECK(mock.Plan(i).status == 200);
  const ReplyPlan full = mock.Plan(4);
  CHECK(full.status == 503);
  CHECK(full.fault.by_load);
  CHECK(full.fault.kind == FindFault("server_error"));
  CHECK(full.fault.failure_class == "overloaded");
  CHECK(full.at < kNow + 100ms);
  CHECK(IsJson(full.body));
  CHECK(mock.Plan(5, kNow + 100ms).status == 200);
  CHECK(mock.Plan(6, kNow + 100ms).status == 503);
  const std::vector<FaultCount> counts = mock.truth.counts();
  CHECK(counts.back().scheduled == 2);
}

TEST_CASE("provider: a full queue hides no drawn fault") {
  ProviderConfig config = Steady(1, 1);
  config.faults["empty_body"].rate = 0.5;
  Mock mock(config);
  Mock unlimited(WithFault("empty_body", 0.5));
  int64_t by_load = 0;
  for (uint64_t i = 0; i < 300; ++i) {
    const ReplyPlan plan = mock.Plan(i);
    const bool drawn = unlimited.Plan(i).fault.present();
    REQUIRE((plan.fault.kind == FindFault("empty_body")) == drawn);
    by_load += plan.fault.by_load;
  }
  CHECK(by_load > 100);
}

TEST_CASE("provider: a hanging reply keeps its server busy, a refusal does not") {
  ProviderConfig hang = Steady(1, 0);
  hang.faults["timeout"].rate = 1;
  Mock busy(hang);
  CHECK(busy.Plan(0).end == End::kHang);
  ProviderConfig refuse = Steady(1, 0);
  refuse.faults["rate_limit"].rate = 1;
  Mock free(refuse);
  for (uint64_t i = 0; i < 3; ++i) CHECK(free.Plan(i).at == kNow + 10ms);

  // Half of the requests hang: whoever comes next waits for the work done on them.
  ProviderConfig mixed = Steady(1, 0);
  mixed.faults["timeout"].rate = 0.5;
  Mock mock(mixed);
  int64_t before = 0;
  for (uint64_t i = 0; i < 20; ++i, ++before) {
    const ReplyPlan plan = mock.Plan(i);
    if (plan.end != End::kHang) CHECK(plan.at == kNow + (before + 1) * 100ms);
  }
}

TEST_CASE("provider: waiting grows with load as queueing theory has it", "[long]") {
  // One server, constant work S, Poisson arrivals (M/D/1): mean wait = S rho / (2 (1 - rho)),
  // Pollaczek-Khinchine. Waits are correlated over a busy period, hence a margin of 10 %.
  for (const double rho : {0.3, 0.6, 0.8}) {
    Mock mock(Steady(1, 0));
    constexpr uint64_t kArrivals = 40'000;
    Time now = kStart;
    double waited = 0;
    for (uint64_t i = 0; i < kArrivals; ++i) {
      now += FromSeconds(Exponential(Draw(kTestSeed, Stream("test/gap"), i), 0.1 / rho));
      waited += Seconds(mock.Plan(i, now).at - now - 100ms);
    }
    CAPTURE(rho);
    CHECK(waited / kArrivals == Approx(0.1 * rho / (2 * (1 - rho))).epsilon(0.1));
  }
}

TEST_CASE("provider: replaced faults meet what arrives afterwards, and counts go on") {
  Mock mock(WithFault("timeout", 1));
  CHECK(mock.Plan(1).end == End::kHang);
  mock.provider.ReplaceFaults({});
  const ReplyPlan healthy = mock.Plan(1);
  CHECK(healthy.status == 200);
  CHECK(healthy.arrival == 1);
  CHECK(mock.provider.config().faults.empty());
  mock.provider.ReplaceFaults(WithFault("server_error", 1).faults);
  CHECK(mock.Plan(1).status >= 500);
  const std::vector<FaultCount> counts = mock.truth.counts();
  CHECK(counts[static_cast<size_t>(FindFault("timeout"))].scheduled == 1);
  CHECK(counts[static_cast<size_t>(FindFault("server_error"))].scheduled == 1);
}

}  // namespace
}  // namespace squall::provider_test

// A provider with capacity, met through the whole world (workload, engine, in-process transport),
// is the queue of theory that its scenario names: Kendall's A/S/c/K as JSON. The queue itself is
// held to theory, more closely and over more requests, in mock_providers/service_queue_test.cc;
// here each row compares the mean over 8 replications of 600 requests, from an empty system, within
// |t| < 4 of their standard error (7 degrees of freedom: chance 0.5 % a row), which is below 10 %
// of the figure.
#include <absl/strings/str_cat.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "engine/base/sim_env.h"
#include "mock_providers/in_process.h"
#include "scenarios/world.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::queueing_test {
namespace {

constexpr std::string_view kHead = R"({
  "workload": {"requests": 600, "deadline": "24h", "arrivals": {"rate_per_s": )";
constexpr std::string_view kMiddle = R"(}},
  "providers": [{"name": "alpha", "models": [{"name": "m"}], "capacity": )";
constexpr std::string_view kTail = R"(}],
  "engine": {"preset": "none", "deadline": {"per_try": "24h"}}})";

struct Row {
  double lambda;         // a second; mean service time 1 s
  std::string capacity;  // JSON
  double stay_s;         // mean, waiting and service; of those served
  double lost;           // share refused, 0 = none is
};

constexpr std::string_view kExponential = R"("service": {"kind": "exponential"})";
constexpr std::string_view kDeterministic = R"("service": {"kind": "deterministic"})";
constexpr std::string_view kLogNormal = R"("service": {"kind": "lognormal", "sigma": 0.5})";

std::string Capacity(int servers, std::string_view service, std::string_view more = "") {
  return absl::StrCat("{\"servers\": ", servers, ", ", std::string(service), std::string(more),
                      "}");
}

struct Estimate {
  double mean = 0;
  double error = 0;
};

Estimate MeanOf(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) sum += value;
  for (const double value : values) squares += std::pow(value - sum / n, 2);
  return {sum / n, std::sqrt(squares / (n - 1) / n)};
}

void CheckAgainst(const std::vector<double>& values, double theory) {
  const Estimate got = MeanOf(values);
  CAPTURE(got.mean, got.error, theory);
  CHECK(std::abs(got.mean - theory) < 4 * got.error);
  CHECK(got.error < 0.1 * theory);
}

void CheckAgainstTheory(std::span<const Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.lambda, row.capacity);
    const std::string text = absl::StrCat(std::string(kHead), row.lambda, std::string(kMiddle),
                                          row.capacity, std::string(kTail));
    const auto scenario = LoadScenarioText(text, "s.json", {});
    INFO(scenario.status().ToString());
    REQUIRE(scenario.ok());
    std::vector<double> stays;
    std::vector<double> losses;
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      double stay_s = 0;
      int64_t served = 0;
      RunHooks hooks;
      hooks.on_outcome = [&](const Outcome& outcome, const CallResult&) {
        if (!outcome.ok) return;
        ++served;
        stay_s += Seconds(outcome.ended - outcome.started);
      };
      RunVirtual(*scenario, seed, hooks);
      stays.push_back(stay_s / static_cast<double>(served));
      losses.push_back(1 - static_cast<double>(served) / 600);
    }
    CheckAgainst(stays, row.stay_s);
    if (row.lost > 0) CheckAgainst(losses, row.lost);
  }
}

TEST_CASE("a provider with capacity makes requests wait as theory has it", "[scenarios][long]") {
  const Row rows[] = {
      {0.5, Capacity(1, kExponential), 2, 0},          // M/M/1
      {2.5, Capacity(5, kExponential), 1.0521485, 0},  // M/M/5, Erlang C
      {0.5, Capacity(1, kDeterministic), 1.5, 0},      // M/D/1
      {0.5, Capacity(1, kLogNormal), 1.6420127, 0},    // M/G/1, Pollaczek-Khinchine
      {4, Capacity(0, kLogNormal), 1, 0},              // M/G/infinity
  };
  CheckAgainstTheory(rows);
}

TEST_CASE("a provider without a place left turns requests away as theory has it", "[scenarios]") {
  const Row rows[] = {
      {4, Capacity(5, kExponential, R"(, "queue": false)"), 1, 0.19906687},  // Erlang B
      // M/M/1/10: 9.6667 in the system on average, over the rate of those let in (Little).
      {4, Capacity(1, kExponential, R"(, "queue_max": 9)"), 9.6666762, 0.75000018},
  };
  CheckAgainstTheory(rows);
}

Task<> Ask(Env& env, Transport& transport, uint64_t number, Duration patience, Time* ended) {
  const TaskSpec task = MakeTask(TaskKind::kArithmetic, number);
  HttpRequest request = TaskHttp(task, "r" + std::to_string(number));
  const Time deadline = env.Now() + patience;
  const std::stop_token never;
  const HttpReply reply = co_await transport.Send(0, request, deadline, never, nullptr);
  *ended = reply.error == TransportError::kNone ? env.Now() : kNever;
}

TEST_CASE("work of clients that gave up is still done, begun or waiting") {
  ProviderConfig config = OneModel("alpha");
  config.capacity.servers = 1;
  config.capacity.service = {.kind = ServiceKind::kDeterministic, .mean = 10s};
  SimEnv env;
  GroundTruth truth;
  Provider provider(0, config, kTestSeed, nullptr, &truth);
  InProcessTransport transport({&provider}, &env);
  Time ended[3] = {};
  Spawn(env.executor(), Ask(env, transport, 0, 1s, &ended[0]));  // gives up on work that has begun
  Spawn(env.executor(), Ask(env, transport, 1, 2s, &ended[1]));  // and on work that waits
  env.RunUntil(kStart + 5s);
  Spawn(env.executor(), Ask(env, transport, 2, 1min, &ended[2]));
  env.Run();
  CHECK(ended[0] == kNever);
  CHECK(ended[1] == kNever);
  CHECK(ended[2] == kStart + 30s);
}

TEST_CASE("a law of service times holds for streams too, which spread over it as before") {
  ProviderConfig config = OneModel("alpha");
  GroundTruth truths[2];
  Provider by_latency(0, config, kTestSeed, nullptr, &truths[0]);
  config.capacity.service = {.kind = ServiceKind::kDeterministic, .mean = 7s};
  Provider by_law(0, config, kTestSeed, nullptr, &truths[1]);
  json body = ChatRequestBody(TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 1), 0));
  body["stream"] = true;
  const ReplyPlan before = by_latency.Plan(ChatHttp(body, "r1"), kStart);
  const ReplyPlan plan = by_law.Plan(ChatHttp(body, "r1"), kStart);
  CHECK(std::abs(Seconds(EndOf(plan) - kStart) - 7) < 1e-6);
  const double stretch = Seconds(EndOf(plan) - kStart) / Seconds(EndOf(before) - kStart);
  CHECK(Seconds(plan.at - kStart) == Approx(stretch * Seconds(before.at - kStart)));
}

}  // namespace
}  // namespace squall::queueing_test

// Admission against providers that really limit: quotas of each dialect, capacity that saturates,
// windows of models and regions, in virtual worlds.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::admission_worlds_test {
namespace {

Scenario Load(const std::string& text) {
  auto scenario = LoadScenarioText(text, "s.json", {});
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

struct Told {
  int64_t requests = 0;
  int64_t refused = 0;  // attempts, by 429
  int64_t answered = 0;
};

Told Count(const Scenario& scenario) {
  Told told;
  RunHooks hooks;
  hooks.on_outcome = [&told](const Outcome&, const CallResult& result) {
    ++told.requests;
    told.answered += result.ok ? 1 : 0;
    for (const AttemptRecord& attempt : result.attempts) told.refused += attempt.status == 429;
  };
  RunVirtual(scenario, 1, hooks);
  return told;
}

// 2 requests a second where 1 is granted (or tokens for as many), for 5 minutes.
Told Quota(const std::string& dialect, const std::string& quota, bool limiter) {
  return Count(Load(absl::StrCat(
      R"({"workload": {"requests": 600, "deadline": "20m",
                       "arrivals": {"kind": "uniform", "rate_per_s": 2}},
          "providers": [{"name": "alpha", "dialect": ")",
      dialect, R"(", "models": [{"name": "m"}], "quota": )", quota,
      R"(}],
          "engine": {"preset": "none", "limiter": {"enabled": )",
      limiter ? "true" : "false", "}}}")));
}

TEST_CASE("limiter: told by headers alone, it meets almost none of the 429s of real quotas",
          "[scenarios][long]") {
  const std::string requests = R"({"requests_per_min": 60})";
  struct Row {
    const char* dialect;
    std::string quota;
  };
  const Row rows[] = {
      {"openai", requests},
      {"openai", R"({"tokens_per_min": 15000})"},
      {"azure", requests},
      {"openai_responses", requests},
      {"anthropic", requests},
      {"anthropic", R"({"input_tokens_per_min": 8000, "output_tokens_per_min": 60000})"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.dialect, row.quota);
    const Told off = Quota(row.dialect, row.quota, false);
    const Told on = Quota(row.dialect, row.quota, true);
    CAPTURE(off.refused, on.refused, on.answered);
    REQUIRE(off.requests == 600);
    CHECK(off.refused > 150);
    CHECK(on.refused <= 6);  // 1 %
    CHECK(on.answered >= 594);
  }
}

// 12 requests a second where 10 can be served, each for a second on average.
struct Served {
  double latency_s = 0;  // mean, of attempts in the second half
  double per_s = 0;
};

Served Saturated(const std::string& concurrency) {
  const Scenario scenario = Load(absl::StrCat(
      R"({"workload": {"requests": 6000, "deadline": "1h",
                       "arrivals": {"rate_per_s": 12}},
          "providers": [{"name": "alpha", "models": [{"name": "m"}],
                         "capacity": {"servers": 10, "service": {"kind": "lognormal",
                                      "mean": "1s", "sigma": 0.4}}}],
          "engine": {"preset": "none", "deadline": {"per_try": "1h"}, "concurrency": )",
      concurrency, "}}"));
  const Time half = kStart + 250s;
  double sum_s = 0;
  int64_t ended = 0;
  RunHooks hooks;
  hooks.on_outcome = [&](const Outcome&, const CallResult& result) {
    for (const AttemptRecord& attempt : result.attempts) {
      if (!attempt.sent || attempt.ended < half || attempt.ended >= kStart + 500s) continue;
      sum_s += Seconds(attempt.ended - attempt.started);
      ++ended;
    }
  };
  RunVirtual(scenario, 1, hooks);
  return {sum_s / static_cast<double>(ended), static_cast<double>(ended) / 250};
}

TEST_CASE("concurrency: the gradient keeps a saturated provider quick and busy",
          "[scenarios][long]") {
  const Served free = Saturated(R"({"kind": "none"})");
  const Served held = Saturated(R"({"kind": "gradient", "max_waiting": 20})");
  CAPTURE(free.latency_s, free.per_s, held.latency_s, held.per_s);
  CHECK(free.latency_s > 30);
  CHECK(held.latency_s < 1.5);
  CHECK(held.per_s >= 9);
}

TEST_CASE("routing: what a scenario says of windows and regions is what the engine goes by",
          "[scenarios]") {
  const Scenario scenario = Load(R"({
      "workload": {"requests": 50, "prompt_tokens": 400, "prompt_sigma": 0},
      "providers": [{"name": "alpha", "models": [{"name": "m", "context_tokens": 300}]},
                    {"name": "beta", "models": [{"name": "m", "max_output_tokens": 2}]},
                    {"name": "gamma", "models": [{"name": "m"}]}],
      "engine": {"preset": "none"}})");
  RunHooks hooks;
  hooks.on_outcome = [](const Outcome&, const CallResult& result) {
    REQUIRE(result.attempts.size() == 1);
    CHECK(result.attempts[0].provider == 2);
  };
  RunVirtual(scenario, 1, hooks);
}

TEST_CASE("routing: a model that has no streams, or no JSON, is passed by where another has",
          "[scenarios]") {
  struct Row {
    const char* stream;     // share of requests
    const char* providers;  // models of each
    ProviderId provider;    // that is asked, at its
    uint16_t model;
  };
  const Row rows[] = {
      {"1", R"([{"name": "m", "streaming": false}])", 1, 0},
      {"0", R"([{"name": "m", "streaming": false}])", 0, 0},
      {"1", R"([{"name": "m", "json": false}])", 1, 0},
      {"0", R"([{"name": "m", "json": false}])", 1, 0},
      {"1", R"([{"name": "m", "streaming": false}, {"name": "n"}])", 0, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.stream, row.providers);
    const Scenario scenario =
        Load(absl::StrCat(R"({"workload": {"requests": 50, "stream": )", row.stream,
                          R"(}, "providers": [{"name": "alpha", "models": )", row.providers,
                          R"(}, {"name": "beta", "models": [{"name": "m"}]}],
                        "engine": {"preset": "none"}})"));
    RunHooks hooks;
    hooks.on_outcome = [&row](const Outcome& outcome, const CallResult& result) {
      REQUIRE(result.attempts.size() == 1);
      CHECK(result.attempts[0].provider == row.provider);
      CHECK(result.attempts[0].model == row.model);
      CHECK(result.ok);
      CHECK_FALSE(outcome.faulted());
    };
    RunVirtual(scenario, 1, hooks);
  }
}

TEST_CASE(
    "routing: where no model has streams the request is sent, turned down and not recoverable",
    "[scenarios]") {
  const Scenario scenario = Load(R"({
      "workload": {"requests": 50, "stream": 1},
      "providers": [{"name": "alpha", "models": [{"name": "m", "streaming": false}]}],
      "engine": {"preset": "squall"}})");
  RunHooks hooks;
  hooks.on_outcome = [](const Outcome& outcome, const CallResult& result) {
    CHECK_FALSE(result.ok);
    CHECK(result.attempts[0].diagnosis.failure == FailureClass::kInvalidRequest);
    CHECK(outcome.faulted());
    CHECK(outcome.ceiling == 0);
  };
  RunVirtual(scenario, 1, hooks);
}

TEST_CASE("breakers: deployments of a scenario's region share its circuit", "[scenarios]") {
  const auto asked_beta = [](const std::string& beta) {
    const Scenario scenario = Load(absl::StrCat(
        R"({"workload": {"requests": 300},
            "providers": [{"name": "alpha", "models": [{"name": "m"}], "quota": {"region": "w"}},
                          {"name": "beta", "models": [{"name": "m"}], "quota": {"region": ")",
        beta, R"("}},
                          {"name": "gamma", "models": [{"name": "m"}]}],
            "climate": [{"name": "o", "providers": ["alpha"], "from": "0s", "to": "1h"}],
            "engine": {"preset": "none", "ladder": ["failover"], "retry": {"max_attempts": 3},
                       "breaker_scopes": ["region"],
                       "breaker": {"enabled": true, "consecutive_failures": 3,
                                   "failure_threshold": 0, "open_for": "1h"}}})"));
    int64_t asked = 0;
    RunHooks hooks;
    hooks.on_outcome = [&asked](const Outcome&, const CallResult& result) {
      for (const AttemptRecord& attempt : result.attempts) asked += attempt.provider == 1;
    };
    RunVirtual(scenario, 1, hooks);
    return asked;
  };
  CHECK(asked_beta("w") < 100);  // until the third failure in a row
  CHECK(asked_beta("e") == 300);
}

}  // namespace
}  // namespace squall::admission_worlds_test

// Mechanisms of the engine that no bundled scenario turns on, each told to by a scenario file and
// seen at work in a virtual world. What exactly each of them does is in the tests of its own.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::mechanisms_test {
namespace {

// Calls of a run of one seed, in the order in which they ended.
std::vector<CallResult> Play(const std::string& text) {
  const auto scenario = LoadScenarioText(text, "s.json", {});
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  std::vector<CallResult> calls;
  RunHooks hooks;
  hooks.on_outcome = [&calls](const Outcome&, const CallResult& call) { calls.push_back(call); };
  RunVirtual(*scenario, 1, hooks);
  REQUIRE(calls.size() == static_cast<size_t>(scenario->workload.requests));
  return calls;
}

// ---- routing ------------------------------------------------------------------------------------

// A request a second to three providers: alpha dear and slow, beta cheap, gamma quick.
std::vector<CallResult> Routed(const std::string& engine, const std::string& more = "") {
  return Play(absl::StrCat(
      R"({"workload": {"requests": 1000, "arrivals": {"kind": "uniform", "rate_per_s": 1}},
          "providers": [
            {"name": "alpha", "models": [{"name": "m", "usd_per_mtok_in": 10}],
             "latency": {"ttft_median": "600ms", "ttft_sigma": 0.1, "per_token_median": "0s"}},
            {"name": "beta", "models": [{"name": "m", "usd_per_mtok_in": 1}],
             "latency": {"ttft_median": "600ms", "ttft_sigma": 0.1, "per_token_median": "0s"}},
            {"name": "gamma", "models": [{"name": "m", "usd_per_mtok_in": 5}],
             "latency": {"ttft_median": "50ms", "ttft_sigma": 0.1, "per_token_median": "0s"}}],
          "engine": {"preset": "none", )",
      engine, "}", more, "}"));
}

// Share of first attempts that each provider got, after the first hundred.
std::array<double, 3> Shares(const std::vector<CallResult>& calls) {
  constexpr size_t kBefore = 100;
  std::array<double, 3> shares{};
  for (size_t i = kBefore; i < calls.size(); ++i) shares[calls[i].attempts[0].provider] += 1;
  for (double& share : shares) share /= static_cast<double>(calls.size() - kBefore);
  return shares;
}

TEST_CASE("mechanisms: a scenario's weights share out its requests", "[scenarios]") {
  const auto shares = Shares(
      Routed(R"("routing": {"kind": "weighted", "weights": {"alpha": 6, "beta": 3, "gamma": 1}})"));
  constexpr double kWanted[] = {0.6, 0.3, 0.1};
  for (size_t p = 0; p < 3; ++p) {
    // Within 4 standard errors of the binomial over 900: chance 6e-5 each.
    CAPTURE(p, shares[p]);
    CHECK(std::abs(shares[p] - kWanted[p]) < 4 * std::sqrt(kWanted[p] * (1 - kWanted[p]) / 900));
  }
}

TEST_CASE("mechanisms: requests go to the cheapest, to the quickest, or past an ill provider",
          "[scenarios]") {
  CHECK(Shares(Routed(R"("routing": {"kind": "priority"})"))[0] == 1);
  CHECK(Shares(Routed(R"("routing": {"kind": "cost"})"))[1] == 1);
  // Whoever is not known yet is tried.
  const std::string curious = R"("health": {"assumed": "1ms"}, )";
  CHECK(Shares(Routed(curious + R"("routing": {"kind": "latency"})"))[2] > 0.95);
  // Gamma is in two of three pairs.
  const auto well = Shares(Routed(curious + R"("routing": {"kind": "p2c"})"));
  CHECK(well[2] > 0.5);
  CHECK(well[2] < 0.8);
  const std::string ill = R"(, "climate": [{"name": "o", "providers": ["gamma"], "to": "1h"}])";
  const auto avoided = Shares(Routed(R"("routing": {"kind": "p2c"})", ill));
  CHECK(avoided[2] < 0.1);
  CHECK(std::min(avoided[0], avoided[1]) > 0.25);
}

// ---- hedges -------------------------------------------------------------------------------------

TEST_CASE("mechanisms: hedges at a quantile double that share of requests and cut off the tail",
          "[scenarios]") {
  const auto play = [](const std::string& hedge) {
    return Play(absl::StrCat(
        R"({"workload": {"requests": 2000, "arrivals": {"kind": "uniform", "rate_per_s": 1}},
            "providers": [{"name": "alpha", "latency": {"ttft_median": "400ms", "ttft_sigma": 1.2},
                           "models": [{"name": "m"}]},
                          {"name": "beta", "latency": {"ttft_median": "400ms", "ttft_sigma": 1.2},
                           "models": [{"name": "m"}]}],
            "engine": {"preset": "none", "retry": {"max_attempts": 2}, "hedge": )",
        hedge, "}}"));
  };
  const auto p99 = [](const std::vector<CallResult>& calls) {
    std::vector<Duration> took;
    for (const CallResult& call : calls) took.push_back(call.ended - call.started);
    std::sort(took.begin(), took.end());
    return took[took.size() * 99 / 100];
  };
  const auto hedged = play(R"({"kind": "quantile", "quantile": 0.9})");
  int64_t copies = 0;
  int64_t lost = 0;
  for (const CallResult& call : hedged) {
    for (const AttemptRecord& attempt : call.attempts) {
      copies += attempt.strategy == "hedge";
      lost += attempt.diagnosis.rule == "hedge.lost";
    }
  }
  CHECK(lost == copies);  // of each pair one
  CHECK(copies > 120);    // 200 and the estimate's error
  CHECK(copies < 320);
  // By the same law: 4.1 s of 7.2 s.
  CHECK(4 * p99(hedged) < 3 * p99(play(R"({"kind": "none"})")));
}

// ---- circuits -----------------------------------------------------------------------------------

TEST_CASE("mechanisms: with all circuits open a request fails at once, waits, or is sent",
          "[scenarios]") {
  struct Seen {
    int64_t unsent = 0;
    int64_t answered = 0;
    std::set<std::string_view> stops;
  };
  const auto play = [](const std::string& all_open) {
    const auto calls = Play(absl::StrCat(
        R"({"workload": {"requests": 120, "arrivals": {"kind": "uniform", "rate_per_s": 2}},
            "providers": [{"name": "alpha", "models": [{"name": "m"}]}],
            "climate": [{"name": "o", "from": "10s", "to": "20s"}],
            "engine": {"preset": "none", "all_open": ")",
        all_open, R"(", "breaker": {"enabled": true, "consecutive_failures": 3, "open_for": "15s",
                                    "failure_threshold": 0, "open_jitter": 0, "ramp": "0s",
                                    "probes_to_close": 1, "probe_lease": "2s"}}})"));
    Seen seen;
    for (const CallResult& call : calls) {
      const bool sent = std::any_of(call.attempts.begin(), call.attempts.end(),
                                    [](const AttemptRecord& attempt) { return attempt.sent; });
      seen.unsent += !sent;
      seen.answered += call.ok;
      seen.stops.insert(call.stop_reason);
    }
    return seen;
  };
  const Seen fast = play("fail_fast");
  CHECK(fast.unsent > 20);  // 2 a second for 15 s
  CHECK(fast.stops.contains("all_open"));
  const Seen wait = play("wait");
  CHECK(wait.unsent < fast.unsent);
  CHECK(wait.answered > fast.answered + 5);
  const Seen open = play("fail_open");
  CHECK(open.unsent == 0);
  CHECK_FALSE(open.stops.contains("all_open"));
  CHECK(open.answered >= 95);  // all but those of the outage
}

// ---- places -------------------------------------------------------------------------------------

TEST_CASE("mechanisms: a bulkhead holds what is in flight, whatever is offered", "[scenarios]") {
  const auto most = [](const std::string& concurrency) {
    const auto calls = Play(absl::StrCat(
        R"({"workload": {"requests": 600, "deadline": "10m", "arrivals": {"rate_per_s": 20}},
            "providers": [{"name": "alpha", "models": [{"name": "m"}]}],
            "engine": {"preset": "none", "deadline": {"per_try": "10m"}, "concurrency": )",
        concurrency, "}}"));
    std::vector<std::pair<Time, int>> changes;
    for (const CallResult& call : calls) {
      CHECK(call.ok);
      changes.emplace_back(call.attempts[0].started, 1);
      changes.emplace_back(call.attempts[0].ended, -1);
    }
    std::sort(changes.begin(), changes.end());
    int now = 0;
    int peak = 0;
    for (const auto& [unused, change] : changes) peak = std::max(peak, now += change);
    return peak;
  };
  CHECK(most(R"({"kind": "none"})") > 15);
  CHECK(most(R"({"kind": "fixed", "initial": 8, "max_waiting": 1000, "max_wait": "10m"})") == 8);
}

// ---- send rate ----------------------------------------------------------------------------------

TEST_CASE("mechanisms: a client that limits itself as AWS's do is refused far less often",
          "[scenarios]") {
  struct Seen {
    int64_t sent = 0;
    int64_t refused = 0;
  };
  const auto play = [](const std::string& preset) {
    const auto calls = Play(absl::StrCat(
        R"({"workload": {"requests": 1200, "deadline": "1m",
                         "arrivals": {"kind": "uniform", "rate_per_s": 4}},
            "providers": [{"name": "alpha", "models": [{"name": "m"}],
                           "quota": {"requests_per_min": 120}}],
            "engine": {"preset": ")",
        preset, R"("}})"));
    Seen seen;
    for (const CallResult& call : calls) {
      for (const AttemptRecord& attempt : call.attempts) {
        seen.sent += attempt.sent;
        seen.refused += attempt.status == 429;
      }
    }
    return seen;
  };
  const Seen standard = play("aws-standard");
  const Seen adaptive = play("aws-adaptive");
  CAPTURE(standard.sent, standard.refused, adaptive.sent, adaptive.refused);
  CHECK(standard.refused > 500);  // twice what is granted is offered, for five minutes
  CHECK(adaptive.refused < standard.refused / 2);
  CHECK(adaptive.refused > 0);  // which is how it finds out
}

// ---- guard --------------------------------------------------------------------------------------

struct Verdicts {
  int64_t faulted = 0;
  int64_t found = 0;    // of these, by the rule in question
  int64_t wrongly = 0;  // healthy ones, likewise
};

// One provider that answers 600 stock counts, a second apart, and is only watched.
Verdicts Watched(const std::string& rule, const std::string& faults, const std::string& guard) {
  const auto scenario = LoadScenarioText(
      absl::StrCat(R"({"workload": {"requests": 600, "tasks": {"arithmetic": 1},
                                    "arrivals": {"kind": "uniform", "rate_per_s": 1}},
                       "providers": [{"name": "alpha", "models": [{"name": "m"}]}], )",
                   faults, R"(, "engine": {"preset": "none", "guard": )", guard, "}}"),
      "s.json", {});
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  Verdicts verdicts;
  RunHooks hooks;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult& call) {
    const bool faulted = outcome.faulted();
    const bool found = call.attempts[0].diagnosis.rule == rule;
    verdicts.faulted += faulted;
    verdicts.found += faulted && found;
    verdicts.wrongly += !faulted && found;
  };
  RunVirtual(*scenario, 1, hooks);
  return verdicts;
}

TEST_CASE("mechanisms: what an answer must and must not hold finds what breaks the form",
          "[scenarios]") {
  const Verdicts missing =
      Watched("guard.entities.missing",
              R"("faults": {"schema_drift": {"rate": 0.2, "variants": {"renamed_key": 1}}})",
              R"({"json_schema": false, "entities": {"required": ["\"result\":", "\"unit\":"]}})");
  CHECK(missing.faulted > 80);
  CHECK(missing.found == missing.faulted);
  CHECK(missing.wrongly == 0);
  const Verdicts forbidden =
      Watched("guard.entities.forbidden",
              R"("faults": {"schema_drift": {"rate": 0.2, "variants": {"fenced": 1}}})",
              R"({"json": false, "json_schema": false, "entities": {"forbidden": ["```"]}})");
  CHECK(forbidden.faulted > 80);
  CHECK(forbidden.found == forbidden.faulted);
  CHECK(forbidden.wrongly == 0);
}

TEST_CASE("mechanisms: answers that turn into another language drift from those before",
          "[scenarios]") {
  const Verdicts drift = Watched("guard.drift",
                                 R"("climate": [{"name": "other words", "from": "300s", "to": "1h",
                      "fault": "silent_degradation", "variants": {"wrong_language": 1}}])",
                                 R"({"drift": {"enabled": true}})");
  CHECK(drift.faulted > 290);
  CHECK(drift.found > 0);
  CHECK(drift.wrongly == 0);
}

}  // namespace
}  // namespace squall::mechanisms_test

// Outcomes made up for the tests of the reports.
#pragma once

#include <string>
#include <vector>

#include "engine/base/random.h"
#include "reports/metrics.h"
#include "reports/outcome.h"
#include "reports/result.h"

namespace squall::testing {

inline std::vector<std::string> SampleFaultNames() { return {"timeout", "garbage", "slow"}; }

// A healthy request that took 100 ms.
inline Outcome Healthy(uint64_t index, Time started) {
  Outcome outcome;
  outcome.index = index;
  outcome.started = started;
  outcome.ended = started + 100ms;
  outcome.in_time = outcome.ok = outcome.body = outcome.right = true;
  AttemptOutcome attempt;
  attempt.strategy = "first";
  attempt.started = started;
  outcome.attempts.push_back(attempt);
  outcome.answered_by = "first";
  return outcome;
}

// Its first attempt timed out, and a retry one second later brought the right answer.
inline Outcome Retried(uint64_t index, Time started) {
  Outcome outcome = Healthy(index, started);
  outcome.ended = started + 1100ms;
  outcome.attempts[0].fault = 0;
  outcome.attempts[0].truth = outcome.attempts[0].diagnosed = FailureClass::kTimeout;
  AttemptOutcome retry;
  retry.strategy = "retry";
  retry.started = started + 1s;
  outcome.attempts.push_back(retry);
  outcome.answered_by = "retry";
  return outcome;
}

// Every combination of kinds and endings, drawn by key: 10 requests a second.
inline Outcome Drawn(uint64_t index, uint64_t seed) {
  uint64_t draws = 0;
  const auto chance = [&](double p) { return Draw(seed, Stream("sample"), index, 0, ++draws) < p; };
  const Time started = kStart + Duration(static_cast<int64_t>(index) * 100'000'000);
  Outcome outcome = Healthy(index, started);
  outcome.ended = started + FromSeconds(Exponential(Draw(seed, Stream("latency"), index), 0.5));
  outcome.in_time = chance(0.9);
  outcome.ok = chance(0.8);
  outcome.body = chance(0.95);
  outcome.right = chance(0.9);
  outcome.wrong_by_model = chance(0.05);
  outcome.prompt_tokens = 100;
  outcome.completion_tokens = 50;
  outcome.cost_usd = 0.0011;
  AttemptOutcome& first = outcome.attempts[0];
  if (chance(0.6)) first.fault = chance(0.5) ? 0 : chance(0.5) ? 1 : 2;
  first.impairment = first.fault == 2;
  first.by_load = first.fault < 0 && chance(0.1);
  first.truth = first.fault == 0   ? FailureClass::kTimeout
                : first.fault == 1 ? FailureClass::kMalformedResponse
                                   : FailureClass::kOk;
  first.diagnosed = chance(0.9) ? first.truth : FailureClass::kServerError;
  if (first.fault >= 0) outcome.ceiling = chance(0.95) ? 1 : 0;
  while (chance(0.5) && outcome.attempts.size() < 4) {
    AttemptOutcome next;
    next.strategy = chance(0.5) ? "retry" : "failover";
    next.started = outcome.attempts.back().started + 300ms;
    outcome.attempts.push_back(next);
  }
  outcome.answered_by = outcome.attempts.back().strategy;
  if (chance(0.02)) outcome.attempts.clear();
  return outcome;
}

inline RunResult SampleResult(uint64_t seed, int64_t requests) {
  Metrics metrics(SampleFaultNames());
  for (int64_t i = 0; i < requests; ++i) {
    metrics.Add(Drawn(static_cast<uint64_t>(i), seed));
    metrics.OnPhase(Phase::kClassify, 200 + i % 100);
    metrics.OnPhase(Phase::kParse, 1500 + i % 1000);
  }
  RunResult result;
  result.scenario = "sample";
  result.scenario_hash = "0123456789abcdef";
  result.seed = static_cast<int64_t>(seed);
  result.engine = "self_healing";
  result.summary = metrics.Summarize();
  for (const std::string& name : SampleFaultNames()) result.faults.push_back({name, 10, 10});
  result.timing = {.wall_s = 0.25, .cpu_s = 0.2, .timer_overhead_ns = 20, .machine = {}};
  result.repeat = "squall run sample --seed " + std::to_string(seed);
  return result;
}

}  // namespace squall::testing

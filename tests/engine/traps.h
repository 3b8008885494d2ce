// Worlds drawn by key for the tests of traps: configurations, failing providers, and calls that
// begin at a time of their own.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "tests/engine/engine_rig.h"

namespace squall {

// Draws of one world.
class Dice {
 public:
  Dice(std::string_view trap, uint64_t world) : stream_(Stream(trap)), world_(world) {}
  double Unit() { return Draw(1, stream_, world_, next_++); }
  bool Coin(double p) { return Unit() < p; }
  Duration Between(double low_s, double high_s) {
    return FromSeconds(low_s + (high_s - low_s) * Unit());
  }
  int64_t Whole(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Unit() * static_cast<double>(high - low + 1));
  }

 private:
  StreamId stream_;
  uint64_t world_;
  uint64_t next_ = 0;
};

// All rungs or some, in any order.
inline std::vector<std::string> DrawnLadder(Dice* dice) {
  std::vector<std::string> rungs = {"failover", "retry", "degrade", "learned_rule"};
  for (size_t i = rungs.size(); i > 1; --i) {
    std::swap(rungs[i - 1],
              rungs[static_cast<size_t>(dice->Whole(0, static_cast<int64_t>(i) - 1))]);
  }
  rungs.resize(static_cast<size_t>(dice->Whole(1, 4)));
  return rungs;
}

inline EngineConfig DrawnConfig(Dice* dice) {
  EngineConfig config;
  config.ladder = DrawnLadder(dice);
  config.retry.max_attempts = dice->Whole(1, 6);
  config.retry.max_attempts_per_target = dice->Whole(1, 4);
  config.retry.backoff.kind = static_cast<BackoffKind>(dice->Whole(0, 8));
  config.retry.backoff.base = dice->Between(0.01, 5);
  config.retry.backoff.cap = config.retry.backoff.base * dice->Whole(2, 16);
  config.retry.backoff.jitter = dice->Unit();
  config.retry.retry_after_spread = dice->Coin(0.5) ? dice->Unit() : 0;
  config.deadline.per_try = dice->Between(0.2, 20);
  config.deadline.failover_reserve = dice->Coin(0.5) ? dice->Between(0, 5) : 0s;
  config.deadline.share_when_short = dice->Coin(0.5);
  config.breaker.minimum_calls = dice->Whole(2, 20);
  config.budget.enabled = dice->Coin(0.5);
  config.budget.kind = static_cast<BudgetKind>(dice->Whole(0, 2));
  config.budget.ratio = 2 * dice->Unit();
  config.budget.floor_per_s = dice->Unit();
  config.budget.window = dice->Between(0.2, 30);
  return config;
}

inline ScriptedReply DrawnFailure(Dice* dice) {
  const std::array<ScriptedReply, 8> failures = {Status(500),
                                                 Status(429),
                                                 Status(429, std::to_string(dice->Whole(0, 60))),
                                                 Status(503, std::to_string(dice->Whole(0, 60))),
                                                 Broken(TransportError::kReset),
                                                 Broken(TransportError::kConnect),
                                                 Broken(TransportError::kTimeout),
                                                 Answer(ChatBody("\"\""))};
  return After(dice->Between(0.01, 3), failures[static_cast<size_t>(dice->Whole(0, 7))]);
}

inline const AttemptRecord* LastSent(const CallResult& result) {
  const AttemptRecord* last = nullptr;
  for (const AttemptRecord& attempt : result.attempts) {
    if (attempt.sent) last = &attempt;
  }
  return last;
}

// A call that begins at `at`. `out` is set when it has ended.
inline Task<> CallAt(Rig* rig, Time at, std::string id, std::stop_token stop,
                     std::optional<CallResult>* out) {
  [[maybe_unused]] const bool reached = co_await rig->env.SleepUntil(at);
  co_await Rig::Run(rig, id, stop, nullptr, out);
}

inline void Begin(Rig* rig, Time at, const std::string& id, std::optional<CallResult>* out,
                  std::stop_token stop = {}) {
  Spawn(rig->env.executor(), CallAt(rig, at, id, stop, out));
}

inline BreakerState StateOf(const Rig& rig, ProviderId provider) {
  return rig.engine->breaker(provider).state(rig.env.Now());
}

// Failures alone, one at a time, until the circuit of `provider` opens.
inline void Trip(Rig* rig, ProviderId provider) {
  for (int i = 0; i < 50 && StateOf(*rig, provider) != BreakerState::kOpen; ++i) {
    rig->Call("trip" + std::to_string(i));
  }
  REQUIRE(StateOf(*rig, provider) == BreakerState::kOpen);
}

// One provider's circuit opens at the second failure in a row, and nothing else interferes.
inline EngineConfig Brittle(Duration open_for) {
  EngineConfig config;
  config.ladder = {"failover"};
  config.budget.enabled = false;
  config.breaker.failure_threshold = 0;
  config.breaker.consecutive_failures = 2;
  config.breaker.open_for = open_for;
  config.breaker.probes_to_close = 1;
  return config;
}

}  // namespace squall

// Swarm: many random worlds, judged by what must hold in all of them. Every fault kind is randomly
// on or off, at wild rates, with random weather, load and engine settings. A failure names the
// seed.
#include <map>
#include <set>
#include <string>

#include "engine/base/random.h"
#include "mock_providers/faults.h"
#include "scenarios/world.h"
#include "tests/catch.h"

namespace squall::swarm_test {
namespace {

constexpr int kWorlds = 200;
constexpr StreamId kSwarm = Stream("swarm");

// Draws of one world.
class Dice {
 public:
  explicit Dice(uint64_t world) : world_(world) {}
  double Unit() { return Draw(1, kSwarm, world_, next_++); }
  bool Coin(double p) { return Unit() < p; }
  double Between(double low, double high) { return low + (high - low) * Unit(); }
  int64_t Whole(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Unit() * static_cast<double>(high - low + 1));
  }

 private:
  uint64_t world_;
  uint64_t next_ = 0;
};

std::map<std::string, FaultConfig> RandomFaults(Dice* dice) {
  std::map<std::string, FaultConfig> faults;
  double left = 1;
  for (const FaultRow& row : FaultTable()) {
    FaultConfig& fault = faults[std::string(row.name)];
    if (dice->Coin(0.5)) continue;
    fault.rate = left * dice->Between(0, 0.4);
    left -= fault.rate;
    fault.request_bound = dice->Coin(0.3) ? dice->Between(0, 0.5) : 0;
    fault.common_cause = dice->Coin(0.3) ? dice->Between(0, 0.5) : 0;
    fault.pinned = dice->Unit();
    fault.persists = dice->Unit();
    fault.retry_after = FromSeconds(dice->Between(0, 40));
    fault.retry_after_present = dice->Unit();
  }
  return faults;
}

void RandomPolicies(Dice* dice, EngineConfig* config) {
  config->retry.backoff.kind = static_cast<BackoffKind>(dice->Whole(0, 8));
  config->retry.backoff.cap_rule = static_cast<CapRule>(dice->Whole(0, 2));
  config->retry.backoff.jitter = dice->Unit();
  config->deadline.reserve_stages = dice->Whole(1, 4);
  config->deadline.share_when_short = dice->Coin(0.5);
  config->breaker.consecutive_failures = dice->Whole(0, 5);
  config->breaker.slow_call = FromSeconds(dice->Between(0, 10));
  config->breaker.ewma_window = FromSeconds(dice->Between(0, 30));
  config->breaker.open_growth = dice->Between(1, 3);
  config->breaker.open_jitter = dice->Unit();
  config->breaker.open_on_hint = FromSeconds(dice->Between(0, 10));
  config->breaker.probes_at_once = dice->Whole(1, 4);
  config->breaker.probes_to_open = dice->Whole(1, 3);
  if (dice->Coin(0.5)) config->breaker.ramp = FromSeconds(dice->Between(0, 30));
  config->budget.kind = static_cast<BudgetKind>(dice->Whole(0, 2));
  config->budget.capacity = dice->Between(1, 100);
  config->budget.failure_cost = dice->Unit();
  config->budget.retry_above = dice->Between(0, 0.9);
}

EngineConfig RandomEngine(Dice* dice) {
  EngineConfig config;
  config.diagnose = dice->Coin(0.8);
  if (dice->Coin(0.5)) config.ladder = {"failover", "retry", "degrade", "learned_rule"};
  if (dice->Coin(0.2)) config.ladder = {"retry"};
  config.retry.max_attempts = dice->Whole(1, 8);
  config.retry.max_attempts_per_target = dice->Whole(1, 4);
  config.retry.backoff.base = FromSeconds(dice->Between(0.001, 2));
  config.retry.backoff.cap = config.retry.backoff.base * dice->Whole(1, 64);
  config.retry.obey_retry_after = dice->Coin(0.8);
  config.deadline.per_try = FromSeconds(dice->Between(0.5, 20));
  config.deadline.failover_reserve = FromSeconds(dice->Between(0, 10));
  config.breaker.enabled = dice->Coin(0.7);
  config.breaker.minimum_calls = dice->Whole(1, 20);
  config.breaker.failure_threshold = dice->Between(0.05, 1);
  config.breaker.open_for = FromSeconds(dice->Between(0.5, 30));
  config.breaker.probes_to_close = dice->Whole(1, 4);
  config.budget.enabled = dice->Coin(0.8);
  config.budget.ratio = dice->Between(0, 0.5);
  config.budget.floor_per_s = dice->Between(0, 2);
  config.knowledge.minimum_samples = dice->Whole(1, 30);
  RandomPolicies(dice, &config);
  if (dice->Coin(0.4)) config.hedge.kind = static_cast<HedgeKind>(dice->Whole(1, 2));
  config.hedge.delay = FromSeconds(dice->Between(0.05, 5));
  config.all_open = static_cast<AllOpen>(dice->Whole(0, 2));
  config.stream.after_commit = static_cast<AfterCommit>(dice->Whole(0, 1));
  config.stream.hold_until_valid = dice->Coin(0.3);
  if (dice->Coin(0.5)) config.stream.watch.first_piece = FromSeconds(dice->Between(0.1, 10));
  if (dice->Coin(0.5)) config.stream.watch.between = FromSeconds(dice->Between(0.1, 5));
  return config;
}

ClimateConfig RandomWeather(Dice* dice, Duration span) {
  ClimateConfig row;
  row.name = "weather";
  row.kind = static_cast<ClimateKind>(dice->Whole(0, 2));
  row.sticky = static_cast<Sticky>(dice->Whole(0, 2));
  const auto faults = FaultTable();
  row.fault =
      faults[static_cast<size_t>(dice->Whole(0, static_cast<int64_t>(faults.size()) - 1))].name;
  row.to = span / 2;  // faults of the weather stop halfway
  row.share = dice->Unit();
  row.share_end = dice->Unit();
  row.mean_up = FromSeconds(dice->Between(1, 60));
  row.mean_degraded = FromSeconds(dice->Between(1, 30));
  row.mean_down = FromSeconds(dice->Between(1, 30));
  row.degraded_share = dice->Unit();
  return row;
}

Scenario RandomScenario(uint64_t world) {
  Dice dice(world);
  Scenario scenario;
  scenario.name = "swarm";
  scenario.workload.requests = dice.Whole(20, 200);
  scenario.workload.arrivals.rate_per_s = dice.Between(0.2, 50);
  scenario.workload.deadline = FromSeconds(dice.Between(1, 60));
  scenario.workload.sessions = dice.Whole(1, 20);
  const double span_s =
      static_cast<double>(scenario.workload.requests) / scenario.workload.arrivals.rate_per_s;
  const auto faults = RandomFaults(&dice);
  const int64_t providers = dice.Whole(1, 4);
  for (int64_t p = 0; p < providers; ++p) {
    ProviderConfig provider;
    provider.name = "p" + std::to_string(p);
    for (int64_t m = dice.Whole(1, 3); m > 0; --m) {
      ModelConfig model;
      model.name = provider.name + "-m" + std::to_string(m);
      model.base_error = dice.Coin(0.5) ? dice.Between(0, 0.3) : 0;
      provider.models.push_back(model);
    }
    provider.faults = faults;
    provider.latency.ttft_median = FromSeconds(dice.Between(0.01, 3));
    if (dice.Coin(0.3)) {
      provider.capacity.servers = dice.Whole(1, 10);
      provider.capacity.queue_max = dice.Whole(0, 20);
    }
    scenario.providers.push_back(provider);
  }
  for (int64_t w = dice.Whole(0, 2); w > 0; --w) {
    scenario.climate.push_back(RandomWeather(&dice, FromSeconds(span_s)));
  }
  scenario.engine = RandomEngine(&dice);
  if (dice.Coin(0.3)) scenario.workload.stream = dice.Unit();
  return scenario;
}

bool LegalTransition(BreakerState from, BreakerState to) {
  switch (from) {
    case BreakerState::kClosed: return to == BreakerState::kOpen;
    case BreakerState::kOpen: return to == BreakerState::kHalfOpen;
    case BreakerState::kHalfOpen: return to != BreakerState::kHalfOpen;
  }
  return false;
}

// Watches one world.
class Witness {
 public:
  explicit Witness(const Scenario& scenario) : scenario_(scenario) {}

  RunHooks Hooks() {
    RunHooks hooks;
    hooks.on_outcome = [this](const Outcome& o, const CallResult& r) { OnOutcome(o, r); };
    hooks.on_breaker = [this](ProviderId p, BreakerState from, BreakerState to, Time) {
      legal_ = legal_ && LegalTransition(from, to) && from == states_[p];
      states_[p] = to;
    };
    return hooks;
  }

  void Check(const WorldResult& result) {
    const EngineConfig& engine = scenario_.engine;
    // No request is lost or answered twice.
    CHECK(seen_.size() == static_cast<size_t>(scenario_.workload.requests));
    CHECK_FALSE(twice_);
    CHECK(legal_);
    CHECK(in_bounds_);
    // Amplification stays within the budget: ratio of what was offered plus the floor over the
    // whole time, with one window of slack at the ends.
    if (engine.budget.enabled && engine.budget.kind == BudgetKind::kWindowed) {
      const double seconds = Seconds(last_ - kStart + 2 * engine.budget.window);
      const double allowed = engine.budget.ratio * static_cast<double>(seen_.size()) +
                             engine.budget.floor_per_s * seconds;
      CHECK(static_cast<double>(extra_) <= allowed + 1);
    }
    // Every scheduled fault took effect, but for those whose caller gave up before the reply was
    // due.
    int64_t without_effect = 0;
    for (const auto& count : result.faults) {
      without_effect += count.left;
      CHECK(count.scheduled == count.injected + count.left);
    }
    if (scenario_.workload.stream > 0) {
      CHECK(without_effect <= abandoned_);  // of a stream that was left, the beginning counts
    } else {
      CHECK(without_effect == abandoned_);
    }
    if (!engine.breaker.enabled) CHECK(result.breaker_transitions == 0);
  }

 private:
  void OnOutcome(const Outcome& outcome, const CallResult& result) {
    twice_ = twice_ || !seen_.insert(outcome.index).second;
    last_ = std::max(last_, outcome.ended);
    const auto attempts = static_cast<int64_t>(outcome.attempts.size());
    extra_ += std::max<int64_t>(attempts - 1, 0);
    in_bounds_ = in_bounds_ && attempts <= scenario_.engine.retry.max_attempts &&
                 outcome.ended <= outcome.started + scenario_.workload.deadline &&
                 !result.stop_reason.empty() && result.ok == (result.stop_reason == "answered");
    for (const AttemptRecord& attempt : result.attempts) {
      in_bounds_ = in_bounds_ && attempt.ended >= attempt.started &&
                   attempt.ended - attempt.started <= scenario_.engine.deadline.per_try;
    }
    CheckWaits(result);
    CountAbandoned(outcome, result);
  }

  void CountAbandoned(const Outcome& outcome, const CallResult& result) {
    size_t sent = 0;
    for (const AttemptRecord& attempt : result.attempts) {
      if (!attempt.sent) continue;
      const AttemptOutcome& truth = outcome.attempts[sent++];
      // What works by making the caller wait has its effect all the same.
      const bool waits = truth.fault == FindFault("timeout") || truth.fault == FindFault("slow");
      const bool felt = waits && !truth.by_load;
      const bool left =
          attempt.error == TransportError::kTimeout || attempt.error == TransportError::kCancelled;
      abandoned_ += left && truth.fault >= 0 && !felt;
    }
  }

  // A provider that asked for a wait is not asked again before it, unless the engine is set to.
  void CheckWaits(const CallResult& result) {
    std::map<ProviderId, Time> not_before;
    for (const AttemptRecord& attempt : result.attempts) {
      if (!attempt.sent) continue;
      const bool retried = attempt.strategy == "retry" || attempt.strategy == "learned_rule";
      const auto it = not_before.find(attempt.provider);
      if (retried && it != not_before.end() && scenario_.engine.retry.obey_retry_after) {
        in_bounds_ = in_bounds_ && attempt.started >= it->second;
      }
      if (attempt.diagnosis.retry_after.has_value()) {
        not_before[attempt.provider] = attempt.ended + *attempt.diagnosis.retry_after;
      }
    }
  }

  const Scenario& scenario_;
  std::set<uint64_t> seen_;
  std::map<ProviderId, BreakerState> states_;
  bool twice_ = false;
  bool legal_ = true;
  bool in_bounds_ = true;
  int64_t extra_ = 0;
  int64_t abandoned_ = 0;
  Time last_ = kStart;
};

TEST_CASE("swarm: invariants hold in random worlds", "[swarm]") {
  for (uint64_t world = 0; world < kWorlds; ++world) {
    CAPTURE(world);
    const Scenario scenario = RandomScenario(world);
    Witness witness(scenario);
    const RunHooks hooks = witness.Hooks();
    const WorldResult result = RunVirtual(scenario, world, hooks);
    witness.Check(result);
  }
}

TEST_CASE("swarm: once faults stop, every request is answered", "[swarm][long]") {
  for (uint64_t world = 0; world < kWorlds; ++world) {
    CAPTURE(world);
    Scenario scenario = RandomScenario(world);
    // Only weather, over by half time; then a quiet time longer than any breaker's memory.
    for (ProviderConfig& provider : scenario.providers) {
      provider.faults.clear();
      provider.capacity = CapacityConfig();
      provider.latency.ttft_median = 100ms;
    }
    std::erase_if(scenario.climate, [](const ClimateConfig& row) {
      return row.kind == ClimateKind::kGilbertElliott;  // never over
    });
    for (ClimateConfig& row : scenario.climate) row.to = 60s;
    scenario.workload.requests = 400;
    scenario.workload.arrivals.rate_per_s = 1;
    scenario.workload.deadline = 30s;
    scenario.engine.deadline.per_try = 20s;
    BreakerConfig& breaker = scenario.engine.breaker;
    breaker.slow_call = 0s;  // what a breaker calls slow does not stop with the faults
    breaker.open_max = breaker.open_for;
    const Time calm = kStart + 60s + 30s + breaker.window + 2 * breaker.open_for +
                      breaker.probe_lease + breaker.ramp;
    int late_failures = 0;
    RunHooks hooks;
    hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
      if (outcome.started > calm && !result.ok) ++late_failures;
    };
    RunVirtual(scenario, world, hooks);
    CHECK(late_failures == 0);
  }
}

}  // namespace
}  // namespace squall::swarm_test

// Session: the part of a world that both worlds share: offering requests to the engine, and judging
// what comes back by the ground truth and the oracle.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/env.h"
#include "engine/engine.h"
#include "mock_providers/climate.h"
#include "mock_providers/provider.h"
#include "mock_providers/quota.h"
#include "scenarios/clairvoyance.h"
#include "scenarios/workload.h"
#include "scenarios/world.h"

namespace squall {

// The mock side of a world: providers with their climate and log.
struct MockSide {
  // `max_requests`: of the ground truth, which keeps those that nobody takes.
  MockSide(const Scenario& scenario, uint64_t seed, size_t max_requests = 1 << 20);
  Climate climate;
  GroundTruth truth;
  QuotaRegions regions;
  std::vector<std::unique_ptr<Provider>> providers;
};

class Session : public EventSink {
 public:
  // All of the arguments outlive the session. `mocks` is asked for outlooks on this thread only
  // where the providers live on it too; the wire world, where they do not, gives a second MockSide
  // that serves no requests.
  Session(const Scenario& scenario, uint64_t seed, Env* env, Transport* transport,
          const MockSide* outlook, GroundTruth* truth, const RunHooks& hooks);

  // Starts offering; ends when every request has ended. Run the Env until then.
  void Start();
  bool finished() const { return offered_all_ && in_flight_ == 0; }

  // Once finished.
  WorldResult TakeResult();

  void OnAttempt(std::string_view request_id, const AttemptRecord& attempt) override;
  void OnBreaker(ProviderId provider, BreakerState from, BreakerState to, Time now) override;
  void OnPhase(Phase phase, int64_t ns) override;

 private:
  Task<> Offer();
  Task<> RunOne(WorkItem item);
  void Judge(const WorkItem& item, std::string_view id, const CallResult& result, Outcome outcome);
  void JoinAttempts(const CallResult& result, const Arrivals& arrivals, const Arrivals& judged,
                    Outcome* outcome) const;
  void AddCost(const Arrivals& arrivals, Outcome* outcome) const;

  const Scenario& scenario_;
  uint64_t seed_;
  Env& env_;
  GroundTruth& truth_;
  const RunHooks& hooks_;
  Workload workload_;
  Clairvoyance clairvoyance_;
  bool clairvoyant_;                 // the engine asks it about each request, not only the ceiling
  std::vector<JsonSchema> schemas_;  // by TaskKind
  Engine engine_;
  WorldResult result_;
  bool offered_all_ = false;
  int64_t in_flight_ = 0;
};

}  // namespace squall

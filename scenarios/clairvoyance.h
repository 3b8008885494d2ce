// Clairvoyance: what would have met each request, asked of the mocks' own draws. It says which
// faulted requests could have been saved at all (the ceiling), and lets the engine run as a
// clairvoyant (preset "clairvoyant"), which is the same knowledge put to work attempt by attempt.
//
// Knows draws, climate and the model's own errors; what load does (queues, quotas) it does not. A
// model that does not take a request as it stands (model_limits.h) counts towards the ceiling if it
// takes the bare task; the engine run as a clairvoyant changes nothing, so it goes elsewhere.
// One thread, that of the engine.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/foresight.h"
#include "engine/plan.h"
#include "mock_providers/provider.h"
#include "scenarios/workload.h"

namespace squall {

struct MockSide;

class Clairvoyance final : public Foresight {
 public:
  // All of them outlive it. `mocks` is asked on this thread only.
  Clairvoyance(const Scenario& scenario, uint64_t seed, const Workload& workload,
               const MockSide& mocks);

  // Could a clairvoyant still have got a right answer after losing the first attempt, at `first`?
  // It loses no time over it and may make kCeilingAttempts in all.
  bool Recoverable(const WorkItem& item, uint64_t request_key, ProviderId first) const;

  // Requests under way, by CallState::key.
  void Begin(uint64_t call_key, uint64_t request_key, const WorkItem& item);
  void End(uint64_t call_key) { calls_.erase(call_key); }

  std::optional<Move> Next(const CallState& call, Time now) const override;
  bool Right(const CallState& call, std::string_view content) const override;

 private:
  struct Known {
    WorkItem item;
    uint64_t request_key = 0;
  };
  // Would the n-th arrival of the request at this model be answered rightly and in time, if the
  // model takes it?
  bool Good(const Known& known, const Provider& provider, uint32_t arrival, size_t model,
            Time at) const;
  // Does the model take the request as the workload makes it, and could it take it with a shorter
  // background, a lower bound of the answer and no parameters?
  bool TakesUnchanged(const Known& known, Provider* provider, size_t model) const;
  bool TakesAdapted(const Known& known, const Provider& provider, size_t model) const;

  const Scenario& scenario_;
  uint64_t seed_;
  const Workload& workload_;
  const MockSide& mocks_;
  bool limited_ = false;                        // some model does not take every request
  absl::flat_hash_map<uint64_t, Known> calls_;  // looked up, never iterated
};

}  // namespace squall

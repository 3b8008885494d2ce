// Session: the part of a world that both worlds share: offering requests to the engine, and judging
// what comes back by the ground truth and the oracle (judgement.cc). Callers may be several clients
// with an engine each, conversations whose turns wait for each other, and workers that crash and
// submit again what they have lost.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/env.h"
#include "engine/engine.h"
#include "mock_providers/climate.h"
#include "mock_providers/provider.h"
#include "mock_providers/quota.h"
#include "scenarios/call_chain.h"
#include "scenarios/clairvoyance.h"
#include "scenarios/target_caller.h"
#include "scenarios/workload.h"
#include "scenarios/world.h"

namespace squall {

// The mock side of a world: providers with their climate and log.
struct MockSide {
  // `max_requests`: of the ground truth, which keeps those that nobody takes.
  MockSide(const Scenario& scenario, uint64_t seed, size_t max_requests = 1 << 20);

  // Requests come by way of somebody who need not pass their ids on.
  void KeyByTask() {
    for (const auto& provider : providers) provider->KeyByTask();
  }

  Climate climate;
  GroundTruth truth;
  QuotaRegions regions;
  std::vector<std::unique_ptr<Provider>> providers;
};

class Session : public EventSink {
 public:
  // All of the arguments outlive the session. `mocks` is asked for outlooks on this thread only
  // where the providers live on it too; the wire world, where they do not, gives a second MockSide
  // that serves no requests. With a `target`, that is asked in place of engines.
  Session(const Scenario& scenario, uint64_t seed, Env* env, Transport* transport,
          const MockSide* outlook, GroundTruth* truth, const RunHooks& hooks,
          TargetCaller* target = nullptr);

  // Starts offering; ends when every request has ended. Run the Env until then.
  void Start();
  bool finished() const { return offered_all_ && in_flight_ == 0; }

  // Once finished.
  WorldResult TakeResult();

  void OnAttempt(std::string_view request_id, const AttemptRecord& attempt) override;
  void OnBreaker(ProviderId provider, BreakerState from, BreakerState to, Time now) override;
  void OnPhase(Phase phase, int64_t ns) override;

 private:
  using Attempts = std::vector<AttemptRecord>;

  // One request, however often it is submitted. Lives as long as RunRepeated() does.
  struct Pending {
    explicit Pending(const WorkItem& item_in) : item(item_in) {}
    WorkItem item;
    int64_t submissions = 0;
    std::vector<CallResult> ended;  // in the order in which they ended, lost ones included
    std::vector<CallResult> apart;  // of the second submission, where that has a key of its own
    bool second_open = false;       // the second submission is under way
    std::stop_source second_ended;
  };

  // A call that has ended at a target, which may still be at work on it.
  struct Unsettled {
    WorkItem item;
    std::string id;
    CallResult result;
    Outcome outcome;
  };

  Task<> Offer();
  Task<> Restart();
  Task<> Converse(WorkItem item);
  // `answered` (may be null): whether the caller was given an answer.
  Task<> RunOne(WorkItem item, bool* answered);
  Task<> RunRepeated(WorkItem item, bool* answered);
  Task<> SubmitAgain(Pending* pending);
  Task<> Submit(Pending* pending, ChatRequest request, Time deadline,
                std::vector<CallResult>* ended);
  Task<CallResult> Ask(const WorkItem& item, ChatRequest request, Time deadline,
                       std::stop_token stop, AnswerSink* caller);
  CallChain& ClientOf(const WorkItem& item);
  const JsonSchema* SchemaOf(const WorkItem& item) const;

  // judgement.cc
  void JudgeRepeated(const Pending& pending, std::string_view id, bool* answered);
  void Judge(const WorkItem& item, std::string_view id, const CallResult& result, Outcome outcome);
  void Conclude(const WorkItem& item, std::string_view id, const CallResult& result,
                Outcome* outcome);
  Attempts Gathered(std::string_view id);
  void AddAttempts(std::string_view id, std::span<const AttemptRecord> attempts,
                   const CallResult& result, Outcome* outcome);
  void JoinAttempts(std::span<const AttemptRecord> attempts, const CallResult& result,
                    const Arrivals& arrivals, const Arrivals& judged, Outcome* outcome) const;
  void AddCost(const Arrivals& arrivals, Outcome* outcome) const;
  void KeepUnsettled(Unsettled call);
  void JudgeSettled(Time before);
  void JudgeAtTarget(Unsettled* call);
  void AddArrivals(const Arrivals& arrivals, bool judges, Unsettled* call);

  const Scenario& scenario_;
  uint64_t seed_;
  Env& env_;
  GroundTruth& truth_;
  const RunHooks& hooks_;
  Workload workload_;
  Clairvoyance clairvoyance_;
  bool clairvoyant_;                 // the engine asks it about each request, not only the ceiling
  bool repeats_;                     // requests may be submitted more than once
  std::vector<JsonSchema> schemas_;  // by TaskKind
  TargetCaller* target_;             // nullptr: engines
  std::deque<Unsettled> unsettled_;  // at a target, in the order in which calls ended
  std::vector<std::unique_ptr<CallChain>> clients_;
  WorldResult result_;
  bool offered_all_ = false;
  int64_t in_flight_ = 0;  // arrivals whose request, or conversation, has not ended
  // Submissions that a restart would lose; its time of return, and how many there have been.
  std::list<std::stop_source> under_way_;
  Time back_at_ = kStart;
  size_t restarts_ = 0;
  int64_t engine_attempts_ = 0;                          // of the engines under test
  absl::flat_hash_map<std::string, Attempts> gathered_;  // below a chain, by id; never iterated
};

// The id of a second submission that has a key of its own.
std::string SecondId(std::string_view id);

}  // namespace squall

// Plan: the P of MAPE-K. A pure function from what is known to the next Step; strategies are rows
// of one table and are asked in the order of the configured ladder. The first that proposes wins.
// Every strategy yields the same Step, so the loop in engine.cc names none, and a report can say
// why.
//
// Planning only looks at the policies. Permits and budget are taken when the step is carried out,
// after any wait, because the world may have moved meanwhile.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/config.h"
#include "engine/events.h"
#include "engine/foresight.h"
#include "engine/knowledge.h"
#include "engine/policy/breaker.h"
#include "engine/policy/retry_budget.h"

namespace squall {

struct Step {
  enum class Kind : uint8_t { kSend, kStop };
  Kind kind = Kind::kStop;
  Time
      at{};  // not before; of a stop: when trying again may make sense, kNever if that is not known
  Target target;
  bool past_breaker = false;  // send although the circuit does not admit it
  int64_t max_tokens = 0;     // patch of the request's limit; 0 leaves it as it is
  std::string_view why;       // row of the strategy table, or the reason to stop
};

// One request so far.
struct CallState {
  uint64_t key = 0;   // of its jitter draws
  double ramp_u = 0;  // its place in the ramp of a breaker that has closed
  Time deadline{};
  int64_t max_tokens = 0;       // limit in force, patches included
  int64_t prompt_tokens = 0;    // estimated, where a budget counts tokens or money
  int64_t hedges = 0;           // begun so far
  int in_flight = 0;            // attempts beside which another one may begin
  int rounds = 0;               // plans made so far
  bool repeatable = true;       // ChatRequest says so
  bool caller_retries = false;  // likewise
  bool committed = false;       // the caller holds a piece of an answer that failed
  CallResult result;

  int sent() const;  // attempts that left
  int SentTo(Target target) const;
  bool Tried(ProviderId provider) const;
  const AttemptRecord* LastSent() const;  // nullptr before the first
};

struct PlanInput {
  const EngineConfig& config;
  std::span<const ProviderInfo> providers;
  std::span<const Breaker> breakers;  // by provider
  const RetryBudget& budget;
  const Knowledge& knowledge;
  const CallState& call;
  Time now;
  double u;               // uniform draw for this step's jitter
  double previous_u = 0;  // and that of the step before
  const Foresight* foresight = nullptr;
};

// What an attempt at `target` weighs in the retry budget: the prompt as estimated and all tokens
// that it may generate. One attempt and nothing else where the budget counts attempts.
Load LoadOf(const EngineConfig& config, const ModelInfo& model, const CallState& call);

// Does the ladder ask for the strategy "clairvoyant"?
bool IsClairvoyant(const EngineConfig& config);

// Stops with why = "committed" (the caller holds a part of the answer), "not_repeatable" (the last
// attempt may have run and must not run twice), "caller_retries", "attempts", "deadline",
// "budget", "all_open" (no provider admits a first attempt), "final" (the failure cannot be cured
// by another attempt) or "no_plan" (no strategy had a proposal).
Step MakePlan(const PlanInput& input);

// What the next attempt is made for.
Trigger TriggerOf(const Diagnosis& last);

// Names of all strategies, in table order.
std::span<const std::string_view> StrategyNames();

}  // namespace squall

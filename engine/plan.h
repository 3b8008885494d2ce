// Plan (the P of MAPE-K): what to do next with one request. A pure function of what has happened
// and of the policies' state: the same input gives the same step. Every strategy yields the same
// kind of step, so that execution names no strategy and every report can say why.
//
// Planning only looks at the policies. Permits and budget are taken when the step is carried out,
// after any wait, because the world may have moved meanwhile.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/admission.h"
#include "engine/call_state.h"
#include "engine/config.h"
#include "engine/foresight.h"
#include "engine/knowledge.h"

namespace squall {

struct PlanInput {
  const EngineConfig& config;
  std::span<const ProviderInfo> providers;
  const Admission& admission;
  const Knowledge& knowledge;
  const CallState& call;
  Time now;
  double u;               // uniform draw for this step's jitter
  double previous_u = 0;  // and that of the step before
  const Foresight* foresight = nullptr;
  // Whether providers whose answers have failed the guard of late are avoided; MakePlan does
  // without where there is nobody else.
  bool avoid_bad_answers = true;
};

// Does the ladder ask for this strategy?
bool Uses(const EngineConfig& config, std::string_view strategy);

// Stops with why = "committed" (the caller holds a part of the answer), "not_repeatable" (the last
// attempt may have run and must not run twice), "caller_retries", "attempts", "deadline",
// "refused" (by our own limits, too often or by all there are), "budget" (of all extra attempts),
// "provider_budget" (of those that return), "all_open" (no circuit admits a first attempt), "final"
// (the failure cannot be cured by another attempt), what WhyNone says (strategies.h: no strategy
// had a proposal), "unverified" (the answer at hand needs a second opinion and nobody is left to
// ask) or the name of a limit of the conversation.
Step MakePlan(const PlanInput& input);

}  // namespace squall

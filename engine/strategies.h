// The recovery strategies, one row each; the ladder of the configuration names them in the order
// in which they are asked. Adding one is adding a row in strategies.cc. Pure.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/plan.h"

namespace squall {

// Names of all strategies, in table order.
std::span<const std::string_view> StrategyNames();

// What the first strategy of the ladder proposes that has a proposal and the budget for it. `last`
// is the attempt that failed; unless `may_send`, only strategies that send nothing are asked.
// *over_budget becomes the name of the budget where only a budget forbade something.
std::optional<Step> AskLadder(const PlanInput& in, const AttemptRecord& last, bool may_send,
                              std::string_view* over_budget);

// Where no strategy had a proposal: what stands between the request and a provider that it could
// still go to, "circuit_open", "no_time" (what is left belongs to others, or is too little),
// "asked_to_wait" (beyond the deadline), "refused" (by our own limits); or "no_plan": all have had
// their attempts, or none could do better.
std::string_view WhyNone(const PlanInput& in, const AttemptRecord& last);

// May this target be asked at `at`: time is left, for others too, its queues and circuits admit, it
// has not asked to wait, has not just refused, and its share of attempts is not used up.
bool IsOpen(const PlanInput& in, Target target, Time at);

// The model of `provider` for this request: the best one that can take it, or the last of the list
// where the limits of the conversation call for a cheaper one.
Target BestAffordable(const PlanInput& in, ProviderId provider);

// Where the request may go now that it has not been, by the order of routing: the best model of
// the first provider that is open; or else, as that is better than nothing, another model that is.
// `last` is the attempt that failed; nullptr before the first.
std::optional<Target> FirstOpen(const PlanInput& in, const AttemptRecord* last);

// The limit of the conversation or the request that leaves no provider; "" if one is left.
std::string_view UnaffordableBy(const PlanInput& in);

Step SendStep(const PlanInput& in, Time at, Target target, std::string_view why);

}  // namespace squall

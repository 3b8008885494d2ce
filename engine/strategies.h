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

// What the first strategy of the ladder proposes that has a proposal. `last` is the attempt that
// failed; unless `may_send`, only strategies that send nothing are asked.
std::optional<Step> AskLadder(const PlanInput& in, const AttemptRecord& last, bool may_send);

// May this target be asked at `at`: time is left, for others too, its queues and circuits admit, it
// has not asked to wait, has not just refused, and its share of attempts is not used up.
bool IsOpen(const PlanInput& in, Target target, Time at);

// The model of `provider` that the limits of the conversation leave: its best one, or the last of
// the list where they call for a cheaper one.
Target BestAffordable(const PlanInput& in, ProviderId provider);

Step SendStep(const PlanInput& in, Time at, Target target, std::string_view why);

}  // namespace squall

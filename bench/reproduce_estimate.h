// From results to an estimate: the value that a claim's statistic names, with its intervals. Where
// the interval comes from depends on what the JSON pointer leads to:
//   {"count", "rate", ...}  a proportion: Wilson over requests, all replications together
//   {"mean", "se", "n"}     a model's output: Student's t
//   a number                one figure of each replication: Student's t over replications
//   [numbers]               a series of the pooled run: batch means after MSER-5
// Ratios and differences are taken within each replication, where both runs had the same draws,
// and are Student's t over replications; of models' means, by the delta method. The worst z of all
// worlds is a figure of many and has no interval.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "bench/reproduce_run.h"
#include "reports/verdict.h"
#include "scenarios/claim.h"

namespace squall {

// Errors: kInvalidArgument where a pointer leads nowhere or to something else; `claim.id` and the
// pointer are in the message.
absl::StatusOr<Estimate> EstimateOf(const Claim& claim, const ClaimOutputs& outputs);

// The run that a value is of.
const ClaimRun& RunOf(const Claim& claim, const ClaimValue& value);

// The run of one world. `replications` 0: as many as the first run has.
ClaimRun WorldRun(const Claim& claim, const ClaimWorld& world, int64_t replications);

// Of the share recovered against the world's closed form, in standard errors by that form.
double WorldZ(const ClaimWorld& world, const ClaimOutput& output);

}  // namespace squall

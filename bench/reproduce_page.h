// The page of a claim that one number cannot settle: the verdict in the claim's own world, several
// engines on the same faults, how each class of fault fared, and a tornado: what becomes of the
// figure when one assumption changes at a time, beside what a closed form says.
#pragma once

#include <string>
#include <vector>

#include "bench/reproduce_run.h"
#include "bench/reproduce_table.h"

namespace squall {

// The runs of the tornado: the reference and each world, smaller than the claim about them asks.
std::vector<ClaimRun> PageRuns(const Claim& worlds);

// `outputs` holds the claim's runs and PageRuns(worlds). The claim's statistic is a share of one of
// its runs, whose scenario the other runs have, too.
std::string RenderPage(const Judgement& judgement, const Claim& worlds, const ClaimOutputs& outputs,
                       const TextStyle& style);

}  // namespace squall

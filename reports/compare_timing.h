// CPU times of two results of several runs each, where the runs took turns (timed_pairs.h).
#pragma once

#include <optional>
#include <span>
#include <string>

#include "reports/result_reader.h"
#include "reports/timed_pairs.h"

namespace squall {

// nullopt unless both hold kFewestTimedPairs runs or more, as many each.
std::optional<TimedPairs> CompareTimes(std::span<const StoredResult> base,
                                       std::span<const StoredResult> next);

// "CPU time 1.031 times the base's [1.012, 1.049], median of 30 interleaved pairs".
std::string TimedPairsText(const TimedPairs& pairs);

}  // namespace squall

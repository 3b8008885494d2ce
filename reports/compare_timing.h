// Wall-clock figures of two builds: only runs that took turns on one machine can be compared, since
// anything else that ran there weighs on both alike. Two files that hold as many runs each, the
// i-th of one beside the i-th of the other, give the ratio of the medians of their CPU times with a
// bootstrap over pairs (bootstrap.h, 2,000 resamples). Of single runs nothing is
// said.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "reports/intervals.h"
#include "reports/result_reader.h"

namespace squall {

inline constexpr size_t kFewestTimedPairs = 9;  // below which nothing is concluded

struct TimedPairs {
  size_t pairs = 0;
  double ratio = 1;  // new / base
  Interval ci95;
};

// nullopt unless both hold kFewestTimedPairs runs or more, as many each.
std::optional<TimedPairs> CompareTimes(std::span<const StoredResult> base,
                                       std::span<const StoredResult> next);

// "CPU time 1.031 times the base's [1.012, 1.049], medians of 30 interleaved pairs".
std::string TimedPairsText(const TimedPairs& pairs);

}  // namespace squall

// The report of a run as people see it first: at most 80 columns, readable without colour and in
// plain ASCII, and said so that somebody who never saw squall understands the first screen. Rates
// come with their 95 % Wilson intervals, percentiles of too few samples are "n/a", and the header
// always says whether time was virtual or the sockets were real.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "reports/result.h"
#include "reports/text.h"

namespace squall {

// One run. Ends with the command that does it again.
std::string RenderReport(const RunResult& result, const TextStyle& style);

// Several engines that met the same faults, one column each (blocks of four below each other).
// `share_differing` is the largest ShareDiffering against the first of them, if known: with keyed
// draws it is 0, and every difference between columns is the engine's doing.
std::string RenderComparison(std::span<const RunResult> results,
                             std::optional<double> share_differing, const TextStyle& style);

// The whole engine, the first of `results`, and below it the same engine without one mechanism
// each, as differences: recovery within pairs and with its interval, the rest as it turned out.
std::string RenderAblation(std::span<const RunResult> results, const TextStyle& style);

}  // namespace squall

// Thresholds and their verdicts as lines of a terminal report: value, interval and limit beside
// each other, a word with every mark. Empty where there are none.
#pragma once

#include <span>
#include <string>

#include "reports/text.h"
#include "reports/threshold.h"

namespace squall {

std::string RenderThresholds(std::span<const ThresholdVerdict> verdicts, const TextStyle& style);

// "1 of 3 thresholds failed, 1 inconclusive", "all 3 thresholds passed".
std::string ThresholdCounts(std::span<const ThresholdVerdict> verdicts);

}  // namespace squall

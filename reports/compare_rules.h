// Rules that fail a comparison. A rule says what must not be, in the grammar of thresholds with the
// word "base":
//   METRIC OP base [+|- NUMBER UNIT]     recovery.strict < base - 1 pp     latency.p99 > base + 5 %
//   METRIC OP NUMBER UNIT                recovery.strict < 80 %
// Units of a difference are those of the metric, "pp" for shares, and "%" of the base for all else.
// A rule fails only if it holds on the whole interval and beyond the noise band: what an interval
// straddles is inconclusive. Without rules the figures of kDefaultRules must not be worse by more
// than the noise band, on their whole interval; what straddles it passes there.
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/compare.h"
#include "reports/threshold.h"

namespace squall {

struct CompareRule {
  std::string text;
  std::string metric;
  Comparison op = Comparison::kBelow;
  bool to_base = false;
  Amount amount;  // added to the base, or the limit
  bool by_default = false;
};

// Errors: kInvalidArgument, "got …, expected …".
absl::StatusOr<CompareRule> ParseRule(std::string_view text);

// One rule a line; empty lines and what follows a '#' say nothing. Errors name file and line.
absl::StatusOr<std::vector<CompareRule>> ParseRules(std::string_view text, const std::string& name);

std::vector<CompareRule> DefaultRules();

struct RuleVerdict {
  CompareRule rule;
  Difference difference;
  double limit = 0;  // of the change, or of the new value where the rule is not to the base
  GateVerdict verdict = GateVerdict::kEmpty;
  double excess = 0;  // failed: distance of the change from the limit, in half widths or in limits
  std::string why;
};

// Worst first. `noise`: a share of the base, and as many percentage points for shares; >= 0.
std::vector<RuleVerdict> JudgeRules(std::span<const CompareRule> rules,
                                    const CompareResult& compared, double noise);

// "recovery.strict 76.7 % -> 71.2 %: -5.50 pp [-6.8, -4.3]; must not be < base - 1 pp".
std::string RuleText(const RuleVerdict& verdict);
std::string ChangeText(const Difference& difference);

}  // namespace squall

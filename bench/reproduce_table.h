// What `squall reproduce` prints: a table for people at 80 columns, the same for a README, one JSON
// document, and each claim with its source, its runs and its caveats. The same bytes every time:
// figures of the wall clock are given as bounds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/text.h"
#include "reports/verdict.h"
#include "scenarios/claim.h"

namespace squall {

struct Judgement {
  const Claim* claim = nullptr;
  std::optional<Estimate> estimate;  // nullopt: not testable
  Verdict verdict = Verdict::kNotTestable;
};

// "84.1 %", "243x", "0.94 s"; as many digits as the figure bears.
std::string FigureText(double value, const std::string& unit, const TextStyle& style);

// What is said of a figure of the wall clock, which differs from run to run: a bound that it is on
// the same side of every time, in the claim's unit.
struct TimingBound {
  bool above = false;  // the figure is above the bound, which is the claimed one; else at most it
  double bound = 0;    // the least power of ten from 1 on, or the claimed figure where that is less
};
TimingBound BoundOf(const Judgement& judgement);

std::string RenderVerdicts(const std::vector<Judgement>& judgements, const TextStyle& style);
std::string RenderClaim(const Judgement& judgement, const TextStyle& style);  // one, in full
std::string RenderMarkdown(const std::vector<Judgement>& judgements);
std::string RenderClaimList(const std::vector<Claim>& claims, const TextStyle& style);

// {"claims": [...]}, two spaces an indent, a newline at the end.
std::string VerdictsJson(const std::vector<Judgement>& judgements);

// How many of each verdict, on one line.
std::string VerdictCounts(const std::vector<Judgement>& judgements, const TextStyle& style);

}  // namespace squall

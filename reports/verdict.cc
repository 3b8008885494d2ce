#include "reports/verdict.h"

namespace squall {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kReproduced: return "reproduced";
    case Verdict::kRefuted: return "refuted";
    case Verdict::kInconclusive: return "inconclusive";
    case Verdict::kNotTestable: return "not_testable";
  }
  return "";
}

Verdict Judge(const Claimed& claimed, const Estimate& measured) {
  const double low = claimed.low - claimed.margin;
  const double high = claimed.high + claimed.margin;
  if (low <= measured.ci90.low && measured.ci90.high <= high) return Verdict::kReproduced;
  const bool beyond = measured.value < low || measured.value > high;
  const bool excluded = measured.ci95.high < claimed.low || measured.ci95.low > claimed.high;
  return beyond && excluded ? Verdict::kRefuted : Verdict::kInconclusive;
}

}  // namespace squall

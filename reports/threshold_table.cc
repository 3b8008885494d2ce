#include "reports/threshold_table.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace squall {
namespace {

struct Mark {
  const char* glyph;
  const char* word;
  Ink ink;
};

Mark MarkOf(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return {"✓", "pass", Ink::kGood};
    case GateVerdict::kFail: return {"✗", "FAIL", Ink::kBad};
    case GateVerdict::kInconclusive: return {"?", "????", Ink::kWarn};
    case GateVerdict::kEmpty: return {"!", "NONE", Ink::kBad};
  }
  return {"?", "????", Ink::kWarn};
}

}  // namespace

std::string RenderThresholds(std::span<const ThresholdVerdict> verdicts, const TextStyle& style) {
  if (verdicts.empty()) return "";
  std::string text = "\n" + Paint(Justify("THRESHOLDS", ThresholdCounts(verdicts), style.width()),
                                  Ink::kBold, style);
  text += "\n";
  int width = 0;
  for (const ThresholdVerdict& one : verdicts) {
    width = std::max(width, DisplayWidth(Printable(one.threshold.text, style)));
  }
  width = std::min(width, 36);
  for (const ThresholdVerdict& one : verdicts) {
    const Mark mark = MarkOf(one.verdict);
    const std::string sign = style.utf8 ? std::string(mark.glyph) + " " + mark.word : mark.word;
    text += "  " + Paint(PadRight(sign, style.utf8 ? 6 : 4), mark.ink, style) + "  ";
    text += PadRight(Clip(Printable(one.threshold.text, style), width, style), width) + "  ";
    text += FigureText(one.figure) + "\n";
    if (!one.why.empty()) {
      text += "          " + Paint(Printable(one.why, style), Ink::kDim, style) + "\n";
    }
  }
  return text;
}

std::string ThresholdCounts(std::span<const ThresholdVerdict> verdicts) {
  const auto count = [&](GateVerdict verdict) {
    return std::count_if(verdicts.begin(), verdicts.end(),
                         [verdict](const auto& one) { return one.verdict == verdict; });
  };
  const auto failed = count(GateVerdict::kFail) + count(GateVerdict::kEmpty);
  const auto open = count(GateVerdict::kInconclusive);
  const std::string of =
      absl::StrCat(verdicts.size(), verdicts.size() == 1 ? " threshold" : " thresholds");
  if (failed == 0 && open == 0) return absl::StrCat(of, " passed");
  std::string text = failed > 0 ? absl::StrCat(failed, " of ", of, " failed") : "";
  if (open > 0) {
    absl::StrAppend(&text, failed > 0 ? ", " : "", open,
                    failed > 0 ? " inconclusive" : absl::StrCat(" of ", of, " inconclusive"));
  }
  return text;
}

}  // namespace squall

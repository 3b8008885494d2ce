// The verdict of the thresholds, before anything else: the same words as in the other reports.
#include "engine/base/cat.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"
#include "reports/threshold_table.h"

namespace squall {
namespace {

struct VerdictLook {
  const char* mark;
  const char* words;
  const char* ink;
};

VerdictLook LookOfVerdict(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return {"✓", "pass", "e-strict"};
    case GateVerdict::kFail: return {"✗", "fail", "e-false"};
    case GateVerdict::kInconclusive: return {"?", "inconclusive", "e-abstained"};
    case GateVerdict::kEmpty: return {"!", "of nothing", "e-false"};
  }
  return {"?", "inconclusive", "e-abstained"};
}

std::string ThresholdRows(const RunResult& run) {
  using enum Table::Align;
  Table table("Thresholds", {{"verdict", kLeft, ""},
                             {"threshold", kLeft, ""},
                             {"value, 95 % interval", kLeft, ""},
                             {"", kLeft, ""}});
  table.Titled();
  for (const ThresholdVerdict& one : run.thresholds) {
    const VerdictLook look = LookOfVerdict(one.verdict);
    table.Row().Cell(
        Cat("<span class=\"chip ", look.ink, "\">", look.mark, "</span> ", look.words));
    table.Cell(Cat("<code>", Escape(one.threshold.text), "</code>"));
    table.Cell(Escape(FigureText(one.figure))).Cell(Escape(one.why));
  }
  return table.Html();
}

}  // namespace

std::string VerdictBanner(ShownResults results) {
  std::string html;
  for (const ShownResult& result : results) {
    const RunResult& run = *result.run;
    if (run.thresholds.empty()) continue;
    const GateVerdict worst = Worst(run.thresholds);
    const char* ink = worst == GateVerdict::kPass           ? "good"
                      : worst == GateVerdict::kInconclusive ? "open"
                                                            : "bad";
    const std::string of = results.size() > 1 ? Cat("<b>", Escape(result.label), "</b>: ") : "";
    AppendTo(&html, "<div class=\"banner ", ink, "\"><p>", of, "<b>", LookOfVerdict(worst).mark,
             " ", Escape(ThresholdCounts(run.thresholds)), "</b></p>\n", ThresholdRows(run),
             "</div>\n");
  }
  return html;
}

}  // namespace squall

#include "reports/markdown.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/fingerprint.h"
#include "reports/junit.h"
#include "reports/metric_table.h"
#include "reports/text.h"
#include "reports/threshold_table.h"

namespace squall {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string TitleOf(const RunResult& result) {
  return result.engine.empty() ? result.scenario
                               : absl::StrCat(result.scenario, ", ", result.engine);
}

std::string Thresholds(const StoredResult& stored) {
  const auto& verdicts = stored.result.thresholds;
  if (verdicts.empty()) return "";
  Rows rows = {{"threshold", "verdict", "value", "why"}};
  for (const ThresholdVerdict& one : verdicts) {
    rows.push_back({one.threshold.text, std::string(GateVerdictText(one.verdict)),
                    FigureText(one.figure), one.why});
  }
  return absl::StrCat("**", MarkdownText(TitleOf(stored.result)), ": ", ThresholdCounts(verdicts),
                      "**\n\n", MarkdownTable(rows), "\n");
}

// Every metric that any of the results has, the results side by side.
std::string Figures(std::span<const StoredResult> results) {
  std::vector<std::string> names = MetricNames();
  for (const StoredResult& stored : results) {
    if (!stored.json->contains("model")) continue;
    for (const auto& [output, unused] : (*stored.json)["model"]["outputs"].items()) {
      const std::string name = std::string(kModelPrefix) + output;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  Rows rows = {{"figure [95 % interval]"}};
  for (const StoredResult& stored : results) rows[0].push_back(TitleOf(stored.result));
  for (const std::string& name : names) {
    if (name.starts_with("amplification.p100")) continue;  // other names of the same figures
    std::vector<std::string> row = {name};
    bool any = false;
    for (const StoredResult& stored : results) {
      MetricFigure figure = FigureOf(name, *stored.json);
      any = any || figure.value.has_value();
      figure.n.reset();
      row.push_back(figure.too_few ? "n/a" : FigureText(figure));
    }
    if (any) rows.push_back(std::move(row));
  }
  return MarkdownTable(rows);
}

std::string ByFault(const RunResult& result) {
  Rows rows = {{"fault", "n", "strict", "95 % interval", "lenient", "silent escape", "abstained"}};
  for (const FaultSummary& fault : result.summary.by_fault) {
    const Tally& t = fault.tally;
    if (t.n == 0) continue;
    rows.push_back({fault.name, CountText(t.n), PercentText(t.strict, t.n),
                    IntervalText(t.strict, t.n), PercentText(t.lenient, t.n),
                    PercentText(t.silent_escape, t.n), PercentText(t.abstained, t.n)});
  }
  if (rows.size() == 1) return "";
  return absl::StrCat("<details><summary>By fault: ", XmlText(TitleOf(result)), "</summary>\n\n",
                      MarkdownTable(rows), "\n</details>\n\n");
}

std::string RepeatCommand(const RunResult& result) {
  std::string text = absl::StrCat("Seed ", result.seed, ", ", result.mode, " world, scenario ",
                                  result.scenario_hash);
  if (result.summary.requests > 0) {
    absl::StrAppend(&text, ", fingerprint ", FingerprintText(result.summary.fingerprint));
  }
  return absl::StrCat(MarkdownText(text), result.partial ? ", **interrupted**" : "", ":\n\n    ",
                      Printable(result.repeat, TextStyle{}), "\n\n");
}

}  // namespace

std::string MarkdownText(std::string_view text) {
  std::string out;
  for (const char c : Printable(text, TextStyle{})) {
    if (c == '<') {
      out += "&lt;";
      continue;
    }
    if (std::string_view("\\`*_{}[]#|~>").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string MarkdownTable(const Rows& rows) {
  std::string text;
  for (size_t i = 0; i < rows.size(); ++i) {
    text += "|";
    for (const std::string& cell : rows[i]) absl::StrAppend(&text, " ", MarkdownText(cell), " |");
    text += "\n";
    if (i > 0) continue;
    text += "|---|";
    for (size_t column = 1; column < rows[0].size(); ++column) text += "---:|";
    text += "\n";
  }
  return text;
}

std::string BoundedMarkdown(std::string text) {
  if (text.size() <= kMostMarkdown) return text;
  const size_t end = text.rfind('\n', kMostMarkdown - 200);
  text.resize(end == std::string::npos ? kMostMarkdown - 200 : end + 1);
  return text + "\n\n(cut: there is more in the result files)\n";
}

std::string RenderMarkdown(std::span<const StoredResult> results) {
  std::string text = "## squall\n\n";
  for (const StoredResult& stored : results) text += Thresholds(stored);
  text += Figures(results) + "\n";
  for (const StoredResult& stored : results) text += ByFault(stored.result);
  for (const StoredResult& stored : results) text += RepeatCommand(stored.result);
  return BoundedMarkdown(std::move(text));
}

}  // namespace squall

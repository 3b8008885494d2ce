#include "reports/compare_report.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/markdown.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

int64_t CountOf(const JudgedComparison& judged, GateVerdict verdict) {
  return std::count_if(judged.verdicts.begin(), judged.verdicts.end(),
                       [verdict](const RuleVerdict& one) { return one.verdict == verdict; });
}

std::string Headline(const JudgedComparison& judged) {
  const int64_t failed = CountOf(judged, GateVerdict::kFail);
  const int64_t open =
      CountOf(judged, GateVerdict::kInconclusive) + CountOf(judged, GateVerdict::kEmpty);
  if (judged.compared.identical && failed == 0) return "identical: every request went the same way";
  std::string text = failed == 0
                         ? "no regression"
                         : absl::StrCat(failed, failed == 1 ? " regression" : " regressions");
  if (open > 0) absl::StrAppend(&text, ", ", open, " inconclusive");
  return text;
}

// How the two were compared, in one sentence.
std::string Basis(const JudgedComparison& judged) {
  const CompareResult& c = judged.compared;
  if (c.identical) return "equal fingerprints";
  const std::string intervals = absl::StrFormat("%g %% intervals", 100 * judged.confidence);
  if (c.paired) return "request by request, on the same faults; " + intervals;
  return "as independent samples (" + c.why_not_paired + "); " + intervals;
}

// The verdict on a figure, "" where no rule asks.
std::string Word(const JudgedComparison& judged, const Difference& difference) {
  for (const RuleVerdict& one : judged.verdicts) {
    if (one.rule.metric != difference.metric) continue;
    if (one.verdict == GateVerdict::kFail) return "WORSE";
    if (one.verdict != GateVerdict::kPass) return std::string(GateVerdictText(one.verdict));
  }
  if (!difference.interval || !difference.change) return "";
  const Interval& ci = *difference.interval;
  if (ci.low <= 0 && ci.high >= 0) return ci.low == ci.high ? "=" : "";
  if ((ci.low > 0) == difference.more_is_better) return "better";
  const double base = difference.unit == MetricUnit::kShare ? 1 : std::fabs(*difference.base);
  const double nearest = std::min(std::fabs(ci.low), std::fabs(ci.high));
  return nearest > judged.noise * base ? "worse" : "worse, within noise";
}

std::vector<std::string> DivergenceLines(const CompareResult& c) {
  if (!c.divergence) return {};
  const Divergence& d = *c.divergence;
  std::string fields;
  for (const std::string& field : d.fields)
    absl::StrAppend(&fields, fields.empty() ? "" : ", ", field);
  return {absl::StrCat(d.requests, d.requests == 1 ? " request" : " requests",
                       " went another way, first request ", d.request, ": first in ", d.fields[0],
                       d.fields.size() > 1 ? " (of " + fields + ")" : ""),
          "base: " + d.base, "new:  " + d.next};
}

std::vector<std::string> SettingLines(const CompareResult& c) {
  std::vector<std::string> lines = c.settings;
  if (c.more_settings > 0) lines.push_back(absl::StrCat("and ", c.more_settings, " more"));
  return lines;
}

std::string Value(const Difference& d, const std::optional<double>& value) {
  return value ? FigureText(d.unit, *value) : "n/a";
}

// Lines after the first are indented.
std::string Paragraph(const std::string& text, int indent, const TextStyle& style) {
  return Wrapped(Printable(text, style), indent, style.width()) + "\n";
}

}  // namespace

std::string RenderComparisonText(const JudgedComparison& judged, const TextStyle& style) {
  const CompareResult& c = judged.compared;
  const Ink ink = CountOf(judged, GateVerdict::kFail) > 0 ? Ink::kBad : Ink::kGood;
  std::string text =
      Paint("compare", Ink::kBold, style) + "  " + Paint(Headline(judged), ink, style) + "\n";
  text +=
      "base " + Printable(c.base_name, style) + "\nnew  " + Printable(c.next_name, style) + "\n";
  text += Paragraph(Basis(judged), 0, style);
  for (const std::string& line : SettingLines(c)) text += "  " + Paragraph(line, 4, style);
  if (const auto lines = DivergenceLines(c); !lines.empty()) {
    text += "\n";
    for (const std::string& line : lines) text += "  " + Paragraph(line, 8, style);
  }
  text += "\n" +
          Paint(PadRight("FIGURE", 26) + PadLeft("base", 10) + PadLeft("new", 10) +
                    "  change [interval]",
                Ink::kBold, style) +
          "\n";
  for (const Difference& d : c.differences) {
    const std::string word = Word(judged, d);
    const Ink word_ink = word == "WORSE" ? Ink::kBad : word == "better" ? Ink::kGood : Ink::kDim;
    text += "  " + PadRight(Clip(d.metric, 24, style), 24) + PadLeft(Value(d, d.base), 10) +
            PadLeft(Value(d, d.next), 10) + "  " + (c.identical ? "=" : ChangeText(d));
    if (!c.identical && !word.empty()) text += "  " + Paint(word, word_ink, style);
    text += "\n";
  }
  for (const RuleVerdict& one : judged.verdicts) {
    if (one.verdict == GateVerdict::kPass) continue;
    const bool fail = one.verdict == GateVerdict::kFail;
    const std::string word(fail ? "REGRESSION" : GateVerdictText(one.verdict));
    text += "\n" + Paint(word, Ink::kBad, style) + "  ";
    text += Paragraph(RuleText(one), DisplayWidth(word) + 2, style);
  }
  for (const std::string& line : c.timing) text += "\n" + Paragraph(line, 2, style);
  return TrimLineEnds(text);
}

std::string RenderComparisonMarkdown(const JudgedComparison& judged) {
  const CompareResult& c = judged.compared;
  std::string text = absl::StrCat("## squall compare: ", MarkdownText(Headline(judged)), "\n\n");
  absl::StrAppend(&text, MarkdownText(c.base_name), " → ", MarkdownText(c.next_name), ", ",
                  MarkdownText(Basis(judged)), "\n\n");
  for (const RuleVerdict& one : judged.verdicts) {
    if (one.verdict == GateVerdict::kPass) continue;
    absl::StrAppend(&text, "- **", std::string(GateVerdictText(one.verdict)), "** ",
                    MarkdownText(RuleText(one)), "\n");
  }
  for (const std::string& line : DivergenceLines(c)) {
    absl::StrAppend(&text, "- ", MarkdownText(line), "\n");
  }
  std::vector<std::vector<std::string>> rows = {{"figure", "base", "new", "change [interval]", ""}};
  for (const Difference& d : c.differences) {
    rows.push_back({d.metric, Value(d, d.base), Value(d, d.next), c.identical ? "=" : ChangeText(d),
                    Word(judged, d)});
  }
  absl::StrAppend(&text, "\n", MarkdownTable(rows));
  if (const auto lines = SettingLines(c); !lines.empty()) {
    text += "\n<details><summary>Settings that differ</summary>\n\n";
    for (const std::string& line : lines) absl::StrAppend(&text, "- ", MarkdownText(line), "\n");
    text += "\n</details>\n";
  }
  for (const std::string& line : c.timing) absl::StrAppend(&text, "\n", MarkdownText(line), "\n");
  return BoundedMarkdown(std::move(text));
}

std::string RenderComparisonJson(const JudgedComparison& judged) {
  const CompareResult& c = judged.compared;
  const auto number = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  const auto bounds = [](const std::optional<Interval>& interval) {
    return interval ? Json::array({interval->low, interval->high}) : Json(nullptr);
  };
  Json json = {{"format_version", kResultFormatVersion},
               {"base", c.base_name},
               {"new", c.next_name},
               {"identical", c.identical},
               {"paired", c.paired},
               {"why_not_paired", c.paired ? Json(nullptr) : Json(c.why_not_paired)},
               {"confidence", judged.confidence},
               {"noise", judged.noise},
               {"settings", c.settings},
               {"divergence", nullptr},
               {"differences", Json::array()},
               {"rules", Json::array()}};
  if (c.divergence) {
    json["divergence"] = {{"request", c.divergence->request},
                          {"requests", c.divergence->requests},
                          {"fields", c.divergence->fields},
                          {"base", c.divergence->base},
                          {"new", c.divergence->next}};
  }
  for (const Difference& d : c.differences) {
    json["differences"].push_back({{"metric", d.metric},
                                   {"base", number(d.base)},
                                   {"new", number(d.next)},
                                   {"change", number(d.change)},
                                   {"interval", bounds(d.interval)},
                                   {"method", std::string(d.method)},
                                   {"pairs", d.pairs},
                                   {"p_value", number(d.p_value)}});
  }
  for (const RuleVerdict& one : judged.verdicts) {
    json["rules"].push_back({{"rule", one.rule.text},
                             {"metric", one.rule.metric},
                             {"limit", one.limit},
                             {"verdict", std::string(GateVerdictText(one.verdict))},
                             {"why", one.why}});
  }
  json["timing"] = c.timing;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<JunitSuite> JunitOf(const JudgedComparison& judged, bool allow_inconclusive) {
  JunitSuite suite;
  suite.name = "squall.compare";
  suite.properties = {{"base", judged.compared.base_name},
                      {"new", judged.compared.next_name},
                      {"basis", Basis(judged)}};
  for (const RuleVerdict& one : judged.verdicts) {
    JunitCase out;
    out.name = "not " + one.rule.text;
    out.message = RuleText(one);
    out.details = RuleText(one);
    for (const std::string& line : DivergenceLines(judged.compared)) out.details += "\n" + line;
    using State = JunitCase::State;
    if (one.verdict == GateVerdict::kFail) out.outcome = State::kFailed;
    if (one.verdict == GateVerdict::kEmpty) out.outcome = State::kError;
    if (one.verdict == GateVerdict::kInconclusive) {
      out.outcome = allow_inconclusive ? State::kSkipped : State::kError;
    }
    suite.cases.push_back(std::move(out));
  }
  return {std::move(suite)};
}

std::string AnnotationText(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%': out += "%25"; break;
      case '\r': out += "%0D"; break;
      case '\n': out += "%0A"; break;
      case ':': out += property ? "%3A" : ":"; break;
      case ',': out += property ? "%2C" : ","; break;
      default: out += c;
    }
  }
  return out;
}

std::string RenderAnnotations(const JudgedComparison& judged) {
  std::string text;
  size_t shown = 0;
  size_t more = 0;
  for (const RuleVerdict& one : judged.verdicts) {
    if (one.verdict == GateVerdict::kPass) continue;
    if (shown == kMostAnnotations) {
      ++more;
      continue;
    }
    ++shown;
    const char* kind = one.verdict == GateVerdict::kInconclusive ? "warning" : "error";
    absl::StrAppend(
        &text, "::", kind, " title=",
        AnnotationText(
            "squall: " + one.rule.metric + " " + std::string(GateVerdictText(one.verdict)), true),
        "::", AnnotationText(RuleText(one), false), "\n");
  }
  if (more > 0) absl::StrAppend(&text, "::error title=squall::and ", more, " more\n");
  return text;
}

}  // namespace squall

#include "bench/reproduce_table.h"

#include <absl/strings/str_split.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bench/reproduce_run.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kIdWidth = 20;
constexpr int kPublishedWidth = 15;
constexpr int kMeasuredWidth = 30;
constexpr int kLongestAddress = 69;

Ink InkOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kReproduced: return Ink::kGood;
    case Verdict::kRefuted: return Ink::kBad;
    case Verdict::kInconclusive: return Ink::kWarn;
    case Verdict::kNotTestable: return Ink::kDim;
  }
  return Ink::kPlain;
}

std::string Digits(double value) {
  const double size = std::abs(value);
  int decimals = 0;
  if (size == 0 || size >= 1000) {
    decimals = 0;
  } else if (size >= 10) {
    decimals = 1;
  } else if (size >= 1) {
    decimals = 2;
  } else {
    decimals = std::min(6, 2 - static_cast<int>(std::floor(std::log10(size))));
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string digits = text;
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  if (size >= 10'000 && digits.find('.') == std::string::npos) {
    return CountText(static_cast<int64_t>(std::llround(value)));
  }
  return digits == "-0" ? "0" : digits;
}

std::string UnitText(const std::string& unit, const TextStyle& style) {
  if (unit.empty()) return "";
  if (unit == "x") return style.utf8 ? "×" : "x";
  if (unit == "us") return style.utf8 ? " µs" : " us";
  return " " + unit;
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    if (space > 0) words.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

std::string Paragraph(std::string_view text, std::string_view first, int indent,
                      const TextStyle& style) {
  return Flow(Words(Printable(text, style)), " ", first, indent);
}

// Lines of at most `width` columns.
std::vector<std::string> CellLines(const std::string& text, int width) {
  return absl::StrSplit(Wrapped(text, 0, width), '\n');
}

std::string MeasuredText(const Judgement& j, const TextStyle& style) {
  if (!j.estimate.has_value()) return style.utf8 ? "–" : "-";
  const Estimate& e = *j.estimate;
  const std::string& unit = j.claim->unit;
  if (j.claim->timing) {
    const TimingBound timing = BoundOf(j);
    const std::string side = timing.above ? "> " : style.utf8 ? "≤ " : "<= ";
    return side + FigureText(timing.bound, unit, style);
  }
  if (e.ci95.low == e.ci95.high) return FigureText(e.value, unit, style);  // the same in every run
  return FigureText(e.value, unit, style) + " [" + Digits(e.ci95.low) + ", " + Digits(e.ci95.high) +
         "]";
}

std::string VerdictText(Verdict verdict) {
  return verdict == Verdict::kNotTestable ? "not testable" : std::string(VerdictName(verdict));
}

std::string Row(const Judgement& j, const TextStyle& style) {
  const auto id = CellLines(j.claim->id, kIdWidth - 2);
  const auto published = CellLines(Printable(j.claim->published, style), kPublishedWidth - 2);
  const auto measured = CellLines(MeasuredText(j, style), kMeasuredWidth - 2);
  std::string text;
  for (size_t i = 0; i < std::max({id.size(), published.size(), measured.size()}); ++i) {
    const auto cell = [i](const std::vector<std::string>& lines, int width) {
      return PadRight(i < lines.size() ? lines[i] : "", width);
    };
    text += cell(id, kIdWidth) + cell(published, kPublishedWidth) + cell(measured, kMeasuredWidth);
    if (i == 0) text += Paint(VerdictText(j.verdict), InkOf(j.verdict), style);
    text += "\n";
  }
  return TrimLineEnds(text);
}

std::string Header(const TextStyle& style) {
  const std::string text = PadRight("CLAIM", kIdWidth) + PadRight("PUBLISHED", kPublishedWidth) +
                           PadRight("MEASURED [95 % CI]", kMeasuredWidth) + "VERDICT";
  return Paint(text, Ink::kBold, style) + "\n";
}

std::string RuleText(const Claim& claim, const TextStyle& style) {
  const std::string margin =
      claim.margin == 0 ? "" : ", margin " + FigureText(claim.margin, claim.unit, style);
  const auto figure = [&](double value) { return FigureText(value, claim.unit, style); };
  switch (claim.rule) {
    case ClaimRule::kEquivalence: return "equal to " + figure(claim.value) + margin;
    case ClaimRule::kAtLeast: return "at least " + figure(claim.value) + margin;
    case ClaimRule::kAtMost: return "at most " + figure(claim.value) + margin;
    case ClaimRule::kRange:
      return "between " + figure(claim.low) + " and " + figure(claim.high) + margin;
  }
  return "";
}

// Addresses are for copying, so those that do not fit on a line are left to the JSON.
std::string SourceText(const ClaimSource& source) {
  std::string text = source.author;
  if (!text.empty()) text += ", ";
  text += "\"" + source.title + "\"";
  if (!source.date.empty()) text += ", " + source.date;
  if (!source.url.empty() && DisplayWidth(source.url) <= kLongestAddress) {
    text += ", " + source.url;
  }
  return text;
}

Json PublishedJson(const Claim& claim) {
  if (!claim.not_testable.empty()) return nullptr;
  if (claim.rule == ClaimRule::kRange) return Json::array({claim.low, claim.high});
  return claim.value;
}

Json Finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ClaimJson(const Judgement& j) {
  static constexpr const char* kRules[] = {"equivalence", "at_least", "at_most", "range"};
  const Claim& claim = *j.claim;
  Json row = {{"id", claim.id}, {"published", PublishedJson(claim)}};
  const bool measured = j.estimate.has_value();
  const bool bound = claim.timing;
  row["measured"] = !measured ? Json(nullptr)
                    : bound   ? Json(BoundOf(j).bound)
                              : Finite(j.estimate->value);
  row["ci95"] = !measured || bound
                    ? Json(nullptr)
                    : Json::array({Finite(j.estimate->ci95.low), Finite(j.estimate->ci95.high)});
  row["n"] = measured ? Json(j.estimate->n) : Json(nullptr);
  row["verdict"] = VerdictName(j.verdict);
  row["unit"] = claim.unit;
  row["statement"] = claim.statement;
  row["published_text"] = claim.published;
  row["source"] = {{"author", claim.source.author},
                   {"title", claim.source.title},
                   {"date", claim.source.date},
                   {"url", claim.source.url}};
  if (!measured) {
    row["reason"] = claim.not_testable;
  } else {
    row["rule"] = kRules[static_cast<size_t>(claim.rule)];
    row["margin"] = claim.margin;
    const std::string side = bound && BoundOf(j).above ? "lower" : "upper";
    row["method"] = bound ? side + " bound of a time" : std::string(j.estimate->method);
    row["ci90"] = bound
                      ? Json(nullptr)
                      : Json::array({Finite(j.estimate->ci90.low), Finite(j.estimate->ci90.high)});
    row["commands"] = Json::array();
    for (const ClaimRun& run : claim.runs) row["commands"].push_back(ClaimRunCommand(run));
  }
  row["caveats"] = claim.caveats;
  row["command"] = "squall reproduce " + claim.id;
  return row;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

}  // namespace

std::string FigureText(double value, const std::string& unit, const TextStyle& style) {
  if (unit == "USD") return MoneyText(value);
  return Digits(value) + UnitText(unit, style);
}

TimingBound BoundOf(const Judgement& judgement) {
  const double claimed = judgement.claim->value;
  const double value = judgement.estimate->value;
  if (value > claimed) return TimingBound{.above = true, .bound = claimed};
  double bound = 1;
  while (bound < value) bound *= 10;
  return TimingBound{.above = false, .bound = std::min(bound, claimed)};
}

std::string RenderVerdicts(const std::vector<Judgement>& judgements, const TextStyle& style) {
  std::string text = Header(style);
  const Claim* before = nullptr;
  for (const Judgement& j : judgements) {
    if (before == nullptr || before->topic != j.claim->topic) {
      const std::string title(ClaimTopicTitle(j.claim->topic));
      text += "\n" + Paint(title, Ink::kAccent, style) + "\n";
    }
    before = j.claim;
    text += Row(j, style);
    text += Paragraph(j.claim->statement, "  ", 2, style);
    if (j.estimate.has_value()) {
      text += "  squall reproduce " + j.claim->id + "\n";
    } else {
      text += Paragraph("Not testable: " + j.claim->not_testable, "  ", 2, style);
    }
  }
  return text + "\n" + VerdictCounts(judgements, style);
}

std::string RenderClaim(const Judgement& j, const TextStyle& style) {
  const Claim& claim = *j.claim;
  std::string text = Header(style) + Row(j, style) + "\n";
  text += Paragraph(claim.statement, "CLAIM     ", 10, style);
  text += Paragraph(SourceText(claim.source), "SOURCE    ", 10, style);
  if (!j.estimate.has_value()) {
    text += Paragraph(claim.not_testable, "WHY NOT   ", 10, style);
  } else {
    const Estimate& e = *j.estimate;
    std::string how = "n = " + CountText(e.n) + ", " + std::string(e.method);
    if (!claim.timing) {
      how += ", 90 % [" + Digits(e.ci90.low) + ", " + Digits(e.ci90.high) + "]";
    }
    text += Paragraph(how, "MEASURED  ", 10, style);
    text += Paragraph(RuleText(claim, style), "RULE      ", 10, style);
    std::string_view label = "RUN       ";
    for (const ClaimRun& run : claim.runs) {
      text += WrapCommand(ClaimRunCommand(run), label, 12);
      label = "          ";
    }
    std::string figures;
    for (const ClaimValue& value : claim.statistic.of) {
      figures += (figures.empty() ? "" : " and ") + value.at;
      if (!value.run.empty()) figures += " of " + value.run;
    }
    text += Paragraph(figures, "FIGURE    ", 10, style);
  }
  for (const std::string& caveat : claim.caveats)
    text += Paragraph(caveat, "CAVEAT    ", 10, style);
  return text;
}

std::string RenderMarkdown(const std::vector<Judgement>& judgements) {
  const TextStyle style{false, true};
  std::string judged = "| claim | published | measured [95 % CI] | verdict |\n|---|---|---|---|\n";
  std::string others = "| claim | published | why it cannot be tested |\n|---|---|---|\n";
  for (const Judgement& j : judgements) {
    const Claim& claim = *j.claim;
    std::string& table = j.estimate.has_value() ? judged : others;
    table += "| " + Escaped(claim.statement) + " (`" + claim.id + "`) | " +
             Escaped(claim.published) + " | ";
    if (!j.estimate.has_value()) {
      table += Escaped(claim.not_testable) + " |\n";
      continue;
    }
    const bool reproduced = j.verdict == Verdict::kReproduced;
    const std::string verdict = VerdictText(j.verdict);
    table +=
        MeasuredText(j, style) + " | " + (reproduced ? verdict : "**" + verdict + "**") + " |\n";
  }
  const auto untested = std::count_if(judgements.begin(), judgements.end(),
                                      [](const Judgement& j) { return !j.estimate.has_value(); });
  std::string text = VerdictCounts(judgements, style) + "\n" + judged;
  if (untested == 0) return text;
  return text + "\n<details><summary>" + std::to_string(untested) +
         " that cannot be tested, and why</summary>\n\n" + others + "\n</details>\n";
}

std::string RenderClaimList(const std::vector<Claim>& claims, const TextStyle& style) {
  std::string text;
  const Claim* before = nullptr;
  for (const Claim& claim : claims) {
    if (before == nullptr || before->topic != claim.topic) {
      text += before == nullptr ? "" : "\n";
      text += std::string(ClaimTopicTitle(claim.topic)) + "\n";
    }
    before = &claim;
    text +=
        Paragraph(claim.statement, "  " + PadRight(claim.id, kIdWidth) + "  ", kIdWidth + 4, style);
  }
  return text;
}

std::string VerdictsJson(const std::vector<Judgement>& judgements) {
  Json rows = Json::array();
  for (const Judgement& j : judgements) rows.push_back(ClaimJson(j));
  const Json document = {{"claims", std::move(rows)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string VerdictCounts(const std::vector<Judgement>& judgements, const TextStyle& style) {
  constexpr Verdict kAll[] = {Verdict::kReproduced, Verdict::kRefuted, Verdict::kInconclusive,
                              Verdict::kNotTestable};
  std::string text = std::to_string(judgements.size()) + " claims: ";
  std::string_view between;
  for (const Verdict verdict : kAll) {
    const auto count = std::count_if(judgements.begin(), judgements.end(),
                                     [&](const Judgement& j) { return j.verdict == verdict; });
    if (count == 0) continue;
    text += std::string(between) + std::to_string(count) + " " +
            Paint(VerdictText(verdict), InkOf(verdict), style);
    between = ", ";
  }
  return text + "\n";
}

}  // namespace squall

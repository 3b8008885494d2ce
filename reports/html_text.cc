#include "reports/html_text.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "reports/intervals.h"
#include "reports/text.h"

namespace squall {
namespace {

constexpr TextStyle kUtf8{.colour = false, .utf8 = true};
constexpr std::string_view kThinSpace = "\u202f";  // narrow, does not break

// Each `from` of a text as `to`.
std::string Replaced(std::string_view text, char from, std::string_view to) {
  std::string out;
  for (const char c : text) {
    if (c == from) {
      out += to;
    } else {
      out += c;
    }
  }
  return out;
}

std::string Unbroken(std::string_view text) { return Replaced(text, ' ', kThinSpace); }

constexpr EndingLook kLooks[kEndingCount] = {
    {Ending::kStrict, "right answer in time", "recovered", "✓", "e-strict"},
    {Ending::kFalseRecovery, "wrong answer passed as right", "false recovery", "✗", "e-false"},
    {Ending::kAbstained, "failed loudly, in time", "abstained", "–", "e-abstained"},
    {Ending::kLate, "after the deadline, or empty", "late or empty", "…", "e-late"},
};

}  // namespace

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : Printable(text, kUtf8)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string EscapeJsonForScript(std::string_view json) { return Replaced(json, '<', "\\u003c"); }

std::string Count(int64_t count) { return Unbroken(CountText(count)); }
std::string Percent(int64_t count, int64_t n) { return Unbroken(PercentText(count, n)); }

std::string PercentInterval(int64_t count, int64_t n) {
  if (n == 0) return "";
  const Interval interval = Wilson(count, n);
  return Unbroken(absl::StrFormat("%.1f–%.1f %%", 100 * interval.low, 100 * interval.high));
}

std::string Share(double share) { return Unbroken(absl::StrFormat("%.1f %%", 100 * share)); }
std::string Ratio(double ratio) { return RatioText(ratio, kUtf8); }
std::string Span(double ns) { return Unbroken(DurationText(ns, kUtf8)); }
std::string TickSpan(double ns) {
  static constexpr struct {
    double ns;
    const char* unit;
  } kUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}, {1, "ns"}};
  for (const auto& unit : kUnits) {
    if (ns >= unit.ns * 0.9999) return Cat(Decimal(ns / unit.ns), kThinSpace, unit.unit);
  }
  return "0";
}

std::string Money(double usd) { return Unbroken(MoneyText(usd)); }

std::string Decimal(double value) {
  const double size = std::abs(value);
  if (size >= 1000) return Count(std::llround(value));
  std::string text = absl::StrFormat("%.*f", size >= 100 ? 0 : size >= 10 ? 1 : 2, value);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string Words(std::string_view name) { return Replaced(name, '_', " "); }

const EndingLook& LookOf(Ending ending) { return kLooks[static_cast<size_t>(ending)]; }

const EndingLook& LookOf(std::string_view ending_name) {
  for (const EndingLook& look : kLooks) {
    if (EndingName(look.ending) == ending_name) return look;
  }
  return kLooks[static_cast<size_t>(Ending::kLate)];
}

int64_t CountOf(const Tally& tally, Ending ending) {
  switch (ending) {
    case Ending::kStrict: return tally.strict;
    case Ending::kFalseRecovery: return tally.false_recovery();
    case Ending::kAbstained: return tally.abstained;
    case Ending::kLate: return tally.late;
  }
  return 0;
}

// ---- tables ----------------------------------------------------------------------------------

Table::Table(std::string caption, std::vector<Column> columns, bool sort)
    : caption_(std::move(caption)), columns_(std::move(columns)), sort_(sort) {}

Table& Table::Titled() {
  titled_ = true;
  return *this;
}

Table& Table::Row() {
  rows_ += row_open_ ? "</tr>\n<tr>" : "<tr>";
  row_open_ = true;
  column_ = 0;
  return *this;
}

void Table::Open(std::string_view attributes) {
  SQUALL_CHECK(row_open_ && column_ < columns_.size());
  const bool left = columns_[column_].align == Align::kLeft;
  AppendTo(&rows_, column_ == 0 ? "<th scope=row" : "<td", left ? " class=l" : "", attributes, ">");
}

Table& Table::Cell(std::string_view html) {
  Open("");
  AppendTo(&rows_, html, column_++ == 0 ? "</th>" : "</td>");
  return *this;
}

Table& Table::Cell(std::string_view html, double sort_by) {
  Open(absl::StrFormat(" data-v=%.6g", sort_by));
  AppendTo(&rows_, html, column_++ == 0 ? "</th>" : "</td>");
  return *this;
}

Table& Table::Shaded(std::string_view html, double share) {
  Open(absl::StrFormat(" style=\"--s:%.2f\"", std::clamp(share, 0.0, 1.0)));
  AppendTo(&rows_, html, column_++ == 0 ? "</th>" : "</td>");
  return *this;
}

std::string Table::Html() const {
  std::string html =
      Cat("<div class=scroll tabindex=0 role=region aria-label=\"", Escape(caption_), "\"><table",
          sort_ ? " class=sort" : "", titled_ ? "><caption class=vh>" : "><caption>",
          Escape(caption_), "</caption><thead><tr>");
  for (const Column& column : columns_) {
    const bool left = column.align == Align::kLeft;
    AppendTo(&html, "<th scope=col", left ? " class=l" : "");
    if (!column.hint.empty()) AppendTo(&html, " title=\"", Escape(column.hint), "\"");
    AppendTo(&html, ">", Escape(column.head), "</th>");
  }
  AppendTo(&html, "</tr></thead><tbody>\n", rows_, row_open_ ? "</tr>" : "",
           "</tbody></table></div>\n");
  return html;
}

// ---- figures ---------------------------------------------------------------------------------

std::string Figure::Html() const {
  std::string html = "<figure";
  if (!group.empty()) {
    AppendTo(&html, " data-zoom=\"", Escape(group), "\" data-step=", step_s);
  }
  AppendTo(&html, "><figcaption><b>", Escape(title), "</b> ", Escape(note), "</figcaption>\n");
  if (!legend.empty()) AppendTo(&html, "<p class=legend>", legend, "</p>\n");
  AppendTo(&html, "<div class=chart>", chart, "</div>\n");
  if (!table.empty()) {
    AppendTo(&html,
             "<details class=data><summary>Figures as a table<span class=vh>: ", Escape(title),
             "</span></summary>\n", table, "</details>\n");
  }
  return html + "</figure>\n";
}

std::string LegendLine(std::string_view ink, std::string_view words) {
  return Cat("<span><svg width=26 height=10 aria-hidden=true><path class=\"ln ", ink,
             "\" d=\"M1 5H25\"/></svg> ", Escape(words), "</span> ");
}

std::string LegendPatch(std::string_view ink, std::string_view words) {
  return Cat(
      "<span><svg width=16 height=12 aria-hidden=true><rect width=16 height=12 rx=2"
      " class=\"fl ",
      ink, "\"/></svg> ", Escape(words), "</span> ");
}

}  // namespace squall

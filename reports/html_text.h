// Words, numbers and tables as HTML. Every text from outside passes Escape(): a scenario, a
// provider or an engine may be called anything. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/story.h"
#include "reports/summary.h"

namespace squall {

// For element content and for attributes in double quotes: & < > " ' become entities, control and
// direction marks and invalid UTF-8 become '?'.
std::string Escape(std::string_view text);

// JSON for a <script type="application/json">: no "<" is left that could end the element.
std::string EscapeJsonForScript(std::string_view json);

// Numbers for reading, with spaces that do not break and digits of one width. No markup in them.
std::string Count(int64_t count);                       // "1 234 567"
std::string Percent(int64_t count, int64_t n);          // "84.1 %", "n/a" of nothing
std::string PercentInterval(int64_t count, int64_t n);  // "83.6–84.7 %" 95 % Wilson
std::string Share(double share);                        // "84.1 %"
std::string Ratio(double ratio);                        // "1.31×"
std::string Span(double ns);                            // "310 ns", "1.80 s"
std::string TickSpan(double ns);                        // the same of a round one: "2 s"
std::string Money(double usd);                          // "$12.31"
std::string Decimal(double value);                      // at most three significant digits: "0.25"

// "context_length_exceeded" for people: "context length exceeded".
std::string Words(std::string_view name);

// The four endings in the order in which bars show them.
struct EndingLook {
  Ending ending;
  const char* words;  // "right answer in time"
  const char* brief;  // "recovered"
  const char* mark;   // a glyph, so that meaning does not rest on colour
  const char* ink;    // class of style and colour: "e-strict", ...
};
const EndingLook& LookOf(Ending ending);
const EndingLook& LookOf(std::string_view ending_name);
int64_t CountOf(const Tally& tally, Ending ending);

// A table. Cells are HTML. Numbers stand right; a column can be sorted by the reader where `sort`
// is set for the table.
class Table {
 public:
  enum class Align : uint8_t { kLeft, kRight };
  struct Column {
    std::string head;  // text
    Align align = Align::kRight;
    std::string hint;  // text, shown on demand
  };

  Table(std::string caption, std::vector<Column> columns, bool sort = false);

  Table& Titled();                     // its title stands above it already: not shown again
  Table& Row();                        // begins the next one
  Table& Cell(std::string_view html);  // of the row, in order; the first of a row is its heading
  Table& Cell(std::string_view html, double sort_by);
  Table& Shaded(std::string_view html, double share);  // 0..1: how strongly

  // In a box that scrolls sideways by itself where the page is narrow.
  std::string Html() const;

 private:
  void Open(std::string_view attributes);

  std::string caption_;
  std::vector<Column> columns_;
  bool sort_;
  bool titled_ = false;
  std::string rows_;
  bool row_open_ = false;
  size_t column_ = 0;
};

// A chart with its caption, its legend and, folded away, the table of its figures.
struct Figure {
  std::string title;   // text
  std::string note;    // text: what is seen, in which unit
  std::string legend;  // HTML, may be empty
  std::string chart;   // HTML
  std::string table;   // HTML of the figures
  std::string group;   // figures over time of one group are zoomed together; "" not at all
  int64_t step_s = 0;  // of a figure over time: how long one row of the table lasts
  std::string Html() const;
};

// An entry of a legend: a short piece of line of that style, or a patch.
std::string LegendLine(std::string_view ink, std::string_view words);
std::string LegendPatch(std::string_view ink, std::string_view words);

}  // namespace squall

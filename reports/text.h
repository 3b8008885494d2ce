// Words, numbers and tables for people: everything that a terminal report is put together from.
// Widths are display columns. Pure; nothing here looks at the terminal or the locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/summary.h"

namespace squall {

inline constexpr int kTextWidth = 80;  // of files and pipes, and the least that tables need

// What the caller found out about its output. Meaning never rests on colour or on a glyph alone.
struct TextStyle {
  bool colour = false;       // ANSI escapes; off for files, pipes and NO_COLOR
  bool utf8 = true;          // off: ASCII only
  int columns = kTextWidth;  // of the output

  int width() const { return columns > kTextWidth ? columns : kTextWidth; }
};

enum class Ink { kPlain, kBold, kDim, kGood, kBad, kWarn, kAccent };
std::string_view Dot(const TextStyle& style);  // " · ", between facts on one line
std::string Paint(std::string_view text, Ink ink, const TextStyle& style);

// Columns that `text` takes, escapes being 0, wide East Asian characters and emoji 2.
int DisplayWidth(std::string_view text);

// Text from outside made safe to print: control characters become '?', and so does what is not
// ASCII where the output is not UTF-8, and what is not valid UTF-8 anywhere.
std::string Printable(std::string_view text, const TextStyle& style);

std::string PadRight(std::string_view text, int width);
std::string PadLeft(std::string_view text, int width);
// Cut to `width` with an ellipsis; `text` holds no escapes.
std::string Clip(std::string_view text, int width, const TextStyle& style);
// `left` and `right` at the edges of a line; `right` is dropped where both do not fit.
std::string Justify(std::string_view left, std::string_view right, int width);

std::string CountText(int64_t count);                  // "1 234 567"
std::string CompactText(int64_t count, int width);     // the same, or "1.23 M" where it is too wide
std::string PercentDigits(int64_t count, int64_t n);   // "84.1", "<0.1", ">99.9", "n/a" of nothing
std::string PercentText(int64_t count, int64_t n);     // "84.1 %", "n/a" of nothing
std::string IntervalText(int64_t count, int64_t n);    // "[83.6, 84.7]" 95 % Wilson, "" of nothing
std::string IntervalColumn(int64_t count, int64_t n);  // the same, as wide for "[ 4.4,  4.7]"
std::string RatioText(double ratio, const TextStyle& style);  // "1.31x" with a real times sign
std::string DurationText(double ns, const TextStyle& style);  // "310 ns", "1.80 s"
std::string MoneyText(double usd);                            // "$12.31", "$0.00042"
// A percentile, or "n/a" where fewer than 10 samples lie beyond it.
std::string QuantileText(const Quantiles& q, double at, int64_t value, const TextStyle& style);

// `text` wrapped to `width`, every line after the first behind `indent` spaces. Line breaks in it
// stay; so do lines that begin with a space, which are commands.
std::string Wrapped(const std::string& text, int indent, int width);

// Words joined by `separator`, a new line with `indent` wherever the width would be exceeded.
std::string Flow(const std::vector<std::string>& items, std::string_view separator,
                 std::string_view first_indent, int indent);

// The first line of every report: what ran, in which world, from which seed. `mode` as in
// RunResult.
std::string Banner(std::string_view scenario, std::string_view mode, int64_t seed,
                   const TextStyle& style);

// A shell command over several lines that can be copied as it stands: lines end in a backslash.
std::string WrapCommand(std::string_view command, std::string_view first_indent, int indent);

// A bar of `width` cells in proportion to `parts`; every part above zero has at least one cell.
std::vector<int> BarCells(const std::vector<int64_t>& parts, int width);
// Spaces at the ends of lines, which padding leaves, removed.
std::string TrimLineEnds(std::string_view text);
std::string Repeat(std::string_view glyph, int times);

}  // namespace squall

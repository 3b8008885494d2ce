#include "reports/text.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reports/histogram.h"
#include "reports/intervals.h"

namespace squall {
namespace {

// One code point of UTF-8 from the front of `text`: its length in bytes, 0 if it is not valid.
int DecodeFront(std::string_view text, char32_t* out) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    *out = first;
    return 1;
  }
  const int length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || text.size() < static_cast<size_t>(length)) return 0;
  char32_t code = first & (0xffu >> (length + 1));
  for (size_t i = 1; i < static_cast<size_t>(length); ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 0;
  *out = code;
  return length;
}

int ColumnsOf(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  // Unicode East Asian Width W and F, by block; and marks that combine with what is before them.
  static constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
                                    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                    {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
                                    {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
  static constexpr Range kNone[] = {
      {0x300, 0x36f}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2069}, {0xfe00, 0xfe0f}};
  const auto in = [code](const Range& r) { return r.first <= code && code <= r.last; };
  if (std::any_of(std::begin(kNone), std::end(kNone), in)) return 0;
  return std::any_of(std::begin(kWide), std::end(kWide), in) ? 2 : 1;
}

bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

// Three significant digits, as in "1.80", "12.3", "310".
std::string ThreeDigits(double value) {
  if (value < 9.995) return absl::StrFormat("%.2f", value);
  if (value < 99.95) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.0f", value);
}

// Appends with columns counted, breaking where `width` would be exceeded.
class LineFiller {
 public:
  LineFiller(std::string_view first_indent, int indent)
      : text_(first_indent), column_(DisplayWidth(first_indent)), indent_(indent) {}

  bool Fits(int columns) const { return column_ + columns <= kTextWidth; }
  void Put(std::string_view piece) {
    text_ += piece;
    column_ += DisplayWidth(piece);
  }
  void Break(std::string_view ending, int indent) {
    text_ += ending;
    text_ += '\n';
    text_.append(static_cast<size_t>(indent), ' ');
    column_ = indent;
  }
  void Break(std::string_view ending) { Break(ending, indent_); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
  int column_;
  int indent_;
};

// Up to the first space outside quotes.
std::string_view FirstShellWord(std::string_view command) {
  char quote = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ' ') {
      return command.substr(0, i);
    }
  }
  return command;
}

// A word longer than a line goes on at column 0 of the next, and the shell joins it again; within
// single quotes only after closing them.
void PutLongWord(std::string_view word, LineFiller* line) {
  bool quoted = false;
  while (!word.empty()) {
    char32_t code = 0;
    const int length = std::max(DecodeFront(word, &code), 1);
    const std::string_view glyph = word.substr(0, static_cast<size_t>(length));
    if (!line->Fits(DisplayWidth(glyph) + 3)) {
      line->Break(quoted ? "'\\" : "\\", 0);
      if (quoted) line->Put("'");
    }
    if (glyph == "'") quoted = !quoted;
    line->Put(glyph);
    word.remove_prefix(glyph.size());
  }
}

}  // namespace

std::string_view Dot(const TextStyle& style) { return style.utf8 ? " · " : " | "; }

std::string Paint(std::string_view text, Ink ink, const TextStyle& style) {
  static constexpr std::string_view kCodes[] = {"", "1", "2", "1;36", "1;31", "33", "36"};
  if (!style.colour || ink == Ink::kPlain || text.empty()) return std::string(text);
  std::string painted = "\x1b[";
  painted.append(kCodes[static_cast<size_t>(ink)]).append("m").append(text).append("\x1b[0m");
  return painted;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    if (text.starts_with("\x1b[")) {
      const size_t end = text.find('m');
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
      continue;
    }
    char32_t code = 0;
    const int length = DecodeFront(text, &code);
    width += length == 0 ? 1 : ColumnsOf(code);
    text.remove_prefix(static_cast<size_t>(std::max(length, 1)));
  }
  return width;
}

std::string Printable(std::string_view text, const TextStyle& style) {
  std::string printable;
  while (!text.empty()) {
    char32_t code = 0;
    const int length = DecodeFront(text, &code);
    const size_t bytes = static_cast<size_t>(std::max(length, 1));
    if (length == 0 || IsControl(code) || (length > 1 && !style.utf8)) {
      printable += '?';
    } else {
      printable.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return printable;
}

std::string Repeat(std::string_view glyph, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += glyph;
  return text;
}

std::string TrimLineEnds(std::string_view text) {
  std::string trimmed;
  for (const char c : text) {
    if (c == '\n') trimmed.erase(trimmed.find_last_not_of(' ') + 1);
    trimmed += c;
  }
  return trimmed;
}

std::string PadRight(std::string_view text, int width) {
  return std::string(text) + Repeat(" ", width - DisplayWidth(text));
}

std::string PadLeft(std::string_view text, int width) {
  return Repeat(" ", width - DisplayWidth(text)) + std::string(text);
}

std::string Clip(std::string_view text, int width, const TextStyle& style) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const std::string_view ellipsis = style.utf8 ? "…" : "~";
  std::string clipped;
  int used = 1;
  while (!text.empty()) {
    char32_t code = 0;
    const int length = std::max(DecodeFront(text, &code), 1);
    const std::string_view glyph = text.substr(0, static_cast<size_t>(length));
    used += DisplayWidth(glyph);
    if (used > width) break;
    clipped += glyph;
    text.remove_prefix(glyph.size());
  }
  return clipped.append(ellipsis);
}

std::string Justify(std::string_view left, std::string_view right, int width) {
  const int gap = width - DisplayWidth(left) - DisplayWidth(right);
  if (gap < 1) return std::string(left);
  return std::string(left) + Repeat(" ", gap) + std::string(right);
}

std::string CountText(int64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool inside = i > (count < 0 ? 1u : 0u);
    if (inside && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

std::string CompactText(int64_t count, int width) {
  std::string text = CountText(count);
  if (DisplayWidth(text) <= width) return text;
  static constexpr std::string_view kUnits[] = {" k", " M", " G", " T"};
  double value = static_cast<double>(count);
  size_t unit = 0;
  for (value /= 1e3; value >= 999.5 && unit + 1 < std::size(kUnits); value /= 1e3) ++unit;
  return ThreeDigits(value).append(kUnits[unit]);
}

std::string PercentDigits(int64_t count, int64_t n) {
  if (n == 0) return "n/a";
  const double percent = 100 * static_cast<double>(count) / static_cast<double>(n);
  if (count > 0 && percent < 0.05) return "<0.1";
  if (count < n && percent >= 99.95) return ">99.9";
  return absl::StrFormat("%.1f", percent);
}

std::string PercentText(int64_t count, int64_t n) {
  return n == 0 ? "n/a" : PercentDigits(count, n) + " %";
}

std::string IntervalText(int64_t count, int64_t n) {
  if (n == 0) return "";
  const Interval interval = Wilson(count, n);
  return absl::StrFormat("[%.1f, %.1f]", 100 * interval.low, 100 * interval.high);
}

std::string IntervalColumn(int64_t count, int64_t n) {
  if (n == 0) return "";
  const Interval interval = Wilson(count, n);
  return absl::StrFormat("[%4.1f, %4.1f]", 100 * interval.low, 100 * interval.high);
}

std::string RatioText(double ratio, const TextStyle& style) {
  return absl::StrFormat("%.2f%s", ratio, style.utf8 ? "×" : "x");
}

std::string DurationText(double ns, const TextStyle& style) {
  if (ns < 999.5) return absl::StrFormat("%.0f ns", ns);
  if (ns < 999.5e3) return ThreeDigits(ns / 1e3).append(style.utf8 ? " µs" : " us");
  if (ns < 999.5e6) return ThreeDigits(ns / 1e6).append(" ms");
  return ThreeDigits(ns / 1e9).append(" s");
}

std::string MoneyText(double usd) {
  if (usd == 0) return "$0";
  if (usd >= 99'999.5) return "$" + CompactText(std::llround(std::min(usd, 9e18)), 7);
  if (usd >= 0.995) return absl::StrFormat("$%.2f", usd);
  const int decimals = 1 - static_cast<int>(std::floor(std::log10(std::max(usd, 1e-12))));
  return absl::StrFormat("$%.*f", std::clamp(decimals, 2, 12), usd);
}

std::string QuantileText(const Quantiles& q, double at, int64_t value, const TextStyle& style) {
  if (!EnoughForQuantile(q.n, at)) return "n/a";
  return DurationText(static_cast<double>(value), style);
}

std::string Wrapped(const std::string& text, int indent, int width) {
  std::string out;
  const std::string margin(static_cast<size_t>(indent), ' ');
  for (size_t from = 0; from <= text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    const std::string line = text.substr(from, end - from);
    from = end + 1;
    if (!out.empty()) out += "\n" + (line.empty() ? "" : margin);
    if (line.starts_with(' ')) {
      out += line;
      continue;
    }
    int column = indent;
    for (size_t word = 0; word < line.size();) {
      const size_t space = std::min(line.find(' ', word), line.size());
      const std::string piece = line.substr(word, space - word);
      word = space + 1;
      const int needed = DisplayWidth(piece);
      if (column > indent && column + 1 + needed > width) {
        out += "\n" + margin;
        column = indent;
      } else if (column > indent) {
        out += " ";
        ++column;
      }
      out += piece;
      column += needed;
    }
  }
  return out;
}

std::string Flow(const std::vector<std::string>& items, std::string_view separator,
                 std::string_view first_indent, int indent) {
  LineFiller line(first_indent, indent);
  bool start_of_line = true;
  for (const std::string& item : items) {
    const int needed = DisplayWidth(item) + (start_of_line ? 0 : DisplayWidth(separator));
    if (!start_of_line && !line.Fits(needed)) {
      line.Break("");
      start_of_line = true;
    }
    if (!start_of_line) line.Put(separator);
    line.Put(item);
    start_of_line = false;
  }
  return line.Take() + "\n";
}

std::string Banner(std::string_view scenario, std::string_view mode, int64_t seed,
                   const TextStyle& style) {
  std::string right = mode == "wire" ? "WIRE" : "VIRTUAL TIME";
  right.append(Dot(style)).append("seed ").append(std::to_string(seed));
  const int room = style.width() - DisplayWidth("squall    ") - DisplayWidth(right);
  const std::string name = Clip(Printable(scenario, style), room, style);
  const std::string left = Paint("squall  " + name, Ink::kBold, style);
  return Justify(left, Paint(right, Ink::kAccent, style), style.width()) + "\n";
}

std::string WrapCommand(std::string_view command, std::string_view first_indent, int indent) {
  LineFiller line(first_indent, indent);
  for (bool first = true; !command.empty(); first = false) {
    const std::string_view word = FirstShellWord(command);
    command.remove_prefix(std::min(word.size() + 1, command.size()));
    const int ending = command.empty() ? 0 : 2;  // " \\"
    if (!first) {
      if (line.Fits(1 + DisplayWidth(word) + ending)) {
        line.Put(" ");
      } else {
        line.Break(" \\");
      }
    }
    if (line.Fits(DisplayWidth(word) + ending)) {
      line.Put(word);
    } else {
      PutLongWord(word, &line);
    }
  }
  return line.Take() + "\n";
}

std::vector<int> BarCells(const std::vector<int64_t>& parts, int width) {
  const int64_t total = std::accumulate(parts.begin(), parts.end(), int64_t{0});
  std::vector<int> cells(parts.size(), 0);
  if (total == 0) return cells;
  int used = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const double exact = static_cast<double>(parts[i]) / static_cast<double>(total) * width;
    cells[i] = parts[i] == 0 ? 0 : std::max(1, static_cast<int>(std::lround(exact)));
    used += cells[i];
  }
  // What rounding gave or took is the largest part's: there it shows least.
  const auto largest = std::max_element(cells.begin(), cells.end());
  *largest = std::max(1, *largest + width - used);
  return cells;
}

}  // namespace squall

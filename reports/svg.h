// Charts as SVG: axes, lines over them, and the layout that all charts of a report share. A chart
// is as wide as its place and of fixed height; what is drawn is stretched sideways, while words,
// ticks and line widths keep their size, so that one drawing serves a phone, a screen and paper. It
// reads without scripts; colours and dashes come from the page's style by class. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

inline constexpr double kGap = std::numeric_limits<double>::quiet_NaN();  // y of a break in a line

struct Tick {
  double at = 0;
  std::string label;  // text; may be empty
};

// From values to a place on an axis.
struct Scale {
  double low = 0;
  double high = 1;  // > low
  bool log = false;
  std::vector<Tick> ticks;

  double Place(double value) const;  // 0 at `low`, 1 at `high`; beyond them clamped
};

using Labeler = std::function<std::string(double)>;

// From `low` (not above 0 and the least value wanted) to a round number at or above `high`, with
// at most `most` + 1 ticks at round numbers.
Scale LinearScale(double low, double high, int most, const Labeler& label);

// Both > 0; from a round number (1, 2 or 5 times a power of ten) to another.
// Of more than `most` ticks only powers of ten have a label.
Scale LogScale(double low, double high, const Labeler& label, int most = 9);

// Seconds from 0, ticks at times that people read: "90 s" is no tick, "1:30" is.
Scale TimeScale(double seconds);

// Percentiles 0 to 99.999, by the logarithm of what lies beyond: every nine has the same width.
// Values are 1 / (1 - q), from 1 on.
Scale PercentileScale(double most);

struct PlotLine {
  std::string ink;  // classes: colour and dash
  std::vector<double> x{};
  std::vector<double> y{};  // of each x; kGap breaks the line
  bool area = false;        // filled down to the axis, without a line
  bool steps = false;       // holds each value until the next x
  bool marks = false;       // a dot at each point
};

struct PlotBand {  // [from, to) of x
  double from = 0;
  double to = 0;
  std::string label;  // text at its top; "" none
};

struct Plot {
  std::string title;  // text alternative, in short
  std::string desc;   // and at length: what a reader would be told of it
  int height = 180;   // of the drawing, px
  Scale x;
  Scale y;
  std::string x_words;  // under the axis, at its right end
  std::vector<PlotBand> bands;
  std::vector<PlotLine> lines;
  std::string stretched;  // further SVG, x from 0 to 1000
  std::string fixed;      // and such that is not stretched, x in percent
  std::string Svg() const;
};

// The outer part of any chart, for drawings of other kinds: <svg role=img> with its texts. `height`
// in px; `inner` is SVG whose x are in percent.
std::string SvgImage(std::string_view title, std::string_view desc, int height,
                     std::string_view inner, std::string_view attributes = "");

std::string Coordinate(double value);  // at most one decimal

}  // namespace squall

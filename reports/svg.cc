#include "reports/svg.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/cat.h"
#include "reports/html_text.h"

namespace squall {
namespace {

constexpr int kDrawingWidth = 1000;  // of the stretched drawing, in units of its own
constexpr int kTop = 16;         // px above the drawing, for labels of bands and the highest tick
constexpr int kBelow = 22;       // px below it, for tick labels
constexpr int kWordsBelow = 14;  // and for the words of the axis

// The least of 1, 2, 5, 10, ... times a power of ten that is not below `value` > 0.
double RoundUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(value) + 1e-9));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (digit * power >= value * (1 - 1e-9)) return digit * power;
  }
  return 10 * power;
}

double RoundDown(double value) {
  const double power = std::pow(10, std::floor(std::log10(value) + 1e-9));
  for (const double digit : {5.0, 2.0}) {
    if (digit * power <= value * (1 + 1e-9)) return digit * power;
  }
  return power;
}

std::string ClockText(double seconds, double step) {
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole == 0) return "0";
  if (step >= 86400) return Cat(whole / 86400, "\u202fd");
  if (step >= 3600) return Cat(whole / 3600, "\u202fh");
  if (whole >= 3600) return absl::StrFormat("%d:%02d\u202fh", whole / 3600, whole / 60 % 60);
  if (step >= 60) return Cat(whole / 60, "\u202fmin");
  if (whole >= 60) return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
  return Cat(whole, "\u202fs");
}

// The line as a path in the stretched drawing.
std::string PathOf(const PlotLine& line, const Plot& plot) {
  std::string path;
  bool drawn = false;
  std::string last_y;
  for (size_t i = 0; i < line.x.size(); ++i) {
    if (std::isnan(line.y[i])) {
      drawn = false;
      continue;
    }
    const std::string x = Coordinate(kDrawingWidth * plot.x.Place(line.x[i]));
    const std::string y = Coordinate(plot.height * (1 - plot.y.Place(line.y[i])));
    if (line.area && !drawn) AppendTo(&path, "M", x, " ", plot.height);
    if (!drawn) {
      AppendTo(&path, line.area ? "L" : "M", x, " ", y);
    } else if (line.steps) {
      AppendTo(&path, "H", x);
      if (y != last_y) AppendTo(&path, "V", y);
    } else {
      AppendTo(&path, "L", x, " ", y);
    }
    last_y = y;
    drawn = true;
    const bool ends = i + 1 == line.x.size() || std::isnan(line.y[i + 1]);
    if (line.area && ends) AppendTo(&path, "V", plot.height, "Z");
  }
  return path;
}

std::string MarksOf(const PlotLine& line, const Plot& plot) {
  std::string marks;
  for (size_t i = 0; i < line.x.size(); ++i) {
    if (std::isnan(line.y[i])) continue;
    AppendTo(&marks, "<circle class=\"mk ", line.ink, "\" r=3 cx=\"",
             Coordinate(100 * plot.x.Place(line.x[i])), "%\" cy=\"",
             Coordinate(plot.height * (1 - plot.y.Place(line.y[i]))), "\"/>");
  }
  return marks;
}

std::string YAxis(const Plot& plot) {
  std::string axis = "<g class=ax aria-hidden=true>";
  for (const Tick& tick : plot.y.ticks) {
    const std::string y = Coordinate(plot.height * (1 - plot.y.Place(tick.at)));
    AppendTo(&axis, "<line x2=\"100%\" y1=\"", y, "\" y2=\"", y, "\"/>");
    if (tick.label.empty()) continue;
    AppendTo(&axis, "<text x=-7 y=\"", y, "\" dy=\".32em\" text-anchor=end>", Escape(tick.label),
             "</text>");
  }
  return axis + "</g>";
}

std::string XAxis(const Plot& plot) {
  std::string axis = "<g class=\"ax xt\" aria-hidden=true>";
  for (const Tick& tick : plot.x.ticks) {
    const double place = plot.x.Place(tick.at);
    const std::string x = Coordinate(100 * place);
    AppendTo(&axis, "<line class=tick x1=\"", x, "%\" x2=\"", x, "%\" y1=\"", plot.height,
             "\" y2=\"", plot.height + 4, "\"/>");
    if (tick.label.empty()) continue;
    const char* anchor = place > 0.97   ? " text-anchor=end"
                         : place < 0.02 ? ""
                                        : " text-anchor=middle";
    AppendTo(&axis, "<text x=\"", x, "%\" y=\"", plot.height + 16, "\"", anchor, ">",
             Escape(tick.label), "</text>");
  }
  axis += "</g>";
  if (!plot.x_words.empty()) {
    AppendTo(&axis, "<text class=axw x=\"100%\" y=\"", plot.height + 30,
             "\" text-anchor=end aria-hidden=true>", Escape(plot.x_words), "</text>");
  }
  return axis;
}

std::string Bands(const Plot& plot) {
  std::string bands;
  for (const PlotBand& band : plot.bands) {
    const double from = plot.x.Place(band.from);
    const double to = plot.x.Place(band.to);
    AppendTo(&bands, "<rect class=band x=\"", Coordinate(kDrawingWidth * from), "\" width=\"",
             Coordinate(std::max(kDrawingWidth * (to - from), 1.0)), "\" height=\"", plot.height,
             "\"/>");
  }
  return bands;
}

// Each where its band begins; towards the end of the axis it stands to the left of that.
std::string BandLabels(const Plot& plot) {
  std::string labels;
  for (const PlotBand& band : plot.bands) {
    if (band.label.empty()) continue;
    const double place = plot.x.Place(band.from);
    AppendTo(&labels, "<text class=bl data-at=\"", Coordinate(kDrawingWidth * place), "\" x=\"",
             Coordinate(100 * place), "%\" y=-4", place > 0.6 ? " text-anchor=end" : "",
             " aria-hidden=true>", Escape(band.label), "</text>");
  }
  return labels;
}

}  // namespace

std::string Coordinate(double value) {
  std::string text = absl::StrFormat("%.1f", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

double Scale::Place(double value) const {
  if (log) {
    if (value <= low) return 0;
    return std::min(std::log(value / low) / std::log(high / low), 1.0);
  }
  return std::clamp((value - low) / (high - low), 0.0, 1.0);
}

Scale LinearScale(double low, double high, int most, const Labeler& label) {
  Scale scale;
  scale.low = low;
  if (!(high > low)) high = low + 1;
  const double step = RoundUp((high - low) / most);
  const auto steps = static_cast<int>(std::ceil((high - low) / step - 1e-9));
  scale.high = low + steps * step;
  for (int i = 0; i <= steps; ++i) scale.ticks.push_back({low + i * step, label(low + i * step)});
  return scale;
}

Scale LogScale(double low, double high, const Labeler& label, int most) {
  Scale scale;
  scale.log = true;
  scale.low = RoundDown(low);
  scale.high = RoundUp(std::max(high, scale.low * 1.01));
  int powers = 0;
  for (double power = std::pow(10, std::floor(std::log10(scale.low) + 1e-9));
       power <= scale.high * 1.001; power *= 10) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double at = power * digit;
      if (at < scale.low * 0.999 || at > scale.high * 1.001) continue;
      scale.ticks.push_back({at, label(at)});
      powers += digit == 1.0;
    }
  }
  if (powers < 2 || static_cast<int>(scale.ticks.size()) <= most) return scale;
  for (Tick& tick : scale.ticks) {
    const double digits = std::log10(tick.at);
    if (std::abs(digits - std::round(digits)) > 0.01) tick.label.clear();
  }
  return scale;
}

Scale TimeScale(double seconds) {
  static constexpr double kSteps[] = {1,     2,     5,      10,     15,      30,      60,    120,
                                      300,   600,   900,    1800,   3600,    7200,    10800, 21600,
                                      43200, 86400, 172800, 604800, 2592000, 31536000};
  Scale scale;
  scale.high = std::max(seconds, 1.0);
  double step = kSteps[0];
  for (const double candidate : kSteps) {
    step = candidate;
    if (scale.high / step <= 6) break;
  }
  for (double at = 0; at <= scale.high * 1.0001; at += step) {
    scale.ticks.push_back({at, ClockText(at, step)});
  }
  return scale;
}

Scale PercentileScale(double most) {
  static constexpr struct {
    double beyond;  // 1 / (1 - q)
    const char* label;
  } kTicks[] = {{1, "0"},       {2, "50"},        {10, "90"},        {100, "99"},
                {1000, "99.9"}, {10000, "99.99"}, {100000, "99.999"}};
  Scale scale;
  scale.log = true;
  scale.low = 1;
  scale.high = std::max(most, 10.0);
  for (const auto& tick : kTicks) {
    if (tick.beyond <= scale.high * 1.001) scale.ticks.push_back({tick.beyond, tick.label});
  }
  return scale;
}

std::string SvgImage(std::string_view title, std::string_view desc, int height,
                     std::string_view inner, std::string_view attributes) {
  return Cat("<svg role=img width=\"100%\" height=\"", height, "\"", attributes, "><title>",
             Escape(title), "</title><desc>", Escape(desc), "</desc>", inner, "</svg>");
}

std::string Plot::Svg() const {
  std::string drawn = Cat("<g transform=\"translate(0 ", kTop, ")\">", YAxis(*this),
                          "<svg class=st width=\"100%\" height=", height, " viewBox=\"0 0 ",
                          kDrawingWidth, " ", height, "\" preserveAspectRatio=none>", Bands(*this));
  for (const PlotLine& line : lines) {
    AppendTo(&drawn, "<path class=\"", line.area ? "ar " : "ln ", line.ink, "\" d=\"",
             PathOf(line, *this), "\"/>");
  }
  AppendTo(&drawn, stretched, "</svg>", fixed);
  for (const PlotLine& line : lines) {
    if (line.marks) drawn += MarksOf(line, *this);
  }
  AppendTo(&drawn, BandLabels(*this), XAxis(*this), "</g>");
  const int below = x_words.empty() ? kBelow : kBelow + kWordsBelow;
  return SvgImage(title, desc, kTop + height + below, drawn,
                  Cat(" class=plot data-x1=\"", Coordinate(x.high), "\" data-h=", height));
}

}  // namespace squall

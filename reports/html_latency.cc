// Distributions: latency by percentile, every nine of the tail as wide as the one before it, and
// the CPU time of diagnosis.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "engine/base/cat.h"
#include "reports/histogram.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"
#include "reports/svg.h"

namespace squall {
namespace {

struct Distribution {
  std::string name;
  std::string ink;
  const Quantiles* q = nullptr;
};

std::vector<Distribution> LatenciesOf(ShownResults results) {
  std::vector<Distribution> out;
  if (results.size() == 1) {
    const Summary& s = results[0].run->summary;
    out = {{"all requests", "i-grey dash", &s.latency},
           {"right answers in time", "i-blue thick", &s.latency_success},
           {"faulted and recovered", "i-purple dot", &s.latency_recovered}};
  } else {
    for (const ShownResult& r : results) {
      out.push_back({r.label, r.ink, &r.run->summary.latency});
    }
  }
  std::erase_if(out, [](const Distribution& d) { return d.q->spectrum.empty(); });
  return out;
}

double Beyond(size_t i) { return 1 / (1 - kSpectrumQuantiles[i]); }

std::string PercentileName(double q) {
  std::string text = absl::StrFormat("%.3f", 100 * q);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return q == 0 ? "least" : "p" + text;
}

std::string SpectrumTable(const std::vector<Distribution>& shown) {
  std::vector<Table::Column> columns = {{"percentile", Table::Align::kLeft, ""}};
  for (const Distribution& d : shown) columns.push_back({d.name, Table::Align::kRight, ""});
  Table table("Latency by percentile", columns);
  size_t rows = 0;
  for (const Distribution& d : shown) rows = std::max(rows, d.q->spectrum.size());
  for (size_t i = 0; i < rows; ++i) {
    table.Row().Cell(PercentileName(kSpectrumQuantiles[i]));
    for (const Distribution& d : shown) {
      const bool known = i < d.q->spectrum.size();
      table.Cell(known ? Span(static_cast<double>(d.q->spectrum[i])) : "too few");
    }
  }
  table.Row().Cell("largest");
  for (const Distribution& d : shown) table.Cell(Span(static_cast<double>(d.q->max)));
  table.Row().Cell("mean");
  for (const Distribution& d : shown) table.Cell(Span(d.q->mean));
  table.Row().Cell("samples");
  for (const Distribution& d : shown) table.Cell(Count(d.q->n));
  return table.Html();
}

Plot LatencyPlot(const std::vector<Distribution>& shown) {
  Plot plot;
  plot.title = "Latency by percentile";
  plot.height = 240;
  plot.x_words = "percentile: as many requests are at least as fast";
  double least = 0;
  double largest = 0;
  double beyond = 10;
  for (const Distribution& d : shown) {
    const auto first = static_cast<double>(std::max<int64_t>(d.q->spectrum.front(), 1'000));
    least = least == 0 ? first : std::min(least, first);
    largest = std::max(largest, static_cast<double>(d.q->spectrum.back()));
    beyond = std::max(beyond, Beyond(d.q->spectrum.size() - 1));
    AppendTo(&plot.desc, d.name, ": median ", Span(static_cast<double>(d.q->p50)));
    if (EnoughForQuantile(d.q->n, 0.99)) {
      AppendTo(&plot.desc, ", p99 ", Span(static_cast<double>(d.q->p99)));
    }
    AppendTo(&plot.desc, ", largest ", Span(static_cast<double>(d.q->max)), ". ");
  }
  plot.desc += "Both axes are logarithmic: upwards the latency, to the right the nines.";
  plot.x = PercentileScale(beyond);
  plot.y = LogScale(least, largest, TickSpan);
  for (const Distribution& d : shown) {
    PlotLine line{.ink = d.ink};
    for (size_t i = 0; i < d.q->spectrum.size(); ++i) {
      line.x.push_back(Beyond(i));
      line.y.push_back(static_cast<double>(d.q->spectrum[i]));
    }
    plot.lines.push_back(std::move(line));
  }
  return plot;
}

// ---- CPU time of diagnosis
// -----------------------------------------------------------------------

constexpr const char* kPhaseWords[kPhaseCount] = {"classify", "classify and parse",
                                                  "validate the answer", "decide"};

struct Level {
  const char* name;
  double q;
  int64_t Quantiles::*value;
  const char* shape;  // of its mark: filled, ringed, ...
};
constexpr Level kLevels[] = {{"p50", 0.5, &Quantiles::p50, "m1"},
                             {"p90", 0.9, &Quantiles::p90, "m2"},
                             {"p99", 0.99, &Quantiles::p99, "m3"},
                             {"p99.9", 0.999, &Quantiles::p999, "m4"}};
constexpr int kPhaseRow = 34;

Scale PhaseScale(ShownResults results) {
  double least = 1e9;
  double largest = 10;
  for (const ShownResult& r : results) {
    for (const Quantiles& q : r.run->summary.phases) {
      if (q.n == 0) continue;
      least = std::min(least, static_cast<double>(std::max<int64_t>(q.p50, 10)));
      largest = std::max(largest, static_cast<double>(std::max(q.p50, q.p999)));
    }
  }
  return LogScale(std::min(least, largest / 2), largest, TickSpan, 5);
}

std::string PhaseRow(const Quantiles& q, const Scale& x, int y, std::string_view name) {
  std::string row = Cat("<text class=halo x=0 y=", y - 9, ">", Escape(name), "</text>");
  const auto at = [&](int64_t ns) { return Coordinate(100 * x.Place(static_cast<double>(ns))); };
  int64_t last = q.p50;
  std::string marks;
  for (const Level& level : kLevels) {
    if (!EnoughForQuantile(q.n, level.q)) continue;
    last = q.*level.value;
    AppendTo(&marks, "<circle class=\"", level.shape, "\" r=4.5 cx=\"", at(last), "%\" cy=", y,
             "><title>", level.name, " ", Span(static_cast<double>(last)), "</title></circle>");
  }
  return Cat(row, "<line class=range x1=\"", at(q.p50), "%\" x2=\"", at(last), "%\" y1=", y,
             " y2=", y, " />", marks);
}

std::string PhaseTable(ShownResults results) {
  std::vector<Table::Column> columns = {{"step", Table::Align::kLeft, ""}};
  for (const Level& level : kLevels) columns.push_back({level.name, Table::Align::kRight, ""});
  columns.push_back({"measured", Table::Align::kRight, "times"});
  Table table("CPU time per step", columns);
  for (const ShownResult& r : results) {
    for (size_t i = 0; i < kPhaseCount; ++i) {
      const Quantiles& q = r.run->summary.phases[i];
      if (q.n == 0) continue;
      const std::string of = results.size() > 1 ? r.label + ": " : "";
      table.Row().Cell(Escape(of + kPhaseWords[i]));
      for (const Level& level : kLevels) {
        const bool known = EnoughForQuantile(q.n, level.q);
        table.Cell(known ? Span(static_cast<double>(q.*level.value)) : "too few");
      }
      table.Cell(Count(q.n));
    }
  }
  return table.Html();
}

}  // namespace

std::string LatencyFigure(ShownResults results) {
  const std::vector<Distribution> shown = LatenciesOf(results);
  if (shown.empty()) return "<p>Not known: the result holds no distribution of latency.</p>\n";
  Figure figure;
  figure.title = "Latency by percentile";
  figure.note =
      "from the intended arrival, so that waiting counts; percentiles of too few requests "
      "are left out";
  for (const Distribution& d : shown) figure.legend += LegendLine(d.ink, d.name);
  figure.chart = LatencyPlot(shown).Svg();
  figure.table = SpectrumTable(shown);
  return figure.Html();
}

std::string DiagnosisTimeFigure(ShownResults results) {
  const Scale x = PhaseScale(results);
  Plot plot;
  plot.title = "CPU time of diagnosis";
  plot.x = x;
  int y = 20;
  for (const ShownResult& r : results) {
    for (size_t i = 0; i < kPhaseCount; ++i) {
      const Quantiles& q = r.run->summary.phases[i];
      if (q.n == 0) continue;
      const std::string name = Cat(results.size() > 1 ? r.label + ": " : "", kPhaseWords[i]);
      plot.fixed += PhaseRow(q, x, y, name);
      AppendTo(&plot.desc, name, ": median ", Span(static_cast<double>(q.p50)), ". ");
      y += kPhaseRow;
    }
  }
  if (plot.fixed.empty()) return "";
  plot.height = y - 8;
  Figure figure;
  figure.title = "CPU time of diagnosis";
  figure.note =
      Cat("real time on the machine of the run, never simulated; reading the "
          "clock costs ",
          Span(static_cast<double>(results[0].run->timing.timer_overhead_ns)), " of each");
  for (const Level& level : kLevels) {
    AppendTo(&figure.legend, "<span><svg width=14 height=12 aria-hidden=true><circle class=\"",
             level.shape, "\" r=4.5 cx=7 cy=6 /></svg> ", level.name, "</span> ");
  }
  figure.chart = plot.Svg();
  figure.table = PhaseTable(results);
  return figure.Html();
}

}  // namespace squall

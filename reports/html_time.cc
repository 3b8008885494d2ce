// What a run looked like over time: load, amplification, latency, budget and circuits, all on one
// time axis, with what was done to the run shaded.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <cmath>

#include "engine/base/cat.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"
#include "reports/svg.h"

namespace squall {
namespace {

constexpr size_t kMostBands = 60;      // shaded; beyond them the shading would say nothing
constexpr size_t kMostLabels = 3;      // of bands, in the first figure
constexpr int kCircuitRow = 26;        // px
constexpr int64_t kLeastOffered = 20;  // requests per drawn window on average: fewer are chance
constexpr size_t kLeastWindows = 40;   // drawn, if there are as many

std::string Plain(double seconds) { return absl::StrFormat("%.10g", seconds); }

double PerSecond(int64_t count, int64_t window_s, const RunResult& run) {
  return static_cast<double>(count) / static_cast<double>(window_s) /
         static_cast<double>(std::max<int64_t>(run.replications, 1));
}

// Windows put together until a request more or less in one of them does not make a peak.
LoadTotals::Series Drawn(const LoadTotals::Series& load) {
  int64_t offered = 0;
  for (const int64_t n : load.offered) offered += n;
  const auto windows = static_cast<int64_t>(load.offered.size());
  int64_t together = 1;
  while (together * 2 * static_cast<int64_t>(kLeastWindows) <= windows &&
         offered * together < kLeastOffered * windows) {
    together *= 2;
  }
  LoadTotals::Series drawn;
  drawn.window_s = load.window_s * together;
  const auto sum = [&](const std::vector<int64_t>& counts) {
    std::vector<int64_t> sums;
    for (size_t i = 0; i < counts.size(); ++i) {
      if (i % static_cast<size_t>(together) == 0) sums.push_back(0);
      sums.back() += counts[i];
    }
    return sums;
  };
  drawn.offered = sum(load.offered);
  drawn.attempts = sum(load.attempts);
  drawn.good = sum(load.good);
  return drawn;
}

size_t Windows(const RunResult& run) { return run.summary.load.offered.size(); }

double RunSeconds(const ShownResult& result) {
  const double load = static_cast<double>(Windows(*result.run)) *
                      static_cast<double>(result.run->summary.load.window_s);
  const TimeSeries& time = result.chronicle->time;
  return std::max(load,
                  static_cast<double>(time.p50_us.size()) * static_cast<double>(time.window_s));
}

std::vector<PlotBand> BandsOf(const TimeSeries& time, bool labels) {
  std::vector<PlotBand> bands;
  size_t labelled = 0;
  for (const Episode& episode : time.episodes) {
    if (bands.size() == kMostBands) break;
    PlotBand band{episode.from_s, episode.to_s, ""};
    if (labels && labelled < kMostLabels && episode.kind != "weather") {
      band.label = episode.name;
      ++labelled;
    }
    bands.push_back(std::move(band));
  }
  return bands;
}

std::vector<double> WindowStarts(size_t windows, int64_t window_s) {
  std::vector<double> starts;
  for (size_t i = 0; i <= windows; ++i) {
    starts.push_back(static_cast<double>(i) * static_cast<double>(window_s));
  }
  return starts;
}

// A value per window, held until the next: the last one is repeated at the end of its window.
PlotLine StepLine(std::string ink, int64_t window_s, std::vector<double> values) {
  PlotLine line;
  line.ink = std::move(ink);
  line.x = WindowStarts(values.size(), window_s);
  if (!values.empty()) values.push_back(values.back());
  line.x.resize(values.size());
  line.y = std::move(values);
  line.steps = true;
  return line;
}

std::string OverRuns(const RunResult& run) {
  return run.replications > 1 ? Cat(", mean of ", Count(run.replications), " replications") : "";
}

std::string LoadFigure(const ShownResult& result, const SharedScales& scales) {
  const RunResult& run = *result.run;
  const LoadTotals::Series load = Drawn(run.summary.load);
  const auto rates = [&](const std::vector<int64_t>& counts) {
    std::vector<double> values;
    for (const int64_t count : counts) values.push_back(PerSecond(count, load.window_s, run));
    return values;
  };
  const auto peak = [](const std::vector<double>& v) {
    return *std::max_element(v.begin(), v.end());
  };
  const std::vector<double> offered = rates(load.offered);
  const std::vector<double> attempts = rates(load.attempts);
  const std::vector<double> good = rates(load.good);
  Plot plot;
  plot.title = "Load over time";
  plot.desc =
      Cat("Per second, in windows of ", load.window_s, " s", OverRuns(run),
          ": requests offered, at most ", Decimal(peak(offered)), "; attempts sent, at most ",
          Decimal(peak(attempts)), "; right answers in time, at most ", Decimal(peak(good)), ".");
  plot.x = TimeScale(scales.seconds);
  plot.y = LinearScale(0, scales.load_per_s, 4, Decimal);
  plot.height = 170;
  plot.bands = BandsOf(result.chronicle->time, true);
  PlotLine area = StepLine("i-grey", load.window_s, offered);
  area.area = true;
  plot.lines = {area, StepLine("i-red", load.window_s, attempts),
                StepLine("i-blue thick", load.window_s, good)};
  Figure figure;
  figure.title = "Load";
  figure.note = Cat("per second, windows of ", load.window_s, " s", OverRuns(run));
  figure.legend = LegendPatch("i-grey pale", "requests offered") +
                  LegendLine("i-red", "attempts sent") +
                  LegendLine("i-blue thick", "right answers in time (goodput)");
  figure.chart = plot.Svg();
  figure.group = result.id;
  figure.step_s = load.window_s;
  Table table("Load per second", {{"from, s", Table::Align::kRight, ""},
                                  {"offered", Table::Align::kRight, ""},
                                  {"attempts", Table::Align::kRight, ""},
                                  {"goodput", Table::Align::kRight, ""}});
  for (size_t i = 0; i < offered.size(); ++i) {
    table.Row().Cell(Plain(static_cast<double>(i) * static_cast<double>(load.window_s)));
    table.Cell(Decimal(offered[i])).Cell(Decimal(attempts[i])).Cell(Decimal(good[i]));
  }
  figure.table = table.Html();
  return figure.Html();
}

std::vector<double> AmplificationOf(const LoadTotals::Series& load) {
  std::vector<double> values;
  for (size_t i = 0; i < load.offered.size(); ++i) {
    const auto offered = static_cast<double>(load.offered[i]);
    values.push_back(offered == 0 ? kGap : static_cast<double>(load.attempts[i]) / offered);
  }
  return values;
}

std::string AmplificationFigure(const ShownResult& result, const SharedScales& scales) {
  const RunResult& run = *result.run;
  const LoadTotals::Series load = Drawn(run.summary.load);
  const std::vector<double> values = AmplificationOf(load);
  const Amplification& a = run.summary.amplification;
  Plot plot;
  plot.title = "Amplification over time";
  plot.desc =
      Cat("Attempts sent per request offered, in windows of ", load.window_s, " s. Over the run ",
          Ratio(a.mean.value_or(0)), ", worst second ", Ratio(a.worst_1s.value_or(0)),
          ", worst ten seconds ", Ratio(a.worst_10s.value_or(0)), ".");
  plot.x = TimeScale(scales.seconds);
  plot.y = LinearScale(0, scales.amplification, 4, [](double v) { return Decimal(v) + "×"; });
  plot.height = 100;
  plot.bands = BandsOf(result.chronicle->time, false);
  PlotLine one{.ink = "i-grey dash", .x = {0, scales.seconds}, .y = {1, 1}};
  plot.lines = {one, StepLine("i-red", load.window_s, values)};
  Figure figure;
  figure.title = "Amplification";
  figure.note = Cat("attempts sent per request offered, windows of ", load.window_s, " s");
  figure.legend =
      LegendLine("i-red", "attempts per request") + LegendLine("i-grey dash", "one each");
  figure.chart = plot.Svg();
  figure.group = result.id;
  figure.step_s = load.window_s;
  Table table("Attempts per request",
              {{"from, s", Table::Align::kRight, ""}, {"amplification", Table::Align::kRight, ""}});
  for (size_t i = 0; i < values.size(); ++i) {
    table.Row().Cell(Plain(static_cast<double>(i) * static_cast<double>(load.window_s)));
    table.Cell(std::isnan(values[i]) ? "" : Decimal(values[i]));
  }
  figure.table = table.Html();
  return figure.Html();
}

std::string LatencyOverTime(const ShownResult& result, const SharedScales& scales) {
  const TimeSeries& time = result.chronicle->time;
  const auto values = [](const std::vector<int64_t>& us) {
    std::vector<double> out;
    for (const int64_t v : us) out.push_back(v < 0 ? kGap : static_cast<double>(v) * 1e3);
    return out;
  };
  const std::vector<double> p50 = values(time.p50_us);
  const std::vector<double> p99 = values(time.p99_us);
  Plot plot;
  plot.title = "Latency over time";
  plot.desc =
      Cat("Median and 99th percentile of the latency of the requests that arrived "
          "in windows of ",
          time.window_s, " s, logarithmic axis. Over the run: p50 ",
          Span(static_cast<double>(result.run->summary.latency.p50)), ", p99 ",
          Span(static_cast<double>(result.run->summary.latency.p99)), ".");
  plot.x = TimeScale(scales.seconds);
  plot.y = LogScale(scales.fastest_us * 1e3, scales.slowest_us * 1e3, TickSpan);
  plot.height = 130;
  plot.bands = BandsOf(time, false);
  plot.lines = {StepLine("i-purple dash", time.window_s, p99),
                StepLine("i-blue", time.window_s, p50)};
  Figure figure;
  figure.title = "Latency";
  figure.note = Cat("of the requests that arrived in each window of ", time.window_s, " s");
  figure.legend =
      LegendLine("i-blue", "p50") + LegendLine("i-purple dash", "p99 (of a few: the slowest)");
  figure.chart = plot.Svg();
  figure.group = result.id;
  figure.step_s = time.window_s;
  Table table("Latency by time of arrival", {{"from, s", Table::Align::kRight, ""},
                                             {"p50", Table::Align::kRight, ""},
                                             {"p99", Table::Align::kRight, ""}});
  for (size_t i = 0; i < p50.size(); ++i) {
    table.Row().Cell(Plain(static_cast<double>(i) * static_cast<double>(time.window_s)));
    table.Cell(std::isnan(p50[i]) ? "" : Span(p50[i]));
    table.Cell(std::isnan(p99[i]) ? "" : Span(p99[i]));
  }
  figure.table = table.Html();
  return figure.Html();
}

std::vector<double> Known(const std::vector<double>& values) {
  std::vector<double> out;
  for (const double v : values) out.push_back(v < 0 ? kGap : v);
  return out;
}

std::string BudgetFigure(const ShownResult& result, const SharedScales& scales) {
  const TimeSeries& time = result.chronicle->time;
  const std::vector<double> least = Known(time.budget_least);
  const std::vector<double> mean = Known(time.budget_mean);
  if (std::all_of(least.begin(), least.end(), [](double v) { return std::isnan(v); })) return "";
  const auto empty = std::count_if(least.begin(), least.end(), [](double v) { return v < 1; });
  Plot plot;
  plot.title = "Retry budget over time";
  plot.desc =
      Cat("Extra attempts that the budget still allowed, seen at the end of each "
          "request: mean and least per window of ",
          time.window_s, " s. In ", empty, " of ", least.size(),
          " windows less than one was left at some time.");
  plot.x = TimeScale(scales.seconds);
  plot.y = LinearScale(0, scales.budget, 4, Decimal);
  plot.height = 100;
  plot.bands = BandsOf(time, false);
  plot.lines = {StepLine("i-amber", time.window_s, mean),
                StepLine("i-purple dash", time.window_s, least)};
  Figure figure;
  figure.title = "Retry budget left";
  figure.note = "extra load that it still allows, in its own unit";
  figure.legend = LegendLine("i-amber", "mean") + LegendLine("i-purple dash", "least");
  figure.chart = plot.Svg();
  figure.group = result.id;
  figure.step_s = time.window_s;
  Table table("Retry budget left", {{"from, s", Table::Align::kRight, ""},
                                    {"mean", Table::Align::kRight, ""},
                                    {"least", Table::Align::kRight, ""}});
  for (size_t i = 0; i < least.size(); ++i) {
    table.Row().Cell(Plain(static_cast<double>(i) * static_cast<double>(time.window_s)));
    table.Cell(std::isnan(mean[i]) ? "" : Decimal(mean[i]));
    table.Cell(std::isnan(least[i]) ? "" : Decimal(least[i]));
  }
  figure.table = table.Html();
  return figure.Html();
}

// ---- circuits ----------------------------------------------------------------------------------

// Runs of windows with the same share become one rectangle.
std::string CircuitRects(const std::vector<double>& shares, std::string_view ink, int y, int height,
                         double window, const Scale& x) {
  std::string rects;
  for (size_t i = 0; i < shares.size();) {
    size_t end = i + 1;
    while (end < shares.size() && shares[end] == shares[i]) ++end;
    if (shares[i] > 0) {
      const double from = 1000 * x.Place(static_cast<double>(i) * window);
      const double to = 1000 * x.Place(static_cast<double>(end) * window);
      AppendTo(&rects, "<rect class=\"", ink, "\" x=\"", Coordinate(from), "\" width=\"",
               Coordinate(std::max(to - from, 1.0)), "\" y=", y, " height=", height,
               " fill-opacity=\"", absl::StrFormat("%.2g", 0.2 + 0.8 * shares[i]), "\"/>");
    }
    i = end;
  }
  return rects;
}

std::string CircuitTable(const TimeSeries& time) {
  std::vector<Table::Column> columns = {{"from, s", Table::Align::kRight, ""}};
  for (const CircuitLine& line : time.circuits) {
    columns.push_back({line.provider + " open", Table::Align::kRight, "share of the window"});
    columns.push_back({"half-open", Table::Align::kRight, "share of the window"});
  }
  Table table("Share of each window in which circuits were open", columns);
  for (size_t i = 0; i < time.p50_us.size(); ++i) {
    table.Row().Cell(Plain(static_cast<double>(i) * static_cast<double>(time.window_s)));
    for (const CircuitLine& line : time.circuits) {
      table.Cell(Share(line.open[i])).Cell(Share(line.half_open[i]));
    }
  }
  return table.Html();
}

std::string CircuitWords(const TimeSeries& time) {
  std::string words;
  for (const CircuitLine& line : time.circuits) {
    double open = 0;
    for (const double share : line.open) open += share;
    AppendTo(&words, line.provider, ": ", Count(line.moves), " transitions, open ",
             Share(open / static_cast<double>(line.open.size())), " of the time. ");
  }
  return words;
}

std::string CircuitFigure(const ShownResult& result, const SharedScales& scales) {
  const TimeSeries& time = result.chronicle->time;
  const bool still = std::all_of(time.circuits.begin(), time.circuits.end(),
                                 [](const CircuitLine& line) { return line.moves == 0; });
  if (still) return "<p class=note><b>Circuits</b> stayed closed throughout.</p>\n";
  const auto window = static_cast<double>(time.window_s);
  Plot plot;
  plot.title = "Circuits over time";
  plot.desc = CircuitWords(time);
  plot.x = TimeScale(scales.seconds);
  plot.height = kCircuitRow * static_cast<int>(time.circuits.size());
  plot.bands = BandsOf(time, false);
  for (size_t p = 0; p < time.circuits.size(); ++p) {
    const int y = kCircuitRow * static_cast<int>(p);
    const CircuitLine& line = time.circuits[p];
    // Open fills the row, half-open its lower half: told apart without colour.
    plot.stretched += CircuitRects(line.open, "fl i-red", y + 3, kCircuitRow - 6, window, plot.x);
    plot.stretched += CircuitRects(line.half_open, "fl i-amber", y + kCircuitRow / 2,
                                   kCircuitRow / 2 - 3, window, plot.x);
    AppendTo(&plot.fixed, "<line class=base x2=\"100%\" y1=", y + kCircuitRow,
             " y2=", y + kCircuitRow, " /><text class=halo x=6 y=", y + 17, ">",
             Escape(line.provider), "</text>");
  }
  Figure figure;
  figure.title = "Circuits";
  figure.note = time.replications > 1
                    ? Cat("strength is the share of ", Count(time.replications), " replications")
                    : "where nothing is drawn the circuit was closed";
  figure.legend = LegendPatch("i-red", "open") + LegendPatch("i-amber half", "half-open");
  figure.chart = plot.Svg();
  figure.group = result.id;
  figure.step_s = time.window_s;
  figure.table = CircuitTable(time);
  return figure.Html();
}

std::string EpisodeTable(const TimeSeries& time) {
  if (time.episodes.empty()) return "";
  using enum Table::Align;
  Table table("What was done to the run (shaded)", {{"episode", kLeft, ""},
                                                    {"kind", kLeft, ""},
                                                    {"causes", kLeft, ""},
                                                    {"at", kLeft, ""},
                                                    {"from", kRight, ""},
                                                    {"to", kRight, ""},
                                                    {"strength", kRight, ""}});
  size_t rows = 0;
  for (const Episode& episode : time.episodes) {
    if (++rows > kMostBands) break;
    const std::string name = episode.first_run_only && time.replications > 1
                                 ? episode.name + " (first replication)"
                                 : episode.name;
    table.Row().Cell(Escape(name)).Cell(Escape(episode.kind)).Cell(Escape(Words(episode.fault)));
    const std::string at =
        episode.providers.empty() ? "all providers" : absl::StrJoin(episode.providers, ", ");
    table.Cell(Escape(at)).Cell(Span(episode.from_s * 1e9)).Cell(Span(episode.to_s * 1e9));
    table.Cell(episode.kind == "load" ? Ratio(episode.share) : Share(episode.share));
  }
  return table.Html();
}

std::string ReturnWords(const Summary& s) {
  if (!s.recovery) return "";
  const RecoverySummary& r = *s.recovery;
  std::string words =
      Cat("<p>What was done to the run is over after ", Span(r.trigger_end_s * 1e9), ". ");
  if (r.n == 0) {
    words += "The run ends too early to see what came of it.";
  } else if (!r.median_s) {
    AppendTo(&words, "Goodput <b>stays down</b> for the ", Span(r.observed_s * 1e9), " observed.");
  } else {
    AppendTo(&words, "Goodput is back ",
             *r.median_s == 0 ? "at once" : "within " + Span(*r.median_s * 1e9), ".");
  }
  if (r.n > 1) {
    AppendTo(&words, " It stays down in ", Count(r.stayed_down), " of ", Count(r.n),
             " replications.");
  }
  return words + "</p>\n";
}

}  // namespace

SharedScales ScalesOf(ShownResults results) {
  SharedScales scales;
  double fastest = 0;
  for (const ShownResult& result : results) {
    const RunResult& run = *result.run;
    scales.seconds = std::max(scales.seconds, RunSeconds(result));
    const LoadTotals::Series load = Drawn(run.summary.load);
    for (const auto* counts : {&load.offered, &load.attempts, &load.good}) {
      for (const int64_t n : *counts) {
        scales.load_per_s = std::max(scales.load_per_s, PerSecond(n, load.window_s, run));
      }
    }
    for (const double a : AmplificationOf(load)) {
      if (!std::isnan(a)) scales.amplification = std::max(scales.amplification, a);
    }
    const TimeSeries& time = result.chronicle->time;
    for (const double left : time.budget_mean) scales.budget = std::max(scales.budget, left);
    for (size_t i = 0; i < time.p50_us.size(); ++i) {
      if (time.p50_us[i] <= 0) continue;
      const auto fast = static_cast<double>(time.p50_us[i]);
      fastest = fastest == 0 ? fast : std::min(fastest, fast);
      scales.slowest_us = std::max(scales.slowest_us, static_cast<double>(time.p99_us[i]));
    }
  }
  scales.fastest_us = std::max(fastest, 1.0);
  scales.slowest_us = std::max(scales.slowest_us, 2 * scales.fastest_us);
  return scales;
}

std::string TimeBlock(const ShownResult& result, const SharedScales& scales) {
  if (Windows(*result.run) == 0) return "<p>No request was offered.</p>\n";
  std::string block = ReturnWords(result.run->summary) + LoadFigure(result, scales) +
                      AmplificationFigure(result, scales);
  if (!result.chronicle->time.empty()) {
    block += LatencyOverTime(result, scales) + CircuitFigure(result, scales) +
             BudgetFigure(result, scales);
  }
  return block;
}

std::string EpisodeTables(ShownResults results) {
  std::string html;
  const std::vector<Episode>* before = nullptr;
  for (const ShownResult& result : results) {
    const TimeSeries& time = result.chronicle->time;
    if (before == nullptr || *before != time.episodes) html += EpisodeTable(time);
    before = &time.episodes;
  }
  return html;
}

}  // namespace squall

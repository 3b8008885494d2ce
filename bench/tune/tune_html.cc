#include "bench/tune/tune_html.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "bench/tune/tune_report.h"
#include "engine/base/cat.h"
#include "reports/html_page.h"
#include "reports/html_text.h"
#include "reports/svg.h"

namespace squall {
namespace {

using enum Table::Align;

constexpr size_t kMostLines = 300;  // of candidates on parallel coordinates

// Ticks whose texts differ, with more digits than figures usually have where that takes it.
std::string TickText(MetricUnit unit, double value, double step) {
  if (FigureText(unit, value) != FigureText(unit, value + step)) return FigureText(unit, value);
  const double factor = unit == MetricUnit::kShare ? 100 : 1;
  const int digits = static_cast<int>(std::ceil(-std::log10(step * factor)));
  return absl::StrFormat("%.*f%s", std::max(0, digits), value * factor,
                         unit == MetricUnit::kShare ? " %" : "");
}

// From below the least to above the largest value, ticks at round numbers.
Scale AroundScale(double low, double high, const std::string& metric) {
  if (high <= low) {
    const double room = std::max(std::abs(low) * 0.01, 1e-6);
    low -= room;
    high += room;
  }
  const double rough = (high - low) / 4;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double round : {5.0, 2.0, 1.0}) {
    if (round * power >= rough) step = round * power;
  }
  Scale scale;
  scale.low = std::floor(low / step) * step;
  scale.high = std::ceil(high / step) * step;
  for (double at = scale.low; at < scale.high + step / 2; at += step) {
    scale.ticks.push_back({at, TickText(UnitOf(metric), at, step)});
  }
  return scale;
}

std::string FrontTable(const Study& study, const TuneAnswer& answer) {
  const TuneSpace& space = study.space();
  std::vector<Table::Column> columns = {{"candidate", kLeft, ""}, {"settings", kLeft, ""}};
  for (const TuneObjective& objective : space.objectives) {
    columns.push_back({objective.metric, kLeft, "mean on fresh seeds, 95 % interval"});
    if (!space.held_out.empty()) columns.push_back({"held out", kLeft, ""});
  }
  columns.push_back({"beaten", kRight, "Share of bootstrap samples in which another dominates it"});
  Table table("The front", columns, true);
  const auto row = [&](size_t candidate, const std::string& name, double beaten) {
    table.Row().Cell(name).Cell(Escape(SettingsText(study.candidates()[candidate])));
    for (const TuneObjective& objective : space.objectives) {
      for (const Trials trials : {Trials::kFresh, Trials::kHeldOut}) {
        if (study.ScenariosOf(trials).empty()) continue;
        const MeanEstimate mean = MeanOf(study.Series(trials, candidate, objective));
        table.Cell(Escape(EstimateText(objective.metric, mean, false)), mean.mean);
      }
    }
    table.Cell(beaten < 0 ? "" : Share(beaten), beaten);
  };
  for (const FrontPoint& point : answer.front) {
    const bool chosen = point.candidate == answer.recommended;
    row(point.candidate, Cat("#", point.candidate, chosen ? " ★" : ""), point.dominated);
  }
  row(answer.unchanged, "unchanged", -1);
  return table.Html();
}

// A cross of intervals around a mean.
void AddPoint(const MeanEstimate& x, const MeanEstimate& y, std::string_view ink, Plot* plot) {
  PlotLine mark;
  mark.ink = ink;
  mark.x = {x.mean};
  mark.y = {y.mean};
  mark.marks = true;
  plot->lines.push_back(mark);
  const Interval wide = x.n > 1 ? MeanInterval(x) : Interval{x.mean, x.mean};
  const Interval high = y.n > 1 ? MeanInterval(y) : Interval{y.mean, y.mean};
  plot->lines.push_back({std::string(ink), {wide.low, wide.high}, {y.mean, y.mean}});
  plot->lines.push_back({std::string(ink), {x.mean, x.mean}, {high.low, high.high}});
}

std::string FrontFigure(const Study& study, const TuneAnswer& answer, size_t first, size_t second) {
  const TuneObjective& x = study.space().objectives[first];
  const TuneObjective& y = study.space().objectives[second];
  const auto mean = [&](size_t c, const TuneObjective& o) {
    return MeanOf(study.Series(Trials::kFresh, c, o));
  };
  std::vector<size_t> shown = {answer.unchanged};
  for (const FrontPoint& point : answer.front) shown.push_back(point.candidate);
  Interval xs{1e300, -1e300};
  Interval ys{1e300, -1e300};
  for (const size_t c : shown) {
    const auto widen = [](const MeanEstimate& m, Interval* range) {
      const Interval interval = m.n > 1 ? MeanInterval(m) : Interval{m.mean, m.mean};
      range->low = std::min(range->low, interval.low);
      range->high = std::max(range->high, interval.high);
    };
    widen(mean(c, x), &xs);
    widen(mean(c, y), &ys);
  }
  Plot plot;
  plot.title = Cat(y.metric, " against ", x.metric);
  plot.desc = absl::StrFormat(
      "%d candidates on the front with 95 %% intervals on fresh seeds, the recommended one and the "
      "settings as they were.",
      answer.front.size());
  plot.height = 260;
  plot.x = AroundScale(xs.low, xs.high, x.metric);
  plot.y = AroundScale(ys.low, ys.high, y.metric);
  plot.x_words = x.metric;
  for (const FrontPoint& point : answer.front) {
    if (point.candidate == answer.recommended) continue;
    AddPoint(mean(point.candidate, x), mean(point.candidate, y), "i-grey", &plot);
  }
  AddPoint(mean(answer.unchanged, x), mean(answer.unchanged, y), "i-red", &plot);
  AddPoint(mean(answer.recommended, x), mean(answer.recommended, y), "i-blue", &plot);
  Figure figure;
  figure.title = plot.title;
  figure.note = Cat("Means and 95 % intervals over fresh seeds; ", x.metric,
                    x.goal == Goal::kMaximize ? ": right is better; " : ": left is better; ",
                    y.metric, y.goal == Goal::kMaximize ? ": up is better." : ": down is better.");
  figure.legend = LegendLine("i-blue", "recommended") + LegendLine("i-grey", "front") +
                  LegendLine("i-red", "unchanged");
  figure.chart = plot.Svg();
  figure.table = FrontTable(study, answer);
  return figure.Html();
}

std::vector<size_t> ShownCandidates(const TuneAnswer& answer) {
  std::vector<size_t> shown = answer.search.followed;
  if (shown.size() > kMostLines) shown.resize(kMostLines);
  for (const FrontPoint& point : answer.front) {
    if (std::find(shown.begin(), shown.end(), point.candidate) == shown.end()) {
      shown.push_back(point.candidate);
    }
  }
  return shown;
}

std::string CandidatesTable(const Study& study, const std::vector<size_t>& shown) {
  const TuneSpace& space = study.space();
  std::vector<Table::Column> columns = {{"candidate", kLeft, ""}};
  for (const TuneParameter& parameter : space.parameters)
    columns.push_back({parameter.at, kRight, ""});
  for (const TuneObjective& objective : space.objectives) {
    columns.push_back({objective.metric, kRight, "mean on the search's seeds"});
  }
  Table table("Candidates", columns, true);
  for (const size_t c : shown) {
    table.Row().Cell(Cat("#", c));
    for (const std::string& value : study.candidates()[c].values) table.Cell(Escape(value));
    for (const TuneObjective& objective : space.objectives) {
      const double mean = MeanOf(study.Series(Trials::kSearch, c, objective)).mean;
      table.Cell(Escape(FigureText(UnitOf(objective.metric), mean)), mean);
    }
  }
  return table.Html();
}

std::string ParallelFigure(const Study& study, const TuneAnswer& answer) {
  const TuneSpace& space = study.space();
  const std::vector<size_t> shown = ShownCandidates(answer);
  const size_t d = space.parameters.size();
  const size_t axes = d + space.objectives.size();
  std::vector<Interval> ranges(space.objectives.size(), Interval{1e300, -1e300});
  const auto mean = [&](size_t c, size_t o) {
    return MeanOf(study.Series(Trials::kSearch, c, space.objectives[o])).mean;
  };
  for (const size_t c : shown) {
    for (size_t o = 0; o < ranges.size(); ++o) {
      ranges[o].low = std::min(ranges[o].low, mean(c, o));
      ranges[o].high = std::max(ranges[o].high, mean(c, o));
    }
  }
  const auto line = [&](size_t c, std::string_view ink) {
    PlotLine one;
    one.ink = ink;
    for (size_t p = 0; p < d; ++p) {
      one.x.push_back(static_cast<double>(p));
      const bool set = !study.candidates()[c].values[p].empty();
      one.y.push_back(set ? study.candidates()[c].unit[p] : kGap);
    }
    for (size_t o = 0; o < ranges.size(); ++o) {
      const double range = ranges[o].high - ranges[o].low;
      one.x.push_back(static_cast<double>(d + o));
      one.y.push_back(range > 0 ? (mean(c, o) - ranges[o].low) / range : 0.5);
    }
    return one;
  };
  Plot plot;
  plot.title = "Candidates on parallel coordinates";
  plot.desc = absl::StrFormat(
      "A line for each of %d candidates over %d parameters and %d objectives; each axis from its "
      "least to its largest value.",
      shown.size(), d, space.objectives.size());
  plot.height = 300;
  plot.x.low = 0;
  plot.x.high = static_cast<double>(axes - 1);
  for (size_t a = 0; a < axes; ++a) {
    const std::string name =
        a < d ? space.parameters[a].at.substr(space.parameters[a].at.rfind('/') + 1)
              : space.objectives[a - d].metric;
    plot.x.ticks.push_back({static_cast<double>(a), name});
  }
  plot.y.ticks = {{0, "least"}, {1, "most"}};
  for (const size_t c : shown) plot.lines.push_back(line(c, "i-grey"));
  for (const FrontPoint& point : answer.front) {
    if (point.candidate != answer.recommended) {
      plot.lines.push_back(line(point.candidate, "i-green"));
    }
  }
  plot.lines.push_back(line(answer.recommended, "i-blue"));
  Figure figure;
  figure.title = plot.title;
  figure.note =
      "Each line is a candidate that was followed to the end; parameters from their least to their "
      "largest value, then objectives on the search's seeds.";
  figure.legend = LegendLine("i-blue", "recommended") + LegendLine("i-green", "front") +
                  LegendLine("i-grey", "others");
  figure.chart = plot.Svg();
  figure.table = CandidatesTable(study, shown);
  return figure.Html();
}

std::string AroundTable(const TuneSpace& space, const TuneAnswer& answer) {
  std::vector<Table::Column> columns = {{"change", kLeft, ""}};
  for (const TuneObjective& o : space.objectives) columns.push_back({o.metric, kLeft, ""});
  Table table("Around the recommended settings, paired on fresh seeds", columns);
  for (const Neighbour& one : answer.around) {
    table.Row().Cell(Escape(Cat(space.parameters[one.parameter].at, " ", one.from, " → ", one.to)));
    for (size_t o = 0; o < one.change.size(); ++o) {
      table.Cell(Escape(EstimateText(space.objectives[o].metric, one.change[o], true)));
    }
  }
  return table.Html();
}

std::string IndicesTable(const TuneSpace& space, const TuneAnswer& answer) {
  if (answer.indices.empty()) return "";
  std::vector<Table::Column> columns = {{"parameter", kLeft, ""}};
  for (const TuneObjective& o : space.objectives) columns.push_back({o.metric, kLeft, ""});
  Table table("Total indices over the space: the share of the variance that each is part of",
              columns);
  for (size_t p = 0; p < space.parameters.size(); ++p) {
    table.Row().Cell(Escape(space.parameters[p].at));
    for (const auto& of_objective : answer.indices) {
      const TotalIndex& one = of_objective[p];
      table.Shaded(absl::StrFormat("%.2f [%.2f, %.2f]", one.index, one.ci95.low, one.ci95.high),
                   std::clamp(one.index, 0.0, 1.0));
    }
  }
  return table.Html();
}

std::string InsteadTable(const Study& study, const TuneAnswer& answer) {
  const std::vector<Alternative> alternatives = AlternativesOf(study, answer);
  if (alternatives.empty()) return "<p>Nothing else is on the front.</p>\n";
  std::vector<Table::Column> columns = {{"instead", kLeft, ""}};
  for (const TuneObjective& o : study.space().objectives) columns.push_back({o.metric, kLeft, ""});
  Table table("Other points of the front, less the recommended one", columns);
  for (const Alternative& one : alternatives) {
    table.Row().Cell(Cat("#", one.candidate));
    for (size_t o = 0; o < one.change.size(); ++o) {
      const std::string& metric = study.space().objectives[o].metric;
      table.Cell(Escape(EstimateText(metric, one.change[o], true)));
    }
  }
  return table.Html();
}

std::string Recommendation(const Study& study, const TuneAnswer& answer) {
  std::string html = "<ul>\n";
  for (const std::string& set : study.candidates()[answer.recommended].sets) {
    AppendTo(&html, "<li><code>", Escape(set), "</code></li>\n");
  }
  html += "</ul>\n<p>Why: ";
  for (const std::string& why : answer.why) AppendTo(&html, Escape(why), ".<br>\n");
  if (answer.nothing_feasible) html += "No candidate keeps the constraints.";
  if (!answer.same_held_out) {
    AppendTo(&html, "By the held-out scenarios it would be #", answer.held_out_choice, ".");
  }
  return html + "</p>\n";
}

}  // namespace

std::string TuneHtml(const Study& study, const TuneAnswer& answer, const std::string& json) {
  const TuneSpace& space = study.space();
  const auto section = [](std::string_view id, std::string_view title, const std::string& inner) {
    return Cat("<section><h2 id=", id, ">", title, "</h2>\n", inner, "</section>\n");
  };
  std::string body = Cat(
      "<header><p class=kicker>squall tune</p>\n<h1>", Escape(space.name), "</h1>\n<p class=facts>",
      Escape(space.doc), "</p>\n<p class=facts>", MethodName(space.method), " · seed ", space.seed,
      " · ", Count(study.points()),
      " points</p>\n<button type=button class=\"js theme\" aria-label=\"Light or dark\">◐</button>"
      "</header>\n<main id=top>\n");
  body += section("recommended", "Recommended", Recommendation(study, answer));
  std::string front = space.objectives.size() < 2 ? FrontTable(study, answer) : "";
  for (size_t o = 1; o < space.objectives.size(); ++o) front += FrontFigure(study, answer, 0, o);
  body += section("front", "Front", front);
  body += section("candidates", "All candidates", ParallelFigure(study, answer));
  body += section("instead", "What would change the choice", InsteadTable(study, answer));
  body += section("sensitivity", "Sensitivity",
                  AroundTable(space, answer) + IndicesTable(space, answer));
  return HtmlPage("tune " + space.name, body + "</main>\n", json);
}

}  // namespace squall

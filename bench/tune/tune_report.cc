#include "bench/tune/tune_report.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/cat.h"
#include "engine/base/json_fields.h"

namespace squall {
namespace {

using nlohmann::ordered_json;

// "/engine/breaker/window" -> "breaker/window".
std::string ShortName(const std::string& at) {
  constexpr std::string_view kEngine = "/engine/";
  if (at.starts_with(kEngine)) return at.substr(kEngine.size());
  return at.substr(at.starts_with('/') ? 1 : 0);
}

ordered_json JsonOf(const MeanEstimate& estimate) {
  ordered_json out;
  if (estimate.n == 0) {
    out["mean"] = nullptr;
  } else {
    out["mean"] = estimate.mean;
    out["se"] = estimate.n > 1 ? ordered_json(estimate.standard_error) : ordered_json(nullptr);
  }
  out["n"] = estimate.n;
  if (estimate.n > 1) {
    const Interval interval = MeanInterval(estimate);
    out["ci95"] = {interval.low, interval.high};
  }
  return out;
}

ordered_json FiguresOf(const Study& study, Trials trials, size_t candidate) {
  ordered_json figures = ordered_json::object();
  for (const TuneObjective& objective : study.space().objectives) {
    figures[objective.metric] = JsonOf(MeanOf(study.Series(trials, candidate, objective)));
  }
  for (const Threshold& limit : ConstraintsOf(study.space())) {
    if (figures.contains(limit.metric)) continue;
    const bool more = limit.op == Comparison::kAtLeast || limit.op == Comparison::kAbove;
    figures[limit.metric] = JsonOf(MeanOf(study.Series(trials, candidate, limit.metric, more)));
  }
  return figures;
}

ordered_json CandidateJson(const Study& study, size_t candidate) {
  ordered_json out;
  out["candidate"] = candidate;
  out["sets"] = study.candidates()[candidate].sets;
  out["search"] = FiguresOf(study, Trials::kSearch, candidate);
  out["fresh"] = FiguresOf(study, Trials::kFresh, candidate);
  if (!study.space().held_out.empty()) {
    out["held_out"] = FiguresOf(study, Trials::kHeldOut, candidate);
  }
  return out;
}

ordered_json ChangesJson(const TuneSpace& space, const std::vector<MeanEstimate>& changes) {
  ordered_json out = ordered_json::object();
  for (size_t o = 0; o < changes.size(); ++o) {
    out[space.objectives[o].metric] = JsonOf(changes[o]);
  }
  return out;
}

ordered_json SensitivityJson(const TuneSpace& space, const TuneAnswer& answer) {
  ordered_json out;
  out["around"] = ordered_json::array();
  for (const Neighbour& one : answer.around) {
    out["around"].push_back({{"at", space.parameters[one.parameter].at},
                             {"from", one.from},
                             {"to", one.to},
                             {"change", ChangesJson(space, one.change)}});
  }
  out["total_indices"] = ordered_json::object();
  for (size_t o = 0; o < answer.indices.size(); ++o) {
    ordered_json list = ordered_json::array();
    for (const TotalIndex& one : answer.indices[o]) {
      list.push_back({{"at", space.parameters[one.parameter].at},
                      {"index", one.index},
                      {"ci95", {one.ci95.low, one.ci95.high}}});
    }
    out["total_indices"][space.objectives[o].metric] = std::move(list);
  }
  return out;
}

// Lines with columns as wide as they need to be, the first one left, the others right.
class Columns {
 public:
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string Text(std::string_view indent) const {
    std::vector<int> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) {
        widths[i] = std::max(widths[i], DisplayWidth(row[i]));
      }
    }
    std::string text;
    for (const auto& row : rows_) {
      text += indent;
      for (size_t i = 0; i < row.size(); ++i) {
        AppendTo(&text, i == 0 ? PadRight(row[i], widths[i]) : PadLeft(row[i], widths[i]),
                 i + 1 < row.size() ? "  " : "");
      }
      text += "\n";
    }
    return TrimLineEnds(text);
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "96.5 % ±0.1 %" of the 95 % interval; intervals in full are in the JSON and on the page.
std::string Compact(const std::string& metric, const MeanEstimate& estimate, bool difference,
                    const TextStyle& style) {
  if (estimate.n == 0) return "n/a";
  const MetricUnit unit = UnitOf(metric);
  std::string text =
      difference ? DifferenceText(unit, estimate.mean) : FigureText(unit, estimate.mean);
  if (estimate.n == 1) return text;
  std::string half = DifferenceText(unit, MeanInterval(estimate).high - estimate.mean);
  if (half.starts_with('+')) half.erase(0, 1);
  return Cat(text, style.utf8 ? " ±" : " +-", half);
}

// The last part of a pointer, which is enough where its value stands beside it.
std::string LastName(const std::string& at) { return at.substr(at.rfind('/') + 1); }

std::string Heading(std::string_view words, const TextStyle& style) {
  return "\n" + Paint(words, Ink::kBold, style) + "\n";
}

std::string StepsText(const SearchOutcome& search, const TextStyle& style) {
  std::vector<std::string> steps;
  for (const SearchStep& step : search.steps) {
    std::string text = Cat(step.candidates, style.utf8 ? "×" : "x", step.replications);
    if (step.dominated > 0) AppendTo(&text, " (", step.dominated, " shown worse)");
    steps.push_back(std::move(text));
  }
  return Flow(steps, style.utf8 ? " → " : " -> ", "candidates x seeds  ", 20);
}

std::string GainText(const Study& study, const TuneAnswer& answer, const TextStyle& style) {
  const std::vector<MeanEstimate> fresh = GainOf(study, answer, Trials::kFresh);
  const std::vector<MeanEstimate> held_out = GainOf(study, answer, Trials::kHeldOut);
  Columns columns;
  std::vector<std::string> head = {"less unchanged, paired", "fresh seeds"};
  if (!held_out.empty()) head.push_back("held out");
  columns.Add(head);
  for (size_t o = 0; o < fresh.size(); ++o) {
    const std::string& metric = study.space().objectives[o].metric;
    std::vector<std::string> row = {metric, Compact(metric, fresh[o], true, style)};
    if (!held_out.empty()) row.push_back(Compact(metric, held_out[o], true, style));
    columns.Add(std::move(row));
  }
  return columns.Text("  ");
}

std::string RecommendedText(const Study& study, const TuneAnswer& answer, const TextStyle& style) {
  const TuneSpace& space = study.space();
  std::string text = Heading("RECOMMENDED", style);
  const Candidate& choice = study.candidates()[answer.recommended];
  for (const std::string& set : choice.sets) text += "  " + Printable(set, style) + "\n";
  if (choice.sets.empty()) text += "  nothing to change\n";
  Columns columns;
  std::vector<std::string> head = {"", "searched", "fresh seeds"};
  if (!space.held_out.empty()) head.push_back("held out");
  head.push_back("unchanged");
  columns.Add(head);
  for (const TuneObjective& objective : space.objectives) {
    const auto figure = [&](Trials trials, size_t candidate) {
      return Compact(objective.metric, MeanOf(study.Series(trials, candidate, objective)), false,
                     style);
    };
    std::vector<std::string> row = {
        objective.metric,
        FigureText(UnitOf(objective.metric),
                   MeanOf(study.Series(Trials::kSearch, answer.recommended, objective)).mean),
        figure(Trials::kFresh, answer.recommended)};
    if (!space.held_out.empty()) {
      row.push_back(
          FigureText(UnitOf(objective.metric),
                     MeanOf(study.Series(Trials::kHeldOut, answer.recommended, objective)).mean));
    }
    row.push_back(
        FigureText(UnitOf(objective.metric),
                   MeanOf(study.Series(Trials::kFresh, answer.unchanged, objective)).mean));
    columns.Add(std::move(row));
  }
  text += columns.Text("  ");
  if (answer.recommended != answer.unchanged) text += GainText(study, answer, style);
  for (const std::string& why : answer.why) {
    text += Flow(absl::StrSplit(Printable(why, style), ' '), " ", "  why: ", 7);
  }
  if (answer.nothing_feasible) text += "  no candidate keeps the constraints\n";
  for (const Threshold& limit : ConstraintsOf(space)) {
    const auto figures = study.Series(Trials::kSearch, answer.recommended, limit.metric, true);
    if (MeanOf(figures).n > 0) continue;
    AppendTo(&text, "  ", limit.metric, " has no figure in one of the scenarios\n");
  }
  if (!answer.same_held_out) {
    AppendTo(&text, "  by the held-out scenarios the choice would be #", answer.held_out_choice,
             "\n");
  }
  return text;
}

std::string FrontText(const Study& study, const TuneAnswer& answer, const TextStyle& style) {
  const TuneSpace& space = study.space();
  std::string text = Heading("FRONT, fresh seeds, 95 %", style);
  Columns columns;
  std::vector<std::string> head = {"", "beaten"};
  for (const TuneObjective& objective : space.objectives) head.push_back(objective.metric);
  columns.Add(head);
  for (const FrontPoint& point : answer.front) {
    std::vector<std::string> row = {
        Cat("#", point.candidate, point.candidate == answer.recommended ? " *" : ""),
        absl::StrFormat("%.0f %%", 100 * point.dominated)};
    for (const TuneObjective& objective : space.objectives) {
      row.push_back(Compact(objective.metric,
                            MeanOf(study.Series(Trials::kFresh, point.candidate, objective)), false,
                            style));
    }
    columns.Add(std::move(row));
  }
  text += columns.Text("  ");
  for (const FrontPoint& point : answer.front) {
    std::vector<std::string> items;
    const Candidate& candidate = study.candidates()[point.candidate];
    for (const std::string& set : candidate.sets) {
      items.push_back(Printable(ShortName(set), style));
    }
    text += Flow(items, ", ", absl::StrFormat("  #%d ", point.candidate), 4);
  }
  return text;
}

std::string SensitivityText(const TuneSpace& space, const TuneAnswer& answer,
                            const TextStyle& style) {
  std::string text;
  if (!answer.around.empty()) {
    text += Heading("AROUND IT, one at a time, paired on fresh seeds", style);
    Columns columns;
    std::vector<std::string> head = {""};
    for (const TuneObjective& objective : space.objectives) head.push_back(objective.metric);
    columns.Add(head);
    for (const Neighbour& one : answer.around) {
      std::vector<std::string> row = {
          Printable(Clip(LastName(space.parameters[one.parameter].at) + " " + one.from +
                             (style.utf8 ? " → " : " -> ") + one.to,
                         24, style),
                    style)};
      for (size_t o = 0; o < one.change.size(); ++o) {
        row.push_back(Compact(space.objectives[o].metric, one.change[o], true, style));
      }
      columns.Add(std::move(row));
    }
    text += columns.Text("  ");
  }
  if (answer.indices.empty()) return text;
  text += Heading("TOTAL INDICES over the space: share of the variance it is part of", style);
  Columns columns;
  std::vector<std::string> head = {""};
  for (const TuneObjective& objective : space.objectives) head.push_back(objective.metric);
  columns.Add(head);
  for (size_t p = 0; p < space.parameters.size(); ++p) {
    std::vector<std::string> row = {Printable(ShortName(space.parameters[p].at), style)};
    for (const auto& of_objective : answer.indices) {
      const TotalIndex& one = of_objective[p];
      row.push_back(absl::StrFormat("%.2f [%.2f, %.2f]", one.index, one.ci95.low, one.ci95.high));
    }
    columns.Add(std::move(row));
  }
  return text + columns.Text("  ");
}

std::string AlternativesText(const Study& study, const TuneAnswer& answer, const TextStyle& style) {
  const std::vector<Alternative> alternatives = AlternativesOf(study, answer);
  if (alternatives.empty()) return "";
  const std::vector<TuneObjective>& objectives = study.space().objectives;
  std::string text = Heading("INSTEAD: what would change the choice", style);
  Columns columns;
  std::vector<std::string> head = {""};
  for (const TuneObjective& objective : objectives) head.push_back(objective.metric);
  columns.Add(head);
  for (const Alternative& one : alternatives) {
    std::vector<std::string> row = {Cat("#", one.candidate)};
    for (size_t o = 0; o < one.change.size(); ++o) {
      row.push_back(Compact(objectives[o].metric, one.change[o], true, style));
    }
    columns.Add(std::move(row));
  }
  return text + columns.Text("  ");
}

}  // namespace

std::string EstimateText(const std::string& metric, const MeanEstimate& estimate, bool difference) {
  if (estimate.n == 0) return "n/a";
  const MetricUnit unit = UnitOf(metric);
  const auto text = [&](double value) {
    return difference ? DifferenceText(unit, value) : FigureText(unit, value);
  };
  if (estimate.n == 1) return text(estimate.mean);
  const Interval interval = MeanInterval(estimate);
  return Cat(text(estimate.mean), " [", text(interval.low), ", ", text(interval.high), "]");
}

std::string SettingsText(const Candidate& candidate) {
  if (candidate.sets.empty()) return "as it is";
  std::vector<std::string> items;
  for (const std::string& set : candidate.sets) items.push_back(ShortName(set));
  return absl::StrJoin(items, ", ");
}

std::vector<Alternative> AlternativesOf(const Study& study, const TuneAnswer& answer) {
  std::vector<Alternative> alternatives;
  for (const FrontPoint& point : answer.front) {
    if (point.candidate == answer.recommended) continue;
    alternatives.push_back(
        {point.candidate, ChangesOf(study, Trials::kFresh, point.candidate, answer.recommended)});
  }
  return alternatives;
}

std::vector<MeanEstimate> GainOf(const Study& study, const TuneAnswer& answer, Trials trials) {
  if (study.ScenariosOf(trials).empty()) return {};
  return ChangesOf(study, trials, answer.recommended, answer.unchanged);
}

std::string TuneJson(const Study& study, const TuneAnswer& answer, const std::string& build,
                     const std::string& preset) {
  const TuneSpace& space = study.space();
  ordered_json out;
  out["format"] = "squall-tune";
  out["format_version"] = kTuneFormatVersion;
  out["build"] = build;
  TuneSpace copy = space;
  out["space"] = DumpFields([&](Fields& f) { Describe(f, copy); });
  out["steps"] = ordered_json::array();
  for (const SearchStep& step : answer.search.steps) {
    out["steps"].push_back({{"candidates", step.candidates},
                            {"replications", step.replications},
                            {"shown_worse", step.dominated}});
  }
  out["points"] = study.points();
  out["constraints_kept"] = !answer.nothing_feasible;
  out["recommended"] = CandidateJson(study, answer.recommended);
  out["recommended"]["why"] = answer.why;
  out["recommended"]["same_by_held_out"] = answer.same_held_out;
  out["recommended"]["preset"] =
      preset.empty() ? ordered_json(nullptr) : ordered_json::parse(preset);
  out["recommended"]["less_unchanged"] = ChangesJson(space, GainOf(study, answer, Trials::kFresh));
  if (!space.held_out.empty()) {
    out["recommended"]["less_unchanged_held_out"] =
        ChangesJson(space, GainOf(study, answer, Trials::kHeldOut));
  }
  out["unchanged"] = CandidateJson(study, answer.unchanged);
  out["front"] = ordered_json::array();
  for (const FrontPoint& point : answer.front) {
    out["front"].push_back(CandidateJson(study, point.candidate));
    out["front"].back()["dominated_share"] = point.dominated;
  }
  out["instead"] = ordered_json::array();
  for (const Alternative& one : AlternativesOf(study, answer)) {
    out["instead"].push_back(
        {{"candidate", one.candidate}, {"change", ChangesJson(space, one.change)}});
  }
  out["sensitivity"] = SensitivityJson(space, answer);
  out["followed"] = ordered_json::array();
  for (const size_t c : answer.search.followed) {
    ordered_json row;
    row["candidate"] = c;
    row["sets"] = study.candidates()[c].sets;
    row["search"] = FiguresOf(study, Trials::kSearch, c);
    out["followed"].push_back(std::move(row));
  }
  return out.dump(2) + "\n";
}

std::string RenderTune(const Study& study, const TuneAnswer& answer, const TextStyle& style) {
  const TuneSpace& space = study.space();
  std::string text = Paint("squall tune ", Ink::kBold, style) +
                     Paint(Printable(space.name, style), Ink::kBold, style) + Dot(style).data() +
                     std::string(MethodName(space.method)) + Dot(style).data() +
                     Cat("seed ", space.seed) + Dot(style).data() +
                     Cat(CountText(study.points()), " points") + "\n";
  text += StepsText(answer.search, style);
  text += RecommendedText(study, answer, style);
  text += FrontText(study, answer, style);
  text += AlternativesText(study, answer, style);
  text += SensitivityText(space, answer, style);
  return text;
}

std::string TuneMarkdown(const Study& study, const TuneAnswer& answer) {
  const TuneSpace& space = study.space();
  std::string text = "| settings |";
  std::string rule = "|---|";
  for (const TuneObjective& objective : space.objectives) {
    AppendTo(&text, " ", objective.metric, " |");
    rule += "---|";
    if (!space.held_out.empty()) {
      AppendTo(&text, " held out |");
      rule += "---|";
    }
  }
  AppendTo(&text, " beaten |\n", rule, "---|\n");
  const auto row = [&](size_t candidate, const std::string& name, const std::string& last) {
    AppendTo(&text, "| ", name, " |");
    for (const TuneObjective& objective : space.objectives) {
      for (const Trials trials : {Trials::kFresh, Trials::kHeldOut}) {
        if (study.ScenariosOf(trials).empty()) continue;
        AppendTo(&text, " ",
                 EstimateText(objective.metric, MeanOf(study.Series(trials, candidate, objective)),
                              false),
                 " |");
      }
    }
    AppendTo(&text, " ", last, " |\n");
  };
  for (const FrontPoint& point : answer.front) {
    const std::string settings = SettingsText(study.candidates()[point.candidate]);
    const bool chosen = point.candidate == answer.recommended;
    row(point.candidate, chosen ? Cat("**", settings, "**") : settings,
        absl::StrFormat("%.0f %%", 100 * point.dominated));
  }
  row(answer.unchanged, "unchanged", "–");
  const std::vector<MeanEstimate> fresh = GainOf(study, answer, Trials::kFresh);
  const std::vector<MeanEstimate> held_out = GainOf(study, answer, Trials::kHeldOut);
  text += "| **recommended** less unchanged, paired by seed |";
  for (size_t o = 0; o < fresh.size(); ++o) {
    const std::string& metric = space.objectives[o].metric;
    AppendTo(&text, " ", EstimateText(metric, fresh[o], true), " |");
    if (!held_out.empty()) AppendTo(&text, " ", EstimateText(metric, held_out[o], true), " |");
  }
  text += " – |\n";
  return text;
}

}  // namespace squall

// The top of a report: what share was recovered, how faulted requests ended, per kind of fault.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "engine/base/cat.h"
#include "reports/histogram.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"
#include "reports/intervals.h"
#include "reports/svg.h"

namespace squall {
namespace {

std::string Tile(std::string_view name, std::string_view value, std::string_view detail,
                 bool main = false) {
  return Cat("<div class=\"tile", main ? " main" : "", "\"><dt>", name, "</dt><dd><b>", value,
             "</b> <small>", detail, "</small></dd></div>\n");
}

std::string OptionalShare(std::optional<double> share) { return share ? Share(*share) : "n/a"; }
std::string OptionalRatio(std::optional<double> ratio) { return ratio ? Ratio(*ratio) : "n/a"; }

std::string UsefulPrice(const Summary& s) {
  return s.all.strict == 0 ? "n/a" : Money(s.cost_usd / static_cast<double>(s.all.strict));
}

std::string QuantileWords(const Quantiles& q, double at, int64_t value) {
  return EnoughForQuantile(q.n, at) ? Span(static_cast<double>(value)) : "n/a";
}

// ---- how faulted requests ended ----------------------------------------------------------------

constexpr int kEndingRow = 62;  // px
constexpr int kBarTop = 26;
constexpr int kBarHeight = 24;

std::string Percentage(double share) { return Coordinate(100 * share); }

std::string EndingSegments(const Tally& t, int y) {
  std::string bar;
  double from = 0;
  for (int i = 0; i < kEndingCount; ++i) {
    const EndingLook& look = LookOf(static_cast<Ending>(i));
    const int64_t count = CountOf(t, look.ending);
    const double share = static_cast<double>(count) / static_cast<double>(t.n);
    if (count > 0) {
      AppendTo(&bar, "<rect class=\"fl ", look.ink, "\" x=\"", Percentage(from), "%\" y=", y,
               " width=\"", Percentage(share), "%\" height=", kBarHeight, "><title>", look.words,
               ": ", Count(count), ", ", Percent(count, t.n), "</title></rect>");
    }
    // Away from the middle, where the interval and the ceiling are drawn.
    const bool first = i == 0;
    if (share > 0.12) {
      AppendTo(&bar, "<text class=inbar x=\"", Percentage(first ? from : from + share),
               "%\" dx=", first ? 8 : -8, " y=", y + 16, first ? "" : " text-anchor=end", ">",
               Percent(count, t.n), "</text>");
    }
    from += share;
  }
  return bar;
}

// The interval of strict recovery over the end of its bar, and the ceiling.
std::string EndingMarks(const Tally& t, int y) {
  const Interval ci = Wilson(t.strict, t.n);
  const int middle = y + kBarHeight / 2;
  std::string marks = Cat("<g class=whisker>");
  const auto line = [&](double x1, double x2, int y1, int y2) {
    AppendTo(&marks, "<line x1=\"", Percentage(x1), "%\" x2=\"", Percentage(x2), "%\" y1=", y1,
             " y2=", y2, " />");
  };
  line(ci.low, ci.high, middle, middle);
  line(ci.low, ci.low, middle - 5, middle + 5);
  line(ci.high, ci.high, middle - 5, middle + 5);
  marks += "</g>";
  if (const auto ceiling = t.ceiling()) {
    AppendTo(&marks, "<line class=ceiling x1=\"", Percentage(*ceiling), "%\" x2=\"",
             Percentage(*ceiling), "%\" y1=", y - 4, " y2=", y + kBarHeight + 4, " />",
             "<text class=small x=\"", Percentage(*ceiling), "%\" y=", y - 8,
             " text-anchor=end>ceiling ", Share(*ceiling), "</text>");
  }
  return marks;
}

std::string EndingRow(const ShownResult& result, int top, bool named) {
  const Tally& t = result.run->summary.faulted();
  std::string row;
  if (named) {
    AppendTo(&row, "<text class=rowname x=0 y=", top + 16, ">", Escape(result.label), "</text>");
  }
  if (t.n == 0) {
    AppendTo(&row, "<text x=0 y=", top + kBarTop + 16, ">no request was faulted</text>");
    return row;
  }
  return row + EndingSegments(t, top + kBarTop) + EndingMarks(t, top + kBarTop);
}

std::string EndingScale(int y) {
  std::string axis = "<g class=ax aria-hidden=true>";
  for (int percent = 0; percent <= 100; percent += 25) {
    const char* anchor = percent == 0 ? "start" : percent == 100 ? "end" : "middle";
    AppendTo(&axis, "<text x=\"", percent, "%\" y=", y, " text-anchor=", anchor, ">", percent,
             "\u202f%</text>");
  }
  return axis + "</g>";
}

std::string EndingWords(const ShownResult& result) {
  const Tally& t = result.run->summary.faulted();
  std::string words = Cat(result.label, ": of ", Count(t.n), " faulted requests ");
  for (int i = 0; i < kEndingCount; ++i) {
    const EndingLook& look = LookOf(static_cast<Ending>(i));
    AppendTo(&words, i > 0 ? ", " : "", look.words, " ", Percent(CountOf(t, look.ending), t.n));
  }
  AppendTo(&words, "; strict recovery 95 % interval ", PercentInterval(t.strict, t.n));
  if (t.ceiling()) AppendTo(&words, ", ceiling ", Share(*t.ceiling()));
  return words + ". ";
}

std::string EndingsTable(ShownResults results) {
  std::vector<Table::Column> columns = {{"ending", Table::Align::kLeft, ""}};
  for (const ShownResult& result : results) {
    columns.push_back({result.label, Table::Align::kRight, ""});
    columns.push_back({"share", Table::Align::kRight, ""});
    columns.push_back({"95 % interval", Table::Align::kRight, ""});
  }
  Table table("How faulted requests ended", columns);
  const auto row = [&](const std::string& name, int64_t (*count)(const Tally&)) {
    table.Row().Cell(name);
    for (const ShownResult& result : results) {
      const Tally& t = result.run->summary.faulted();
      const int64_t n = count(t);
      table.Cell(Count(n)).Cell(Percent(n, t.n)).Cell(PercentInterval(n, t.n));
    }
  };
  row("strict: right answer in time", [](const Tally& t) { return t.strict; });
  row("lenient: any 200 with a body in time", [](const Tally& t) { return t.lenient; });
  row("false recovery: lenient less strict", [](const Tally& t) { return t.false_recovery(); });
  row("abstained: failed loudly, in time", [](const Tally& t) { return t.abstained; });
  row("late or empty", [](const Tally& t) { return t.late; });
  row("silent escape: faulted reply passed on", [](const Tally& t) { return t.silent_escape; });
  return table.Html();
}

// ---- per kind of fault -------------------------------------------------------------------------

// Strict recovery from 0 to 100 % with its interval, for the eye; the numbers stand beside it.
std::string SmallBar(const Tally& t, std::string_view ink) {
  const Interval ci = Wilson(t.strict, t.n);
  const double share = static_cast<double>(t.strict) / static_cast<double>(t.n);
  return Cat(
      "<svg class=mini width=96 height=16 aria-hidden=true><rect class=track width=\"100%\" "
      "height=8 y=4 /><rect class=\"fl ",
      ink, "\" height=8 y=4 width=\"", Percentage(share), "%\"/><g class=whisker><line x1=\"",
      Percentage(ci.low), "%\" x2=\"", Percentage(ci.high), "%\" y1=8 y2=8 /><line x1=\"",
      Percentage(ci.low), "%\" x2=\"", Percentage(ci.low), "%\" y1=4 y2=12 /><line x1=\"",
      Percentage(ci.high), "%\" x2=\"", Percentage(ci.high), "%\" y1=4 y2=12 /></g></svg>");
}

double RateOf(int64_t count, int64_t n) {
  return n == 0 ? -1 : static_cast<double>(count) / static_cast<double>(n);
}

void FaultRow(std::string_view name, const Tally& t, const DiagnosisScore* diagnosis,
              Table* table) {
  const auto share = [&](int64_t count) { table->Cell(Percent(count, t.n), RateOf(count, t.n)); };
  table->Row().Cell(name).Cell(Count(t.n), static_cast<double>(t.n));
  share(t.strict);
  table->Cell(SmallBar(t, "e-strict")).Cell(PercentInterval(t.strict, t.n));
  share(t.lenient);
  share(t.false_recovery());
  share(t.abstained);
  share(t.late);
  share(t.silent_escape);
  table->Cell(OptionalShare(t.ceiling()), t.ceiling().value_or(-1));
  table->Cell(OptionalShare(t.efficiency()), t.efficiency().value_or(-1));
  if (diagnosis == nullptr) {
    table->Cell("");
  } else {
    table->Cell(Percent(diagnosis->class_right, diagnosis->attempts),
                RateOf(diagnosis->class_right, diagnosis->attempts));
  }
}

std::string FaultBlock(const ShownResult& result) {
  const Summary& s = result.run->summary;
  if (s.faulted().n == 0) return "<p>No request was faulted by the draw.</p>\n";
  using enum Table::Align;
  Table table("By the fault of the first attempt",
              {{"fault", kLeft, ""},
               {"requests", kRight, "whose first attempt it hit"},
               {"strict", kRight, "right answer in time"},
               {"", kLeft, "strict recovery from 0 to 100 % with its 95 % interval"},
               {"95 % interval", kRight, "of strict recovery, Wilson"},
               {"lenient", kRight, "any 200 with a body in time"},
               {"false", kRight, "lenient less strict: wrong answers passed as right"},
               {"abstained", kRight, "failed loudly, in time"},
               {"late", kRight, "after the deadline, or without a body"},
               {"escaped", kRight, "the faulted reply itself was passed on as success"},
               {"ceiling", kRight, "strict recovery of a clairvoyant engine on the same draws"},
               {"efficiency", kRight, "strict recovery as a share of the ceiling"},
               {"diagnosed", kRight, "attempts with this fault whose class was diagnosed right"}},
              true);
  for (const FaultSummary& fault : s.by_fault) {
    if (fault.tally.n > 0)
      FaultRow(Escape(Words(fault.name)), fault.tally, &fault.diagnosis, &table);
  }
  FaultRow("all faulted", s.faulted(), &s.diagnosis, &table);
  return table.Html();
}

std::string OtherBlock(const ShownResult& result) {
  struct Kind {
    RequestKind kind;
    const char* words;
  };
  static constexpr Kind kKinds[] = {{RequestKind::kHealthy, "healthy: nothing was done to it"},
                                    {RequestKind::kSlow, "slow or oddly framed, still good"},
                                    {RequestKind::kByLoad, "refused because of the load"},
                                    {RequestKind::kModelError, "the model itself was wrong"},
                                    {RequestKind::kUnsent, "never sent: the engine refused"}};
  const Summary& s = result.run->summary;
  Table table("Other requests, not counted as faulted",
              {{"first attempt", Table::Align::kLeft, ""},
               {"requests", Table::Align::kRight, ""},
               {"right in time", Table::Align::kRight, ""},
               {"95 % interval", Table::Align::kRight, ""}});
  const auto row = [&](std::string_view name, const Tally& t) {
    table.Row().Cell(name).Cell(Count(t.n)).Cell(Percent(t.strict, t.n));
    table.Cell(PercentInterval(t.strict, t.n));
  };
  for (const Kind& kind : kKinds) {
    if (s.of(kind.kind).n > 0) row(kind.words, s.of(kind.kind));
  }
  row("all requests, faulted ones included", s.all);
  return table.Html();
}

std::string FaultAndOtherBlock(const ShownResult& result) {
  return FaultBlock(result) + OtherBlock(result);
}

// Strict recovery of each kind of fault under each result.
std::string FaultsCompared(ShownResults results) {
  std::vector<Table::Column> columns = {{"fault", Table::Align::kLeft, ""}};
  for (const ShownResult& result : results) {
    columns.push_back({result.label, Table::Align::kRight, "strict recovery"});
    columns.push_back({"", Table::Align::kLeft, "with its 95 % interval"});
  }
  Table table("Strict recovery by fault, side by side", columns, true);
  std::vector<std::string> names;
  for (const ShownResult& result : results) {
    for (const FaultSummary& fault : result.run->summary.by_fault) {
      const bool known = std::find(names.begin(), names.end(), fault.name) != names.end();
      if (fault.tally.n > 0 && !known) names.push_back(fault.name);
    }
  }
  const auto cells = [&](const Tally* t, const ShownResult& result) {
    if (t == nullptr || t->n == 0) {
      table.Cell("none", -1).Cell("");
      return;
    }
    table.Cell(Percent(t->strict, t->n), RateOf(t->strict, t->n)).Cell(SmallBar(*t, result.ink));
  };
  for (const std::string& name : names) {
    table.Row().Cell(Escape(Words(name)));
    for (const ShownResult& result : results) {
      const Tally* found = nullptr;
      for (const FaultSummary& fault : result.run->summary.by_fault) {
        if (fault.name == name) found = &fault.tally;
      }
      cells(found, result);
    }
  }
  table.Row().Cell("all faulted");
  for (const ShownResult& result : results) cells(&result.run->summary.faulted(), result);
  return table.Html();
}

}  // namespace

std::string HeadlineTiles(ShownResults results) {
  const RunResult& run = *results[0].run;
  const Summary& s = run.summary;
  const Tally& t = s.faulted();
  std::string tiles = "<dl class=tiles>\n";
  tiles += Tile("Recovered, strict", Percent(t.strict, t.n),
                Cat("95 % interval ", PercentInterval(t.strict, t.n)), true);
  tiles += Tile("Recovered, lenient", Percent(t.lenient, t.n),
                Cat("of these ", Percent(t.false_recovery(), t.n), " were wrong"));
  tiles += Tile("Ceiling", OptionalShare(t.ceiling()),
                Cat("efficiency ", OptionalShare(t.efficiency())));
  tiles += Tile("Silent escapes", Percent(t.silent_escape, t.n), "faulted replies passed on");
  tiles += Tile("Amplification", OptionalRatio(s.amplification.mean),
                Cat("worst 10 s ", OptionalRatio(s.amplification.worst_10s)));
  tiles += Tile("Latency p99", QuantileWords(s.latency, 0.99, s.latency.p99),
                Cat("p50 ", QuantileWords(s.latency, 0.5, s.latency.p50)));
  tiles += Tile("Diagnosed right", Percent(s.diagnosis.class_right, s.diagnosis.attempts),
                run.target ? std::string("not known of a target")
                           : Cat("of ", Count(s.diagnosis.attempts), " faulted attempts"));
  tiles += Tile("Cost per useful answer", UsefulPrice(s), Cat(Money(s.cost_usd), " in all"));
  return tiles + "</dl>\n";
}

std::string EndingsChart(ShownResults results) {
  const bool named = results.size() > 1;
  std::string drawn;
  std::string words;
  int top = 0;
  for (const ShownResult& result : results) {
    drawn += EndingRow(result, top, named);
    words += EndingWords(result);
    top += kEndingRow;
  }
  Figure figure;
  figure.title = "How faulted requests ended";
  figure.note =
      "100 % are the requests whose first attempt was faulted; the first two parts are "
      "lenient recovery. The whisker is the 95 % interval of strict recovery.";
  for (int i = 0; i < kEndingCount; ++i) {
    const EndingLook& look = LookOf(static_cast<Ending>(i));
    figure.legend += LegendPatch(look.ink, look.words);
  }
  figure.chart = SvgImage(figure.title, words, top + 10, drawn + EndingScale(top + 6));
  figure.table = EndingsTable(results);
  return figure.Html();
}

std::string ComparisonTable(ShownResults results) {
  if (results.size() < 2) return "";
  std::vector<Table::Column> columns = {{"", Table::Align::kLeft, ""}};
  for (const ShownResult& r : results) columns.push_back({r.label, Table::Align::kRight, ""});
  Table table("The results side by side", columns);
  using Value = std::string (*)(const Summary&);
  const auto row = [&](const char* name, Value value) {
    table.Row().Cell(name);
    for (const ShownResult& r : results) table.Cell(value(r.run->summary));
  };
  row("requests", [](const Summary& s) { return Count(s.requests); });
  row("faulted", [](const Summary& s) { return Count(s.faulted().n); });
  row("recovered, strict", [](const Summary& s) {
    return Cat("<b>", Percent(s.faulted().strict, s.faulted().n), "</b>");
  });
  row("95 % interval",
      [](const Summary& s) { return PercentInterval(s.faulted().strict, s.faulted().n); });
  row("recovered, lenient",
      [](const Summary& s) { return Percent(s.faulted().lenient, s.faulted().n); });
  row("false recovery",
      [](const Summary& s) { return Percent(s.faulted().false_recovery(), s.faulted().n); });
  row("silent escapes",
      [](const Summary& s) { return Percent(s.faulted().silent_escape, s.faulted().n); });
  row("ceiling", [](const Summary& s) { return OptionalShare(s.faulted().ceiling()); });
  row("efficiency", [](const Summary& s) { return OptionalShare(s.faulted().efficiency()); });
  row("right answers, of all requests",
      [](const Summary& s) { return Percent(s.all.strict, s.all.n); });
  row("amplification", [](const Summary& s) { return OptionalRatio(s.amplification.mean); });
  row("amplification, worst 10 s",
      [](const Summary& s) { return OptionalRatio(s.amplification.worst_10s); });
  row("latency p50", [](const Summary& s) { return QuantileWords(s.latency, 0.5, s.latency.p50); });
  row("latency p99",
      [](const Summary& s) { return QuantileWords(s.latency, 0.99, s.latency.p99); });
  row("diagnosed right",
      [](const Summary& s) { return Percent(s.diagnosis.class_right, s.diagnosis.attempts); });
  row("cost per useful answer", UsefulPrice);
  return table.Html();
}

std::string FaultTables(ShownResults results) {
  const std::string compared = results.size() > 1 ? FaultsCompared(results) : "";
  return compared + OneByOne(results, FaultAndOtherBlock);
}

}  // namespace squall

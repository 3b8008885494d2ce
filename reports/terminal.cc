#include "reports/terminal.h"

#include <absl/strings/str_format.h>

#include <algorithm>

#include "reports/fingerprint.h"
#include "reports/threshold_table.h"

namespace squall {
namespace {

constexpr int kMargin = 2;
constexpr int kLabelWidth = 14;  // of the facts at the end

std::string Plural(int64_t count, const char* one, const char* many) {
  return CountText(count) + " " + (count == 1 ? one : many);
}

// How a faulted request can end, in the order of the bar. `glyph` and `ascii` fill the bar.
struct EndingPart {
  const char* glyph;
  const char* ascii;
  const char* words;
  Ink ink;
  int64_t (*count)(const Tally&);
};
constexpr EndingPart kEndingParts[] = {
    {"█", "#", "right answer in time", Ink::kGood, [](const Tally& t) { return t.strict; }},
    {"▓", "!", "wrong, passed as right", Ink::kBad,
     [](const Tally& t) { return t.false_recovery(); }},
    {"░", "-", "failed loudly", Ink::kWarn, [](const Tally& t) { return t.abstained; }},
    {"·", ".", "late", Ink::kDim, [](const Tally& t) { return t.late; }},
};

const char* Glyph(const EndingPart& ending, const TextStyle& style) {
  return style.utf8 ? ending.glyph : ending.ascii;
}

std::string Bar(const Tally& tally, int width, const TextStyle& style) {
  std::vector<int64_t> parts;
  for (const EndingPart& ending : kEndingParts) parts.push_back(ending.count(tally));
  const std::vector<int> cells = BarCells(parts, width);
  std::string bar;
  for (size_t i = 0; i < cells.size(); ++i) {
    bar += Paint(Repeat(Glyph(kEndingParts[i], style), cells[i]), kEndingParts[i].ink, style);
  }
  return bar;
}

std::string Header(const RunResult& r, const TextStyle& style) {
  std::vector<std::string> facts = {Plural(r.summary.requests, "request", "requests")};
  const char* const what = r.target ? "target " : "engine ";
  if (!r.engine.empty()) facts.push_back(what + Clip(Printable(r.engine, style), 40, style));
  if (!r.overrides.empty()) {
    const int64_t overrides = static_cast<int64_t>(r.overrides.size());
    facts.push_back(Plural(overrides, "override", "overrides"));
  }
  if (r.replications > 1) facts.push_back(CountText(r.replications) + " replications");
  facts.push_back(absl::StrFormat("%.2f s wall", r.timing.wall_s));
  facts.push_back(r.mode == "wire" ? "real sockets and clock" : "simulated clock and network");
  for (std::string& fact : facts) fact = Paint(fact, Ink::kDim, style);
  std::string text = Banner(r.scenario, r.mode, r.seed, style) + Flow(facts, Dot(style), "", 0);
  if (r.partial) {
    text += Paint("PARTIAL: interrupted; this covers what had ended by then", Ink::kBad, style);
    text += "\n";
  }
  return text;
}

std::string Headline(const Tally& faulted, const TextStyle& style) {
  const std::string margin(kMargin, ' ');
  if (faulted.n == 0) {
    return margin + "No request was faulted: there was nothing to recover from.\n";
  }
  const std::string left =
      margin + Paint(PercentText(faulted.strict, faulted.n), Ink::kGood, style) + " of " +
      Plural(faulted.n, "faulted request", "faulted requests") + " recovered";
  const std::string right = "95 % interval " + IntervalText(faulted.strict, faulted.n);
  std::string text = Justify(left, right, style.width() - kMargin) + "\n";
  text += margin + Bar(faulted, style.width() - 2 * kMargin, style) + "\n";
  std::vector<std::string> legend;
  for (const EndingPart& ending : kEndingParts) {
    legend.push_back(Paint(Glyph(ending, style), ending.ink, style) + " " + ending.words);
  }
  return text + Flow(legend, "  ", margin, kMargin);
}

// ---- tables
// -----------------------------------------------------------------------------------------

std::string Heading(std::string_view left, std::string_view right, const TextStyle& style) {
  return "\n" + Paint(Justify(left, right, style.width()), Ink::kBold, style) + "\n";
}

constexpr const char* kCountShareInterval = "requests     share  95 % interval";

// label | meaning | requests | share | interval of the share.
std::string ShareRow(std::string_view label, Ink ink, std::string_view meaning, int64_t requests,
                     int64_t count, int64_t n, const TextStyle& style) {
  std::string row(kMargin, ' ');
  row += Paint(PadRight(label, 16), ink, style);
  row += Paint(PadRight(meaning, 27), Ink::kDim, style);
  row += PadLeft(CompactText(requests, 9), 10);
  row += PadLeft(PercentText(count, n), 10);
  return row + PadLeft(IntervalColumn(count, n), 15) + "\n";
}

std::string CeilingLine(const Tally& t, const TextStyle& style) {
  if (!t.ceiling()) return "";
  std::string line = "  ceiling " + PercentText(t.ceiling_recovered, t.ceiling_known) +
                     ": the most any engine could recover here";
  if (t.efficiency()) {
    line.append(Dot(style)).append(absl::StrFormat("efficiency %.1f %%", 100 * *t.efficiency()));
  }
  return line + "\n";
}

std::string EndingsTable(const Summary& s, const TextStyle& style) {
  const Tally& t = s.faulted();
  if (t.n == 0) return "";
  std::string text = Heading("FIRST ATTEMPT FAULTED, AND THEN", kCountShareInterval, style);
  const auto row = [&](const char* label, Ink ink, const char* meaning, int64_t count) {
    text += ShareRow(label, ink, meaning, count, count, t.n, style);
  };
  row("strict", Ink::kGood, "right answer, in time", t.strict);
  row("lenient", Ink::kPlain, "any 200 with body, in time", t.lenient);
  row("false recovery", Ink::kBad,
      style.utf8 ? "lenient − strict: wrong" : "lenient - strict: wrong", t.false_recovery());
  row("abstained", Ink::kWarn, "failed loudly, in time", t.abstained);
  row("late or empty", Ink::kPlain, "after deadline, or no body", t.late);
  row("silent escape", Ink::kBad, "faulted reply passed on", t.silent_escape);
  text += CeilingLine(t, style);
  if (const auto between = ClusteredInterval(s.replications)) {
    text += absl::StrFormat("  strict, judged by the spread of %d replications: [%.1f, %.1f]\n",
                            s.replications.size(), 100 * between->low, 100 * between->high);
  }
  return text;
}

std::string FaultTable(const Summary& s, const TextStyle& style) {
  if (s.faulted().n == 0) return "";
  std::string heading = PadRight("BY FAULT, in %", 22) + PadLeft("n", 8) + PadLeft("strict", 7);
  heading += PadLeft("95 % interval", 15) + PadLeft("lenient", 8) + PadLeft("false", 6);
  heading += PadLeft("abstain", 8) + PadLeft("late", 6);
  std::string text = Heading(heading, "", style);
  for (const FaultSummary& fault : s.by_fault) {
    const Tally& t = fault.tally;
    if (t.n == 0) continue;
    const auto share = [&t](int64_t count) { return PercentDigits(count, t.n); };
    text += "  " + PadRight(Clip(Printable(fault.name, style), 20, style), 20);
    text += PadLeft(CompactText(t.n, 7), 8);
    text += Paint(PadLeft(share(t.strict), 7), Ink::kGood, style);
    text += PadLeft(IntervalColumn(t.strict, t.n), 15) + PadLeft(share(t.lenient), 8);
    text += PadLeft(share(t.false_recovery()), 6) + PadLeft(share(t.abstained), 8);
    text += PadLeft(share(t.late), 6) + "\n";
  }
  return text;
}

std::string OtherTable(const Summary& s, const TextStyle& style) {
  struct Row {
    RequestKind kind;
    const char* label;
    const char* meaning;
  };
  static constexpr Row kRows[] = {
      {RequestKind::kHealthy, "healthy", "nothing done to it"},
      {RequestKind::kSlow, "slow", "late or oddly framed, good"},
      {RequestKind::kByLoad, "refused by load", "first met a full provider"},
      {RequestKind::kModelError, "model error", "healthy, and still wrong"},
      {RequestKind::kUnsent, "never sent", "the engine itself refused"}};
  std::string text =
      Heading("OTHER REQUESTS, not counted above", "requests     right  95 % interval", style);
  for (const Row& row : kRows) {
    const Tally& t = s.of(row.kind);
    if (t.n == 0) continue;
    text += ShareRow(row.label, Ink::kPlain, row.meaning, t.n, t.strict, t.n, style);
  }
  text += ShareRow("all requests", Ink::kBold, "faulted ones included", s.all.n, s.all.strict,
                   s.all.n, style);
  return text;
}

// ---- facts
// ------------------------------------------------------------------------------------------

std::string Fact(std::string_view label, const std::vector<std::string>& items,
                 const TextStyle& style) {
  const std::string name = Paint(PadRight(label, kLabelWidth), Ink::kBold, style);
  return Flow(items, Dot(style), name, kLabelWidth);
}

std::string LoadFact(const RunResult& r, const TextStyle& style) {
  const Amplification& a = r.summary.amplification;
  if (!a.mean) return "";
  std::vector<std::string> items = {RatioText(*a.mean, style) + " attempts per request"};
  if (a.worst_1s) items.push_back("worst second " + RatioText(*a.worst_1s, style));
  if (a.worst_10s) items.push_back("worst 10 s " + RatioText(*a.worst_10s, style));
  if (!r.target) {
    items.push_back(r.breaker_transitions == 0
                        ? "no breaker moved"
                        : "breakers moved " + Plural(r.breaker_transitions, "time", "times"));
  }
  return Fact("LOAD", items, style);
}

// Whether what was done to the run outlasted its end (recovery.h).
std::string RecoveryFact(const Summary& s, const TextStyle& style) {
  if (!s.recovery) return "";
  const RecoverySummary& r = *s.recovery;
  const auto seconds = [&style](double value) { return DurationText(1e9 * value, style); };
  std::vector<std::string> items = {"trigger over after " + seconds(r.trigger_end_s)};
  if (r.n == 0) {
    items.push_back("the run ends too early to see what came of it");
  } else if (!r.median_s) {
    const std::string down = "goodput stays down, for the " + seconds(r.observed_s) + " observed";
    items.push_back(Paint(down, Ink::kBad, style));
  } else {
    const std::string back = *r.median_s == 0 ? "at once" : "within " + seconds(*r.median_s);
    items.push_back(Paint("goodput back " + back, Ink::kGood, style));
  }
  if (r.n > 1) {
    items.push_back("stays down in " + CompactText(r.stayed_down, 9) + " of " +
                    CompactText(r.n, 9) + " replications");
  }
  return Fact("RECOVERY", items, style);
}

// Whether the waits that providers asked for were kept.
std::string HintsFact(const Summary& s, const TextStyle& style) {
  const Obedience& o = s.obedience;
  if (o.hints_given == 0) return "";
  const Ink ink = o.early_same_request == 0 ? Ink::kGood : Ink::kBad;
  const std::string early = CountText(o.early_same_request) + " came back too early";
  return Fact("HINTS",
              {Plural(o.hints_given, "reply", "replies") + " asked for a wait",
               Paint(early, ink, style), CountText(o.early_same_user) + " others by the same user"},
              style);
}

std::string LatencyFact(const Summary& s, const TextStyle& style) {
  const Quantiles& q = s.latency;
  if (q.n == 0) return "";
  const Quantiles& again = s.latency_recovered;
  const std::string recovered = QuantileText(again, 0.5, again.p50, style) + ", p99 " +
                                QuantileText(again, 0.99, again.p99, style);
  return Fact(
      "LATENCY",
      {"p50 " + QuantileText(q, 0.5, q.p50, style), "p90 " + QuantileText(q, 0.9, q.p90, style),
       "p99 " + QuantileText(q, 0.99, q.p99, style),
       "p99.9 " + QuantileText(q, 0.999, q.p999, style),
       "max " + DurationText(static_cast<double>(q.max), style), "from the intended arrival",
       "of recovered ones p50 " + recovered},
      style);
}

std::string StreamFact(const Summary& s, const TextStyle& style) {
  const StreamSummary& streams = s.streams;
  if (streams.requests == 0) return "";
  std::vector<std::string> items = {Plural(streams.requests, "stream", "streams")};
  if (const Quantiles& q = streams.first_piece; q.n > 0) {
    items.push_back("first piece p50 " + QuantileText(q, 0.5, q.p50, style));
    items.push_back("p99 " + QuantileText(q, 0.99, q.p99, style));
  }
  items.push_back(Plural(streams.broken, "answer", "answers") + " broken off half way");
  items.push_back(std::to_string(streams.restarted) + " begun anew");
  return Fact("STREAMS", items, style);
}

// What a class was taken for instead, most often first: "server_error 12 · ok 3".
std::string TakenFor(const Summary& s, size_t truth, const TextStyle& style) {
  std::vector<std::pair<int64_t, size_t>> wrong;
  for (size_t said = 0; said < kFailureClassCount; ++said) {
    const int64_t n = s.confusion[truth][said];
    if (said != truth && n > 0) wrong.emplace_back(-n, said);
  }
  std::sort(wrong.begin(), wrong.end());
  std::string text;
  for (const auto& [n, said] : wrong) {
    if (!text.empty()) text += style.utf8 ? " · " : ", ";
    text +=
        std::string(FailureClassName(static_cast<FailureClass>(said))) + " " + CompactText(-n, 7);
  }
  return text;
}

// The confusion matrix, row by row: what was done to an attempt, and what the engine took it for.
std::string ConfusionTable(const Summary& s, const TextStyle& style) {
  if (s.diagnosis.attempts == 0) return "";
  const std::string heading = PadRight("FAULTED ATTEMPTS, IN TRUTH", 26) + PadLeft("n", 8) +
                              PadLeft("right", 9) + "  taken for";
  std::string text = "\n" + Paint(heading, Ink::kBold, style) + "\n";
  for (size_t truth = 0; truth < kFailureClassCount; ++truth) {
    int64_t n = 0;
    for (const int64_t count : s.confusion[truth]) n += count;
    if (n == 0) continue;
    const std::string name(FailureClassName(static_cast<FailureClass>(truth)));
    text += "  " + PadRight(name, 24) + PadLeft(CompactText(n, 7), 8);
    text += PadLeft(PercentDigits(s.confusion[truth][truth], n) + " %", 9);
    text += "  " + Clip(TakenFor(s, truth, style), 35, style) + "\n";
  }
  return text;
}

std::string DiagnosisFact(const Summary& s, const TextStyle& style) {
  const DiagnosisScore& d = s.diagnosis;
  if (d.attempts == 0) return "";
  std::vector<std::string> items = {
      "class right " + PercentText(d.class_right, d.attempts) + " " +
          IntervalText(d.class_right, d.attempts),
      "retry decision right " + PercentText(d.retry_right, d.attempts),
      "of " + Plural(d.attempts, "attempt", "attempts"),
      Plural(s.false_alarms, "false alarm", "false alarms")};
  return Fact("DIAGNOSIS", items, style);
}

// What came upstream by way of a target, and what it costs in time.
std::string TargetFact(const RunResult& r, const TextStyle& style) {
  if (!r.target) return "";
  const Quantiles& added = r.summary.added;
  std::vector<std::string> items;
  for (const TargetUpstream& upstream : r.target->upstreams) {
    items.push_back(Clip(Printable(upstream.provider, style), 24, style) + " " +
                    CountText(upstream.attempts));
  }
  items.push_back(Plural(r.target->strays, "stray attempt", "stray attempts"));
  items.push_back("adds p50 " + QuantileText(added, 0.5, added.p50, style) + ", p99 " +
                  QuantileText(added, 0.99, added.p99, style) + " to a healthy attempt");
  if (r.target->cpu_s) {
    items.push_back("its CPU time " + DurationText(1e9 * *r.target->cpu_s, style));
  }
  if (!r.target->ended.empty()) {
    const std::string ended = "it ended during the run, " + Printable(r.target->ended, style);
    items.push_back(Paint(ended, Ink::kBad, style));
  }
  return Fact("UPSTREAM", items, style) +
         Fact("NOT KNOWN", {"diagnosis", "breakers", "what of it recovered"}, style);
}

std::string CpuFact(const RunResult& r, const TextStyle& style) {
  static constexpr const char* kNames[kPhaseCount] = {"classify", "with parsing", "validate",
                                                      "decide"};
  std::vector<std::string> items;
  for (size_t i = 0; i < kPhaseCount; ++i) {
    const Quantiles& q = r.summary.phases[i];
    if (q.n == 0) continue;
    items.push_back(std::string(kNames[i]) + " " + QuantileText(q, 0.5, q.p50, style) + ", " +
                    QuantileText(q, 0.99, q.p99, style));
  }
  if (items.empty()) return "";
  items.push_back("p50, p99 of real time");
  items.push_back("the clock costs " +
                  DurationText(static_cast<double>(r.timing.timer_overhead_ns), style) +
                  " of each");
  return Fact("CPU TIME", items, style);
}

std::string BillFact(const Summary& s, const TextStyle& style) {
  std::vector<std::string> items = {CompactText(s.prompt_tokens, 7) + " tokens in",
                                    CompactText(s.completion_tokens, 7) + " out",
                                    MoneyText(s.cost_usd)};
  if (s.all.strict > 0) {
    items.push_back(MoneyText(s.cost_usd / static_cast<double>(s.all.strict)) +
                    " per right answer");
  }
  items.push_back("discarded attempts included");
  return Fact("BILL", items, style);
}

std::string RecoveredByFact(const Summary& s, const TextStyle& style) {
  std::vector<std::string> items;
  for (const auto& [strategy, count] : s.recovered_by) {
    const std::string name = strategy.empty() ? "unnamed" : Printable(strategy, style);
    items.push_back(Clip(name, 40, style) + " " + CountText(count));
  }
  return items.empty() ? "" : Fact("RECOVERED BY", items, style);
}

// What a clairvoyant engine would have recovered and this one did not, by what decided it.
std::string LossesFact(const Summary& s, const TextStyle& style) {
  constexpr size_t kMostReasons = 6;
  const int64_t lost = s.losses.total();
  if (lost == 0) return "";
  const std::string within = CountText(s.faulted().ceiling_recovered) + " within reach";
  std::vector<std::string> items = {CountText(lost) + " of " + within};
  const std::vector<LossTable::Row> rows = s.losses.MostFirst();
  int64_t rest = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i >= kMostReasons) {
      rest += rows[i].count;
      continue;
    }
    items.push_back(absl::StrFormat("%s %s (#%d)", ReasonWords(rows[i].reason),
                                    CountText(rows[i].count), rows[i].example));
  }
  if (rest > 0) items.push_back("other reasons " + CountText(rest));
  return Fact("WHY LOST", items, style);
}

std::string FaultsFact(const RunResult& r, const TextStyle& style) {
  int64_t injected = 0;
  int kinds = 0;
  std::vector<std::string> wrong;
  for (const FaultLine& fault : r.faults) {
    injected += fault.injected;
    kinds += fault.injected > 0;
    if (fault.as_scheduled()) continue;
    wrong.push_back(Clip(Printable(fault.name, style), 24, style) + ": " +
                    CountText(fault.injected) + " of " + CountText(fault.scheduled));
  }
  if (r.faults.empty()) return "";
  std::vector<std::string> items = {CountText(injected) + " injected, of " +
                                    Plural(kinds, "kind", "kinds")};
  if (wrong.empty()) {
    items.push_back(
        Paint(style.utf8 ? "✓ all as scheduled" : "ok: all as scheduled", Ink::kGood, style));
  } else {
    items.push_back(
        Paint(style.utf8 ? "✗ not as scheduled" : "FAIL: not as scheduled", Ink::kBad, style));
    items.insert(items.end(), wrong.begin(), wrong.end());
  }
  return Fact("FAULTS", items, style);
}

std::string IdentityFact(const RunResult& r, const TextStyle& style) {
  std::vector<std::string> items = {"fingerprint " + FingerprintText(r.summary.fingerprint)};
  if (!r.scenario_hash.empty()) {
    items.push_back("scenario " + Clip(Printable(r.scenario_hash, style), 16, style));
  }
  items.push_back("squall " + Printable(r.version, style));
  items.push_back(Printable(r.compiler, style));
  return Fact("IDENTITY", items, style);
}

}  // namespace

std::string RenderReport(const RunResult& result, const TextStyle& style) {
  const Summary& s = result.summary;
  std::string text = Header(result, style) + RenderThresholds(result.thresholds, style);
  text += "\nProviders failed on purpose. Did the caller still get a right answer in time?\n\n";
  text += Headline(s.faulted(), style);
  text += EndingsTable(s, style) + FaultTable(s, style) + OtherTable(s, style);
  text += ConfusionTable(s, style) + "\n";
  text += LoadFact(result, style) + RecoveryFact(s, style) + HintsFact(s, style) +
          LatencyFact(s, style);
  text += StreamFact(s, style) + DiagnosisFact(s, style) + TargetFact(result, style);
  text += CpuFact(result, style) + BillFact(s, style) + RecoveredByFact(s, style) +
          LossesFact(s, style);
  text += FaultsFact(result, style) + IdentityFact(result, style);
  if (!result.repeat.empty()) {
    const std::string name = Paint(PadRight("REPEAT", kLabelWidth), Ink::kBold, style);
    text += WrapCommand(Printable(result.repeat, style), name, kLabelWidth);
  }
  return TrimLineEnds(text);
}

}  // namespace squall

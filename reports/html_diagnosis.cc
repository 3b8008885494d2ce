// What the engine took each failure for, beside what it was; what the run cost; and where it was
// run.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "engine/base/cat.h"
#include "reports/fingerprint.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"

namespace squall {
namespace {

constexpr size_t kClasses = kFailureClassCount;

std::string ClassName(size_t c) { return Words(FailureClassName(static_cast<FailureClass>(c))); }

// Classes that occur, as truth or as diagnosis.
std::vector<size_t> ClassesIn(const ConfusionMatrix& matrix, bool as_truth) {
  std::vector<size_t> classes;
  for (size_t a = 0; a < kClasses; ++a) {
    int64_t n = 0;
    for (size_t b = 0; b < kClasses; ++b) n += as_truth ? matrix[a][b] : matrix[b][a];
    if (n > 0) classes.push_back(a);
  }
  return classes;
}

std::string ConfusionTable(const Summary& s) {
  const std::vector<size_t> truths = ClassesIn(s.confusion, true);
  const std::vector<size_t> saids = ClassesIn(s.confusion, false);
  std::vector<Table::Column> columns = {{"in truth ↓  diagnosed →", Table::Align::kLeft, ""},
                                        {"attempts", Table::Align::kRight, ""},
                                        {"right", Table::Align::kRight, ""}};
  for (const size_t said : saids) columns.push_back({ClassName(said), Table::Align::kRight, ""});
  Table table("Confusion matrix of the faulted attempts", columns);
  for (const size_t truth : truths) {
    int64_t n = 0;
    for (const int64_t count : s.confusion[truth]) n += count;
    table.Row().Cell(ClassName(truth)).Cell(Count(n)).Cell(Percent(s.confusion[truth][truth], n));
    for (const size_t said : saids) {
      const int64_t count = s.confusion[truth][said];
      const double share = static_cast<double>(count) / static_cast<double>(n);
      const std::string text = count == 0 ? "" : Count(count);
      // Right ones are underlined as well: shades alone would not say which is the diagonal.
      table.Shaded(said == truth && count > 0 ? "<u>" + text + "</u>" : text, share);
    }
  }
  return table.Html();
}

std::string PriceOf(double usd, int64_t n) {
  return n == 0 ? "n/a" : Money(usd / static_cast<double>(n));
}

}  // namespace

std::string ConfusionBlock(const ShownResult& result) {
  const Summary& s = result.run->summary;
  const DiagnosisScore& d = s.diagnosis;
  if (result.run->target) {
    return "<p>Not known: what a target takes a reply for, it keeps to itself.</p>\n";
  }
  if (d.attempts == 0) return "<p>No attempt was faulted by the draw.</p>\n";
  return Cat("<p>Of ", Count(d.attempts), " faulted attempts the class was right in <b>",
             Percent(d.class_right, d.attempts), "</b> (95 % interval ",
             PercentInterval(d.class_right, d.attempts),
             ") and the decision whether and where to send "
             "again in <b>",
             Percent(d.retry_right, d.attempts), "</b>. ", Count(s.false_alarms), " of ",
             Count(s.healthy_attempts), " healthy attempts were taken for failures.</p>\n",
             ConfusionTable(s));
}

std::string CostTables(ShownResults results) {
  std::vector<Table::Column> columns = {{"", Table::Align::kLeft, ""}};
  for (const ShownResult& r : results) {
    columns.push_back({results.size() > 1 ? r.label : "value", Table::Align::kRight, ""});
  }
  Table table("Cost of all attempts, discarded ones and lost hedges included", columns);
  using Value = std::string (*)(const Summary&);
  const auto row = [&](const char* name, Value value) {
    table.Row().Cell(name);
    for (const ShownResult& r : results) table.Cell(value(r.run->summary));
  };
  row("cost in all", [](const Summary& s) { return Money(s.cost_usd); });
  row("per request", [](const Summary& s) { return PriceOf(s.cost_usd, s.requests); });
  row("per right answer in time",
      [](const Summary& s) { return PriceOf(s.cost_usd, s.all.strict); });
  row("prompt tokens", [](const Summary& s) { return Count(s.prompt_tokens); });
  row("completion tokens", [](const Summary& s) { return Count(s.completion_tokens); });
  row("attempts that reached a provider",
      [](const Summary& s) { return Count(s.amplification.attempts); });
  row("waits that providers asked for",
      [](const Summary& s) { return Count(s.obedience.hints_given); });
  row("of them not kept by the same request",
      [](const Summary& s) { return Count(s.obedience.early_same_request); });
  std::string html = table.Html();

  Table attempts("Attempts per request", columns);
  for (size_t k = 0; k <= kMaxAttemptsCounted; ++k) {
    const bool any = std::any_of(results.begin(), results.end(), [k](const ShownResult& r) {
      return r.run->summary.attempts_per_request[k] > 0;
    });
    if (!any) continue;
    attempts.Row().Cell(Cat(k, k == kMaxAttemptsCounted ? " or more" : ""));
    for (const ShownResult& r : results) {
      const int64_t n = r.run->summary.attempts_per_request[k];
      attempts.Cell(Cat(Count(n), " <small>", Percent(n, r.run->summary.requests), "</small>"));
    }
  }
  return Cat("<div class=pair><div>", html, "</div><div>", attempts.Html(), "</div></div>\n");
}

std::string EnvironmentTable(ShownResults results) {
  std::string html;
  for (const ShownResult& r : results) {
    const RunResult& run = *r.run;
    if (results.size() > 1) AppendTo(&html, "<h3>", Escape(r.label), "</h3>\n");
    AppendTo(&html, "<p class=repeat><code id=\"", r.id, "-repeat\">", Escape(run.repeat),
             "</code> <button type=button class=js data-copy=\"", r.id,
             "-repeat\">Copy</button></p>\n");
    Table table("Where and how it was run",
                {{"", Table::Align::kLeft, ""}, {"", Table::Align::kLeft, ""}});
    const auto row = [&](const char* name, std::string_view value) {
      if (!value.empty()) table.Row().Cell(name).Cell(Escape(value));
    };
    row("scenario", Cat(run.scenario, " (", run.scenario_hash, ")"));
    row("time",
        run.mode == "wire" ? "real sockets and clock" : "virtual: simulated clock and network");
    row("engine", run.engine);
    row("overrides", absl::StrJoin(run.overrides, "  "));
    row("seed", Cat(run.seed));
    row("replications", Count(run.replications));
    row("fingerprint", FingerprintText(run.summary.fingerprint));
    row("wall time", Span(run.timing.wall_s * 1e9));
    row("CPU time", Span(run.timing.cpu_s * 1e9));
    row("machine", Cat(run.timing.machine.cpu, ", ", run.timing.machine.cores, " cores, ",
                       run.timing.machine.kernel));
    row("squall", Cat(run.version, run.revision.empty() ? "" : " ", run.revision));
    row("built by", Cat(run.compiler, ", ", run.build));
    html += table.Html();
  }
  return html;
}

std::string MethodNotes() {
  return R"html(<ul>
<li><b>Faulted</b>: the first attempt was faulted by the injector's draw. Draws are keyed by request
and attempt, so every engine meets the same ones. What load causes, slow replies that are still good
and the models' own errors are counted apart.</li>
<li><b>Strict</b>: before its deadline the caller holds an answer that a hidden oracle accepts.
<b>Lenient</b>: any 200 with a body in time. <b>False recovery</b>: lenient less strict.
<b>Silent escape</b>: the faulted reply itself was passed on as success. <b>Abstained</b>: failed
loudly and in time.</li>
<li><b>Ceiling</b>: strict recovery of a clairvoyant engine on the same draws within five attempts;
<b>efficiency</b> is strict recovery divided by it.</li>
<li><b>Intervals</b> are 95 % Wilson intervals over requests. Within an outage requests are not
independent, so that intervals over replications are wider.</li>
<li><b>Amplification</b>: attempts that reached a provider, divided by requests offered.</li>
<li><b>Percentiles</b> with fewer than ten samples beyond them are not shown.</li>
<li><b>Single requests</b> are a sample: of each group (what was done, how it ended, what was done
last) those with the smallest keyed hash.</li>
</ul>
)html";
}

}  // namespace squall

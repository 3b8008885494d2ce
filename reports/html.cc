#include "reports/html.h"

#include <algorithm>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "reports/html_page.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"

namespace squall {
namespace {

const Chronicle& ChronicleOf(const RunResult& run) {
  static const Chronicle none;
  return run.chronicle == nullptr ? none : *run.chronicle;
}

std::string LabelOf(const RunResult& run, bool one_scenario, bool one_engine) {
  std::string label = one_scenario ? run.engine : run.scenario;
  if (!one_scenario && !one_engine) AppendTo(&label, ", ", run.engine);
  if (run.ablation) AppendTo(&label, " without ", run.ablation->removed);
  return label.empty() ? run.scenario : label;
}

std::vector<ShownResult> Shown(std::span<const RunResult> results) {
  static constexpr const char* kInks[] = {"i-blue",   "i-red dash",   "i-green dot",
                                          "i-purple", "i-amber dash", "i-grey dot"};
  const auto same = [&](auto member) {
    return std::all_of(results.begin(), results.end(),
                       [&](const RunResult& r) { return r.*member == results[0].*member; });
  };
  const bool one_scenario = same(&RunResult::scenario);
  const bool one_engine = same(&RunResult::engine);
  std::vector<ShownResult> shown;
  for (const RunResult& run : results) {
    ShownResult one;
    one.run = &run;
    one.chronicle = &ChronicleOf(run);
    one.label = LabelOf(run, one_scenario && !one_engine, one_engine);
    one.id = Cat("r", shown.size() + 1);
    one.stories = std::max<size_t>(kMostStoriesShown / results.size(), 1);
    one.ink = kInks[shown.size() % std::size(kInks)];
    shown.push_back(std::move(one));
  }
  // Two of one name are told by their place.
  std::vector<std::string> labels;
  for (const ShownResult& one : shown) labels.push_back(one.label);
  for (size_t i = 0; i < shown.size(); ++i) {
    const bool twice = std::count(labels.begin(), labels.end(), labels[i]) > 1;
    if (twice) AppendTo(&shown[i].label, " (", i + 1, ")");
  }
  return shown;
}

std::string Facts(const RunResult& run) {
  std::string facts = Cat("<span class=\"world ", run.mode == "wire" ? "wire" : "virtual", "\">",
                          run.mode == "wire" ? "real sockets and clock" : "virtual time",
                          "</span> · ", Count(run.summary.requests), " requests · seed ", run.seed);
  if (run.replications > 1) AppendTo(&facts, " · ", Count(run.replications), " replications");
  AppendTo(&facts, " · engine <b>", Escape(run.engine), "</b>");
  return facts;
}

std::string Masthead(ShownResults results) {
  const RunResult& first = *results[0].run;
  std::string head = "<header><p class=kicker>squall report</p>\n<h1>";
  if (results.size() == 1) {
    AppendTo(&head, Escape(first.scenario), "</h1>\n<p class=facts>", Facts(first), "</p>\n");
  } else {
    AppendTo(&head, results.size(), " results side by side</h1>\n<ul class=facts>\n");
    for (const ShownResult& r : results) {
      AppendTo(&head, "<li><b>", Escape(r.label), "</b>: ", Escape(r.run->scenario), " · ",
               Facts(*r.run), "</li>\n");
    }
    head += "</ul>\n";
  }
  for (const ShownResult& r : results) {
    if (!r.run->partial) continue;
    AppendTo(&head, "<p class=\"banner bad\"><b>Partial</b> ", Escape(r.label),
             " was interrupted; this covers what had ended by then.</p>\n");
  }
  return head +
         "<button type=button class=\"js theme\" aria-label=\"Light or dark\">◐</button>"
         "</header>\n";
}

std::string Nav() {
  static constexpr const char* kLinks[][2] = {
      {"verdict", "Verdict"},     {"faults", "Faults"}, {"flow", "Flow"},
      {"why", "Why not"},         {"time", "Time"},     {"latency", "Latency"},
      {"diagnosis", "Diagnosis"}, {"cost", "Cost"},     {"requests", "Requests"},
      {"repeat", "Repeat"},       {"method", "Method"}};
  std::string nav = "<nav aria-label=Sections><ul>";
  for (const auto& link : kLinks) {
    AppendTo(&nav, "<li><a href=\"#", link[0], "\">", link[1], "</a></li>");
  }
  return nav + "</ul></nav>\n";
}

std::string Section(std::string_view id, std::string_view title, std::string_view lead,
                    std::string_view body) {
  return Cat("<section>", SectionHead(id, title, lead), body, "</section>\n");
}

std::string TimeSections(ShownResults results) {
  const SharedScales scales = ScalesOf(results);
  if (results.size() == 1) return TimeBlock(results[0], scales) + EpisodeTables(results);
  // Three in a row where that leaves none alone.
  std::string html = Cat("<div class=\"pair", results.size() % 3 == 0 ? " p3" : "", "\">\n");
  for (const ShownResult& r : results) {
    AppendTo(&html, "<div><h3>", Escape(r.label), "</h3>\n", TimeBlock(r, scales), "</div>\n");
  }
  return Cat(html, "</div>\n", EpisodeTables(results));
}

std::string StorySections(ShownResults results) {
  std::string html;
  for (const ShownResult& r : results) {
    if (results.size() > 1) AppendTo(&html, "<h3>", Escape(r.label), "</h3>\n");
    html += StoriesBlock(r);
  }
  return html;
}

std::string Body(ShownResults results, const std::string& models) {
  std::string body = Masthead(results) + Nav() + "<main id=top>\n";
  body += Section("verdict", "Verdict", "",
                  VerdictBanner(results) +
                      (results.size() == 1 ? HeadlineTiles(results) : ComparisonTable(results)) +
                      EndingsChart(results));
  body += Section("faults", "By fault",
                  "What became of the requests whose first attempt met each kind of fault.",
                  FaultTables(results));
  body += Section("flow", "How they were recovered",
                  "Each faulted request: what was done to its first attempt, what the engine took "
                  "that for, what it did last, and how the request ended.",
                  OneByOne(results, FlowBlock));
  body += Section("why", "Why not recovered", "", OneByOne(results, WhyNotBlock));
  body +=
      Section("time", "Over time",
              "<span class=js>Drag over a chart to zoom all of them, double-click to come back; "
              "with the keyboard: arrows read values, + and − zoom, 0 comes back.</span>",
              TimeSections(results));
  body += Section("latency", "Latency", "", LatencyFigure(results));
  body += Section("diagnosis", "Diagnosis", "",
                  OneByOne(results, ConfusionBlock) + DiagnosisTimeFigure(results));
  body += Section("cost", "Cost and load", "", CostTables(results));
  body += Section("requests", "Single requests", "", StorySections(results));
  body += models;
  body += Section("repeat", "Run it again", "", EnvironmentTable(results));
  body += Section("method", "Method", "", MethodNotes());
  return body + "</main>\n";
}

// The results for whoever wants to compute with them.
std::string DataOf(std::span<const RunResult> results) {
  std::string json = "[";
  for (const RunResult& run : results) {
    if (json.size() > 1) json += ",\n";
    json += ToJsonForPage(run);
  }
  return json + "]";
}

}  // namespace

std::string SectionHead(std::string_view id, std::string_view title, std::string_view lead) {
  return Cat("<h2 id=", id, ">", Escape(title), "</h2>\n",
             lead.empty() ? "" : Cat("<p class=lead>", lead, "</p>\n"));
}

std::string OneByOne(ShownResults results, std::string (*block)(const ShownResult&)) {
  if (results.size() == 1) return block(results[0]);
  std::string html;
  for (const ShownResult& result : results) {
    AppendTo(&html, "<h3>", Escape(result.label), "</h3>\n", block(result));
  }
  return html;
}

namespace {

// `models` is HTML, and may be empty.
std::string Page(std::span<const RunResult> results, const std::string& models) {
  const std::vector<ShownResult> shown = Shown(results);
  const std::string title = results.size() == 1 ? results[0].scenario
                            : results.empty()   ? "models"
                                                : Cat(results.size(), " results");
  const std::string of_models = models.empty() ? "" : Section("models", "Models", "", models);
  const std::string body =
      shown.empty() ? Cat("<header><p class=kicker>squall report</p>\n<h1>Models</h1></header>\n",
                          "<main id=top>\n", of_models, "</main>\n")
                    : Body(shown, of_models);
  return HtmlPage(title, body, DataOf(results));
}

}  // namespace

std::string RenderHtml(std::span<const RunResult> results) {
  SQUALL_CHECK(!results.empty());
  return Page(results, "");
}

std::string RenderHtml(std::span<const StoredResult> results) {
  SQUALL_CHECK(!results.empty());
  std::vector<RunResult> runs;
  std::vector<StoredResult> models;
  for (const StoredResult& stored : results) {
    if (stored.result.mode == "model") {
      models.push_back(stored);
    } else {
      runs.push_back(stored.result);
    }
  }
  return Page(runs, ModelSection(models));
}

}  // namespace squall

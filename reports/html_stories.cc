// Single requests: what happened to each, attempt by attempt, and why. Folded up; they open without
// scripts, which only add the search.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "engine/base/cat.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"
#include "reports/losses.h"
#include "reports/svg.h"

namespace squall {
namespace {

constexpr int kBarRow = 18;  // px per attempt in the drawing of a story

std::string_view WhyWords(std::string_view why) {
  static constexpr struct {
    std::string_view name, words;
  } kRows[] = {
      {"first", "first attempt"},
      {"retry", "retry at the same provider"},
      {"failover", "failover to another provider"},
      {"degrade", "another model of the same provider"},
      {"learned_rule", "a learned rule"},
      {"hedge", "hedge: the attempt before it was late"},
      {"adapt", "the request changed as the refusal asks"},
      {"repair", "the answer's form mended, nothing sent"},
      {"reask", "asked again with what was wrong"},
      {"clairvoyant", "the clairvoyant's choice"},
  };
  for (const auto& row : kRows) {
    if (row.name == why) return row.words;
  }
  return why;
}

std::string_view RetryWords(std::string_view retry) {
  static constexpr struct {
    std::string_view name, words;
  } kRows[] = {
      {"none", ""},
      {"same_provider_now", "may go again at once"},
      {"same_provider_after_wait", "may go again after a wait"},
      {"other_provider_only", "only another provider helps"},
      {"never_unchanged", "never again unchanged"},
  };
  for (const auto& row : kRows) {
    if (row.name == retry) return row.words;
  }
  return retry;
}

std::string AfterText(int64_t us) {
  return us == 0 ? "0\u202fs" : Span(static_cast<double>(us) * 1e3);
}

// One bar per attempt over the time of the request; hollow where it was wrong or failed.
std::string Bars(const Story& story) {
  const auto most = std::max<int64_t>(story.took_us, 1);
  const auto place = [&](int64_t us) {
    return 100 * std::clamp(static_cast<double>(us) / static_cast<double>(most), 0.0, 1.0);
  };
  std::string bars;
  int y = 2;
  for (const StoryAttempt& attempt : story.attempts) {
    const double from = place(attempt.started_us);
    const double width = std::max(place(attempt.ended_us) - from, 0.4);
    const bool ok = attempt.sent && attempt.diagnosed == "ok";
    const char* ink = !attempt.sent ? "i-grey half" : ok ? "i-blue" : "i-red half";
    const bool right = from > 55;
    AppendTo(&bars, "<rect class=\"fl ", ink, "\" x=\"", Coordinate(from), "%\" width=\"",
             Coordinate(width), "%\" y=", y, " height=", kBarRow - 5, " /><text class=halo x=\"",
             Coordinate(right ? from + width : from), "%\"",
             right ? " text-anchor=end dx=-4" : " dx=4", " y=", y + 11, ">",
             Escape(attempt.provider), "</text>");
    y += kBarRow;
  }
  return SvgImage(Cat("Attempts of request ", StoryName(story), " over time"),
                  Cat(story.attempts.size(), " attempts within ", AfterText(story.took_us),
                      "; the list below says the same."),
                  y + 2, bars, " class=bars");
}

std::string TruthWords(const StoryAttempt& attempt) {
  if (!attempt.sent) return "not sent";
  std::string words;
  if (attempt.fault.empty()) {
    words = attempt.truth == "ok" || attempt.truth.empty() ? "nothing: it was healthy"
                                                           : "nothing: the model was wrong";
  } else {
    words = Cat("<b>", Escape(Words(attempt.fault)), "</b>");
    if (!attempt.variant.empty()) AppendTo(&words, " (", Escape(Words(attempt.variant)), ")");
    if (!attempt.episode.empty()) AppendTo(&words, ", of “", Escape(attempt.episode), "”");
  }
  return words;
}

std::string SeenWords(const StoryAttempt& attempt) {
  std::string words;
  if (!attempt.transport.empty()) {
    AppendTo(&words, Escape(Words(attempt.transport)), ", ");
  } else if (attempt.status > 0) {
    AppendTo(&words, "HTTP ", attempt.status, ", ");
  }
  AppendTo(&words, "diagnosed as <b>", Escape(Words(attempt.diagnosed)), "</b>");
  if (attempt.sent && !attempt.truth.empty() && attempt.truth != attempt.diagnosed) {
    AppendTo(&words, " <span class=wrong>✗ in truth ", Escape(Words(attempt.truth)), "</span>");
  }
  if (!attempt.rule.empty() && attempt.rule != "ok") {
    AppendTo(&words, " by rule <code>", Escape(attempt.rule), "</code>");
  }
  const std::string_view retry = RetryWords(attempt.retry);
  if (!retry.empty()) AppendTo(&words, "; ", Escape(retry));
  if (attempt.retry_after_us >= 0) {
    AppendTo(&words, "; the provider asked for a wait of ", AfterText(attempt.retry_after_us));
  }
  return words;
}

std::string AttemptItem(const StoryAttempt& attempt, int64_t waited_us) {
  std::string item = Cat("<li><b>", Escape(WhyWords(attempt.why)), "</b>");
  if (attempt.purpose == "second_opinion") item += " (second opinion)";
  if (attempt.purpose == "judgement") item += " (as judge)";
  AppendTo(&item, " · ", Escape(attempt.provider), " · ", Escape(attempt.model), " · ",
           AfterText(attempt.started_us), " to ", AfterText(attempt.ended_us));
  if (waited_us > 0) AppendTo(&item, ", ", AfterText(waited_us), " after the one before");
  return Cat(item, "<br><span class=k>done to it</span> ", TruthWords(attempt),
             "<br><span class=k>seen</span> ", SeenWords(attempt), "</li>\n");
}

std::string EndWords(const Story& story) {
  std::string words = Cat("<p><span class=k>end</span> after ", AfterText(story.took_us), ": <b>",
                          LookOf(story.ending).words, "</b>");
  if (!story.answered_by.empty()) {
    AppendTo(&words, ", answered by ", Escape(Words(story.answered_by)));
  }
  if (!story.reason.empty()) AppendTo(&words, ". Why: ", Escape(ReasonWords(story.reason)));
  words += ".";
  if (story.could_recover == 1) words += " A clairvoyant engine recovers this request.";
  if (story.could_recover == 0) words += " Not even a clairvoyant engine recovers this request.";
  if (story.cost_usd > 0) AppendTo(&words, " Cost ", Money(story.cost_usd), ".");
  return words + "</p>\n";
}

std::string LastAction(const Story& story) {
  if (story.answered_by.empty()) return Cat("gave up: ", Escape(ReasonWords(story.stop_reason)));
  return Cat("by ", Escape(Words(story.answered_by)));
}

std::string StoryItem(const Story& story, const ShownResult& result) {
  const EndingLook& look = LookOf(story.ending);
  const auto attempts = static_cast<int64_t>(story.attempts.size());
  std::string item =
      Cat("<details class=story id=\"", result.id, "-", story.replication, "-", story.index,
          "\"><summary><span class=\"chip ", look.ink, "\">", look.mark, "</span> <b class=num>",
          StoryName(story), "</b> ", Escape(Words(story.fault.empty() ? story.kind : story.fault)),
          " <span class=to>→ ", look.brief, "</span> <small>", LastAction(story), ", ", attempts,
          attempts == 1 ? " attempt, " : " attempts, ", AfterText(story.took_us),
          "</small></summary>\n");
  AppendTo(&item, "<p><span class=k>arrived</span> ", AfterText(story.arrived_us),
           " after the start of the run</p>\n", Bars(story), "<ol>\n");
  int64_t before = -1;
  for (const StoryAttempt& attempt : story.attempts) {
    item += AttemptItem(attempt, before < 0 ? 0 : attempt.started_us - before);
    before = attempt.ended_us;
  }
  return Cat(item, "</ol>\n", EndWords(story), "</details>\n");
}

struct Chapter {
  const char* title;
  bool (*holds)(const Story&);
  bool open;
};

bool Faulted(const Story& s) { return s.kind == "faulted"; }
bool Recovered(const Story& s) { return s.ending == EndingName(Ending::kStrict); }

constexpr Chapter kChapters[] = {
    {"Faulted and not recovered", [](const Story& s) { return Faulted(s) && !Recovered(s); }, true},
    {"Faulted and recovered", [](const Story& s) { return Faulted(s) && Recovered(s); }, false},
    {"Not faulted, and still not right",
     [](const Story& s) { return !Faulted(s) && !Recovered(s); }, false},
    {"Not faulted, and right", [](const Story& s) { return !Faulted(s) && Recovered(s); }, false},
};

}  // namespace

std::string StoriesBlock(const ShownResult& result) {
  std::vector<Story> stories = result.chronicle->stories;
  if (stories.empty()) return "<p>Not known: the result holds no single requests.</p>\n";
  const size_t sampled = stories.size();
  if (stories.size() > result.stories) stories.resize(result.stories);
  std::string html = Cat(
      "<div class=stories><p>", Count(static_cast<int64_t>(stories.size())), " of ",
      Count(result.run->summary.requests),
      " requests: of every kind of fault, ending and last action a few",
      stories.size() < sampled ? ", those that failed first" : "",
      ".</p>\n<p class=\"find js\"><label>Find <input type=search placeholder=\"timeout beta 529\" "
      "autocomplete=off></label> <output></output></p>\n");
  for (const Chapter& chapter : kChapters) {
    std::string items;
    int64_t n = 0;
    for (const Story& story : stories) {
      if (!chapter.holds(story)) continue;
      items += StoryItem(story, result);
      ++n;
    }
    if (n == 0) continue;
    AppendTo(&html, "<details class=chapter", chapter.open ? " open" : "", "><summary>",
             chapter.title, " <small>", Count(n), "</small></summary>\n", items, "</details>\n");
  }
  return html + "</div>\n";
}

}  // namespace squall

#include "reports/html.h"

#include <memory>

#include "reports/chronicle.h"
#include "reports/html_text.h"
#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::html_test {
namespace {

using testing::SampleResult;

constexpr const char* kHostile = "</script><img src=x onerror=alert(1)>\"'&<b>";

size_t CountOf(std::string_view text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// Every text in it is `name`.
Chronicle ChronicleNamed(const std::string& name) {
  Chronicle chronicle;
  TimeSeries& time = chronicle.time;
  time.replications = 1;
  time.p50_us = {1'000, -1, 2'000'000};
  time.p99_us = {9'000, -1, 8'000'000};
  time.budget_least = {0, -1, 2.5};
  time.budget_mean = {1, -1, 3.5};
  time.circuits = {{name, 2, {0, 0.5, 1}, {0, 0.25, 0}}};
  time.episodes = {{name, "outage", name, {name}, 1, 2, 0.5, false}};
  chronicle.flows = {{name, name, name, "strict", "", 5},
                     {name, name, "stop: " + name, "late", name, 2}};
  Story story;
  story.kind = "faulted";
  story.fault = story.stop_reason = story.answered_by = name;
  story.ending = "false_recovery";
  story.took_us = 1'000'000;
  StoryAttempt attempt;
  attempt.provider = attempt.model = attempt.why = attempt.purpose = attempt.transport = name;
  attempt.fault = attempt.variant = attempt.episode = attempt.truth = name;
  attempt.diagnosed = attempt.rule = attempt.retry = name;
  attempt.ended_us = 500'000;
  story.attempts = {attempt};
  chronicle.stories = {story};
  return chronicle;
}

RunResult Sample(const std::string& name = "sample") {
  RunResult result = SampleResult(1, 2000);
  result.scenario = result.engine = result.repeat = result.revision = name;
  result.overrides = {name};
  for (FaultSummary& fault : result.summary.by_fault) fault.name = name;
  result.chronicle = std::make_shared<const Chronicle>(ChronicleNamed(name));
  return result;
}

TEST_CASE("html: names that are markup are text, wherever they stand", "[html]") {
  const RunResult results[] = {Sample(kHostile), Sample(kHostile)};
  for (const size_t n : {1, 2}) {
    const std::string page = RenderHtml({results, n});
    CHECK(CountOf(page, "<img") == 0);
    CHECK(CountOf(page, "onerror=alert(1)>\"") == 0);
    CHECK(CountOf(page, "</script") == 2);  // that of the results and that of the script
    CHECK(CountOf(page, "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;") > 20);
  }
}

TEST_CASE("html: escaped text has no markup, no quotes and no control characters", "[html]") {
  CHECK(Escape("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(Escape("\x01\xff\u202e") == "???");
  CHECK(Escape("größer ✓") == "größer ✓");
  CHECK(EscapeJsonForScript("{\"a\": \"</script><!--\"}") ==
        "{\"a\": \"\\u003c/script>\\u003c!--\"}");
}

TEST_CASE("html: the page forbids itself the network and asks nobody", "[html]") {
  const RunResult result = Sample();
  const std::string page = RenderHtml({&result, 1});
  CHECK(CountOf(page,
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">") == 1);
  CHECK(CountOf(page, "http") - CountOf(page, "http-equiv") ==
        CountOf(page, "http://www.w3.org/2000/svg"));
  CHECK(CountOf(page, " src=") == 0);
  CHECK(CountOf(page, "@import") == 0);
}

TEST_CASE("html: every chart has its words and its table", "[html]") {
  const RunResult result = Sample();
  const std::string page = RenderHtml({&result, 1});
  size_t figures = 0;
  for (size_t at = page.find("<figure"); at != page.npos; at = page.find("<figure", at + 1)) {
    const std::string figure = page.substr(at, page.find("</figure>", at) - at);
    INFO(figure.substr(0, 200));
    CHECK(CountOf(figure, "<svg role=img") == 1);
    CHECK(CountOf(figure, "<title>") >= 1);
    CHECK(CountOf(figure, "<desc>") == 1);
    CHECK(CountOf(figure, "<table") == 1);
    CHECK(CountOf(figure, "<tr>") > 1);
    ++figures;
  }
  // Endings, flow, load, amplification, latency over time, circuits, budget, percentiles, CPU time.
  CHECK(figures == 9);
}

TEST_CASE("html: ids are unique, and links within the page lead somewhere", "[html]") {
  const RunResult results[] = {Sample("a"), Sample("b"), Sample("a")};
  const std::string page = RenderHtml(results);
  for (const std::string_view mark : {" id=\"", " id="}) {
    for (size_t at = page.find(mark); at != page.npos; at = page.find(mark, at + 1)) {
      const size_t begin = at + mark.size();
      const std::string id = page.substr(begin, page.find_first_of("\" >", begin) - begin);
      if (id.empty()) continue;  // a quoted one, seen by the other mark
      INFO(id);
      CHECK(CountOf(page, " id=\"" + id + "\"") + CountOf(page, " id=" + id + ">") +
                CountOf(page, " id=" + id + " ") ==
            1);
    }
  }
  for (size_t at = page.find("href=\"#"); at != page.npos; at = page.find("href=\"#", at + 1)) {
    const std::string id = page.substr(at + 7, page.find('"', at + 7) - at - 7);
    INFO(id);
    CHECK(CountOf(page, " id=\"" + id + "\"") + CountOf(page, " id=" + id + ">") +
              CountOf(page, " id=" + id + " ") ==
          1);
  }
}

TEST_CASE("html: results of one name are told apart", "[html]") {
  const RunResult results[] = {Sample("a"), Sample("a")};
  const std::string page = RenderHtml(results);
  CHECK(CountOf(page, "<h3>a (1)</h3>") > 3);
  CHECK(CountOf(page, "<h3>a (2)</h3>") > 3);
}

TEST_CASE("html: what a result does not hold is said to be missing", "[html]") {
  RunResult result = Sample();
  result.chronicle = nullptr;
  CHECK(CountOf(RenderHtml({&result, 1}), "Not known: the result holds no") == 3);
  RunResult nothing;
  nothing.scenario = "nothing";
  nothing.summary = Metrics(testing::SampleFaultNames()).Summarize();
  const std::string page = RenderHtml({&nothing, 1});
  CHECK(CountOf(page, "no request was faulted") == 1);
  CHECK(CountOf(page, "nan") == 0);
  CHECK(CountOf(page, "</html>") == 1);
}

TEST_CASE("html: a partial result says so before anything else", "[html]") {
  RunResult result = Sample();
  result.partial = true;
  const std::string page = RenderHtml({&result, 1});
  CHECK(page.find("was interrupted") < page.find("<main"));
}

}  // namespace
}  // namespace squall::html_test

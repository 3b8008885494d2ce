// What CI servers read: well-formed XML with unique names, Markdown that stays small, CSV that a
// reader takes apart again.
#include "reports/junit.h"

#include <nlohmann/json.hpp>
#include <set>

#include "reports/csv.h"
#include "reports/html.h"
#include "reports/markdown.h"
#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::junit_test {
namespace {

// Reads XML strictly enough to find what a parser would refuse: unclosed or crossed elements, bare
// '<' and '&', an attribute twice. Returns the names of testcases, or fails.
std::vector<std::string> ReadXml(const std::string& text) {
  std::vector<std::string> open;
  std::vector<std::string> cases;
  std::string_view rest = text;
  const auto entities = [](std::string_view part) {
    for (size_t at = part.find('&'); at != part.npos; at = part.find('&', at + 1)) {
      const std::string_view entity = part.substr(at, part.find(';', at) - at + 1);
      const bool known = entity == "&amp;" || entity == "&lt;" || entity == "&gt;" ||
                         entity == "&quot;" || entity == "&#10;";
      CHECK(known);
    }
    for (const char c : part) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 32));
  };
  while (!rest.empty()) {
    const size_t start = std::min(rest.find('<'), rest.size());
    entities(rest.substr(0, start));
    rest.remove_prefix(start);
    if (rest.empty()) break;
    const size_t end = rest.find('>');
    REQUIRE(end != rest.npos);
    std::string tag(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    if (tag[0] == '?') continue;
    if (tag[0] == '/') {
      REQUIRE_FALSE(open.empty());
      CHECK(open.back() == tag.substr(1));
      open.pop_back();
      continue;
    }
    entities(tag);
    CHECK(tag.find('<') == tag.npos);
    const std::string name = tag.substr(0, tag.find_first_of(" /"));
    if (tag.back() != '/') open.push_back(name);
    if (name != "testcase") continue;
    const size_t from = tag.find(" name=\"") + 7;
    const size_t class_from = tag.find(" classname=\"") + 12;
    cases.push_back(tag.substr(class_from, tag.find('"', class_from) - class_from) + "/" +
                    tag.substr(from, tag.find('"', from) - from));
  }
  CHECK(open.empty());
  return cases;
}

StoredResult Stored(const std::string& scenario, const std::vector<std::string>& thresholds) {
  StoredResult stored;
  stored.result = testing::SampleResult(5, 900);
  stored.result.scenario = scenario;
  const auto document = ResultDocument(stored.result);
  for (const std::string& text : thresholds) {
    const auto threshold = ParseThreshold(text);
    REQUIRE(threshold.ok());
    stored.result.thresholds.push_back(Judge(*threshold, document));
  }
  stored.name = scenario + ".json";
  stored.json = std::make_shared<const nlohmann::ordered_json>(ResultDocument(stored.result));
  return stored;
}

const std::vector<std::string> kThresholds = {"recovery.strict >= 1 %", "recovery.strict >= 1 %",
                                              "recovery.strict >= 99 %", "latency.p999 <= 1000 s",
                                              "recovery_time_s <= 5 s"};

TEST_CASE("JUnit is well-formed, with unique names, whatever names there are") {
  const std::vector<StoredResult> results = {Stored("a<b>&\"c\" \x01 caf\xe9", kThresholds),
                                             Stored("plain", kThresholds),
                                             Stored("plain", kThresholds)};
  const std::string text = RenderJunit(JunitOf(results, false));
  const std::vector<std::string> names = ReadXml(text);
  CHECK(names.size() == 3 * (kThresholds.size() + 2));
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  CHECK(text.find("tests=\"21\" failures=\"3\" errors=\"6\"") != std::string::npos);
}

TEST_CASE("an inconclusive gate is an error in JUnit, and skipped where that is allowed") {
  const std::vector<StoredResult> results = {Stored("plain", {"latency.p999 <= 1000 s"})};
  CHECK(RenderJunit(JunitOf(results, false)).find("<error message=\"inconclusive: ") !=
        std::string::npos);
  CHECK(RenderJunit(JunitOf(results, true)).find("<skipped message=\"inconclusive: ") !=
        std::string::npos);
}

TEST_CASE("a fault that was not injected as scheduled fails in JUnit") {
  StoredResult stored = Stored("plain", {});
  CHECK(RenderJunit(JunitOf(std::vector{stored}, false)).find("<failure") == std::string::npos);
  stored.result.faults[0].injected = 9;
  CHECK(RenderJunit(JunitOf(std::vector{stored}, false)).find("timeout 9 of 10") !=
        std::string::npos);
}

TEST_CASE("Markdown says verdicts first, and is never too long for a job summary") {
  const std::vector<StoredResult> two = {Stored("a|b", kThresholds), Stored("plain", {})};
  const std::string text = RenderMarkdown(two);
  CHECK(text.find("a\\|b") != std::string::npos);
  CHECK(text.find("fail") < text.find("figure [95"));
  const std::vector<StoredResult> many(60, Stored("plain", kThresholds));
  CHECK(RenderMarkdown(many).size() <= kMostMarkdown);
  CHECK(RenderMarkdown(many).find("(cut: there is more") != std::string::npos);
}

TEST_CASE("CSV has a line for each figure, and quotes what needs it") {
  const std::vector<StoredResult> one = {Stored("a,\"b\"", {})};
  const std::string text = RenderCsv(one);
  CHECK(text.find("\"a,\"\"b\"\"\"") != std::string::npos);
  CHECK(text.find(",recovery.strict,") != std::string::npos);
  size_t lines = 0;
  for (size_t at = text.find("\r\n"); at != text.npos; at = text.find("\r\n", at + 2)) ++lines;
  CHECK(lines > 20);
}

TEST_CASE("HTML opens offline and holds no foreign markup") {
  const std::string text = RenderHtml(std::vector{Stored("<script>alert(1)</script>", {})});
  CHECK(text.find("<script>alert") == std::string::npos);
  CHECK(text.find("src=\"http") == std::string::npos);
}

}  // namespace
}  // namespace squall::junit_test

#include "reports/terminal.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::terminal_test {
namespace {

using testing::SampleResult;

constexpr TextStyle kPlain{.colour = false, .utf8 = true};
constexpr TextStyle kAscii{.colour = false, .utf8 = false};
constexpr TextStyle kColour{.colour = true, .utf8 = true};
constexpr TextStyle kStyles[] = {kPlain, kAscii, kColour, TextStyle{.colour = true, .utf8 = false}};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string WithoutColour(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Everything as large and as awkward as it may come.
RunResult Extreme() {
  RunResult result = SampleResult(1, 3'000);
  Summary& s = result.summary;
  s.requests = s.all.n = 999'999'999;
  for (Tally& tally : s.by_kind) {
    tally.n = 999'999'999;
    tally.strict = 0;
    tally.lenient = tally.ceiling_known = 999'999'999;
    tally.ceiling_recovered = 999'999'998;
    tally.abstained = tally.late = 123'456'789;
  }
  s.all.strict = s.all.n;
  for (FaultSummary& fault : s.by_fault) {
    fault.tally = s.faulted();
    fault.name = "a_kind_of_fault_with_a_name_that_never_ends_and_ends";
  }
  s.replications.assign(1000, Proportion{.successes = 1, .n = 2});
  s.amplification.worst_1s = 12345.6;
  s.amplification.worst_10s = 12345.6;
  s.latency.max = INT64_MAX;
  s.prompt_tokens = s.completion_tokens = INT64_MAX / 2;
  s.cost_usd = 1e12;
  s.obedience = {INT64_MAX, INT64_MAX, INT64_MAX};
  s.recovery = RecoverySummary{1e12, INT64_MAX, INT64_MAX, 1e12, std::nullopt, std::nullopt};
  s.recovered_by = {{std::string(200, 'x'), INT64_MAX}, {"", 1}};
  result.faults.assign(40, FaultLine{.name = std::string(90, 'f'), .scheduled = 1, .injected = 2});
  result.breaker_transitions = INT64_MAX;
  result.scenario = std::string(120, 's');
  result.scenario_hash = std::string(120, 'h');
  result.engine = std::string(120, 'e');
  result.overrides.assign(100, "/a=1");
  result.seed = INT64_MIN;
  result.replications = 1'000'000;
  result.partial = true;
  result.timing = {.wall_s = 1e6, .cpu_s = 1e6, .timer_overhead_ns = 1'000'000, .machine = {}};
  result.repeat =
      "squall run '" + std::string(300, 'p') + " q' --set '" + std::string(70, 'v') + "'";
  return result;
}

std::vector<RunResult> Cases() {
  std::vector<RunResult> cases = {SampleResult(1, 0), SampleResult(1, 1), SampleResult(1, 5'000),
                                  RunResult(), Extreme()};
  cases.push_back(SampleResult(2, 40));
  cases.back().scenario = "停电五分钟 \x1b[31m évil\tname \xff 🌪";
  cases.back().mode = "wire";
  return cases;
}

void CheckPrintable(const std::string& text, const TextStyle& style) {
  for (const std::string& line : Lines(text)) {
    CAPTURE(line);
    CHECK(DisplayWidth(line) <= kTextWidth);
    CHECK((line.empty() || line.back() != ' '));
    if (!style.colour) CHECK(!Contains(line, "\x1b"));
    if (!style.utf8) {
      CHECK(std::all_of(line.begin(), line.end(), [](char c) { return (c & 0x80) == 0; }));
    }
    CHECK_FALSE(Contains(line, "nan"));
    CHECK_FALSE(Contains(line, "inf "));
  }
}

TEST_CASE("no line of a report is wider than 80 columns, in any style, for any result") {
  for (const RunResult& result : Cases()) {
    for (const TextStyle& style : kStyles) CheckPrintable(RenderReport(result, style), style);
  }
}

TEST_CASE("colour adds nothing but colour") {
  for (const RunResult& result : Cases()) {
    const std::string coloured = RenderReport(result, kColour);
    CHECK(coloured != RenderReport(result, kPlain));
    CHECK(WithoutColour(coloured) == RenderReport(result, kPlain));
  }
}

TEST_CASE("the header says whether time was virtual or the sockets were real") {
  RunResult result = SampleResult(77, 100);
  CHECK(Contains(Lines(RenderReport(result, kPlain))[0], "VIRTUAL TIME · seed 77"));
  result.mode = "wire";
  CHECK(Contains(Lines(RenderReport(result, kPlain))[0], "WIRE · seed 77"));
  CHECK_FALSE(Contains(RenderReport(result, kPlain), "VIRTUAL"));
}

TEST_CASE("a report says whether the service came back after its trigger") {
  RunResult result = SampleResult(3, 1'000);
  CHECK_FALSE(Contains(RenderReport(result, kPlain), "RECOVERY  "));
  result.summary.recovery = RecoverySummary{90, 1, 0, 270, 34, 34};
  CHECK(Contains(RenderReport(result, kPlain), "trigger over after 90.0 s"));
  CHECK(Contains(RenderReport(result, kPlain), "goodput back within 34.0 s"));
  result.summary.recovery->median_s = 0;
  CHECK(Contains(RenderReport(result, kPlain), "goodput back at once"));
  result.summary.recovery->median_s.reset();
  result.summary.recovery->n = 2;
  result.summary.recovery->stayed_down = 1;
  CHECK(Contains(RenderReport(result, kPlain), "goodput stays down, for the 270 s observed"));
  CHECK(Contains(RenderReport(result, kPlain), "stays down in 1 of 2 replications"));
  result.summary.recovery->n = 0;
  CHECK(Contains(RenderReport(result, kPlain), "ends too early"));
}

TEST_CASE("a comparison has one row for the recovery, where there was a trigger") {
  std::vector<RunResult> results = {SampleResult(3, 100), SampleResult(4, 100)};
  CHECK_FALSE(Contains(RenderComparison(results, 0, kPlain), "back after trigger"));
  results[0].summary.recovery = RecoverySummary{90, 1, 0, 270, 34, 34};
  results[1].summary.recovery = RecoverySummary{90, 1, 1, 270, std::nullopt, std::nullopt};
  const std::string text = RenderComparison(results, 0, kPlain);
  CHECK(Contains(text, "back after trigger           34.0 s     stays down"));
}

TEST_CASE("a report states the recovery rate with its interval, its counts and its fingerprint") {
  const RunResult result = SampleResult(3, 5'000);
  const Tally& t = result.summary.faulted();
  const std::string text = RenderReport(result, kPlain);
  CHECK(Contains(text, PercentText(t.strict, t.n) + " of " + CountText(t.n) + " faulted requests"));
  CHECK(Contains(text, "95 % interval " + IntervalText(t.strict, t.n)));
  CHECK(Contains(text, FingerprintText(result.summary.fingerprint)));
  CHECK(Contains(text, "efficiency"));
  CHECK(Contains(text, "✓ all as scheduled"));
  CHECK(Contains(text, "squall run sample --seed 3"));
}

TEST_CASE("a fault that was not injected as scheduled is named") {
  RunResult result = SampleResult(3, 100);
  result.faults[1].injected = 9;
  CHECK(Contains(RenderReport(result, kPlain), "✗ not as scheduled · garbage: 9 of 10"));
}

TEST_CASE("ignored hints are told where any was given, and nowhere else") {
  RunResult result = SampleResult(3, 100);
  CHECK_FALSE(Contains(RenderReport(result, kPlain), "HINTS"));
  CHECK_FALSE(Contains(RenderComparison({{result}}, 0.0, kPlain), "ignored hints"));
  RunResult hinted = result;
  hinted.summary.obedience = {12, 3, 1};
  CHECK(Contains(RenderReport(hinted, kPlain),
                 "HINTS         12 replies asked for a wait · 3 came back too early"));
  const std::vector<RunResult> both = {result, hinted};
  const std::vector<std::string> lines = Lines(RenderComparison(both, 0.0, kPlain));
  const auto row = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("ignored hints");
  });
  REQUIRE(row != lines.end());
  CHECK(row->ends_with("n/a              3"));
}

TEST_CASE("percentiles of too few samples are not shown") {
  CHECK(Contains(RenderReport(SampleResult(3, 999), kPlain), "p99 n/a · p99.9 n/a"));
  CHECK_FALSE(Contains(RenderReport(SampleResult(3, 1'000), kPlain), "p99 n/a · p99.9"));
  CHECK(Contains(RenderReport(SampleResult(3, 9'999), kPlain), "p99.9 n/a"));
  CHECK_FALSE(Contains(RenderReport(SampleResult(3, 10'000), kPlain), "p99.9 n/a"));
}

TEST_CASE("a run without faults says so instead of showing empty rates") {
  const std::string text = RenderReport(SampleResult(3, 0), kPlain);
  CHECK(Contains(text, "No request was faulted"));
  CHECK_FALSE(Contains(text, "BY FAULT"));
}

TEST_CASE("an interrupted run is marked") {
  RunResult result = SampleResult(3, 10);
  result.partial = true;
  CHECK(Contains(RenderReport(result, kAscii), "PARTIAL"));
}

TEST_CASE("engines stand side by side within 80 columns, any number of them") {
  for (size_t n = 1; n <= 9; ++n) {
    std::vector<RunResult> results;
    for (size_t i = 0; i < n; ++i) {
      results.push_back(i == 3 ? Extreme() : SampleResult(1, 300));
      results.back().engine = i % 2 == 0 ? "openai_python_sdk" : "engine" + std::to_string(i);
    }
    for (const TextStyle& style : kStyles) {
      CheckPrintable(RenderComparison(results, 0.0, style), style);
    }
  }
  CHECK(RenderComparison({}, std::nullopt, kPlain).empty());
}

TEST_CASE("a comparison ends with the share of first attempts that differ") {
  const std::vector<RunResult> results = {SampleResult(1, 300), SampleResult(1, 300)};
  const auto last = [&](std::optional<double> share) {
    return Lines(RenderComparison(results, share, kPlain)).back();
  };
  CHECK(last(0.0) == "first attempts that differ between engines: 0 % (all met the same faults)");
  CHECK(last(0.416) == "first attempts that differ between engines: 41.6 %");
  CHECK(last(std::nullopt) == "first attempts that differ between engines: not known");
}

TEST_CASE("terminal: a table of mechanisms fits, whatever is in it") {
  std::vector<RunResult> results = {Extreme(), Extreme(), SampleResult(1, 3'000),
                                    SampleResult(2, 5)};
  for (RunResult& result : results) {
    result.ablation.emplace();
    result.ablation->removed = std::string(90, 'm');
    result.ablation->p99_ns = INT64_MIN;
    result.ablation->cost_usd = -1e300;
    result.ablation->paired.amplification = -31;
    result.ablation->paired.recovered = {7, 1, 2, 3, -1, {-1, 1}};
  }
  for (const TextStyle& style : kStyles) {
    for (const std::string& line : Lines(RenderAblation(results, style))) {
      CAPTURE(line);
      CHECK(DisplayWidth(line) <= kTextWidth);
    }
  }
  CHECK(RenderAblation({}, kPlain).empty());
}

TEST_CASE("terminal: where nothing was faulted, mechanisms are judged by all requests") {
  std::vector<RunResult> results(2, SampleResult(1, 3'000));
  for (RunResult& result : results) result.summary.by_kind = {};
  results[1].ablation.emplace();
  results[1].ablation->removed = "retry budget";
  results[1].ablation->paired.right = {100, 50, 30, 0, -0.3, {-0.4, -0.2}};
  const std::string text = RenderAblation(results, kPlain);
  CHECK(Contains(text, "points of all requests"));
  CHECK(Contains(text, "-30.0   [-40.0, -20.0]"));
  CHECK(Contains(text, "worse"));
}

}  // namespace
}  // namespace squall::terminal_test

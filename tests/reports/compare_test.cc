// Comparisons: pairs where there are pairs, no alarm where nothing changed, and the right one where
// something did.
#include "reports/compare.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "reports/compare_report.h"
#include "reports/compare_timing.h"
#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::compare_test {
namespace {

using nlohmann::ordered_json;
using Edit = std::function<void(Outcome*)>;

StoredResult Stored(uint64_t seed, uint64_t requests, const Edit& edit = nullptr,
                    int replications = 1) {
  Metrics metrics(testing::SampleFaultNames());
  auto table = std::make_shared<RequestsTable>(testing::SampleFaultNames());
  for (int r = 0; r < replications; ++r) {
    Metrics one(testing::SampleFaultNames());
    RequestsTable rows(testing::SampleFaultNames());
    for (uint64_t i = 0; i < requests; ++i) {
      Outcome outcome = testing::Drawn(i, seed + static_cast<uint64_t>(r));
      if (edit) edit(&outcome);
      one.Add(outcome);
      rows.Add(outcome);
    }
    metrics.Merge(one);
    table->Append(rows);
  }
  StoredResult stored;
  stored.result = testing::SampleResult(seed, 0);
  stored.result.draws_hash = "d";
  stored.result.replications = replications;
  stored.result.summary = metrics.Summarize();
  stored.result.requests = table;
  stored.result.effective = "{\"engine\": {\"budget\": true}}";
  stored.name = "r.json";
  stored.json = std::make_shared<const ordered_json>(ResultDocument(stored.result));
  return stored;
}

// Of one request in `every`.
Edit Spoil(uint64_t every, const Edit& edit) {
  return [every, edit](Outcome* outcome) {
    if (outcome->index % every == 0) edit(outcome);
  };
}

std::vector<RuleVerdict> Judged(const StoredResult& base, const StoredResult& next,
                                const std::vector<std::string>& rules = {}) {
  std::vector<CompareRule> parsed;
  for (const std::string& text : rules) {
    const auto rule = ParseRule(text);
    INFO(rule.status());
    REQUIRE(rule.ok());
    parsed.push_back(*rule);
  }
  if (parsed.empty()) parsed = DefaultRules();
  return JudgeRules(parsed, Compare(base, next, {}), 0.01);
}

TEST_CASE("equal fingerprints are identical, and nothing is estimated") {
  const StoredResult result = Stored(1, 800);
  const CompareResult compared = Compare(result, Stored(1, 800), {});
  CHECK(compared.identical);
  CHECK_FALSE(compared.divergence);
  for (const Difference& one : compared.differences) {
    CAPTURE(one.metric);
    if (!one.base) continue;
    CHECK(one.change == 0);
    CHECK(one.interval == Interval{0, 0});
  }
  for (const RuleVerdict& one : Judged(result, Stored(1, 800))) {
    CHECK(one.verdict == GateVerdict::kPass);
  }
}

TEST_CASE("the first request that went another way is named, and where it parted") {
  struct Row {
    const char* field;
    Edit edit;
  };
  const Row rows[] = {
      {"diagnosis", [](Outcome* o) { o->attempts[0].diagnosed = FailureClass::kAuthFailure; }},
      {"action", [](Outcome* o) { o->attempts.at(1).strategy = "another"; }},
      {"attempts", [](Outcome* o) { o->attempts.push_back(o->attempts.back()); }},
      {"latency", [](Outcome* o) { o->ended += 5ms; }},
      {"times within", [](Outcome* o) { o->attempts[0].started += Duration(3); }},
  };
  const StoredResult base = Stored(1, 300);
  size_t chosen = 0;  // whose first attempt may be edited in every way
  while (base.result.requests->rows()[chosen].attempts < 3) ++chosen;
  for (const Row& row : rows) {
    CAPTURE(row.field);
    const StoredResult next = Stored(1, 300, [&](Outcome* o) {
      if (o->index == chosen || o->index == 250) {
        if (o->attempts.size() > 1) row.edit(o);
      }
    });
    const CompareResult compared = Compare(base, next, {});
    REQUIRE(compared.divergence);
    CHECK(compared.divergence->request == std::to_string(chosen));
    CHECK(compared.divergence->fields.at(0) == row.field);
  }
}

TEST_CASE("fewer right answers are found by recovery and success, and by nothing else") {
  const StoredResult base = Stored(1, 4'000);
  const StoredResult next = Stored(1, 4'000, Spoil(5, [](Outcome* o) { o->right = false; }));
  size_t failed = 0;
  for (const RuleVerdict& one : Judged(base, next)) {
    CAPTURE(one.rule.metric);
    const bool about = one.rule.metric == "recovery.strict" || one.rule.metric == "success" ||
                       one.rule.metric == "false_recovery";
    CHECK((one.verdict == GateVerdict::kFail) == about);
    failed += one.verdict == GateVerdict::kFail;
  }
  CHECK(failed == 3);
  const CompareResult compared = Compare(base, next, {});
  CHECK(compared.Find("recovery.strict")->p_value.value() < 1e-6);
  CHECK(compared.Find("recovery.strict")->method == "newcombe_paired");
}

TEST_CASE("slower, dearer, more attempts and worse diagnoses are each found by their own figure") {
  struct Row {
    const char* metric;
    Edit edit;
  };
  const Row rows[] = {{"latency.p50", [](Outcome* o) { o->ended += 60ms; }},
                      {"cost.usd_per_request", [](Outcome* o) { o->cost_usd *= 1.05; }},
                      {"amplification.mean",
                       [](Outcome* o) {
                         if (o->index % 10 == 0 && !o->attempts.empty())
                           o->attempts.push_back(o->attempts.back());
                       }},
                      {"diagnosis.class_accuracy", [](Outcome* o) {
                         for (AttemptOutcome& one : o->attempts) {
                           if (o->index % 9 == 0 && one.fault >= 0)
                             one.diagnosed = FailureClass::kCancelled;
                         }
                       }}};
  const StoredResult base = Stored(1, 4'000);
  for (const Row& row : rows) {
    CAPTURE(row.metric);
    bool found = false;
    for (const RuleVerdict& one : Judged(base, Stored(1, 4'000, row.edit))) {
      if (one.rule.metric == row.metric) found = one.verdict == GateVerdict::kFail;
    }
    CHECK(found);
  }
}

TEST_CASE("a change that the noise band swallows is no regression") {
  const StoredResult base = Stored(1, 4'000);
  const StoredResult next = Stored(1, 4'000, Spoil(400, [](Outcome* o) { o->right = false; }));
  for (const RuleVerdict& one : Judged(base, next)) {
    CAPTURE(one.rule.metric);
    CHECK(one.verdict == GateVerdict::kPass);
  }
}

// Two engines of one quality that err on other requests: the intervals of pairs must hold 0 in 95 %
// of 200 trials at 300 faulted requests; 99.9 % binomial bound on the misses.
TEST_CASE("intervals of pairs cover no difference as often as they say", "[long]") {
  int64_t missed_recovery = 0;
  int64_t missed_attempts = 0;
  constexpr int64_t kTrials = 200;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    const auto edit = [trial](StreamId stream) {
      return [trial, stream](Outcome* o) {
        if (Draw(trial, stream, o->index, 1) < 0.2) o->right = false;
        const bool again = Draw(trial, stream, o->index, 2) < 0.2;
        if (again && !o->attempts.empty()) o->attempts.push_back(o->attempts.back());
      };
    };
    const StoredResult one = Stored(trial, 500, edit(Stream("one")));
    const StoredResult two = Stored(trial, 500, edit(Stream("two")));
    const CompareResult compared = Compare(one, two, {.confidence = 0.95, .resamples = 200});
    const Interval recovery = *compared.Find("recovery.strict")->interval;
    const Interval attempts = *compared.Find("amplification.mean")->interval;
    missed_recovery += recovery.low > 0 || recovery.high < 0;
    missed_attempts += attempts.low > 0 || attempts.high < 0;
  }
  CHECK(missed_recovery <= BinomialBounds(kTrials, 0.05).high);
  CHECK(missed_attempts <=
        BinomialBounds(kTrials, 0.07).high);  // percentile intervals: a bit short
}

TEST_CASE("both runs are drawn from the same blocks, so that what they share cancels") {
  const StoredResult base = Stored(1, 2'000);
  const StoredResult next = Stored(1, 2'000, Spoil(100, [](Outcome* o) {
                                     o->cost_usd *= 2;
                                     if (o->attempts.empty()) return;
                                     o->attempts.push_back(o->attempts.back());
                                   }));
  const Interval apart = *Compare(base, Stored(2, 2'000), {}).Find("amplification.mean")->interval;
  const Interval pairs = *Compare(base, next, {}).Find("amplification.mean")->interval;
  CHECK(pairs.low > 0);
  CHECK(pairs.high - pairs.low < (apart.high - apart.low) / 3);
}

TEST_CASE("runs of other draws are independent samples, and it is said why") {
  const StoredResult base = Stored(1, 2'000);
  StoredResult next = Stored(2, 2'000);
  const CompareResult compared = Compare(base, next, {});
  CHECK_FALSE(compared.paired);
  CHECK(compared.why_not_paired == "seeds 1 and 2");
  const Difference& strict = *compared.Find("recovery.strict");
  CHECK(strict.method == "independent");
  CHECK(strict.interval->low < 0);
  CHECK(strict.interval->high > 0);
  const CompareResult pairs =
      Compare(base, Stored(1, 2'000, Spoil(50, [](Outcome* o) { o->right = false; })), {});
  const Interval narrow = *pairs.Find("recovery.strict")->interval;
  CHECK(narrow.high - narrow.low < (strict.interval->high - strict.interval->low) / 2);
}

// Interleaved runs of 1 s with 5 % of noise that both share and 1 % of their own, 30 pairs: +3 %
// must be found in every one of 40 trials, and no difference must be taken for one in more than
// the 99.9 % bound of 5 % allows.
TEST_CASE("interleaved pairs find 3 % of CPU time and no difference where there is none") {
  const auto runs = [](uint64_t trial, StreamId stream, double factor) {
    std::vector<StoredResult> out(30);
    for (uint64_t i = 0; i < out.size(); ++i) {
      const double shared = 1 + 0.05 * (Draw(trial, Stream("machine"), i) - 0.5);
      const double own = 1 + 0.01 * (Draw(trial, stream, i) - 0.5);
      out[i].result.timing.cpu_s = factor * shared * own;
    }
    return out;
  };
  int64_t alarms = 0;
  constexpr int64_t kTrials = 40;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    const auto base = runs(trial, Stream("base"), 1);
    const auto same = CompareTimes(base, runs(trial, Stream("new"), 1));
    const auto slow = CompareTimes(base, runs(trial, Stream("new"), 1.03));
    alarms += same->interval.low > 1 || same->interval.high < 1;
    CHECK(slow->interval.low > 1);
  }
  CHECK(alarms <= BinomialBounds(kTrials, 0.05).high);
  CHECK_FALSE(CompareTimes(runs(1, Stream("base"), 1), std::vector<StoredResult>(29)));
}

TEST_CASE("rules say what must not be, and refuse what an unchanged figure breaks") {
  for (const char* text :
       {"recovery.strict < base", "recovery.strict < base - 1 pp", "latency.p99 > base + 5 %",
        "latency.p99>base+200ms", "amplification.mean > base + 0.1x", "recovery.strict < 80 %",
        "cost.usd_per_request >= base + 1 %"}) {
    CAPTURE(text);
    CHECK(ParseRule(text).ok());
  }
  for (const char* text :
       {"recovery.strict < base - 1 %", "recovery.strict < base + 1 pp", "latency.p99 > base - 5 %",
        "latency.p99 > base * 1.05", "latency.p99 > base + 5", "recovery.stirct < base", "< base",
        "recovery.strict < bass", "recovery.strict"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseRule(text).ok());
  }
  const auto rules = ParseRules("# gates\nrecovery.strict < base - 1 pp\n\nnonsense\n", "rules");
  CHECK(std::string(rules.status().message()).find("rules:4: ") == 0);
  CHECK_FALSE(ParseRules("# none\n", "rules").ok());
}

TEST_CASE("a rule fails on the whole interval only") {
  const StoredResult base = Stored(1, 2'000);
  const StoredResult next = Stored(1, 2'000, Spoil(25, [](Outcome* o) { o->right = false; }));
  const Difference strict = *Compare(base, next, {}).Find("recovery.strict");
  const auto rule = [](double change) {
    return "recovery.strict < base - " + std::to_string(-100 * change) + " pp";
  };
  CHECK(Judged(base, next, {rule(strict.interval->high + 1e-4)})[0].verdict == GateVerdict::kFail);
  CHECK(Judged(base, next, {rule(*strict.change)})[0].verdict == GateVerdict::kInconclusive);
  CHECK(Judged(base, next, {rule(strict.interval->low - 1e-4)})[0].verdict == GateVerdict::kPass);
  CHECK(Judged(base, next, {"recovery_time_s > base"})[0].verdict == GateVerdict::kEmpty);
  CHECK(Judged(base, next, {"recovery.strict < 100 %"})[0].verdict == GateVerdict::kFail);
}

TEST_CASE("twelve failed rules are nine annotations and one that counts the rest") {
  const StoredResult base = Stored(1, 2'000);
  const StoredResult next = Stored(1, 2'000, [](Outcome* o) { o->right = false; });
  JudgedComparison judged;
  judged.compared = Compare(base, next, {});
  std::vector<CompareRule> rules;
  for (int i = 0; i < 12; ++i) {
    rules.push_back(*ParseRule("recovery.strict < base - " + std::to_string(i + 1) + " pp"));
  }
  judged.verdicts = JudgeRules(rules, judged.compared, 0);
  const std::string text = RenderAnnotations(judged);
  size_t lines = 0;
  for (const char c : text) lines += c == '\n';
  CHECK(lines == 10);
  CHECK(text.find("and 3 more\n") != std::string::npos);
  CHECK(text.find("::error title=squall%3A recovery.strict fail::recovery.strict ") == 0);
  CHECK(text.find(" %25") != std::string::npos);
  CHECK(text.find("base - 1 pp") < text.find("base - 2 pp"));  // worst first
}

TEST_CASE("annotations, Markdown and JUnit escape what would end them") {
  CHECK(AnnotationText("a:b,c%\r\n", false) == "a:b,c%25%0D%0A");
  CHECK(AnnotationText("a:b,c%\r\n", true) == "a%3Ab%2Cc%25%0D%0A");
}

TEST_CASE("every rendering says the same verdict, and all of them say what was set otherwise") {
  const StoredResult base = Stored(1, 2'000);
  StoredResult next = Stored(1, 2'000, Spoil(5, [](Outcome* o) { o->right = false; }));
  next.result.effective = "{\"engine\": {\"budget\": false}}";
  JudgedComparison judged;
  judged.compared = Compare(base, next, {});
  judged.verdicts = JudgeRules(DefaultRules(), judged.compared, 0.01);
  const std::string terminal = RenderComparisonText(judged, {});
  const std::string markdown = RenderComparisonMarkdown(judged);
  const ordered_json json = ordered_json::parse(RenderComparisonJson(judged));
  CHECK(terminal.find("3 regressions") != std::string::npos);
  CHECK(markdown.find("3 regressions") != std::string::npos);
  CHECK(json["rules"][0]["verdict"] == "fail");
  for (const std::string& text : {terminal, markdown, json.dump()}) {
    CHECK(text.find("/engine/budget: true -") != std::string::npos);
  }
}

}  // namespace
}  // namespace squall::compare_test

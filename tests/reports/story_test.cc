#include "reports/story.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/chronicle.h"
#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::story_test {
namespace {

using testing::Drawn;
using testing::SampleFaultNames;

StoryNames Names() {
  StoryNames names;
  names.faults = SampleFaultNames();
  names.episodes = {"storm"};
  names.providers = {"alpha"};
  names.models = {{"alpha-large"}};
  return names;
}

// What an engine would have reported of such an outcome.
CallResult ResultOf(const Outcome& outcome) {
  CallResult result;
  result.ok = outcome.ok;
  result.answered_by = outcome.ok ? outcome.answered_by : std::string_view();
  result.stop_reason = outcome.ok ? "answered" : "budget";
  for (const AttemptOutcome& attempt : outcome.attempts) {
    AttemptRecord record;
    record.sent = true;
    record.strategy = attempt.strategy;
    record.started = attempt.started;
    record.ended = attempt.started + 100ms;
    record.diagnosis.failure = attempt.diagnosed;
    result.attempts.push_back(record);
  }
  return result;
}

StoryRecorder Recorded(uint64_t seed, int from, int to, bool backwards = false) {
  StoryRecorder recorder(Names(), seed);
  for (int i = from; i < to; ++i) {
    const int index = backwards ? to - 1 - (i - from) : i;
    const Outcome outcome = Drawn(static_cast<uint64_t>(index), seed);
    recorder.OnRequest(outcome, ResultOf(outcome));
  }
  return recorder;
}

TEST_CASE("story: the four endings are those of the tally", "[story]") {
  Tally tally;
  std::map<Ending, int64_t> endings;
  for (uint64_t i = 0; i < 5000; ++i) {
    const Outcome outcome = Drawn(i, 3);
    tally.Add(outcome);
    ++endings[EndingOf(outcome)];
  }
  CHECK(endings[Ending::kStrict] == tally.strict);
  CHECK(endings[Ending::kFalseRecovery] == tally.false_recovery());
  CHECK(endings[Ending::kAbstained] == tally.abstained);
  CHECK(endings[Ending::kLate] == tally.late);
}

TEST_CASE("story: flows count every faulted request once", "[story]") {
  int64_t faulted = 0;
  for (uint64_t i = 0; i < 5000; ++i) faulted += Drawn(i, 3).faulted();
  int64_t counted = 0;
  for (const FlowRow& row : Recorded(3, 0, 5000).Flows()) counted += row.count;
  CHECK(counted == faulted);
}

TEST_CASE("story: the sample does not depend on the order of the requests", "[story]") {
  CHECK(Recorded(3, 0, 3000).Stories() == Recorded(3, 0, 3000, true).Stories());
  CHECK(Recorded(3, 0, 3000).Flows() == Recorded(3, 0, 3000, true).Flows());
}

TEST_CASE("story: every fault and ending that occurs is in the sample, failures first", "[story]") {
  std::set<std::pair<std::string, std::string>> occurring;
  std::set<std::pair<std::string, std::string>> told;
  for (uint64_t i = 0; i < 3000; ++i) {
    const Outcome outcome = Drawn(i, 3);
    const int fault = outcome.attempts.empty() ? -1 : outcome.attempts[0].fault;
    occurring.emplace(fault < 0 ? "" : SampleFaultNames()[static_cast<size_t>(fault)],
                      EndingName(EndingOf(outcome)));
  }
  const std::vector<Story> stories = Recorded(3, 0, 3000).Stories();
  for (const Story& story : stories) told.emplace(story.fault, story.ending);
  CHECK(told == occurring);
  CHECK(stories.size() <= StoryRecorder::kMostStories);
  const auto fails = [](const Story& s) { return s.kind == "faulted" && s.ending != "strict"; };
  CHECK(std::is_partitioned(stories.begin(), stories.end(), fails));
}

TEST_CASE("story: replications keep their numbers in the merged sample", "[story]") {
  StoryRecorder sum = Recorded(3, 0, 500);
  sum.Merge(Recorded(4, 0, 500));
  StoryRecorder two = Recorded(5, 0, 500);
  two.Merge(Recorded(6, 0, 500));
  sum.Merge(two);
  std::set<int64_t> replications;
  for (const Story& story : sum.Stories()) {
    replications.insert(story.replication);
    const uint64_t seed = 3 + static_cast<uint64_t>(story.replication);
    const Outcome outcome = Drawn(static_cast<uint64_t>(story.index), seed);
    CHECK(story.ending == EndingName(EndingOf(outcome)));
    CHECK(story.attempts.size() == outcome.attempts.size());
  }
  CHECK(replications == std::set<int64_t>{0, 1, 2, 3});
}

TEST_CASE("story: attempts that were refused are told, and truth is joined past them", "[story]") {
  Outcome outcome = testing::Retried(0, kStart);
  outcome.attempts[0].variant = "hang";
  outcome.attempts[0].episode = 0;
  CallResult result = ResultOf(outcome);
  AttemptRecord refused;
  refused.diagnosis.failure = FailureClass::kRefusedLocally;
  refused.diagnosis.rule = "breaker";
  result.attempts.insert(result.attempts.begin() + 1, refused);
  StoryRecorder recorder(Names(), 1);
  recorder.OnRequest(outcome, result);
  const std::vector<Story> stories = recorder.Stories();
  REQUIRE(stories.size() == 1);
  REQUIRE(stories[0].attempts.size() == 3);
  const StoryAttempt& first = stories[0].attempts[0];
  CHECK(first.fault == "timeout");
  CHECK(first.variant == "hang");
  CHECK(first.episode == "storm");
  CHECK_FALSE(stories[0].attempts[1].sent);
  CHECK(stories[0].attempts[1].truth == "");
  CHECK(stories[0].attempts[2].truth == "ok");
}

Chronicle SampleChronicle() {
  ChronicleRecorder recorder(Names(), 3);
  for (uint64_t i = 0; i < 300; ++i) {
    const Outcome outcome = Drawn(i, 3);
    recorder.OnRequest(outcome, ResultOf(outcome), 0.1 * static_cast<double>(i % 7));
  }
  recorder.OnBreaker(0, BreakerState::kClosed, BreakerState::kOpen, kStart + 40s);
  recorder.Settle();
  Chronicle chronicle = recorder.Take();
  chronicle.time.episodes = {{"storm", "weather", "timeout", {"alpha"}, 1, 2.5, 0.3, true}};
  return chronicle;
}

nlohmann::ordered_json Written(const Chronicle& chronicle) {
  return nlohmann::ordered_json::parse("{\"timeline\": " + TimelineJson(chronicle).dump() +
                                       ChronicleRows(chronicle) + "}");
}

TEST_CASE("chronicle: what is read is what was written", "[story]") {
  const Chronicle chronicle = SampleChronicle();
  REQUIRE(chronicle.stories.size() > 20);
  Chronicle read;
  CHECK(ReadChronicle(Written(chronicle), &read) == "");
  CHECK(read == chronicle);
}

TEST_CASE("chronicle: a result without one reads as an empty one", "[story]") {
  Chronicle read = SampleChronicle();
  CHECK(ReadChronicle(nlohmann::ordered_json::object(), &read) == "");
  CHECK(read == Chronicle());
}

TEST_CASE("chronicle: what is wrong in a file is named with its place", "[story]") {
  struct Row {
    const char* pointer;
    nlohmann::ordered_json value;
    const char* error;
  };
  const Row rows[] = {
      {"/timeline/window_s", "x", "/timeline/window_s: got string, expected an integer"},
      {"/timeline/window_s", 0, "/timeline/window_s: got 0, expected >= 1"},
      {"/timeline/circuits/0/open",
       {0.5},
       "/timeline/circuits/0/open: got 1 windows, expected 30 as in p50_us"},
      {"/timeline/p99_us", nlohmann::ordered_json::array(),
       "/timeline/p99_us: got 0 windows, expected 30 as in p50_us"},
      {"/flows/1/count", "7", "/flows/1/count: got string, expected an integer"},
      {"/stories/2/attempts", 3, "/stories/2/attempts: got number, expected a list"},
      {"/stories/0", 3, "/stories/0: got number, expected an object"},
  };
  for (const Row& row : rows) {
    nlohmann::ordered_json json = Written(SampleChronicle());
    json["timeline"]["p50_us"].get_ref<nlohmann::ordered_json::array_t&>().resize(30, 1);
    for (const char* key : {"p99_us", "budget_least", "budget_mean"}) {
      json["timeline"][key].get_ref<nlohmann::ordered_json::array_t&>().resize(30, 1);
    }
    for (const char* key : {"open", "half_open"}) {
      json["timeline"]["circuits"][0][key].get_ref<nlohmann::ordered_json::array_t&>().resize(30,
                                                                                              0);
    }
    json[nlohmann::ordered_json::json_pointer(row.pointer)] = row.value;
    Chronicle read;
    CHECK(ReadChronicle(json, &read) == row.error);
  }
}

}  // namespace
}  // namespace squall::story_test

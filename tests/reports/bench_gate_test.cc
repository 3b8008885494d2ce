// What the gate over benchmarks finds, and how often it cries wolf, is drawn from recorded times:
// of one benchmark in 400 processes one after the other, on a machine shared with other work that
// made it twice as slow now and then (recorded_times.h). Draws are keyed: what passes once passes
// always.
#include "reports/bench_gate.h"

#include <cmath>
#include <cstdio>
#include <vector>

#include "engine/base/random.h"
#include "reports/intervals.h"
#include "tests/catch.h"
#include "tests/reports/recorded_times.h"

namespace squall::bench_gate_test {
namespace {

constexpr StreamId kTurns = Stream("test/gate");

// `pairs` turns of one program with itself, the second `slower` times as slow. Neighbours in time
// make a pair, and who of them goes first is drawn. Their ratios scatter by 28 % as recorded; an
// exponent of `calm` makes that as much less.
BenchMeasures Turns(uint64_t trial, int64_t pairs, double slower, double calm = 1) {
  constexpr uint64_t kPairs = std::size(kRecordedNs) / 2;
  BenchMeasures bench;
  bench.name = "BM_X";
  for (int64_t i = 0; i < pairs; ++i) {
    const uint64_t bits = DrawBits(trial, kTurns, static_cast<uint64_t>(i));
    const size_t at = 2 * PickBelow(bits, kPairs);
    const size_t first = bits & 1;
    bench.base_ns.push_back(std::pow(kRecordedNs[at + first], calm));
    bench.head_ns.push_back(slower * std::pow(kRecordedNs[at + 1 - first], calm));
  }
  return bench;
}

constexpr int64_t kTrials = 100;
int64_t Alarms(int64_t pairs, double slower, double calm) {
  int64_t alarms = 0;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    const auto verdicts = JudgeBenches({Turns(trial, pairs, slower, calm)}, GateRules());
    alarms += verdicts[0].slower ? 1 : 0;
  }
  return alarms;
}

TEST_CASE("gate: 3 % more time is found as README says, with few false alarms", "[gate][long]") {
  struct Row {
    double scatter;  // of a pair's ratio
    int64_t pairs;
    int64_t found_at_least;  // of kTrials
  };
  for (const Row& row : {Row{0.03, 30, 97}, Row{0.10, 40, 80}, Row{0.10, 60, 90}, Row{0.28, 40, 30},
                         Row{0.28, 100, 60}, Row{0.28, 200, 85}}) {
    const int64_t found = Alarms(row.pairs, 1.03, row.scatter / 0.28);
    const int64_t false_alarms = Alarms(row.pairs, 1, row.scatter / 0.28);
    CAPTURE(row.scatter, row.pairs, found, false_alarms);
    std::printf("scatter %.2f, %3d pairs: +3 %% found in %3d of 100, false alarms %d\n",
                row.scatter, static_cast<int>(row.pairs), static_cast<int>(found),
                static_cast<int>(false_alarms));
    CHECK(found >= row.found_at_least);
    CHECK(Wilson(false_alarms, kTrials, 0.95).low <= 0.05);
  }
}

TEST_CASE("gate: 1 % more instructions fail, and time says nothing of them", "[gate]") {
  struct Row {
    double head;
    bool fails;
  };
  for (const Row& row : {Row{990, false}, Row{1'000, false}, Row{1'010, false}, Row{1'011, true}}) {
    BenchMeasures bench = Turns(1, 40, 1);
    bench.base_instructions = 1'000;
    bench.head_instructions = row.head;
    const auto verdicts = JudgeBenches({bench}, GateRules());
    CAPTURE(row.head);
    CHECK(verdicts[0].more_instructions == row.fails);
    CHECK_FALSE(verdicts[0].slower);
  }
}

TEST_CASE("gate: more benchmarks at once make each of them harder to call slower", "[gate]") {
  std::vector<BenchMeasures> benches(20, Turns(7, 60, 1.03));
  const auto alone = JudgeBenches({benches[0]}, GateRules());
  const auto among = JudgeBenches(benches, GateRules());
  CHECK(among[0].time->interval.low < alone[0].time->interval.low);
  CHECK(among[0].time->ratio == alone[0].time->ratio);
}

TEST_CASE("gate: few pairs make suspects and no verdict", "[gate]") {
  BenchMeasures bench = Turns(1, 8, 1.5);
  CHECK(Suspects({bench}, GateRules()).size() == 1);
  CHECK_FALSE(JudgeBenches({bench}, GateRules())[0].time);
  bench.head_ns = bench.base_ns;
  CHECK(Suspects({bench}, GateRules()).size() == 1);  // eight say nothing
  BenchMeasures calm = Turns(1, 10, 1, 0.01);
  CHECK(Suspects({calm}, GateRules()).empty());
  calm = Turns(1, 10, 1.03, 0.01);
  CHECK(Suspects({calm}, GateRules()).size() == 1);
}

TEST_CASE("gate: measures are read strictly", "[gate]") {
  const auto read = ReadMeasures(
      "instructions base BM_A 1000\ninstructions head BM_A 1030\n"
      "time base BM_B/1 10.5\ntime head BM_B/1 11\n");
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  CHECK(read->at(0).head_instructions == 1'030);
  CHECK(read->at(1).base_ns == std::vector<double>{10.5});
  for (const char* bad : {"time base BM_A", "time left BM_A 1", "space base BM_A 1",
                          "time base BM_A 0", "time base BM_A 1 2", "time base BM_A x"}) {
    CAPTURE(bad);
    CHECK_FALSE(ReadMeasures(bad).ok());
  }
}

TEST_CASE("gate: the report names the measure that failed", "[gate]") {
  BenchMeasures more;
  more.name = "BM_More";
  more.base_instructions = 1'000;
  more.head_instructions = 1'030;
  BenchMeasures same = more;
  same.name = "BM_Same";
  same.head_instructions = 1'000;
  const GateRules rules;
  const std::string bad = GateReport(JudgeBenches({more, same}, rules), rules);
  CHECK(bad.find("| `BM_More` | +3.00 % | – | **instructions** |") != bad.npos);
  CHECK(bad.find("BM_Same") == bad.npos);
  const std::string good = GateReport(JudgeBenches({same}, rules), rules);
  CHECK(good.starts_with("**Benchmarks: no regression.**"));
}

}  // namespace
}  // namespace squall::bench_gate_test

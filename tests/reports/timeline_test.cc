#include "reports/timeline.h"

#include <cmath>

#include "tests/catch.h"

namespace squall::timeline_test {
namespace {

Time At(double seconds) { return kStart + FromSeconds(seconds); }

const std::vector<std::string> kNames = {"alpha", "beta"};

TEST_CASE("timeline: quantiles of a window are within 6.3 % of the exact ones", "[timeline]") {
  for (const double exact_ms : {1.0, 3.7, 120.0, 999.0, 1024.0, 8'191.0, 29'999.0}) {
    TimelineRecorder recorder(2);
    recorder.OnRequest(At(0.5), At(0.5) + FromSeconds(exact_ms * 1e-3));
    recorder.Settle();
    const TimeSeries series = recorder.Summarize(kNames);
    INFO(exact_ms);
    CHECK(std::abs(static_cast<double>(series.p50_us[0]) / (exact_ms * 1e3) - 1) <= 0.0625);
    CHECK(series.p99_us[0] == series.p50_us[0]);
  }
}

TEST_CASE("timeline: windows never exceed their maximum, however long the run", "[timeline]") {
  TimelineRecorder recorder(1);
  for (int i = 0; i < 100'000; ++i) recorder.OnRequest(At(i), At(i + 1));
  recorder.Settle();
  const TimeSeries series = recorder.Summarize({"alpha"});
  CHECK(series.p50_us.size() <= static_cast<size_t>(TimelineRecorder::kMostWindows));
  CHECK(series.window_s == 512);  // the least power of two with 100,000 / 512 <= 240
  for (size_t i = 0; i + 1 < series.p50_us.size(); ++i) CHECK(series.p50_us[i] > 0);
}

TEST_CASE("timeline: a circuit is open from the transition to the next one", "[timeline]") {
  TimelineRecorder recorder(2);
  recorder.OnRequest(At(0), At(4));
  recorder.OnBreaker(1, BreakerState::kClosed, BreakerState::kOpen, At(0.5));
  recorder.OnBreaker(1, BreakerState::kOpen, BreakerState::kHalfOpen, At(2.25));
  recorder.OnBreaker(1, BreakerState::kHalfOpen, BreakerState::kClosed, At(2.5));
  recorder.Settle();
  const TimeSeries series = recorder.Summarize(kNames);
  const std::vector<double> open = {0.5, 1, 0.25, 0};
  const std::vector<double> half_open = {0, 0, 0.25, 0};
  for (size_t i = 0; i < 4; ++i) {
    INFO(i);
    CHECK(series.circuits[1].open[i] == open[i]);
    CHECK(series.circuits[1].half_open[i] == half_open[i]);
    CHECK(series.circuits[0].open[i] == 0);
  }
  CHECK(series.circuits[1].moves == 3);
  CHECK(series.circuits[0].moves == 0);
}

TEST_CASE("timeline: of two circuits of a provider one open one counts", "[timeline]") {
  TimelineRecorder recorder(1);
  recorder.OnRequest(At(0), At(1));
  recorder.OnBreaker(0, BreakerState::kClosed, BreakerState::kOpen, At(0.25));
  recorder.OnBreaker(0, BreakerState::kClosed, BreakerState::kOpen, At(0.375));
  recorder.OnBreaker(0, BreakerState::kOpen, BreakerState::kClosed, At(0.5));
  recorder.OnBreaker(0, BreakerState::kOpen, BreakerState::kClosed, At(0.75));
  recorder.Settle();
  CHECK(recorder.Summarize({"alpha"}).circuits[0].open[0] == 0.5);
}

TEST_CASE("timeline: coarser windows keep the time that circuits were open", "[timeline]") {
  TimelineRecorder recorder(1);
  recorder.OnBreaker(0, BreakerState::kClosed, BreakerState::kOpen, At(1));
  recorder.OnBreaker(0, BreakerState::kOpen, BreakerState::kClosed, At(4));
  recorder.OnRequest(At(999), At(1000));  // 1001 windows of 1 s become 126 of 8 s
  recorder.Settle();
  const TimeSeries series = recorder.Summarize({"alpha"});
  REQUIRE(series.window_s == 8);
  CHECK(series.circuits[0].open[0] == 3.0 / 8);
  CHECK(series.circuits[0].open[1] == 0);
}

TEST_CASE("timeline: replications are added up, of whatever length", "[timeline]") {
  TimelineRecorder brief(1);
  brief.OnRequest(At(0.5), At(1));
  brief.OnBudget(At(1), 4);
  brief.OnBreaker(0, BreakerState::kClosed, BreakerState::kOpen, At(0));
  brief.Settle();
  TimelineRecorder lengthy(1);
  lengthy.OnRequest(At(0.5), At(300));
  lengthy.OnBudget(At(1), 2);
  lengthy.Settle();
  for (const bool brief_first : {true, false}) {
    TimelineRecorder sum = brief_first ? brief : lengthy;
    sum.Merge(brief_first ? lengthy : brief);
    const TimeSeries series = sum.Summarize({"alpha"});
    CHECK(series.window_s == 2);
    CHECK(series.replications == 2);
    CHECK(series.budget_least[0] == 2);
    CHECK(series.budget_mean[0] == 3);
    // Open for the whole second that the first run lasted; the second run covers both seconds.
    CHECK(std::abs(series.circuits[0].open[0] - 1.0 / 3) < 1e-4);
    CHECK(series.circuits[0].open[1] == 0);
  }
}

TEST_CASE("timeline: a budget without a limit has no level", "[timeline]") {
  TimelineRecorder recorder(1);
  recorder.OnRequest(At(0), At(0.5));
  recorder.OnBudget(At(0.5), INFINITY);
  recorder.Settle();
  CHECK(recorder.Summarize({"alpha"}).budget_least[0] == -1);
}

}  // namespace
}  // namespace squall::timeline_test

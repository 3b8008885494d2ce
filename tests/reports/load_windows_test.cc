#include "reports/load_windows.h"

#include <string_view>
#include <vector>

#include "tests/catch.h"

namespace squall::load_windows_test {
namespace {

// One entry per second.
struct Row {
  std::string_view claim;
  std::vector<int> offered;
  std::vector<int> sent;
  double worst_1s;
  double worst_10s;
};

LoadWindows Filled(const std::vector<int>& offered, const std::vector<int>& sent) {
  LoadWindows windows;
  for (size_t s = 0; s < offered.size(); ++s) {
    for (int i = 0; i < offered[s]; ++i) windows.Offered(kStart + s * 1s + i * 1ms);
  }
  for (size_t s = 0; s < sent.size(); ++s) {
    for (int i = 0; i < sent[s]; ++i) windows.Sent(kStart + s * 1s + i * 1ms);
  }
  return windows;
}

TEST_CASE("the worst window is the largest ratio of attempts sent to requests offered in it") {
  const std::vector<Row> rows = {
      {"steady load", {10, 10, 10, 1}, {10, 10, 10, 1}, 1, 1},
      {"one bad second is diluted in the longer window",
       {10, 10, 10, 1},
       {10, 25, 10, 1},
       2.5,
       1.5},
      {"a run shorter than the window is one window", {10, 10, 1}, {10, 20, 1}, 2, 1.5},
      {"the second in which arrivals stop is left out", {10, 10, 1}, {10, 10, 30}, 1, 1},
      {"what is sent after the last arrival is left out", {10, 10, 1}, {10, 10, 1, 40, 40}, 1, 1},
      {"unless there is no other", {10}, {30}, 3, 3},
      {"a second without requests has no ratio of its own",
       {10, 0, 10, 1},
       {10, 50, 10, 1},
       1,
       3.5},
      {"seconds before the first arrival are not part of the run",
       {0, 0, 10, 1},
       {0, 0, 12, 1},
       1.2,
       1.2},
  };
  for (const Row& row : rows) {
    CAPTURE(row.claim);
    const LoadWindows windows = Filled(row.offered, row.sent);
    REQUIRE(windows.Worst(1));
    REQUIRE(windows.Worst(10));
    CHECK(*windows.Worst(1) == Approx(row.worst_1s));
    CHECK(*windows.Worst(10) == Approx(row.worst_10s));
  }
}

TEST_CASE("windows of ten seconds start at every whole second") {
  std::vector<int> offered(31, 10);
  std::vector<int> sent(31, 10);
  for (size_t s = 7; s < 17; ++s) sent[s] = 30;  // no multiple of ten begins at 7
  CHECK(*Filled(offered, sent).Worst(10) == Approx(3));
}

TEST_CASE("without requests there is no worst window") {
  CHECK_FALSE(LoadWindows().Worst(1));
  CHECK_FALSE(Filled({}, {5, 5}).Worst(10));
}

TEST_CASE("times far outside a run cost no memory and count nowhere") {
  LoadWindows windows = Filled({10, 10, 1}, {10, 10, 1});
  windows.Sent(kNever);
  windows.Offered(kNever);
  CHECK(*windows.Worst(1) == Approx(1));
}

}  // namespace
}  // namespace squall::load_windows_test

#include "reports/recovery.h"

#include <string_view>
#include <vector>

#include "tests/catch.h"

namespace squall::recovery_test {
namespace {

constexpr TriggerWindow kTrigger{kStart + 60s, kStart + 90s};

// A piece of a run: so many seconds with so many requests offered in each, and answered rightly.
struct Piece {
  int seconds;
  int offered;
  int kept;
};

LoadWindows Played(const std::vector<Piece>& pieces) {
  LoadWindows run;
  Time at = kStart;
  for (const Piece& piece : pieces) {
    for (int s = 0; s < piece.seconds; ++s, at += 1s) {
      for (int i = 0; i < piece.offered; ++i) {
        run.Offered(at);
        if (i < piece.kept) run.Good(at, at + 20s);
      }
    }
  }
  run.Offered(at);  // the second in which arrivals stop, which is left out
  return run;
}

Recovery After(const std::vector<Piece>& pieces) { return RecoveryAfter(kTrigger, Played(pieces)); }

TEST_CASE("a run is back with the first second from which its windows stay up for a minute") {
  struct Row {
    std::string_view claim;
    std::vector<Piece> pieces;
    Recovery::Kind kind;
    double time_s;
  };
  using enum Recovery::Kind;
  const Row rows[] = {
      {"back at once", {{60, 20, 20}, {30, 40, 0}, {100, 20, 20}}, kBack, 0},
      {"a trigger that did nothing", {{300, 20, 20}}, kBack, 0},
      {"back after 40 s", {{60, 20, 20}, {70, 20, 0}, {100, 20, 20}}, kBack, 40},
      {"19 of 20 are enough", {{60, 20, 20}, {70, 20, 0}, {100, 20, 19}}, kBack, 40},
      {"18 of 20 are not", {{60, 20, 20}, {30, 20, 0}, {200, 20, 18}}, kStayedDown, 0},
      {"unless it was no better before", {{60, 20, 18}, {30, 20, 0}, {200, 20, 18}}, kBack, 0},
      {"what was down before stays down", {{60, 20, 9}, {30, 20, 0}, {200, 20, 9}}, kStayedDown, 0},
      {"59 good seconds and a relapse do not count",
       {{60, 20, 20}, {30, 20, 0}, {59, 20, 20}, {10, 20, 0}, {100, 20, 20}},
       kBack,
       69},
      {"a good end that is too short is none",
       {{60, 20, 20}, {30, 20, 0}, {100, 20, 0}, {59, 20, 20}},
       kStayedDown,
       0},
      {"a minute after the trigger is the least", {{60, 20, 20}, {89, 20, 20}}, kUnseen, 0},
      {"which is enough", {{60, 20, 20}, {90, 20, 20}}, kBack, 0},
      {"two a second are judged by windows of 50 s, in which one failure is nothing",
       {{60, 2, 2}, {30, 2, 0}, {50, 2, 2}, {1, 2, 1}, {100, 2, 2}},
       kBack,
       0},
      {"seconds without requests are up",
       {{60, 20, 20}, {30, 40, 0}, {60, 0, 0}, {60, 20, 20}},
       kBack,
       0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.claim);
    const Recovery got = After(row.pieces);
    CHECK(got.kind == row.kind);
    CHECK(got.time_s == row.time_s);
  }
}

TEST_CASE("nothing offered is nothing seen") {
  CHECK(RecoveryAfter(kTrigger, LoadWindows()).kind == Recovery::Kind::kUnseen);
}

TEST_CASE("time counts from the end of the trigger, inside a second too") {
  const LoadWindows run = Played({{60, 20, 20}, {70, 20, 0}, {100, 20, 20}});
  CHECK(RecoveryAfter({kStart + 60s, kStart + 90s + 250ms}, run).time_s == 39.75);
}

TEST_CASE("over replications the median and the worst are told, and how many stay down") {
  using enum Recovery::Kind;
  const std::vector<Recovery> mixed = {
      {kBack, 30, 300}, {kStayedDown, 0, 290}, {kBack, 10, 310}, {kUnseen, 0, 5}, {kBack, 20, 300}};
  const RecoverySummary summary = Summarize(kTrigger, mixed);
  CHECK(summary.trigger_end_s == 90);
  CHECK(summary.n == 4);
  CHECK(summary.stayed_down == 1);
  CHECK(summary.observed_s == 290);
  CHECK(summary.median_s == 20);
  CHECK(summary.worst_s == std::nullopt);
  const std::vector<Recovery> down = {{kStayedDown, 0, 9}, {kStayedDown, 0, 9}, {kBack, 1, 9}};
  CHECK(Summarize(kTrigger, down).median_s == std::nullopt);
  CHECK(Summarize(kTrigger, {}).n == 0);
}

}  // namespace
}  // namespace squall::recovery_test

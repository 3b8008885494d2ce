#include "reports/paired.h"

#include <cmath>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::paired_test {
namespace {

TEST_CASE("paired: the interval of a difference is the published formula's") {
  struct Row {
    int64_t both, first_only, second_only, neither;
    double low, high;
  };
  // Counts over the whole range, each with Newcombe's method 10 worked out by a second program.
  const Row rows[] = {{1, 1, 7, 12, -.506920, -.025559}, {36, 12, 2, 0, .056930, .340428},
                      {20, 12, 2, 16, .056156, .329207}, {18, 14, 0, 18, .144083, .396325},
                      {53, 0, 0, 1, -.072938, .072938},  {54, 0, 0, 0, -.066414, .066414},
                      {14, 5, 0, 22, .011483, .226493}};
  for (const Row& row : rows) {
    CAPTURE(row.both, row.first_only, row.second_only);
    const int64_t n = row.both + row.first_only + row.second_only + row.neither;
    const Interval interval = PairedDifference(row.both, row.first_only, row.second_only, n);
    CHECK(std::abs(interval.low - row.low) < 1e-6);
    CHECK(std::abs(interval.high - row.high) < 1e-6);
    const Interval swapped = PairedDifference(row.both, row.second_only, row.first_only, n);
    CHECK(swapped.low == Approx(-interval.high).margin(1e-12));
  }
  CHECK(PairedDifference(0, 0, 0, 0).low == -1);
  CHECK(PairedDifference(0, 0, 0, 0).high == 1);
}

TEST_CASE("paired: 95 % intervals hold the true difference in about 95 % of experiments") {
  // Each of 200 pairs: a common draw that decides for both with probability 0.8. 2,000 experiments;
  // a binomial bound at 99.9 % around 0.95 is +-1.6 points, and 1 is allowed for the approximation.
  constexpr int kExperiments = 2'000;
  constexpr int kPairs = 200;
  int held = 0;
  int narrower = 0;
  for (uint64_t experiment = 0; experiment < kExperiments; ++experiment) {
    int64_t both = 0, first_only = 0, second_only = 0;
    for (uint64_t pair = 0; pair < kPairs; ++pair) {
      const auto draw = [&](uint64_t i) { return Draw(7, Stream("paired"), experiment, pair, i); };
      const bool common = draw(0) < 0.8;
      const bool first = draw(common ? 1 : 2) < 0.85;
      const bool second = draw(common ? 1 : 3) < 0.80;
      both += first && second;
      first_only += first && !second;
      second_only += second && !first;
    }
    const Interval interval = PairedDifference(both, first_only, second_only, kPairs);
    held += interval.low <= 0.05 && 0.05 <= interval.high ? 1 : 0;
    const Interval one = Wilson(both + first_only, kPairs);
    const Interval two = Wilson(both + second_only, kPairs);
    const double apart = std::hypot(one.high - one.low, two.high - two.low);
    narrower += interval.high - interval.low < apart ? 1 : 0;
  }
  CHECK(std::abs(held / double{kExperiments} - 0.95) < 0.026);
  CHECK(narrower > kExperiments * 9 / 10);  // what pairing is for
}

TEST_CASE("paired: a mark keeps what a comparison needs of a request") {
  for (uint64_t i = 0; i < 2'000; ++i) {
    const Outcome outcome = testing::Drawn(i, 3);
    const PairMark mark = PairMark::FromByte(PairMark::Of(outcome).ToByte());
    CHECK(mark.ended);
    CHECK(mark.faulted == outcome.faulted());
    CHECK(mark.strict == (outcome.in_time && outcome.ok && outcome.body && outcome.right));
    CHECK(mark.attempts == static_cast<int>(outcome.attempts.size()));
  }
  Outcome many = testing::Healthy(0, kStart);
  many.attempts.resize(40);
  CHECK(PairMark::FromByte(PairMark::Of(many).ToByte()).attempts == PairMark::kMostAttempts);
  CHECK_FALSE(PairMark::FromByte(0).ended);
}

TEST_CASE("paired: requests are compared one by one, those of one run alone not at all") {
  const auto mark = [](bool faulted, bool strict, int attempts) {
    return PairMark{.ended = true, .faulted = faulted, .strict = strict, .attempts = attempts}
        .ToByte();
  };
  const std::vector<uint8_t> first = {mark(true, true, 2),  mark(true, false, 3),
                                      mark(false, true, 1), mark(false, true, 1),
                                      mark(true, true, 2),  mark(true, true, 2)};
  const std::vector<uint8_t> second = {mark(true, false, 1), mark(true, false, 1),
                                       mark(true, false, 1), mark(false, false, 1), 0};
  const Paired paired = ComparePairs(first, second);
  CHECK(paired.pairs == 4);
  CHECK(paired.recovered.n == 3);  // the third was led around its fault by one engine only
  CHECK(paired.recovered.first_only == 2);
  CHECK(paired.recovered.second_only == 0);
  CHECK(paired.recovered.difference == Approx(-2.0 / 3));
  CHECK(paired.right.n == 4);
  CHECK(paired.right.difference == Approx(-0.75));
  CHECK(paired.amplification == Approx(-0.75));
  const Paired same = ComparePairs(first, first);
  CHECK(same.recovered.difference == 0);
  CHECK(same.amplification_ci95.low == 0);
  CHECK(same.amplification_ci95.high == 0);
  CHECK(ComparePairs({}, {}).pairs == 0);
}

TEST_CASE("paired: metrics keep the marks in the order of requests, over replications too") {
  Metrics one(testing::SampleFaultNames());
  one.Add(testing::Retried(1, kStart));
  one.Add(testing::Healthy(0, kStart));
  Metrics other(testing::SampleFaultNames());
  other.Add(testing::Retried(0, kStart));
  Metrics sum(testing::SampleFaultNames());
  sum.Merge(one);
  sum.Merge(other);
  REQUIRE(sum.marks().size() == 3);
  CHECK_FALSE(PairMark::FromByte(sum.marks()[0]).faulted);
  CHECK(PairMark::FromByte(sum.marks()[1]).attempts == 2);
  CHECK(PairMark::FromByte(sum.marks()[2]).faulted);
}

}  // namespace
}  // namespace squall::paired_test

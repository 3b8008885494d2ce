#include "reports/svg.h"

#include <cmath>

#include "reports/html_text.h"
#include "tests/catch.h"

namespace squall::svg_test {
namespace {

std::vector<std::string> Labels(const Scale& scale) {
  std::vector<std::string> labels;
  for (const Tick& tick : scale.ticks) labels.push_back(tick.label);
  return labels;
}

TEST_CASE("svg: ticks stand at round numbers and cover the values", "[svg]") {
  struct Row {
    double high;
    std::vector<std::string> labels;
  };
  const Row rows[] = {{1, {"0", "0.5", "1"}},
                      {1.31, {"0", "0.5", "1", "1.5"}},
                      {21.4, {"0", "10", "20", "30"}},
                      {40, {"0", "10", "20", "30", "40"}},
                      {0, {"0", "0.5", "1"}}};
  for (const Row& row : rows) {
    INFO(row.high);
    const Scale scale = LinearScale(0, row.high, 4, Decimal);
    CHECK(scale.high >= row.high);
    CHECK(scale.ticks.size() <= 5);
  }
  CHECK(Labels(LinearScale(0, 21.4, 4, Decimal)) == rows[2].labels);
  CHECK(Labels(LinearScale(0, 40, 4, Decimal)) == rows[3].labels);
}

TEST_CASE("svg: times have ticks that people read", "[svg]") {
  const auto at = [](double seconds) {
    std::vector<std::string> labels = Labels(TimeScale(seconds));
    return labels.back();
  };
  CHECK(at(5) == "5\u202fs");
  CHECK(at(90) == "1:30");
  CHECK(at(500) == "8\u202fmin");
  CHECK(at(7200) == "2:00\u202fh");
  CHECK(at(86400) == "24\u202fh");
  for (const double seconds : {1.0, 7.0, 61.0, 500.0, 4'000.0, 90'000.0, 4e6}) {
    INFO(seconds);
    CHECK(TimeScale(seconds).ticks.size() <= 7);
    CHECK(TimeScale(seconds).ticks.size() >= 2);
  }
}

TEST_CASE("svg: logarithmic axes begin and end at round numbers around the values", "[svg]") {
  const Scale scale = LogScale(0.37, 8.1, Decimal);
  CHECK(scale.low == Approx(0.2));
  CHECK(scale.high == Approx(10));
  CHECK(Labels(scale) == std::vector<std::string>{"0.2", "0.5", "1", "2", "5", "10"});
  CHECK(scale.Place(scale.low) == 0);
  CHECK(scale.Place(scale.high) == Approx(1));
  CHECK(scale.Place(std::sqrt(2.0)) == Approx(0.5));
  CHECK(scale.Place(0) == 0);
}

TEST_CASE("svg: every nine of the percentiles is as wide as the one before", "[svg]") {
  const Scale scale = PercentileScale(1000);
  CHECK(scale.Place(10) == Approx(1.0 / 3));
  CHECK(scale.Place(100) == Approx(2.0 / 3));
  CHECK(scale.ticks.back().label == "99.9");
}

TEST_CASE("svg: a gap in the values is a gap in the line", "[svg]") {
  Plot plot;
  plot.height = 100;
  plot.x = TimeScale(4);
  plot.y = LinearScale(0, 1, 2, Decimal);
  plot.lines = {{"i-blue", {0, 1, 2, 3, 4}, {0, 1, kGap, 1, 1}, false, false}};
  CHECK(plot.Svg().find("d=\"M0 100L250 0M750 0L1000 0\"") != std::string::npos);
  plot.lines[0].steps = true;
  CHECK(plot.Svg().find("d=\"M0 100H250V0M750 0H1000\"") != std::string::npos);
}

TEST_CASE("svg: numbers are short, and no number is minus nothing", "[svg]") {
  CHECK(Coordinate(12) == "12");
  CHECK(Coordinate(12.34) == "12.3");
  CHECK(Coordinate(-0.01) == "0");
  CHECK(Decimal(0.25) == "0.25");
  CHECK(Decimal(1.304) == "1.3");
  CHECK(Decimal(20) == "20");
  CHECK(Decimal(12345) == "12\u202f345");
  CHECK(Decimal(-0.001) == "0");
}

}  // namespace
}  // namespace squall::svg_test

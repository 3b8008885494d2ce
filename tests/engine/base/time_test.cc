#include "engine/base/time.h"

#include <cmath>

#include "tests/catch.h"

namespace squall::time_test {
namespace {

TEST_CASE("durations read back as they print", "[base]") {
  for (const Duration d : {Duration(0), Duration(1), Duration(-1), Duration(250ms), Duration(90s),
                           Duration(1min + 30s + 5ms), Duration(25h), Duration(9'100'000'000s),
                           Duration(-9'100'000'000s + 1ns)}) {
    const std::string text = FormatDuration(d);
    CAPTURE(text);
    const absl::StatusOr<Duration> back = ParseDuration(text);
    REQUIRE(back.ok());
    // Beyond 2^53 ns (104 days) reading goes through doubles and may be off by their rounding.
    const auto error = static_cast<double>(back->count()) - static_cast<double>(d.count());
    CHECK(std::abs(error) <= std::abs(static_cast<double>(d.count())) * 1e-15);
  }
}

TEST_CASE("durations are read in the units people write", "[base]") {
  const std::pair<const char*, Duration> rows[] = {
      {"250ms", 250ms}, {"1.5s", 1500ms}, {"2m", 2min},  {"1h30m", 90min},
      {"10us", 10us},   {"7m12s", 432s},  {"0", 0s},     {"-3s", -3s},
      {"0.5ms", 500us}, {"1d", 24h},      {"12ns", 12ns}};
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    const absl::StatusOr<Duration> read = ParseDuration(text);
    REQUIRE(read.ok());
    CHECK(*read == expected);
  }
}

TEST_CASE("a number without a unit, or with an unknown one, is no duration", "[base]") {
  for (const char* text :
       {"", "5", "s", "5 s", "5x", "1e400s", "nan", "-", "--1s", "1s2", "99999999999h"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDuration(text).ok());
  }
}

TEST_CASE("sums with time stop at the end of time", "[base]") {
  CHECK(SaturatingAdd(kNever, 1s) == kNever);
  CHECK(SaturatingAdd(kNever - 1s, 2s) == kNever);
  CHECK(SaturatingAdd(kStart, 2s) == kStart + 2s);
}

TEST_CASE("seconds that do not fit saturate", "[base]") {
  CHECK(FromSeconds(1e300) == Duration::max());
  CHECK(FromSeconds(-1e300) == Duration::min());
  CHECK(FromSeconds(std::nan("")) == Duration::zero());
  CHECK(FromSeconds(0.25) == 250ms);
}

}  // namespace
}  // namespace squall::time_test

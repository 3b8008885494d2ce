#include "reports/text.h"

#include <numeric>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace squall::text_test {
namespace {

constexpr TextStyle kPlain{.colour = false, .utf8 = true};
constexpr TextStyle kAscii{.colour = false, .utf8 = false};

TEST_CASE("counts are grouped in thousands, and shortened where they do not fit") {
  CHECK(CountText(0) == "0");
  CHECK(CountText(999) == "999");
  CHECK(CountText(1000) == "1 000");
  CHECK(CountText(1234567) == "1 234 567");
  CHECK(CountText(-1234) == "-1 234");
  CHECK(CountText(-123) == "-123");
  CHECK(CompactText(1234567, 9) == "1 234 567");
  CHECK(CompactText(1234567, 8) == "1.23 M");
  CHECK(CompactText(999'999, 6) == "1.00 M");
  CHECK(DisplayWidth(CompactText(INT64_MAX, 9)) <= 11);
}

TEST_CASE("a percentage never rounds something to nothing or most to all") {
  CHECK(PercentText(0, 10) == "0.0 %");
  CHECK(PercentText(10, 10) == "100.0 %");
  CHECK(PercentText(5085, 6049) == "84.1 %");
  CHECK(PercentText(1, 1'000'000) == "<0.1 %");
  CHECK(PercentText(999'999, 1'000'000) == ">99.9 %");
  CHECK(PercentText(0, 0) == "n/a");
  CHECK(IntervalText(5085, 6049) == "[83.1, 85.0]");
  CHECK(IntervalColumn(0, 100) == "[ 0.0,  3.7]");
}

TEST_CASE("durations and money choose their unit by size") {
  CHECK(DurationText(0, kPlain) == "0 ns");
  CHECK(DurationText(812, kPlain) == "812 ns");
  CHECK(DurationText(999.6, kPlain) == "1.00 µs");
  CHECK(DurationText(1804, kAscii) == "1.80 us");
  CHECK(DurationText(350e6, kPlain) == "350 ms");
  CHECK(DurationText(31e9, kPlain) == "31.0 s");
  CHECK(MoneyText(0) == "$0");
  CHECK(MoneyText(12.3056) == "$12.31");
  CHECK(MoneyText(0.00042) == "$0.00042");
  CHECK(MoneyText(0.5) == "$0.50");
  CHECK(MoneyText(123456.4) == "$123 456");
  CHECK(MoneyText(1e12) == "$1.00 T");
}

TEST_CASE("widths count columns, not bytes, and escapes take none") {
  CHECK(DisplayWidth("abc") == 3);
  CHECK(DisplayWidth("µs × █") == 6);
  CHECK(DisplayWidth("停电") == 4);
  CHECK(DisplayWidth("e\xcc\x81") == 1);
  CHECK(DisplayWidth("🌪") == 2);
  CHECK(DisplayWidth("\x1b[1;36mab\x1b[0m") == 2);
  CHECK(Clip("停电五分钟", 5, kPlain) == "停电…");
  CHECK(Clip("abcdef", 4, kAscii) == "abc~");
  CHECK(PadLeft("µ", 3) == "  µ");
}

TEST_CASE("text from outside cannot steer the terminal") {
  CHECK(Printable("a\x1b[31mb\r\n", kPlain) == "a?[31mb??");
  CHECK(Printable("caf\xe9", kPlain) == "caf?");
  CHECK(Printable("café", kPlain) == "café");
  CHECK(Printable("café", kAscii) == "caf?");
  CHECK(Printable("\xe2\x80\xae"
                  "abc",
                  kPlain) == "?abc");  // right-to-left override
  CHECK(Printable("\xc2\x9b"
                  "31m",
                  kPlain) == "?31m");  // the one-character escape
}

TEST_CASE("bars fill their width and show every part that is not zero") {
  const std::vector<std::vector<int64_t>> cases = {
      {1, 0, 0, 0}, {1, 1, 1, 1}, {1'000'000, 1, 1, 1}, {0, 3, 0, 5}, {333, 333, 334, 1}};
  for (const std::vector<int64_t>& parts : cases) {
    const std::vector<int> cells = BarCells(parts, 76);
    CHECK(std::accumulate(cells.begin(), cells.end(), 0) == 76);
    for (size_t i = 0; i < parts.size(); ++i) CHECK((cells[i] > 0) == (parts[i] > 0));
  }
  CHECK(BarCells({0, 0}, 10) == std::vector<int>{0, 0});
}

// What a shell makes of it: a backslash at the end of a line joins it with the next.
std::string Joined(std::string text) {
  for (size_t at; (at = text.find("\\\n")) != std::string::npos;) {
    size_t end = at + 2;
    while (end < text.size() && text[end] == ' ') ++end;
    text.erase(at, end - at);
  }
  return text;
}

TEST_CASE("a wrapped command can be copied as it stands") {
  const std::string words =
      "squall run scenarios/outage-5min.json --seed 42 --engine self_healing "
      "--set /engine/retry/max_attempts=5 --replications 6";
  CHECK(Joined(WrapCommand(words, "REPEAT        ", 14)) == "REPEAT        " + words + "\n");

  const std::string path = "squall run /" + std::string(200, 'p') + " --seed 1";
  CHECK(Joined(WrapCommand(path, "", 4)) == path + "\n");

  // Inside quotes a backslash is no continuation: the quote closes before it and opens again after.
  const std::string quoted = WrapCommand("run '" + std::string(120, 'q') + " x'", "", 4);
  CHECK(Joined(quoted).find("q''q") != std::string::npos);
  CHECK(WrapCommand("run 'a b'", "", 4) == "run 'a b'\n");
}

TEST_CASE("items flow over lines without being broken") {
  const std::vector<std::string> items(12, std::string(20, 'i'));
  const std::string text = Flow(items, " | ", "LABEL ", 6);
  CHECK(text.substr(0, 8) == "LABEL ii");
  CHECK(text.find("\n      ii") != std::string::npos);
  CHECK(text.find("| \n") == std::string::npos);
}

}  // namespace
}  // namespace squall::text_test

#include <absl/status/status.h>

#include <chrono>
#include <fstream>

#include "scenarios/scenario.h"
#include "tests/catch.h"
#include "tests/scenarios/temporary_folder.h"

namespace squall::trace_test {
namespace {

constexpr std::string_view kHeader = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";

std::string Trace(const std::string& rows) { return std::string(kHeader) + rows; }

TEST_CASE("a trace gives offsets from its first row, exact to 100 ns") {
  const auto rows = ParseTrace(Trace("2023-11-16 18:17:03.9799600,4808,10\r\n"
                                     "2023-11-16 18:17:04.0319600,3180,8\r\n"
                                     "2023-11-16 18:17:04.0319601,0,0"),
                               "t.csv");
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 3);
  CHECK((*rows)[0].at == 0s);
  CHECK((*rows)[0].context_tokens == 4808);
  CHECK((*rows)[0].generated_tokens == 10);
  CHECK((*rows)[1].at == 52ms);
  CHECK((*rows)[2].at == 52ms + 100ns);
}

TEST_CASE("line ends and a last newline make no difference") {
  const std::string lf =
      "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,1,2\n"
      "2023-11-16 18:17:05.9799600,3,4\n";
  std::string crlf;
  for (const char c : lf) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text :
       {lf, lf.substr(0, lf.size() - 1), crlf, crlf.substr(0, crlf.size() - 2)}) {
    CAPTURE(text);
    const auto rows = ParseTrace(text, "t.csv");
    REQUIRE(rows.ok());
    REQUIRE(rows->size() == 2);
    CHECK((*rows)[1].at == 2s);
    CHECK((*rows)[1].generated_tokens == 4);
  }
}

TEST_CASE("a trace may cross midnight, a leap day and a year") {
  const auto rows = ParseTrace(Trace("2023-12-31 23:59:59.5,1,1\n2024-01-01 00:00:00,1,1\n"
                                     "2024-02-29 00:00:00,1,1\n2024-03-01 00:00:00+00:00,1,1\n"),
                               "t.csv");
  REQUIRE(rows.ok());
  CHECK((*rows)[1].at == 500ms);
  CHECK((*rows)[3].at - (*rows)[2].at == 24h);
}

TEST_CASE("a bad row is an error with its line, what was got and what was expected") {
  const std::string good = "2023-11-16 18:17:03.9799600,4808,10\r\n";
  const auto bad = GENERATE(values<std::string>({
      "2023-11-16 18:17:03.9799600,4808",
      "2023-11-16 18:17:03.9799600,4808,10,7",
      "2023-11-16 18:17:03.9799600,-1,10",
      "2023-11-16 18:17:03.9799600,4808,ten",
      "2023-11-16 18:17:03.9799600,4808,99999999999999999999",
      "2023-11-16 18:17:03.,4808,10",
      "2023-11-16 18:17:03.0123456789,4808,10",
      "2023-11-16 25:17:03.9799600,4808,10",
      "2023-02-30 18:17:03.9799600,4808,10",
      "2023-11-16,4808,10",
      "hello",
      "",
  }));
  const auto rows = ParseTrace(Trace(good + bad + "\r\n" + good), "some/t.csv");
  REQUIRE(!rows.ok());
  CHECK(rows.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(rows.status().message()) ==
        "some/t.csv:3: got \"" + bad +
            "\", expected a row such as 2023-11-16 18:17:03.9799600,4808,10");
}

TEST_CASE("a row before the one above it is an error with its line") {
  const auto rows = ParseTrace(Trace("2023-11-16 18:17:03.2,1,1\n2023-11-16 18:17:03.3,1,1\n"
                                     "2023-11-16 18:17:03.1,1,1\n"),
                               "t.csv");
  REQUIRE(!rows.ok());
  CHECK(std::string(rows.status().message()) ==
        "t.csv:4: got \"2023-11-16 18:17:03.1,1,1\", expected a time that is not before the row "
        "above");
}

TEST_CASE("a trace needs its header and at least one row") {
  const auto headless = ParseTrace("2023-11-16 18:17:03.9799600,4808,10\n", "t.csv");
  CHECK(std::string(headless.status().message()) ==
        "t.csv:1: got \"2023-11-16 18:17:03.9799600,4808,10\", expected "
        "TIMESTAMP,ContextTokens,GeneratedTokens");
  const auto empty = ParseTrace(kHeader, "t.csv");
  CHECK(std::string(empty.status().message()) == "t.csv:2: got no rows, expected at least one");
}

TEST_CASE("a missing trace is not found") {
  const auto rows = LoadTrace("no/such/trace.csv");
  CHECK(rows.status().code() == absl::StatusCode::kNotFound);
  CHECK(std::string(rows.status().message()) == "no/such/trace.csv: no such file");
}

TEST_CASE("a trace of ten thousand rows is read from disk in order") {
  const TemporaryFolder folder;
  std::string text(kHeader);
  for (int i = 0; i < 10'000; ++i) {
    char row[64];
    std::snprintf(row, sizeof(row), "2023-11-16 %02d:%02d:%02d.%07d,%d,%d\r\n", i / 3600,
                  i / 60 % 60, i % 60, i, i, i % 7);
    text += row;
  }
  const auto rows = LoadTrace(folder.Write("trace.csv", text));
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 10'000);
  CHECK(rows->back().at == 9'999s + 9'999 * 100ns);
  CHECK(rows->back().context_tokens == 9'999);
}

}  // namespace
}  // namespace squall::trace_test

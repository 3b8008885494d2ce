// squall reproduce from outside: what it prints, the shape of its JSON, its exit codes.
#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/text.h"
#include "tests/bench/command.h"

namespace squall::cmd_reproduce_test {
namespace {

using nlohmann::json;

// One that takes little time, and one that takes none.
constexpr const char* kQuick = "fail-fast-10ms";
constexpr const char* kUntestable = "runaway-47000";

TEST_CASE("reproduce: an unknown claim is one line with the nearest name, and exit code 2") {
  const CommandResult result = Squall("reproduce 84.2");
  CHECK(result.code == 2);
  CHECK(result.out.empty());
  CHECK(Lines(result.err) == 1);
  CHECK(Contains(result.err, "did you mean \"84.1\"?"));
}

TEST_CASE("reproduce: the list names every claim and runs none") {
  const CommandResult result = Squall("reproduce --list");
  CHECK(result.code == 0);
  for (const char* id : {"84.1", "19us", "243x", kQuick, kUntestable}) {
    CAPTURE(id);
    CHECK(Contains(result.out, std::string("  ") + id + " "));
  }
}

TEST_CASE("reproduce: the JSON has one claim per id, with figures or with a reason") {
  const CommandResult result =
      Squall(std::string("reproduce --json ") + kQuick + " " + kUntestable);
  CHECK(result.code == 0);
  const json document = json::parse(result.out);
  REQUIRE(document.size() == 1);
  REQUIRE(document["claims"].size() == 2);
  const json& judged = document["claims"][0];
  CHECK(judged["id"] == kQuick);
  CHECK(judged["published"] == 10);
  CHECK(judged["measured"].is_number());
  CHECK(judged["ci95"].size() == 2);
  CHECK(judged["n"] == 5);
  CHECK(judged["verdict"] == "reproduced");
  CHECK(judged["commands"][0] == "squall run outage-5min-no-fallback --replications 5");
  const json& open = document["claims"][1];
  CHECK(open["verdict"] == "not_testable");
  CHECK(open["measured"].is_null());
  CHECK(open["reason"].get<std::string>().size() > 20);
}

TEST_CASE("reproduce: twice the same bytes, on one thread or two, within 80 columns", "[long]") {
  const std::string ids = std::string(" ") + kQuick + " " + kUntestable;
  for (const char* form : {"", "--json", "--markdown"}) {
    CAPTURE(form);
    const CommandResult one = Squall(std::string("reproduce --threads 1 ") + form + ids);
    const CommandResult two = Squall(std::string("reproduce --threads 2 ") + form + ids);
    CHECK(one.code == 0);
    CHECK(one.out == two.out);
    if (*form != '\0') continue;
    std::istringstream lines(one.out);
    for (std::string line; std::getline(lines, line);) CHECK(DisplayWidth(line) <= kTextWidth);
  }
}

TEST_CASE("reproduce: a time is given as a bound, and told apart from what is the same each time",
          "[long]") {
  const CommandResult result = Squall("reproduce --json 19us");
  const json document = json::parse(result.out);
  const json& claim = document["claims"][0];
  CHECK(claim["method"] == "upper bound of a time");
  CHECK(claim["ci95"].is_null());
  CHECK(Contains(result.err, "19us: "));
}

}  // namespace
}  // namespace squall::cmd_reproduce_test

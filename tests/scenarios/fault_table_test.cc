// A table of faults read alone, as the control API of squall serve takes it.
#include "scenarios/scenario.h"
#include "tests/catch.h"

namespace squall::fault_table_test {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST_CASE("fault table: each mistake is one line with its pointer, as in a scenario") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row rows[] = {
      {"", "body:1:1: "},
      {"[]", "got an empty list, expected an object"},
      {"{\"timeout\": 1}", "/timeout: got 1, expected an object"},
      {"{\"timeot\": {}}", "/timeot: got unknown fault \"timeot\", expected one of "},
      {"{\"timeot\": {}}", "did you mean \"timeout\"?"},
      {"{\"timeout\": {\"rat\": 1}}", "/timeout/rat: got unknown key \"rat\""},
      {"{\"timeout\": {\"rate\": -1}}", "/timeout/rate: got -1, expected a number from 0 to 1"},
      {"{\"timeout\": {\"rate\": 0.7}, \"slow\": {\"rate\": 0.6}}",
       "got fault rates that sum to 1.3, expected at most 1"},
      {"{\"timeout\": {\"rate\": 1}, \"timeout\": {}}", "a second time"},
      {"{\"rate_limit\": {\"variants\": {\"politely\": 1}}}", "/rate_limit/variants/politely: "},
      {"{\"rate_limit\": {\"variants\": {\"with_hint\": 0}}}", "expected one above 0"},
      {"{\"rate_limit\": {\"retry_after\": \"soon\"}}", "expected a duration"},
      {"{\"slow\": {\"request_bound\": 0.7, \"common_cause\": 0.7}}", "must sum to at most 1"},
      {"{} {}", "not JSON"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto faults = LoadFaultsText(row.text, "body");
    REQUIRE_FALSE(faults.ok());
    const std::string message(faults.status().message());
    CAPTURE(message);
    CHECK(Contains(message, row.says));
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("fault table: what is dumped loads again to the same values") {
  const auto faults = LoadFaultsText(
      R"({"timeout": {"rate": 0.25}, "rate_limit": {"rate": 0.5, "variants": {"with_hint": 2},
          "retry_after": "1m30s"}, "slow": {}})",
      "body");
  REQUIRE(faults.ok());
  CHECK(faults->size() == 3);
  CHECK(faults->at("timeout").rate == 0.25);
  CHECK(faults->at("rate_limit").retry_after == 90s);
  const auto again = LoadFaultsText(DumpFaults(*faults), "body");
  REQUIRE(again.ok());
  CHECK(DumpFaults(*again) == DumpFaults(*faults));
  CHECK(LoadFaultsText("{}", "body")->empty());
}

}  // namespace
}  // namespace squall::fault_table_test

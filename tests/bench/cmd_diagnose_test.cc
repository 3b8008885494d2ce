// squall diagnose from outside: lines in order, bad ones by number, bounded input, readable output.
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/bench/command.h"
#include "tests/paths.h"

namespace squall::cmd_diagnose_test {
namespace {

using nlohmann::json;

// `input` through `squall diagnose ARGUMENTS`; code, out and err as a user sees them.
CommandResult Diagnosed(const std::string& input, const std::string& arguments = "") {
  const TempFolder folder;
  const std::string line = "'" + SquallBinary() + "' diagnose " + arguments + " <'" +
                           folder.Write("in", input) + "' >'" + folder.Path("out") + "' 2>'" +
                           folder.Path("err") + "'";
  const int status = std::system(line.c_str());
  CommandResult result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = ReadFile(folder.Path("out"));
  result.err = ReadFile(folder.Path("err"));
  return result;
}

std::vector<json> Rows(const std::string& text) {
  std::vector<json> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) rows.push_back(json::parse(line));
  return rows;
}

TEST_CASE("cli diagnose: lines are answered in order, bad ones by their number", "[cli]") {
  const std::string input =
      "{\"http_status\": 429}\n"
      "not json\n"
      "\n"
      "{\"http_status\": 401, \"provider\": null, \"dialect\": null}\r\n"
      "{\"http_status\": 99}\n"
      "{\"status\": 500}\n"
      "{\"transport_error\": \"ECONNRESET\"}";
  const CommandResult result = Diagnosed(input, "--jsonl");
  const std::vector<json> rows = Rows(result.out);
  CAPTURE(result.out, result.err);
  CHECK(result.code == 65);
  REQUIRE(rows.size() == 6);
  CHECK(rows[0]["class"] == "rate_limit");
  CHECK(rows[1]["line"] == 2);
  CHECK(rows[2]["class"] == "auth_failure");
  CHECK(rows[3]["line"] == 5);
  CHECK(rows[4]["line"] == 6);
  CHECK(rows[5]["class"] == "connection");
  CHECK(Lines(result.err) == 3);
  CHECK(Contains(result.err, "line 5: /http_status: expected 100 to 599"));
  CHECK(Contains(result.err, "is it http_status?"));
}

TEST_CASE("cli diagnose: good lines alone are success", "[cli]") {
  const CommandResult result = Diagnosed("{\"http_status\": 500}\n\n", "--jsonl");
  CHECK(result.code == 0);
  CHECK(Lines(result.out) == 1);
  CHECK(result.err.empty());
}

TEST_CASE("cli diagnose: a line that is too long or too deep does not stop the others", "[cli]") {
  const std::string input = "{\"body\": \"" + std::string(17 << 20, 'x') + "\"}\n" +
                            "{\"body\": " + std::string(100'000, '[') + std::string(100'000, ']') +
                            "}\n{\"http_status\": 503}\n";
  const CommandResult result = Diagnosed(input, "--jsonl");
  const std::vector<json> rows = Rows(result.out);
  CHECK(result.code == 65);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["error"] == "longer than 16777216 bytes");
  CHECK(rows[1]["error"] == "nested deeper than 200 levels");
  CHECK(rows[2]["class"] == "overloaded");
}

TEST_CASE("cli diagnose: what is no reply is said in one line", "[cli]") {
  const std::pair<const char*, const char*> rows[] = {
      {"", "empty"},
      {"oops", "not a JSON document"},
      {"[1]", "expected an object"},
      {"{}", "an error alone goes into body"},
      {R"({"http_status": "429"})", "/http_status: expected an integer or null"},
      {R"({"http_status": 429, "headers": []})", "/headers: expected an object"},
      {R"({"http_status": 429, "provider": 7})", "/provider: expected a text or null"}};
  for (const auto& [input, says] : rows) {
    CAPTURE(input);
    const CommandResult result = Diagnosed(input);
    CHECK(result.code == 65);
    CHECK(result.out.empty());
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err, says));
  }
}

TEST_CASE("cli diagnose: bodies may be objects and headers may be lists", "[cli]") {
  const CommandResult result =
      Diagnosed(R"({"http_status": 429, "headers": {"Retry-After": ["2", "9"]},)"
                R"( "body": {"error": {"code": "rate_limit_exceeded"}}})");
  const json row = json::parse(result.out);
  CHECK(row["retry_after_ms"] == 2000);
  CHECK(row["rule"] == "limit.rate");
}

TEST_CASE("cli diagnose: on a terminal no line is wider than 80 columns", "[cli]") {
  const std::string replies[] = {
      R"({"http_status":429,"headers":{"retry-after":"68940"}})",
      R"({"http_status":402,"body":"This needs more credits, you can only afford 3."})",
      R"({"http_status":400,"body":{"error":{"code":"unsupported_parameter"}}})",
      R"({"http_status":200,"body":{"choices":[]}})"};
  for (const std::string& reply : replies) {
    CAPTURE(reply);
    const std::string text = InlineScript(
        "echo '" + reply + "' >\"$2/in\"; script -qec \"'$1' diagnose <'$2/in'\" /dev/null");
    CHECK(Contains(text, "class "));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 81);  // with the CR of a terminal
    }
  }
}

}  // namespace
}  // namespace squall::cmd_diagnose_test

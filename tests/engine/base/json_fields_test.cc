#include "engine/base/json_fields.h"

#include <array>
#include <nlohmann/json.hpp>

#include "tests/catch.h"

namespace squall::json_fields_test {
namespace {

using nlohmann::json;

enum class Mode : uint8_t { kFirst, kSecond };
constexpr std::array<std::string_view, 2> kModeNames = {"first", "second"};

struct Part {
  int64_t size = 3;
};

struct Whole {
  bool flag = true;
  int64_t count = 5;
  double rate = 0.5;
  std::string text = "abc";
  Duration span = 250ms;
  std::vector<std::string> names = {"x"};
  Mode mode = Mode::kFirst;
  Part part;
  std::vector<Part> parts;
  std::map<std::string, Part> by_name;
  std::map<std::string, double> weights = {{"a", 1}};
};

void Describe(Fields& f, Part& p) { f.Int("size", p.size, {0, 10}, "Size of the part."); }

void Describe(Fields& f, Whole& w) {
  f.Bool("flag", w.flag, "A flag.");
  f.Int("count", w.count, {1, 100}, "A count.");
  f.Number("rate", w.rate, kRateRange, "A rate.");
  f.Text("text", w.text, "A text.");
  f.Span("span", w.span, {1ms, 1h}, "A span.");
  f.TextList("names", w.names, "Some names.");
  f.Enum("mode", w.mode, kModeNames, "A mode.");
  f.Struct("part", w.part, "A part.");
  f.List("parts", w.parts, "Some parts.");
  f.Map("by_name", w.by_name, "Parts by name.");
  f.NumberMap("weights", w.weights, kNotNegative, "Weights.");
  f.Require(w.count != 13, "count must not be 13");
}

// "pointer: message" per problem.
std::vector<std::string> Read(const json& document, Whole* whole) {
  Problems problems;
  ReadFields(
      document, [whole](Fields& f) { Describe(f, *whole); }, &problems);
  std::vector<std::string> lines;
  for (const Problem& problem : problems.list()) {
    lines.push_back(problem.pointer + ": " + problem.message);
  }
  return lines;
}

std::string Dump(Whole whole) {
  return DumpFields([&whole](Fields& f) { Describe(f, whole); }).dump();
}

TEST_CASE("a mistake is one line with pointer, got and expected") {
  struct Row {
    const char* input;
    const char* line;
  };
  const auto row = GENERATE(values<Row>({
      {R"({"flag": 1})", "/flag: got 1, expected true or false"},
      {R"({"count": 0})", "/count: got 0, expected an integer from 1 to 100"},
      {R"({"count": 1.5})", "/count: got 1.5, expected an integer from 1 to 100"},
      {R"({"count": "7"})", "/count: got \"7\", expected an integer from 1 to 100"},
      {R"({"count": 18446744073709551615})",
       "/count: got 18446744073709551615, expected an integer from 1 to 100"},
      {R"({"count": 1e300})", "/count: got 1e+300, expected an integer from 1 to 100"},
      {R"({"rate": -0.1})", "/rate: got -0.1, expected a number from 0 to 1"},
      {R"({"rate": null})", "/rate: got null, expected a number from 0 to 1"},
      {R"({"text": []})", "/text: got an empty list, expected a text"},
      {R"({"span": 5})",
       "/span: got 5, expected a duration from 1ms to 1h, such as \"250ms\" or \"1m30s\""},
      {R"({"span": "5 parsecs"})",
       "/span: got \"5 parsecs\", expected a duration from 1ms to 1h, such as \"250ms\" or "
       "\"1m30s\""},
      {R"({"span": "2h"})",
       "/span: got \"2h\", expected a duration from 1ms to 1h, such as \"250ms\" or \"1m30s\""},
      {R"({"names": ["x", 2]})", "/names/1: got 2, expected a text"},
      {R"({"names": "x"})", "/names: got \"x\", expected a list of texts"},
      {R"({"mode": "secnod"})",
       "/mode: got \"secnod\", expected one of first, second; did you mean \"second\"?"},
      {R"({"mode": 2})", "/mode: got 2, expected one of first, second"},
      {R"({"part": 3})", "/part: got 3, expected an object"},
      {R"({"part": {"size": 11}})", "/part/size: got 11, expected an integer from 0 to 10"},
      {R"({"parts": {}})", "/parts: got an empty object, expected a list of objects"},
      {R"({"parts": [{}, 1]})", "/parts/1: got 1, expected an object"},
      {R"({"parts": [{}, {"sise": 1}]})",
       "/parts/1/sise: got unknown key \"sise\", expected one of size; did you mean \"size\"?"},
      {R"({"by_name": {"a/b": {"size": -1}}})",
       "/by_name/a~1b/size: got -1, expected an integer from 0 to 10"},
      {R"({"weights": {"a": -1}})", "/weights/a: got -1, expected a number of at least 0"},
      {R"({"count": 13})", ": got values that break a rule: count must not be 13"},
      {"[1]", ": got a list, expected an object"},
  }));
  CAPTURE(row.input);
  Whole whole;
  CHECK(Read(json::parse(row.input), &whole) == std::vector<std::string>{row.line});
}

TEST_CASE("all mistakes are reported together and good values beside them are read") {
  Whole whole;
  const auto lines =
      Read(json::parse(R"({"count": 0, "rate": 2, "text": "new", "zzz": 1})"), &whole);
  CHECK(lines.size() == 3);
  CHECK(whole.count == 5);
  CHECK(whole.text == "new");
}

TEST_CASE("a rule is not judged on values that could not be read") {
  Whole whole;
  whole.count = 13;
  CHECK(Read(json::parse(R"({"rate": 2})"), &whole).size() == 1);
}

TEST_CASE("what the document lacks keeps its value") {
  Whole whole;
  whole.part.size = 7;
  whole.by_name["kept"].size = 9;
  CHECK(Read(json::parse(R"({"part": {}, "by_name": {"new": {}, "kept": {}}})"), &whole).empty());
  CHECK(whole.part.size == 7);
  CHECK(whole.by_name["kept"].size == 9);
  CHECK(whole.by_name["new"].size == 3);
  CHECK(whole.weights.size() == 1);
}

TEST_CASE("lists and weights are replaced whole") {
  Whole whole;
  whole.parts.resize(3);
  CHECK(Read(json::parse(R"({"names": [], "parts": [{}], "weights": {"b": 2}})"), &whole).empty());
  CHECK(whole.names.empty());
  CHECK(whole.parts.size() == 1);
  CHECK(whole.weights == std::map<std::string, double>{{"b", 2}});
}

TEST_CASE("whole numbers may be written with an exponent or a point") {
  Whole whole;
  CHECK(Read(json::parse(R"({"count": 1e2})"), &whole).empty());
  CHECK(whole.count == 100);
  CHECK(Read(json::parse(R"({"count": 7.0})"), &whole).empty());
  CHECK(whole.count == 7);
}

TEST_CASE("a dump reads back to the same dump") {
  Whole whole;
  whole.rate = 1.0 / 3;
  whole.span = 1h - 1ns;
  whole.mode = Mode::kSecond;
  whole.parts = {{1}, {2}};
  whole.by_name = {{"a/b~c", {4}}};
  whole.weights = {{"q", 0.1}, {"r", 3}};
  whole.text = "quote \" and \n";
  Whole back;
  const std::string dump = Dump(whole);
  CHECK(Read(json::parse(dump), &back).empty());
  CHECK(Dump(back) == dump);
  CHECK(back.rate == whole.rate);
  CHECK(back.span == whole.span);
}

TEST_CASE("a dump keeps the order of the description and writes whole numbers whole") {
  Whole whole;
  whole.rate = 1;
  CHECK(Dump(whole).substr(0, 60) ==
        R"({"flag":true,"count":5,"rate":1,"text":"abc","span":"250ms",)");
}

TEST_CASE("a schema has a description, type, range, default and enumeration per field") {
  Whole whole;
  const auto schema = SchemaOfFields([&whole](Fields& f) { Describe(f, whole); });
  CHECK(schema["type"] == "object");
  CHECK(schema["additionalProperties"] == false);
  const auto& p = schema["properties"];
  CHECK(p["count"].dump() ==
        R"({"description":"A count.","type":"integer","minimum":1,"maximum":100,"default":5})");
  CHECK(p["rate"]["maximum"] == 1);
  CHECK(p["mode"]["enum"].dump() == R"(["first","second"])");
  CHECK(p["mode"]["default"] == "first");
  CHECK(p["span"]["default"] == "250ms");
  CHECK(p["parts"]["items"]["properties"]["size"]["default"] == 3);
  CHECK(p["by_name"]["additionalProperties"]["properties"]["size"]["maximum"] == 10);
  CHECK(p["weights"]["additionalProperties"]["minimum"] == 0);
  CHECK(p["weights"]["default"].dump() == R"({"a":1})");
}

TEST_CASE("the nearest name is a likely misspelling or nothing") {
  const std::vector<std::string> known = {"timeout", "rate_limit", "server_error", "to"};
  CHECK(Nearest("timeuot", known) == "timeout");
  CHECK(Nearest("ratelimit", known) == "rate_limit");
  CHECK(Nearest("server_eror", known) == "server_error");
  CHECK(Nearest("banana", known) == "");
  CHECK(Nearest("xy", known) == "");
  CHECK(Nearest("", known) == "");
}

TEST_CASE("a long or broken value is shown short and as valid UTF-8") {
  CHECK(ShowText(std::string(1000, 'a')).size() < 80);
  CHECK(ShowText("ab\xff") == "\"ab\xef\xbf\xbd\"");
  const std::string cut = ShowText(std::string(59, 'a') + "\xe2\x82\xac and more");
  CHECK(cut == "\"" + std::string(59, 'a') + "…\"");
}

TEST_CASE("a flood of mistakes is counted rather than listed") {
  json document;
  for (int i = 0; i < 100; ++i) document["unknown" + std::to_string(i)] = i;
  Whole whole;
  Problems problems;
  ReadFields(
      document, [&whole](Fields& f) { Describe(f, whole); }, &problems);
  CHECK(problems.list().size() == Problems::kMaxProblems);
  CHECK(problems.count() == 100);
}

}  // namespace
}  // namespace squall::json_fields_test

#include "engine/repair.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/repair_reask.h"
#include "tests/catch.h"

namespace squall::repair_test {
namespace {

using nlohmann::json;

struct Row {
  const char* text;
  const char* wanted;  // nullptr: cannot be repaired
  unsigned steps;
};

TEST_CASE("repair: one step at a time, and all of them together", "[engine]") {
  const Row rows[] = {
      {"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}", kRepairBom},
      {"```json\n{\"a\":1}\n```", "{\"a\":1}", kRepairFences},
      {"```\n[1]\n```\n", "[1]", kRepairFences},
      {"```json {\"a\":1} ```", "{\"a\":1}", kRepairFences},
      {"```json\n42\n```", "42", kRepairFences},
      {"Here you are:\n```json\n{\"a\":1}\n```\nAnything else?", "{\"a\":1}",
       kRepairFences | kRepairProse},
      {"Sure! {\"a\":1} Hope it helps.", "{\"a\":1}", kRepairProse},
      {"As in [1], the result is {\"a\":[1,2]}.", "{\"a\":[1,2]}", kRepairProse},
      {"{x} stands for {\"a\":1}", "{\"a\":1}", kRepairProse},
      {"{\"a\":1}{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}", kRepairProse},
      {"{\"a\":1,}", "{\"a\":1}", kRepairTrailingCommas},
      {"[1, 2 , ]", "[1, 2  ]", kRepairTrailingCommas},
      {"{'a':'it''s'}", "{\"a\":\"it''s\"}", kRepairSingleQuotes},
      {"{'a':'it's'}", "{\"a\":\"it's\"}", kRepairSingleQuotes},
      {"{'a':'say \"x\"'}", "{\"a\":\"say \\\"x\\\"\"}", kRepairSingleQuotes},
      {"{'a':'b\\'c'}", "{\"a\":\"b'c\"}", kRepairSingleQuotes},
      {"{\"a\":True,\"b\":False,\"c\":None}", "{\"a\":true,\"b\":false,\"c\":null}",
       kRepairPythonLiterals},
      {"{\"a\":\"x\ny\tz\x01\"}", "{\"a\":\"x\\ny\\tz\\u0001\"}", kRepairRawControls},
      {"\v33\f", "33", kRepairRawControls},
      {"[1,\v2]", "[1, 2]", kRepairRawControls},
      {"{\"a\":\"\\d+ it\\'s\"}", "{\"a\":\"\\\\d+ it's\"}", kRepairEscapes},
      {"```\n{'a': True, 'b': [1,],\n", "{\"a\": true, \"b\": [1]}",
       kRepairFences | kRepairProse | kRepairSingleQuotes | kRepairPythonLiterals |
           kRepairTrailingCommas | kRepairTruncation},
      {"", nullptr, 0},
      {"   ", nullptr, 0},
      {"No idea, sorry.", nullptr, 0},
      {"\"half a text", nullptr, 0},
      {"{\"a\":1,,\"b\":2}", nullptr, 0},
      {"{\"a\":01}", nullptr, 0},
      {"{\"a\" 1}", nullptr, 0},
      {"{\"a\":\"\xff\"}", nullptr, 0},
      {"{\"a\":\"say \"x\" now\"}", nullptr, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const std::optional<Repair> repair = RepairJson(row.text);
    REQUIRE(repair.has_value() == (row.wanted != nullptr));
    if (!repair) continue;
    CHECK(repair->text == row.wanted);
    CHECK(RepairStepNames(repair->steps) == RepairStepNames(row.steps));
    CHECK(json::accept(repair->text));
  }
}

TEST_CASE("repair: what parses is returned as it is", "[engine]") {
  for (const char* text : {"{}", " [1 ]\n", "\"```json\\n{}\\n```\"", "null", "1e3",
                           R"({"a":"True, 'x', {","b":[]})", R"({"a":1,"a":2})"}) {
    const std::optional<Repair> repair = RepairJson(text);
    REQUIRE(repair.has_value());
    CHECK(repair->text == text);
    CHECK(repair->steps == 0);
  }
}

TEST_CASE("repair: a truncated answer is closed, and what was invented is marked", "[engine]") {
  struct Cut {
    const char* text;
    const char* wanted;
    const char* invented;
    const char* cut_at;
  };
  const Cut rows[] = {
      {R"({"a":1,"b":"hal)", R"({"a":1,"b":"hal"})", "\"}", "/b"},
      {R"({"a":1,"b":)", R"({"a":1})", "}", ""},
      {R"({"a":1,"b")", R"({"a":1})", "}", ""},
      {R"({"a":1,"bb)", R"({"a":1})", "}", ""},
      {R"({"a":1,)", R"({"a":1})", "}", ""},
      {R"({"a":1)", R"({"a":1})", "}", "/a"},
      {R"({"a":"hal)", R"({"a":"hal"})", "\"}", "/a"},
      {R"({"a":1,"b":[1,{"c":tr)", R"({"a":1,"b":[1,{"c":true}]})", "ue}]}", ""},
      {R"({"a":1,"b":12.)", R"({"a":1,"b":12})", "}", "/b"},
      {R"({"a":1,"b":-)", R"({"a":1})", "}", ""},
      {R"({"a":1,"b":[)", R"({"a":1,"b":[]})", "]}", "/b"},
      {R"({"a":1,"x/y":["u","v)", R"({"a":1,"x/y":["u","v"]})", "\"]}", "/x~1y/1"},
      {"{\"a\":1,\"b\":\"\xe2\x82", "{\"a\":1,\"b\":\"\"}", "\"}", "/b"},
      {R"({"a":1,"b":"x\)", R"({"a":1,"b":"x"})", "\"}", "/b"},
      {R"({"a":1,"b":"x\u20)", R"({"a":1,"b":"x"})", "\"}", "/b"},
      {R"({"a":1,"b":"x\ud83d)", R"({"a":1,"b":"x"})", "\"}", "/b"},
  };
  for (const Cut& row : rows) {
    CAPTURE(row.text);
    const std::optional<Repair> repair = RepairJson(row.text);
    REQUIRE(repair.has_value());
    CHECK(repair->text == row.wanted);
    CHECK(repair->steps == kRepairTruncation);
    CHECK(repair->invented == row.invented);
    CHECK(repair->cut_at == row.cut_at);
  }
  // With nothing whole in it there is nothing to keep.
  for (const char* text :
       {"{", "[", "[[[", "{\"a\"", "{\"a\":", "[t", "[\"x", "[12", "{\"a\":{\"b\":"}) {
    CAPTURE(text);
    CHECK_FALSE(RepairJson(text).has_value());
  }
}

// Every beginning of a document: what comes out is that document with members missing at the end,
// never another value in the place of one (but for the one that is marked as cut).
TEST_CASE("repair: a cut document keeps what had arrived", "[engine]") {
  const std::string whole =
      R"({"id":417,"ok":true,"tags":["a","b\u00e9",{"n":-1.5e3}],"note":"line\nzwei","end":null})";
  const json wanted = json::parse(whole);
  int repaired = 0;
  for (size_t size = 1; size < whole.size(); ++size) {
    const std::string text = whole.substr(0, size);
    CAPTURE(text);
    const std::optional<Repair> repair = RepairJson(text);
    if (!repair) continue;
    ++repaired;
    const json got = json::parse(repair->text);
    for (const auto& [key, value] : got.items()) {
      CAPTURE(key);
      REQUIRE(wanted.contains(key));
      const bool cut = repair->cut_at.starts_with("/" + key);
      if (!cut && key != "tags") CHECK(value == wanted[key]);
    }
  }
  CHECK(repaired > static_cast<int>(whole.size()) - 12);
}

TEST_CASE("repair: takes time in proportion to the text", "[engine]") {
  const auto seconds = [](const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) (void)RepairJson(text);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  // Each would be quadratic for a reader that starts again at every bracket or looks for the end of
  // every quote; eight times the length may take up to thirty times as long on a busy machine.
  for (const std::string unit : {"[", "{\"a\":", "' ", "{'a", "```", "\\u", "[1,"}) {
    CAPTURE(unit);
    std::string small;
    while (small.size() < 20'000) small += unit;
    std::string large;
    for (int i = 0; i < 8; ++i) large += small;
    CHECK(seconds(large) < 30 * seconds(small) + 0.05);
  }
}

TEST_CASE("reask: says what was wrong and where, and stays short", "[engine]") {
  Violation violation{Drift::kEnum, "/priority", "enum", R"(["low","high"])"};
  CHECK(ReaskMessage(violation) ==
        "Your answer was rejected: the value is none of the allowed ones at /priority (the schema "
        "says \"enum\": [\"low\",\"high\"]). Answer again with one complete JSON value that keeps "
        "to the schema, and nothing else: no explanation, no Markdown.");
  CHECK(ReaskMessage(Violation()).find("not valid JSON") != std::string::npos);
  violation.pointer = "/" + std::string(100'000, 'k') + "\n\x1b[31m";
  violation.expected = "[\"";
  for (int i = 0; i < 10'000; ++i) violation.expected += "\xc3\xa9";
  for (int kind = 0; kind <= static_cast<int>(Drift::kLimit); ++kind) {
    violation.kind = static_cast<Drift>(kind);
    const std::string message = ReaskMessage(violation);
    CHECK(message.size() <= kReaskBytesMax);
    CHECK(message.find('\n') == std::string::npos);
    CHECK(json(message).dump().size() > 0);  // throws unless it is UTF-8
  }
}

}  // namespace
}  // namespace squall::repair_test

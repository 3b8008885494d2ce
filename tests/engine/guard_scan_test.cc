// What is counted of an answer's texts in one pass is what counting it a character at a time gives.
#include "engine/guard_scan.h"

#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/guard.h"
#include "engine/guard_forbidden.h"
#include "tests/catch.h"

namespace squall::guard_scan_test {
namespace {

// By the definitions, one character after the other.
TextFacts Slowly(std::string_view text, int64_t* characters) {
  TextFacts facts;
  bool latin = false;
  while (!text.empty()) {
    const Script script = ScriptOf(TakeCodePoint(&text));
    ++*characters;
    if (script != Script::kNone) {
      facts.letters.weight[static_cast<size_t>(script)] += LetterWeight(script);
    }
    facts.latin_words += script == Script::kLatin && !latin ? 1 : 0;
    latin = script == Script::kLatin;
  }
  return facts;
}

// Texts of pieces that meet in every way: letters with and without accents, other scripts, marks,
// broken bytes, and control characters.
std::string Mixed(uint64_t n) {
  constexpr const char* kPieces[] = {"The", "x",  "UP", "é",    "ü",    "Ə",        " ",
                                     "\n",  ".",  "12", "\xff", "\xc3", "\xe2\x82", "中文",
                                     "ы",   "กข", "ß",  "½",    "\x01", "\x7f",     "€",
                                     "Ã©",  "ầ",  "_",  "word", "\t",   "한국",     "�"};
  std::string text;
  const uint64_t pieces = DrawBits(1, 1, n) % 40;
  for (uint64_t i = 0; i < pieces; ++i) {
    text += kPieces[DrawBits(1, 2, n, i) % std::size(kPieces)];
  }
  return text;
}

TEST_CASE("guard: letters, words and characters are counted in one pass as they are one by one",
          "[guard]") {
  TextScan scan;
  for (uint64_t n = 0; n < 20'000; ++n) {
    const std::vector<std::string> texts = {Mixed(2 * n), Mixed(2 * n + 1)};
    const std::vector<std::string_view> values(texts.begin(), texts.end());
    scan.Read(values);
    int64_t characters = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const TextFacts expected = Slowly(values[i], &characters);
      CAPTURE(values[i]);
      REQUIRE(scan.texts()[i].letters.weight == expected.letters.weight);
      REQUIRE(scan.texts()[i].latin_words == expected.latin_words);
      REQUIRE(CountLetters(values[i]).weight == expected.letters.weight);
    }
    REQUIRE(scan.garbage().characters == characters);
  }
}

TEST_CASE("guard: surprise is summed over words of three letters, accents or not, but no codes",
          "[guard]") {
  struct Row {
    const char* text;
    int64_t pairs;
  };
  const Row rows[] = {{"the", 4},       {"the THE", 4}, {"th", 0},      {"thé", 4},
                      {"THÉ", 4},       {"ÉTHÉ", 5},    {"été été", 8}, {"a中the", 4},
                      {"x-the.end", 8}, {"Ab1 the", 4}, {"", 0},        {"the", 4}};
  TextScan scan;
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const std::string_view text = row.text;
    scan.Read(std::span(&text, 1));
    CHECK(scan.garbage().pairs == row.pairs);
    CHECK((scan.garbage().half_bits > 0) == (row.pairs > 0));
  }
}

TEST_CASE("guard: texts too short to repeat themselves are told by their blanks", "[guard]") {
  TextScan scan;
  for (const std::string_view text : {"one two three", "", "  a  b ", "你好 a", "ab中cd"}) {
    scan.Read(std::span(&text, 1));
    int64_t words = 0;  // runs between blanks, and each ideograph
    bool open = false;
    for (std::string_view rest = text; !rest.empty();) {
      const char32_t c = TakeCodePoint(&rest);
      const bool single = IsIdeographic(ScriptOf(c));
      words += single || (!open && c != ' ') ? 1 : 0;
      open = !single && c != ' ';
    }
    CHECK(scan.texts()[0].most_words >= words);
  }
}

TEST_CASE("guard: forbidden patterns are found text by text, joined or not", "[guard]") {
  struct Row {
    std::vector<std::string> patterns;
    const char* answer;
    bool found;
  };
  const Row rows[] = {
      {{"(?i)as an ai"}, R"({"a":"Well, as an AI model"})", true},
      {{"(?i)as an ai", "cannot"}, R"({"a":"fine","b":"I cannot"})", true},
      {{"as an ai", "cannot"}, R"({"a":"As an AI"})", false},
      {{"^no$"}, R"({"a":"no"})", true},  // of a text, not of the answer
      {{"^no$", "x"}, R"({"a":"not no"})", false},
      {{"\"a\""}, R"({"a":"b"})", false},  // a key is not a text
      {{"b\",\"c"}, R"({"a":"b","c":"d"})", false},
      {{"a/b"}, R"({"x":"a\/b"})", true},  // as it is, not as it is written
      {{"a\"b", "zz"}, R"({"x":"a\"b"})", true},
      {{"(one)|(two)", "(three)"}, "and two", true},
      {{"\\Qa+b", "c"}, "a+b", true},  // quotes to its end, and no further
      {{"\\Qa+b", "c"}, "c", true},
      {{}, "anything", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.answer, row.patterns.size());
    GuardConfig config;
    config.entities.forbidden = row.patterns;
    Guard guard(config);
    const Diagnosis verdict = guard.Check(row.answer, nullptr);
    CHECK(verdict.ok() == !row.found);
    if (row.found) CHECK(verdict.rule == "guard.entities.forbidden");
  }
}

TEST_CASE("guard: globs without question marks are found wherever they begin", "[guard]") {
  CHECK(GlobOccurs("INV-*", "no INV-1"));
  CHECK(GlobOccurs("a*b", "xxaxxbxx"));
  CHECK_FALSE(GlobOccurs("a*b", "xxbxxaxx"));
  CHECK(GlobOccurs("?b*", "ab"));
  CHECK_FALSE(GlobOccurs("?b", "b"));
  CHECK(GlobOccurs("*", ""));
  CHECK(GlobOccurs("", ""));
  CHECK_FALSE(GlobOccurs("a", ""));
}

}  // namespace
}  // namespace squall::guard_scan_test

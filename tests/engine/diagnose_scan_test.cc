// The fast scans of diagnosis give what the obvious slow ones give: phrases, header lines, strings.
#include "engine/diagnose_scan.h"

#include <cctype>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/diagnose_headers.h"
#include "engine/diagnose_phrases_caller.h"
#include "tests/catch.h"

namespace squall::diagnose_scan_test {
namespace {

constexpr StreamId kStream = HashText("scan test");

// Pieces of the tables, words, blanks and odd bytes in a row, the same in every run.
std::string Text(uint64_t number) {
  static const std::vector<std::string_view> phrases = [] {
    std::vector<std::string_view> all;
    for (const PhraseRow& row : provider_phrases::kRows) all.push_back(row.phrase);
    for (const PhraseRow& row : caller_phrases::kRows) all.push_back(row.phrase);
    return all;
  }();
  const std::string_view odd[] = {" ",
                                  "  ",
                                  "x",
                                  "_",
                                  "-",
                                  "(",
                                  "/",
                                  "\t",
                                  "\\n",
                                  "\\\"",
                                  "\\\\",
                                  "É",
                                  "\\u4f59\\u989d",
                                  "\\u00",
                                  "7",
                                  ".",
                                  "Model ",
                                  "try again in 5s"};
  std::string text;
  for (uint64_t i = 0; i < 12; ++i) {
    const uint64_t bits = DrawBits(3, kStream, number, i);
    std::string piece(bits % 3 == 0 ? phrases[PickBelow(bits >> 8, phrases.size())]
                                    : odd[(bits >> 8) % std::size(odd)]);
    if (bits % 5 == 0) piece = piece.substr(0, piece.size() / 2);
    if (bits % 7 == 0) {
      for (char& c : piece) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    text += piece;
  }
  return text;
}

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool MayStart(std::string_view text, size_t at) {
  const char c = text[at];
  if (static_cast<uint8_t>(c) >= 0xc0 || c == '(' || c == '/') return true;
  return IsWord(c) && c != '_' && (at == 0 || !IsWord(text[at - 1]));
}

// What FindPhrases gives, phrase by phrase and byte by byte.
SignSet SlowSigns(std::string_view text) {
  constexpr size_t kGap = 110;
  SignSet signs;
  const auto add = [&](const PhraseRow& row) {
    const size_t star = row.phrase.find('*');
    const std::string_view opening = row.phrase.substr(0, star == row.phrase.npos ? 0 : star);
    const std::string_view key = row.phrase.substr(star == row.phrase.npos ? 0 : star + 1);
    for (size_t at = 0; at < text.size(); ++at) {
      if (!MayStart(text, at) || !text.substr(at).starts_with(key)) continue;
      const size_t reach = kGap + opening.size();
      const size_t from = at > reach ? at - reach : 0;
      if (text.substr(from, at - from).find(opening) != text.npos) signs = signs | row.signs;
    }
  };
  for (const PhraseRow& row : provider_phrases::kRows) add(row);
  for (const PhraseRow& row : caller_phrases::kRows) add(row);
  return signs;
}

TEST_CASE("scans: phrases are found as a slow search finds them", "[engine][long]") {
  int found = 0;
  for (uint64_t i = 0; i < 3000; ++i) {
    const std::string text = Text(i);
    for (const size_t room : {size_t{512}, size_t{40}}) {
      std::string buffer(room + kFoldSlack, '\x7f');  // exactly as large as promised
      const std::string_view folded = FoldText(text, buffer.data(), room);
      SignSet signs;
      FindPhrases(folded, &signs);
      CAPTURE(text, folded);
      REQUIRE(signs.bits() == SlowSigns(folded).bits());
      found += signs.empty() ? 0 : 1;
    }
  }
  CHECK(found > 2000);
}

TEST_CASE("scans: folding in lanes is folding byte by byte", "[engine]") {
  for (uint64_t i = 0; i < 1000; ++i) {
    const std::string text = Text(i);
    std::string whole(1024 + kFoldSlack, 'x');
    const std::string folded(FoldText(text, whole.data(), 1024));
    std::string expected;
    bool escaped = false;
    for (const char c : text) escaped = escaped || c == '\\';
    if (escaped) continue;  // escapes have tests of their own
    for (const char c : text) {
      const bool blank = c == ' ' || c == '\t';
      if (blank && (expected.empty() || expected.back() == ' ')) continue;
      const bool upper = c >= 'A' && c <= 'Z';
      expected += blank ? ' ' : upper ? static_cast<char>(c + 32) : c;
    }
    CHECK(folded == expected);
  }
}

TEST_CASE("scans: headers are found wherever they stand and however they are written", "[engine]") {
  const char* names[] = {"Retry-After",
                         "retry-after-ms",
                         "DATE",
                         "X-Should-Retry",
                         "x-request-id",
                         "x-amzn-ErrorType",
                         "X-MS-Retry-After-Ms",
                         "retry-after-x",
                         "server",
                         "X-RateLimit-Limit",
                         "dater",
                         "content-security-policy",
                         "a",
                         "via"};
  for (uint64_t i = 0; i < 2000; ++i) {
    Headers headers;
    for (uint64_t j = 0; j < 9; ++j) {
      const uint64_t bits = DrawBits(5, kStream, i, j);
      headers.Add(names[bits % std::size(names)], std::string((bits >> 8) % 70, 'v'));
    }
    const HeaderFacts facts = ReadHeaders(headers);
    CAPTURE(std::string(headers.block()));
    // Of several values the first that says something counts.
    const auto value = [&](std::string_view wanted) {
      std::string first;
      headers.ForEach([&](std::string_view name, std::string_view text) {
        if (first.empty() && EqualsIgnoreCase(name, wanted)) first = text;
      });
      return first;
    };
    REQUIRE(facts.retry_after == value("retry-after"));
    REQUIRE(facts.retry_after_ms == value("retry-after-ms"));
    REQUIRE(facts.ms_retry_after_ms == value("x-ms-retry-after-ms"));
    REQUIRE(facts.date == value("date"));
    REQUIRE(facts.should_retry == value("x-should-retry"));
    REQUIRE(facts.amzn_error_type == value("x-amzn-errortype"));
    REQUIRE(facts.has_limits == headers.Find("x-ratelimit-limit").has_value());
  }
}

TEST_CASE("scans: a string ends at its quote, whatever is escaped before it", "[engine]") {
  for (size_t size = 0; size < 70; ++size) {
    for (const std::string inner : {"", "\\\"", "\\\\", "\\\\\\\"", "'"}) {
      const std::string text = std::string(size, 'a') + inner + std::string(size % 5, 'b');
      const std::string json = "{\"k\":\"" + text + "\",\"l\":7}";
      LenientJson reader(json);
      CAPTURE(json);
      CHECK(reader.Next().kind == JsonToken::Kind::kObject);
      CHECK(reader.Next().text == text);
      CHECK(reader.Next().text == "7");
      CHECK(reader.Next().kind == JsonToken::Kind::kClose);
      CHECK_FALSE(reader.broken());
    }
  }
}

}  // namespace
}  // namespace squall::diagnose_scan_test

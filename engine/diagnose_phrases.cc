#include "engine/diagnose_phrases.h"

#include <algorithm>
#include <array>

#include "engine/diagnose_phrases_caller.h"

namespace squall {
namespace {

constexpr size_t kGapMax = 110;
constexpr size_t kStem = 4;  // bytes by which rows are found
constexpr size_t kBuckets = 2048;

constexpr size_t kProviderRows = std::size(provider_phrases::kRows);
constexpr size_t kRowCount = kProviderRows + std::size(caller_phrases::kRows);

constexpr const PhraseRow& RowAt(size_t i) {
  return i < kProviderRows ? provider_phrases::kRows[i] : caller_phrases::kRows[i - kProviderRows];
}

constexpr uint32_t Stem(const char* text) {
  uint32_t stem = 0;
  for (size_t i = 0; i < kStem; ++i) stem = stem << 8 | static_cast<uint8_t>(text[i]);
  return stem;
}

constexpr size_t BucketOf(uint32_t stem) { return stem * 2654435761U >> 21; }
static_assert(BucketOf(UINT32_MAX) < kBuckets);

// Rows chained by bucket, as 1 + row; 0 ends a chain.
struct Index {
  std::array<uint16_t, kBuckets> first{};
  std::array<uint16_t, kRowCount + 1> next{};
};

constexpr Index kIndex = [] {
  Index index;
  for (size_t row = 0; row < kRowCount; ++row) {
    uint16_t& head = index.first[BucketOf(Stem(RowAt(row).phrase.data()))];
    index.next[row + 1] = head;
    head = static_cast<uint16_t>(row + 1);
  }
  return index;
}();

constexpr bool kStemsFit = [] {
  for (size_t row = 0; row < kRowCount; ++row) {
    const std::string_view phrase = RowAt(row).phrase;
    if (phrase.size() < kStem || phrase.substr(0, kStem).find('*') != std::string_view::npos) {
      return false;
    }
  }
  return true;
}();
static_assert(kStemsFit);

// What of a byte: part of a word, or the start of a character beyond ASCII.
constexpr auto kWordByte = [] {
  std::array<bool, 256> word{};
  for (int c = '0'; c <= '9'; ++c) word[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) word[c] = true;
  word['_'] = true;
  return word;
}();

constexpr auto kLower = [] {
  std::array<char, 256> lower{};
  for (int c = 0; c < 256; ++c) lower[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const char blank : {'\n', '\r', '\t', '\v', '\f', '\0'}) lower[blank] = ' ';
  return lower;
}();

// Length of the match of `phrase` at the start of `text`; 0 for none.
size_t MatchLength(std::string_view text, std::string_view phrase) {
  const size_t star = phrase.find('*');
  if (star == std::string_view::npos) return text.starts_with(phrase) ? phrase.size() : 0;
  if (!text.starts_with(phrase.substr(0, star))) return 0;
  const std::string_view tail = phrase.substr(star + 1);
  const size_t found = text.substr(0, star + kGapMax + tail.size()).find(tail, star);
  return found == std::string_view::npos ? 0 : found + tail.size();
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = kLower[static_cast<uint8_t>(c)];
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

struct FoldedBytes {
  char* at;
  char* end;
  bool after_blank = true;

  void Put(char c) {
    if (c == ' ' && after_blank) return;
    if (at == end) return;
    after_blank = c == ' ';
    *at++ = c;
  }
};

// \uXXXX as UTF-8; halves of surrogate pairs become blanks.
void PutEscapedUnit(std::string_view digits, FoldedBytes* out) {
  uint32_t unit = 0;
  for (const char c : digits) {
    const int value = HexDigit(c);
    if (value < 0) return;
    unit = unit << 4 | static_cast<uint32_t>(value);
  }
  if (unit < 0x80) {
    out->Put(kLower[unit]);
  } else if (unit == 0x2019 || unit == 0x2018) {
    out->Put('\'');
  } else if (unit < 0x800) {
    out->Put(static_cast<char>(0xc0 | unit >> 6));
    out->Put(static_cast<char>(0x80 | (unit & 0x3f)));
  } else if (unit < 0xd800 || unit > 0xdfff) {
    out->Put(static_cast<char>(0xe0 | unit >> 12));
    out->Put(static_cast<char>(0x80 | (unit >> 6 & 0x3f)));
    out->Put(static_cast<char>(0x80 | (unit & 0x3f)));
  }
}

// Decodes the escape at `at`, a backslash; gives its length.
size_t FoldEscape(std::string_view raw, size_t at, FoldedBytes* out) {
  if (at + 1 == raw.size()) return 1;
  const char c = raw[at + 1];
  switch (c) {
    case 'n':
    case 'r':
    case 't': out->Put(' '); return 2;
    case 'u': {
      if (at + 6 > raw.size()) return 2;
      PutEscapedUnit(raw.substr(at + 2, 4), out);
      return 6;
    }
    default: out->Put(kLower[static_cast<uint8_t>(c)]); return 2;
  }
}

}  // namespace

std::string_view FoldText(std::string_view raw, char* buffer, size_t room) {
  FoldedBytes out{buffer, buffer + room};
  for (size_t i = 0; i < raw.size() && out.at != out.end;) {
    if (raw[i] == '\\') {
      i += FoldEscape(raw, i, &out);
    } else {
      out.Put(kLower[static_cast<uint8_t>(raw[i++])]);
    }
  }
  return {buffer, static_cast<size_t>(out.at - buffer)};
}

std::string_view FindPhrases(std::string_view folded, SignSet* signs) {
  std::string_view wait;
  bool in_word = false;
  for (size_t i = 0; i + kStem <= folded.size(); ++i) {
    const auto c = static_cast<uint8_t>(folded[i]);
    const bool start = !in_word || c >= 0xc0;
    in_word = kWordByte[c];
    if (!start) continue;
    uint16_t row = kIndex.first[BucketOf(Stem(folded.data() + i))];
    for (; row != 0; row = kIndex.next[row]) {
      const PhraseRow& candidate = RowAt(row - 1);
      const std::string_view rest = folded.substr(i);
      const size_t length = MatchLength(rest, candidate.phrase);
      if (length == 0) continue;
      *signs = *signs | candidate.signs;
      const bool leads = candidate.signs.Has(Sign::kWaitLead);
      if (!leads || !wait.empty() || length + 1 >= rest.size()) continue;
      const char digit = rest[length + 1];
      const bool numbered = rest[length] == ' ' && digit >= '0' && digit <= '9';
      if (numbered) wait = rest.substr(length + 1);
    }
  }
  return wait;
}

}  // namespace squall

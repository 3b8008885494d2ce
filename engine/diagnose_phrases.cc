#include "engine/diagnose_phrases.h"

#include <array>
#include <bit>
#include <cstring>

#include "engine/diagnose_phrases_caller.h"

namespace squall {
namespace {

constexpr size_t kGapMax = 110;
constexpr size_t kStem = 4;  // bytes by which rows are found
constexpr size_t kHead = 8;  // bytes that are compared at once
static_assert(kFoldSlack >= kHead);
constexpr size_t kBuckets = 2048;

constexpr size_t kProviderRows = std::size(provider_phrases::kRows);
constexpr size_t kRowCount = kProviderRows + std::size(caller_phrases::kRows);

constexpr const PhraseRow& RowAt(size_t i) {
  return i < kProviderRows ? provider_phrases::kRows[i] : caller_phrases::kRows[i - kProviderRows];
}

// Where a row is looked up: a phrase at its start, one with '*' at what follows it.
constexpr std::string_view KeyOf(size_t row) {
  const std::string_view phrase = RowAt(row).phrase;
  return phrase.substr(phrase.find('*') + 1);
}

// The first bytes of a text as a number, the first one lowest.
constexpr uint64_t Pack(std::string_view text) {
  uint64_t packed = 0;
  for (size_t i = 0; i < text.size() && i < kHead; ++i) {
    packed |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  }
  return packed;
}

uint64_t LoadHead(const char* text) {
  uint64_t head = 0;
  std::memcpy(&head, text, kHead);
  if constexpr (std::endian::native == std::endian::big) head = __builtin_bswap64(head);
  return head;
}

constexpr size_t BucketOf(uint64_t head) { return static_cast<uint32_t>(head) * 2654435761U >> 21; }
static_assert((UINT32_MAX >> 21) < kBuckets);

// Rows chained by bucket, as 1 + row; 0 ends a chain. Heads are compared before anything else is.
struct Index {
  struct Entry {
    uint64_t head = 0;
    uint64_t mask = 0;
    uint16_t next = 0;
  };
  std::array<uint16_t, kBuckets> first{};
  std::array<Entry, kRowCount + 1> entries{};
};

constexpr Index kIndex = [] {
  Index index;
  for (size_t row = 0; row < kRowCount; ++row) {
    const std::string_view key = KeyOf(row);
    Index::Entry& entry = index.entries[row + 1];
    entry.head = Pack(key);
    entry.mask = key.size() >= kHead ? ~uint64_t{0} : (uint64_t{1} << (8 * key.size())) - 1;
    uint16_t& first = index.first[BucketOf(entry.head)];
    entry.next = first;
    first = static_cast<uint16_t>(row + 1);
  }
  return index;
}();

constexpr bool kStemsFit = [] {
  for (size_t row = 0; row < kRowCount; ++row) {
    if (KeyOf(row).size() < kStem) return false;
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

// Does the phrase end at `at` in `text`, its key having its head there?
bool Matches(std::string_view text, size_t at, std::string_view phrase) {
  const size_t star = phrase.find('*');
  const std::string_view key = phrase.substr(star + 1);
  if (key.size() > kHead && !text.substr(at).starts_with(key)) return false;
  if (star == std::string_view::npos) return true;
  const std::string_view opening = phrase.substr(0, star);
  const size_t from = at > kGapMax + star ? at - kGapMax - star : 0;
  return text.substr(from, at - from).find(opening) != std::string_view::npos;
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
    const char c = kLower[static_cast<uint8_t>(raw[i])];
    if (c != ' ' && c != '\\') {
      *out.at++ = c;
      out.after_blank = false;
      ++i;
    } else if (c == ' ') {
      out.Put(c);
      ++i;
    } else {
      i += FoldEscape(raw, i, &out);
    }
  }
  std::memset(out.at, 0, kFoldSlack);
  return {buffer, static_cast<size_t>(out.at - buffer)};
}

std::string_view FindPhrases(std::string_view folded, SignSet* signs) {
  std::string_view wait;
  bool in_word = false;
  for (size_t i = 0; i + kStem <= folded.size(); ++i) {
    const auto c = static_cast<uint8_t>(folded[i]);
    const bool start = !in_word || c >= 0xc0;
    in_word = kWordByte[c];
    if (!start || c == ' ') continue;
    const uint64_t head = LoadHead(folded.data() + i);
    uint16_t row = kIndex.first[BucketOf(head)];
    for (; row != 0; row = kIndex.entries[row].next) {
      const Index::Entry& entry = kIndex.entries[row];
      if ((head & entry.mask) != entry.head) continue;
      const PhraseRow& candidate = RowAt(row - 1);
      if (!Matches(folded, i, candidate.phrase)) continue;
      *signs = *signs | candidate.signs;
      if (!candidate.signs.Has(Sign::kWaitLead) || !wait.empty()) continue;
      const std::string_view after = folded.substr(i + candidate.phrase.size());
      const bool numbered =
          after.size() > 1 && after[0] == ' ' && after[1] >= '0' && after[1] <= '9';
      if (numbered) wait = after.substr(1);
    }
  }
  return wait;
}

}  // namespace squall

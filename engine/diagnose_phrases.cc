#include "engine/diagnose_phrases.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/diagnose_bytes.h"
#include "engine/diagnose_phrases_caller.h"
#include "engine/diagnose_wait.h"

namespace squall {
namespace {

constexpr size_t kGapMax = 110;
constexpr size_t kStem = 5;  // bytes by which rows are found
constexpr size_t kHead = 8;  // bytes that are compared at once
static_assert(kFoldSlack >= 2 * kHead && kFoldSlack >= kLaneCount);
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

constexpr uint64_t MaskOf(size_t size) {
  return size >= kHead ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
}

constexpr size_t kHashBits = 14;
constexpr size_t HashOf(uint64_t head, size_t size) {
  return (head & MaskOf(size)) * 0x9e3779b97f4a7c15U >> (64 - kHashBits);
}

// One bit per hash value: most words are nothing's start, and this is all that they cost.
struct Filter {
  std::array<uint64_t, (size_t{1} << kHashBits) / 64> bits{};
  constexpr void Add(size_t hash) { bits[hash / 64] |= uint64_t{1} << hash % 64; }
  constexpr bool MayHave(size_t hash) const { return (bits[hash / 64] >> hash % 64 & 1) != 0; }
};

constexpr Filter kStems = [] {
  Filter stems;
  for (size_t row = 0; row < kRowCount; ++row) stems.Add(HashOf(PackWord(KeyOf(row)), kStem));
  return stems;
}();

// Rows by the first bytes of their keys. Those of one bucket stand together: first what is compared
// at a word, apart from it what is looked at when that agrees.
struct Index {
  struct Head {
    uint64_t bytes = 0;
    uint64_t mask = 0;
  };
  struct Row {
    uint64_t next = 0;  // the second eight bytes of the key
    uint64_t next_mask = 0;
    uint16_t row = 0;
    bool compares = false;  // the key is longer than both, or the phrase has an opening
  };
  size_t hashed = 0;  // bytes of a key
  std::array<uint16_t, kBuckets + 1> first{};
  std::array<Head, kRowCount> heads{};
  std::array<Row, kRowCount> rows{};

  constexpr size_t BucketOf(uint64_t head) const {
    return HashOf(head, hashed) / ((size_t{1} << kHashBits) / kBuckets);
  }
};

// Of the keys that are as long as a head, found by all of it, or of the shorter ones, by a stem.
constexpr Index MakeIndex(bool whole_heads) {
  Index index;
  index.hashed = whole_heads ? kHead : kStem;
  const auto belongs = [&](size_t row) { return (KeyOf(row).size() >= kHead) == whole_heads; };
  for (size_t row = 0; row < kRowCount; ++row) {
    if (belongs(row)) ++index.first[index.BucketOf(PackWord(KeyOf(row))) + 1];
  }
  for (size_t i = 1; i <= kBuckets; ++i) index.first[i] += index.first[i - 1];
  std::array<uint16_t, kBuckets> taken{};
  for (size_t row = 0; row < kRowCount; ++row) {
    if (!belongs(row)) continue;
    const std::string_view key = KeyOf(row);
    const std::string_view rest = key.substr(std::min(key.size(), kHead));
    const size_t bucket = index.BucketOf(PackWord(key));
    const size_t at = index.first[bucket] + taken[bucket]++;
    index.heads[at] = {PackWord(key), MaskOf(key.size())};
    index.rows[at] = {PackWord(rest), MaskOf(rest.size()), static_cast<uint16_t>(row),
                      rest.size() > kHead || key.size() != RowAt(row).phrase.size()};
  }
  return index;
}

constexpr Index kLongKeys = MakeIndex(true);
constexpr Index kShortKeys = MakeIndex(false);

// Where a phrase may start: at a word, at a character beyond ASCII, or at one of two marks.
constexpr bool Starts(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || static_cast<uint8_t>(c) >= 0xc0 ||
         c == '(' || c == '/';
}

constexpr bool kKeysFit = [] {
  for (size_t row = 0; row < kRowCount; ++row) {
    if (KeyOf(row).size() < kStem || !Starts(KeyOf(row).front())) return false;
  }
  return true;
}();
static_assert(kKeysFit);

// Bits of the bytes at which a phrase may start; `in_word` is that of the byte before, and after.
uint32_t StartsIn(Lanes text, uint32_t* in_word) {
  const Lanes wordy = Between(text, 'a', 'z') | Between(text, '0', '9');
  const uint32_t word = BitsOf(wordy | Equal(text, '_'));
  const uint32_t other = BitsOf(Between(text, 0xc0, 0xff) | Equal(text, '(') | Equal(text, '/'));
  const uint32_t starts = (BitsOf(wordy) & ~(word << 1 | *in_word)) | other;
  *in_word = word >> (kLaneCount - 1) & 1;
  return starts;
}

constexpr auto kLower = [] {
  std::array<char, 256> lower{};
  for (int c = 0; c < 256; ++c) lower[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const char blank : {'\n', '\r', '\t', '\v', '\f', '\0'}) lower[blank] = ' ';
  return lower;
}();

// Does the phrase end at `at` in `text`, its key having its first two words there?
bool Matches(std::string_view text, size_t at, std::string_view phrase) {
  const size_t star = phrase.find('*');
  const std::string_view key = phrase.substr(star + 1);
  if (key.size() > 2 * kHead && !text.substr(at).starts_with(key)) return false;
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

// Sixteen bytes in lower case; false where they hold what must be looked at one by one.
bool FoldLanes(const char* from, FoldedBytes* out) {
  const Lanes raw = LoadLanes(from);
  const uint32_t blanks = BitsOf(Equal(raw, ' '));
  const uint32_t odd = BitsOf(Equal(raw, '\\') | Between(raw, 0, 0x1f));
  if (odd != 0 || (blanks & (blanks << 1 | uint32_t{out->after_blank})) != 0) return false;
  const Lanes lower = raw | (Between(raw, 'A', 'Z') & 0x20);
  std::memcpy(out->at, &lower, kLaneCount);
  out->at += kLaneCount;
  out->after_blank = (blanks >> (kLaneCount - 1)) != 0;
  return true;
}

// Adds the signs of the phrases that start at `at`; gives where one that a wait follows ends, or
// `wait_at`.
size_t TakePhrasesAt(const Index& index, std::string_view folded, size_t at, size_t wait_at,
                     SignSet* signs) {
  const uint64_t head = LoadWord(folded.data() + at);
  const size_t bucket = index.BucketOf(head);
  const size_t end = index.first[bucket + 1];
  for (size_t i = index.first[bucket]; i < end; ++i) {
    if ((head & index.heads[i].mask) != index.heads[i].bytes) continue;
    const Index::Row& row = index.rows[i];
    if ((LoadWord(folded.data() + at + kHead) & row.next_mask) != row.next) continue;
    const PhraseRow& candidate = RowAt(row.row);
    if (row.compares && !Matches(folded, at, candidate.phrase)) continue;
    *signs = *signs | candidate.signs;
    if (candidate.signs.Has(Sign::kWaitLead)) wait_at = at + candidate.phrase.size();
  }
  return wait_at;
}

}  // namespace

std::string_view FoldText(std::string_view raw, char* buffer, size_t room) {
  FoldedBytes out{buffer, buffer + room};
  size_t i = 0;
  while (i < raw.size() && out.at != out.end) {
    const bool wide =
        raw.size() - i >= kLaneCount && out.end - out.at >= static_cast<ptrdiff_t>(kLaneCount);
    if (wide && FoldLanes(raw.data() + i, &out)) {
      i += kLaneCount;
      continue;
    }
    const size_t stop = std::min(raw.size(), i + kLaneCount);
    while (i < stop && out.at != out.end) {
      const char c = kLower[static_cast<uint8_t>(raw[i])];
      if (c == '\\') {
        i += FoldEscape(raw, i, &out);
      } else {
        out.Put(c);
        ++i;
      }
    }
  }
  std::memset(out.at, 0, kFoldSlack);
  return {buffer, static_cast<size_t>(out.at - buffer)};
}

std::string_view FindPhrases(std::string_view folded, SignSet* signs) {
  std::string_view wait;
  uint32_t in_word = 0;
  for (size_t from = 0; from < folded.size(); from += kLaneCount) {
    // The zeros after the text start nothing and match nothing.
    uint32_t starts = StartsIn(LoadLanes(folded.data() + from), &in_word);
    for (; starts != 0; starts &= starts - 1) {
      const size_t at = from + static_cast<size_t>(std::countr_zero(starts));
      if (!kStems.MayHave(HashOf(LoadWord(folded.data() + at), kStem))) continue;
      size_t wait_at = TakePhrasesAt(kShortKeys, folded, at, folded.size(), signs);
      wait_at = TakePhrasesAt(kLongKeys, folded, at, wait_at, signs);
      if (wait_at < folded.size() && wait.empty()) wait = SkipToNumber(folded.substr(wait_at));
    }
  }
  return wait;
}

}  // namespace squall

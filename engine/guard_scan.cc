#include "engine/guard_scan.h"

#include <algorithm>
#include <iterator>

namespace squall {
namespace {

// Half bits of surprise, 'a' is none: row the letter before, column the letter, first the end of a
// word and then a to z.
constexpr std::string_view kSurprise[27] = {
    "zhkigijlmjrojjkjinlhikklqro", "fmljjvplslsmhkgnlmgihlnvrqp", "hiopresrqfpzguuivzhlnhxvzkr",
    "jgzkshvvfhzlktyessksikzuzqz", "fgrvoduvygxyrruhmznmolvtzuz", "enmklmnnqksqjkgwosggjonrntq",
    "ghwwoijprdwtkxsfvzknmjzszpu", "fktmqdxmnhzrlrklqzhkmhryyzq", "gguurcutzgzulrniuzkojnutzsw",
    "iklikhkkvynpikfhnqkhitlzrzn", "hhtviepnwtwhpxhgszzktikqzvl", "ghpvsdpgqluiopohrynlilzpztq",
    "fgrqlfqoqgzrhpuhnrvkjlquzmp", "fekvpevrxhzwqjvhhzsoqlwtvqy", "diukhhljpjvppsmirwtjglouzro",
    "erolkmlmuoqqkhfljygikinnuuv", "ifsmogtnokzkjtuglzfnikurzuo", "klwvtmzvsnxzrzumyyxmpazzzzz",
    "fhpljfqlrhzoqkmhqpmjjloozor", "dktkrgssmhzrqqtjkspigktpzmv", "egtosfushgyzqsuhpzjlkltruoo",
    "ijnllgmmshutjigpjzgghsqpotq", "kezuydzxyfzzqryfvznvzqszzzz", "hgtpletsiezuqsmfqznpsltpozz",
    "eislnhwougzzusylhvnxguszomf", "cnsqvktyznyxsjkkizngkpzuzzs", "ggvprfurvezyplzjyvwqkhznxzl",
};

constexpr size_t kEndOfWord = 0;
constexpr size_t kRow = 32;

// The table above, a row of 32 for each letter before.
constexpr auto kHalfBits = [] {
  std::array<uint8_t, std::size(kSurprise) * kRow> rows{};
  for (size_t before = 0; before < std::size(kSurprise); ++before) {
    for (size_t letter = 0; letter < kSurprise[before].size(); ++letter) {
      rows[before * kRow + letter] = static_cast<uint8_t>(kSurprise[before][letter] - 'a');
    }
  }
  return rows;
}();

// 1 to 26 of an ASCII letter, 0 of any other byte.
constexpr auto kLetterOf = [] {
  std::array<uint8_t, 256> letters{};
  for (uint8_t i = 1; i <= 26; ++i) letters['a' + i - 1] = letters['A' + i - 1] = i;
  return letters;
}();

// A character that windows-1252 or Latin-1 makes of a byte that continues a UTF-8 sequence.
bool IsMisreadContinuation(char32_t c) {
  if (c >= 0x80 && c <= 0xbf) return true;
  constexpr char32_t kWindows[] = {0x152,  0x153,  0x160,  0x161,  0x178,  0x17d,  0x17e,
                                   0x192,  0x2c6,  0x2dc,  0x2013, 0x2014, 0x2018, 0x2019,
                                   0x201a, 0x201c, 0x201d, 0x201e, 0x2020, 0x2021, 0x2022,
                                   0x2026, 0x2030, 0x2039, 0x203a, 0x20ac, 0x2122};
  return std::binary_search(std::begin(kWindows), std::end(kWindows), c);
}

// Of the letters that UTF-8's lead bytes become, only those that hardly end a word before a quote.
bool IsMisreadLead(char32_t lead, char32_t next) {
  if (lead == 0xe2) return next == 0x20ac || (next >= 0x80 && next <= 0x9f);
  return (lead == 0xc2 || lead == 0xc3 || lead == 0xd0 || lead == 0xd1) &&
         IsMisreadContinuation(next);
}

constexpr bool IsBroken(char32_t c) {
  return c == kReplacement || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
         (c >= 0x7f && c <= 0x9f) || (c >= 0xe000 && c <= 0xf8ff) || (c & 0xfffe) == 0xfffe;
}

constexpr uint8_t kSpace = 1;
constexpr uint8_t kBrokenByte = 2;
constexpr uint8_t kHigh = 4;

// Of the bytes that are no letters.
constexpr auto kMarkOf = [] {
  std::array<uint8_t, 256> marks{};
  for (size_t c = 0; c < 0x80; ++c) {
    if (IsAsciiSpace(static_cast<char>(c))) marks[c] |= kSpace;
    if (IsBroken(static_cast<char32_t>(c))) marks[c] |= kBrokenByte;
  }
  for (size_t c = 0x80; c < 0x100; ++c) marks[c] = kHigh;
  return marks;
}();

// Scans one text. A word whose surprise counts is a run of letters that have a base letter, of
// three and more, and not all capitals (those are codes).
class Scanner {
 public:
  Scanner(std::string_view text, TextFacts* facts, GarbageSigns* signs)
      : at_(reinterpret_cast<const unsigned char*>(text.data())),
        end_(at_ + text.size()),
        facts_(*facts),
        signs_(*signs) {}

  void Run() {
    signs_.characters += end_ - at_;  // less what Wide takes off
    while (at_ != end_) {
      const unsigned char byte = *at_;
      if (kLetterOf[byte] != 0) {
        PlainWord();
        continue;
      }
      const uint8_t mark = kMarkOf[byte];
      if (mark == kHigh) {
        Wide();
        continue;
      }
      if (open_) Close();
      spaces_ += mark & kSpace;
      signs_.broken += mark >> 1;
      ++at_;
    }
    if (open_) Close();
    facts_.letters.weight[static_cast<size_t>(Script::kLatin)] += plain_;
    facts_.most_words = spaces_ + 1 + 2 * wide_words_;
  }

 private:
  // A run of ASCII letters: all of a word, unless something wide stands at one of its ends.
  void PlainWord() {
    const unsigned char* at = at_;
    size_t last = last_;
    int bits = bits_;
    unsigned lower = 0;
    do {
      const size_t letter = kLetterOf[*at];
      if (letter == 0) break;
      bits += kHalfBits[last * kRow + letter];
      last = letter;
      lower |= *at;
    } while (++at != end_);
    const auto length = static_cast<int>(at - at_);
    at_ = at;
    plain_ += length;
    if (open_ || (at != end_ && kMarkOf[*at] == kHigh)) {
      last_ = last;
      bits_ = bits;
      letters_ += length;
      not_capital_ = not_capital_ || (lower & 0x20) != 0;
      before_ = 0;
      BeginLatin();
      open_ = true;
      return;
    }
    ++facts_.latin_words;
    if (length >= 3 && (lower & 0x20) != 0) Count(bits, last, length);
  }

  // One character that is not ASCII, or a byte that is no character.
  void Wide() {
    open_ = true;
    std::string_view rest(reinterpret_cast<const char*>(at_), static_cast<size_t>(end_ - at_));
    const size_t size = rest.size();
    const char32_t c = TakeCodePoint(&rest);
    const size_t taken = size - rest.size();
    signs_.characters -= static_cast<int64_t>(taken) - 1;
    at_ += taken;
    const Script script = ScriptOf(c);
    if (script != Script::kNone) {
      facts_.letters.weight[static_cast<size_t>(script)] += LetterWeight(script);
    }
    wide_words_ += IsIdeographic(script) ? 1 : 0;
    if (script == Script::kLatin) {
      BeginLatin();
    } else {
      in_latin_ = false;
    }
    if (IsMisreadLead(before_, c)) {
      signs_.broken += 2;
    } else if (IsBroken(c)) {
      ++signs_.broken;
    }
    before_ = c;
    const char base = BaseLetter(c);
    if (base == '\0') return CloseWord();
    const auto letter = static_cast<size_t>(base - 'a' + 1);
    bits_ += kHalfBits[last_ * kRow + letter];
    last_ = letter;
    ++letters_;
    not_capital_ = true;
  }

  void BeginLatin() {
    facts_.latin_words += in_latin_ ? 0 : 1;
    in_latin_ = true;
  }

  void Count(int bits, size_t last, int letters) {
    signs_.half_bits += bits + kHalfBits[last * kRow + kEndOfWord];
    signs_.pairs += letters + 1;
  }

  void CloseWord() {
    if (letters_ >= 3 && not_capital_) Count(bits_, last_, letters_);
    letters_ = bits_ = 0;
    last_ = kEndOfWord;
    not_capital_ = false;
  }

  // Whatever something wide has begun.
  void Close() {
    CloseWord();
    in_latin_ = false;
    before_ = 0;
    open_ = false;
  }

  const unsigned char* at_;
  const unsigned char* end_;
  TextFacts& facts_;
  GarbageSigns& signs_;
  int64_t plain_ = 0;  // ASCII letters
  int64_t spaces_ = 0;
  int64_t wide_words_ = 0;
  // Where something wide is near: the character before, if it is wide, and the word under way.
  bool open_ = false;
  char32_t before_ = 0;
  bool in_latin_ = false;
  size_t last_ = kEndOfWord;
  int bits_ = 0;
  int letters_ = 0;
  bool not_capital_ = false;
};

constexpr size_t kBlock = 128;  // bytes; counts of a block fit into one

// ASCII letters of a block; *high says whether it holds anything else than ASCII.
int64_t PlainLettersOf(std::string_view block, uint8_t* high) {
  uint8_t letters = 0;
  uint8_t bits = 0;
  for (const char c : block) {
    const auto folded = static_cast<uint8_t>((static_cast<uint8_t>(c) | 0x20) - 'a');
    letters = static_cast<uint8_t>(letters + (folded < 26));
    bits = static_cast<uint8_t>(bits | static_cast<uint8_t>(c));
  }
  *high = bits & 0x80;
  return letters;
}

}  // namespace

int64_t Letters::Total() const {
  int64_t sum = 0;
  for (const int64_t w : weight) sum += w;
  return sum - weight[0];
}

int64_t Letters::Outside(unsigned scripts) const {
  int64_t sum = 0;
  for (size_t i = 1; i < weight.size(); ++i) sum += (scripts >> i & 1) != 0 ? 0 : weight[i];
  return sum;
}

void TextScan::Read(std::span<const std::string_view> values) {
  texts_.clear();
  garbage_ = {};
  for (const std::string_view value : values) {
    TextFacts& facts = texts_.emplace_back();
    facts.text = value;
    Scanner(value, &facts, &garbage_).Run();
  }
}

Letters CountLetters(std::string_view text) {
  Letters letters;
  int64_t& latin = letters.weight[static_cast<size_t>(Script::kLatin)];
  while (!text.empty()) {
    uint8_t high = 0;
    const std::string_view block = text.substr(0, kBlock);
    const int64_t plain = PlainLettersOf(block, &high);
    if (high == 0) {
      latin += plain;
      text.remove_prefix(block.size());
      continue;
    }
    // At least to the end of the block, which may lie within a character.
    const size_t after = text.size() - block.size();
    while (!text.empty() && text.size() > after) {
      const Script script = ScriptOf(TakeCodePoint(&text));
      if (script == Script::kNone) continue;
      letters.weight[static_cast<size_t>(script)] += LetterWeight(script);
    }
  }
  return letters;
}

}  // namespace squall

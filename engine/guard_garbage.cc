#include "engine/guard_garbage.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "engine/base/random.h"
#include "engine/guard_text.h"

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

constexpr double kProseBits = 3.6;
constexpr double kPairDeviation = 2.2;  // standard deviation of one pair's surprise in prose
constexpr double kErrors = 6;

// Words of one language that are said so often make a loop; three times is a figure of speech.
constexpr int64_t kLoopsMin = 4;
constexpr size_t kLongRun = 10;

bool IsIdeographic(Script s) { return LetterWeight(s) > 1 || s == Script::kThai; }

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

bool IsBroken(char32_t c) {
  return c == kReplacement || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
         (c >= 0x7f && c <= 0x9f) || (c >= 0xe000 && c <= 0xf8ff) || (c & 0xfffe) == 0xfffe;
}

// Sums the surprise of words of three letters and more that are not all capitals (those are codes).
class SurpriseSum {
 public:
  explicit SurpriseSum(GarbageSigns* out) : out_(out) {}

  void Add(char letter, bool capital) {
    const int next = letter - 'a' + 1;
    bits_ += kSurprise[before_][next] - 'a';
    before_ = next;
    ++letters_;
    capitals_ += capital ? 1 : 0;
  }
  void Close() {
    if (letters_ >= 3 && capitals_ < letters_) {
      out_->surprise += 0.5 * (bits_ + kSurprise[before_][0] - 'a');
      out_->pairs += letters_ + 1;
    }
    bits_ = before_ = letters_ = capitals_ = 0;
  }

 private:
  GarbageSigns* out_;
  int bits_ = 0;
  int before_ = 0;
  int letters_ = 0;
  int capitals_ = 0;
};

}  // namespace

// A word's hash; a character each where words are not told apart by blanks. What holds no letter
// (rules of tables, bullets, figures) is left out.
void RepetitionMeter::Tokenize(std::string_view text) {
  words_.clear();
  uint64_t hash = 0;
  bool has_letter = false;
  const auto close = [&] {
    if (has_letter) words_.push_back(Mix(hash));
    hash = 0;
    has_letter = false;
  };
  while (!text.empty()) {
    if (IsAsciiSpace(text.front())) {
      close();
      text.remove_prefix(1);
      continue;
    }
    const char32_t c = TakeCodePoint(&text);
    const Script script = ScriptOf(c);
    if (IsIdeographic(script)) close();
    hash = (hash ^ c) * 0x100000001b3u;
    has_letter = has_letter || script != Script::kNone;
    if (IsIdeographic(script)) close();
  }
  close();
}

// Sorted hashes of all runs of `length` words.
void RepetitionMeter::HashRuns(size_t length) {
  runs_.clear();
  for (size_t i = 0; i + length <= words_.size(); ++i) {
    uint64_t hash = 0;
    for (size_t j = 0; j < length; ++j) hash = (hash + words_[i + j]) * 0x9e3779b97f4a7c15u;
    runs_.push_back(hash);
  }
  std::sort(runs_.begin(), runs_.end());
}

int64_t RepetitionMeter::TopCount() {
  int64_t top = 0;
  int64_t count = 0;
  for (size_t i = 0; i < runs_.size(); ++i) {
    count = i > 0 && runs_[i] == runs_[i - 1] ? count + 1 : 1;
    top = std::max(top, count);
  }
  return top;
}

int64_t RepetitionMeter::RepeatedCount() {
  int64_t repeated = 0;
  for (size_t i = 1; i < runs_.size(); ++i) repeated += runs_[i] == runs_[i - 1];
  return repeated;
}

bool RepetitionMeter::IsRepetitive(std::span<const std::string_view> values,
                                   const RepetitionConfig& config) {
  const double most[] = {config.max_top_2gram, config.max_top_3gram, config.max_top_4gram};
  for (const std::string_view value : values) {
    Tokenize(value);
    const auto words = static_cast<double>(words_.size());
    if (static_cast<int64_t>(words_.size()) < config.min_words) continue;
    for (size_t length = 2; length <= 4; ++length) {
      HashRuns(length);
      const int64_t top = TopCount();
      const double share = static_cast<double>(top) * static_cast<double>(length) / words;
      if (top >= kLoopsMin && share > most[length - 2]) return true;
    }
    HashRuns(kLongRun);
    const auto runs = static_cast<double>(runs_.size());
    if (static_cast<double>(RepeatedCount()) > config.max_repeated_10gram * runs) return true;
  }
  return false;
}

GarbageSigns MeasureGarbage(std::span<const std::string_view> values) {
  GarbageSigns signs;
  SurpriseSum sum(&signs);
  for (std::string_view value : values) {
    char32_t before = 0;
    while (!value.empty()) {
      const char32_t c = TakeCodePoint(&value);
      ++signs.characters;
      if (IsMisreadLead(before, c)) {
        signs.broken += 2;
      } else if (IsBroken(c)) {
        ++signs.broken;
      }
      const char letter = BaseLetter(c);
      if (letter == '\0') {
        sum.Close();
      } else {
        sum.Add(letter, c < 0x80 && c != static_cast<char32_t>(letter));
      }
      before = c;
    }
    sum.Close();
  }
  if (signs.pairs > 0) signs.surprise /= static_cast<double>(signs.pairs);
  return signs;
}

bool IsGarbage(const GarbageSigns& signs, const GarbageConfig& config) {
  if (signs.broken >= config.min_broken &&
      static_cast<double>(signs.broken) >
          config.max_broken_share * static_cast<double>(signs.characters)) {
    return true;
  }
  if (signs.pairs < config.min_letters) return false;
  const double error = kPairDeviation / std::sqrt(static_cast<double>(signs.pairs));
  return signs.surprise > std::max(config.max_surprise, kProseBits + kErrors * error);
}

}  // namespace squall

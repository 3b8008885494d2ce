#include <algorithm>
#include <bit>
#include <numeric>

#include "engine/policy/token_estimate.h"

namespace squall {
namespace {

// Where a piece of a word stands decides what it costs: tokenizers hold most words with the space
// before them, fewer without, and few of the splinters of base64 and hexadecimal.
enum Place : size_t { kAfterSpace, kAfterMark, kGlued, kPlaces };

constexpr size_t kWordBuckets = 12;
constexpr size_t kUpperBuckets = 6;
constexpr size_t kMarkBuckets = 4;

enum Feature : size_t {
  kWord = 0,                                  // [kPlaces][kWordBuckets]
  kForeign = kWord + kPlaces * kWordBuckets,  // [kWordBuckets], in texts with accents
  kUpper = kForeign + kWordBuckets,           // [kUpperBuckets] runs of capitals
  kAccented = kUpper + kUpperBuckets,         // words with letters beyond ASCII,
  kAccentedBytes,                             // their bytes
  kAccents,                                   // and those letters
  kDigitGroups,                               // of up to three
  kDigitsGlued,                               // runs of digits next to letters
  kMarks,                                     // [kMarkBuckets] runs of punctuation
  kMarkBeforeWord = kMarks + kMarkBuckets,    // one mark, then a letter
  kMarksRepeated,                             // long runs of one mark
  kSpaces,                                    // two or more spaces
  kNewlines,                                  // runs of line ends
  kIndents,                                   // white space after line ends
  kSpaceBeforeDigits,                         // where it never joins what follows
  kScripts,                                   // [kScriptCount] letters,
  kScriptRuns = kScripts + 11,                // [kSpelt] and the runs that they come in
  kFeatureCount = kScriptRuns + 8,
};

enum Script : size_t {
  kGreek,
  kCyrillic,
  kSemitic,
  kIndic,
  kThai,
  kHan,
  kKana,
  kHangul,
  kSpelt,  // what follows is counted one by one
  kWideMarks = kSpelt,
  kEmoji,
  kOtherBytes,
  kScriptCount
};
static_assert(kFeatureCount == kTokenFeatures);

enum class Kind : uint8_t { kLower, kUpper, kDigit, kSpace, kLineEnd, kMark, kHigh };

constexpr std::array<Kind, 256> kByteKinds = [] {
  std::array<Kind, 256> kinds{};
  for (size_t c = 0; c < 256; ++c) {
    Kind kind = Kind::kMark;
    if (c >= 'a' && c <= 'z') kind = Kind::kLower;
    if (c >= 'A' && c <= 'Z') kind = Kind::kUpper;
    if (c >= '0' && c <= '9') kind = Kind::kDigit;
    if (c == ' ' || c == '\t') kind = Kind::kSpace;
    if (c == '\n' || c == '\r') kind = Kind::kLineEnd;
    if (c >= 0x80) kind = Kind::kHigh;
    kinds[c] = kind;
  }
  return kinds;
}();

constexpr size_t kLongestWord = 16;
constexpr size_t kLongestCapitals = 8;
constexpr std::array<uint8_t, kLongestWord + 1> kWordBucketOf = {0, 0, 1, 2,  3,  4,  5,  6, 7,
                                                                 8, 9, 9, 10, 10, 10, 10, 11};
constexpr std::array<uint8_t, kLongestCapitals + 1> kUpperBucketOf = {0, 0, 1, 2, 3, 4, 4, 4, 5};

uint32_t Number(size_t n) { return static_cast<uint32_t>(n); }

// Splits text into runs, from the left, and counts what they are.
class FeatureCounter {
 public:
  explicit FeatureCounter(std::string_view text) : text_(text) {}

  void Scan() {
    while (at_ < text_.size()) Step();
  }

  TokenFeatures Features() const {
    TokenFeatures features{};
    for (size_t i = 0; i < kTokenFeatures; ++i) features[i] = counts_[i];
    if (!accented()) return features;
    const double words = static_cast<double>(std::max<uint32_t>(words_, 1));
    // One word in twenty with an accent tells another language than English.
    const double foreign = std::min(1.0, 20 * static_cast<double>(counts_[kAccented]) / words);
    for (size_t bucket = 0; bucket < kWordBuckets; ++bucket) {
      for (size_t place = 0; place < kPlaces; ++place) {
        features[kForeign + bucket] += foreign * features[kWord + place * kWordBuckets + bucket];
      }
    }
    return features;
  }

  bool accented() const { return counts_[kAccented] > 0; }

  // The same sum as over Features() of a text without accents, in the same order, but only over
  // those that it has.
  double Weigh(const TokenFeatures& weights) const {
    double sum = 0;
    for (size_t word = 0; word < seen_.size(); ++word) {
      for (uint64_t left = seen_[word]; left != 0; left &= left - 1) {
        const size_t feature = 64 * word + static_cast<size_t>(std::countr_zero(left));
        sum += weights[feature] * counts_[feature];
      }
    }
    return sum;
  }

 private:
  void Add(size_t feature, uint32_t n = 1) {
    counts_[feature] += n;
    seen_[feature / 64] |= uint64_t{1} << (feature % 64);
  }

  unsigned char Byte(size_t at) const { return static_cast<unsigned char>(text_[at]); }
  Kind KindAt(size_t at) const { return kByteKinds[Byte(at)]; }
  size_t RunEnd(size_t at, Kind kind) const {
    while (at < text_.size() && KindAt(at) == kind) ++at;
    return at;
  }

  void CountWord(Place place, size_t length) {
    // Past the longest bucket, it counts once more per eight letters.
    const size_t row = kWord + place * kWordBuckets;
    Add(row + kWordBucketOf[std::min(length, kLongestWord)]);
    if (length > kLongestWord) {
      Add(row + kWordBuckets - 1, Number((length - kLongestWord) / 8));
    }
  }

  // Takes words of small letters with one space between them, which are most of a text, in a loop
  // of their own. What it leaves, because a letter beyond ASCII follows, is for Word().
  void PlainWords() {
    size_t at = at_;
    Place place = place_;
    while (true) {
      const size_t end = RunEnd(at, Kind::kLower);
      if (end < text_.size() && KindAt(end) == Kind::kHigh) break;
      CountWord(place, end - at);
      ++words_;
      at = end;
      place = kGlued;
      line_start_ = false;
      if (end + 1 >= text_.size() || text_[end] != ' ' || KindAt(end + 1) != Kind::kLower) break;
      ++at;
      place = kAfterSpace;
    }
    at_ = at;
    place_ = place;
  }

  void Step() {
    switch (KindAt(at_)) {
      case Kind::kLower: {
        const size_t start = at_;
        PlainWords();
        if (at_ == start) Word();
        return;
      }
      case Kind::kUpper: return Word();
      case Kind::kDigit: return Digits();
      case Kind::kSpace: return Spaces();
      case Kind::kLineEnd:
        Add(kNewlines);
        at_ = RunEnd(at_, Kind::kLineEnd);
        line_start_ = true;
        place_ = kAfterMark;
        return;
      case Kind::kMark: return Marks();
      case Kind::kHigh: return High();
    }
  }

  // The length of an accented Latin letter at `at`, 0 if there is none.
  size_t AccentAt(size_t at) const {
    const unsigned char lead = Byte(at);
    if (lead >= 0xc3 && lead <= 0xc9 && at + 1 < text_.size()) return 2;  // U+00C0..U+027F
    const bool extended = lead == 0xe1 && at + 2 < text_.size() && Byte(at + 1) >= 0xb8;
    return extended && Byte(at + 1) <= 0xbb ? 3 : 0;  // U+1E00..U+1EFF
  }

  void Word() {
    const size_t start = at_;
    size_t end = RunEnd(at_, Kind::kUpper);
    const size_t capitals = end - start;
    const bool lower_follows =
        end < text_.size() &&
        (KindAt(end) == Kind::kLower || (KindAt(end) == Kind::kHigh && AccentAt(end) > 0));
    if (!lower_follows) return Capitals(capitals, end);
    if (capitals > 1) Capitals(capitals - 1, end - 1);  // as in XMLReader
    const size_t from = capitals > 1 ? end - 1 : start;
    uint32_t accents = 0;
    while (true) {
      end = RunEnd(end, Kind::kLower);
      if (end == text_.size()) break;
      const size_t accent = KindAt(end) == Kind::kHigh ? AccentAt(end) : 0;
      if (accent == 0) break;
      end += accent;
      ++accents;
    }
    const size_t length = end - from;
    ++words_;
    if (accents > 0) {
      Add(kAccented);
      Add(kAccentedBytes, Number(length));
      Add(kAccents, accents);
    } else {
      CountWord(place_, length);
    }
    at_ = end;
    place_ = kGlued;
    line_start_ = false;
  }

  void Capitals(size_t length, size_t end) {
    Add(kUpper + kUpperBucketOf[std::min(length, kLongestCapitals)]);
    if (length > kLongestCapitals) {
      Add(kUpper + kUpperBuckets - 1, Number((length - kLongestCapitals) / 4));
    }
    at_ = end;
    place_ = kGlued;
    line_start_ = false;
  }

  void Digits() {
    const size_t end = RunEnd(at_, Kind::kDigit);
    const bool letter_follows = end < text_.size() && KindAt(end) <= Kind::kUpper;
    Add(kDigitGroups, Number(end - at_ + 2) / 3);
    if (place_ == kGlued || letter_follows) Add(kDigitsGlued);
    at_ = end;
    place_ = kGlued;
    line_start_ = false;
  }

  void Spaces() {
    const size_t end = RunEnd(at_, Kind::kSpace);
    if (line_start_) {
      Add(kIndents);
    } else if (end - at_ > 1) {
      Add(kSpaces);
    } else if (end < text_.size() && KindAt(end) == Kind::kDigit) {
      Add(kSpaceBeforeDigits);
    }
    at_ = end;
    place_ = kAfterSpace;
    line_start_ = false;
  }

  void Marks() {
    const size_t end = RunEnd(at_, Kind::kMark);
    const size_t length = end - at_;
    const bool letter_follows = end < text_.size() && KindAt(end) <= Kind::kUpper;
    if (length == 1 && letter_follows) {
      Add(kMarkBeforeWord);
    } else if (length >= 4 && text_[at_] == text_[at_ + 1] && text_[at_] == text_[end - 1]) {
      Add(kMarksRepeated, 1 + Number(length) / 32);
    } else {
      Add(kMarks + std::min<size_t>(length, kMarkBuckets) - 1);
      if (length > kMarkBuckets) Add(kMarks + 1, Number(length - kMarkBuckets) / 2);
    }
    at_ = end;
    place_ = kAfterMark;
    line_start_ = false;
  }

  struct Letter {
    Script script;
    size_t bytes;
  };

  Letter LetterAt(size_t at) const {
    const unsigned char lead = Byte(at);
    const size_t left = text_.size() - at;
    if (lead >= 0xce && lead <= 0xcf && left >= 2) return {kGreek, 2};
    if (lead >= 0xd0 && lead <= 0xd4 && left >= 2) return {kCyrillic, 2};
    if (lead >= 0xd5 && lead <= 0xdf && left >= 2) return {kSemitic, 2};
    if (lead >= 0xf0 && left >= 4) return {kEmoji, 4};
    if (lead < 0xe0 || left < 3) return {kOtherBytes, 1};
    const unsigned code =
        (lead & 0xfu) << 12 | (Byte(at + 1) & 0x3fu) << 6 | (Byte(at + 2) & 0x3fu);
    if (code >= 0x0900 && code < 0x0e00) return {kIndic, 3};
    if (code >= 0x0e00 && code < 0x0f00) return {kThai, 3};
    if (code >= 0x2600 && code < 0x2800) return {kEmoji, 3};
    if (code >= 0xfe00 && code < 0xfe10) return {kEmoji, 3};
    if (code >= 0x3040 && code < 0x3100) return {kKana, 3};
    if (code >= 0x3400 && code < 0xa000) return {kHan, 3};
    if (code >= 0xac00 && code < 0xd800) return {kHangul, 3};
    const bool wide = (code >= 0x2000 && code < 0x2070) || (code >= 0x3000 && code < 0x3040) ||
                      (code >= 0xff00 && code < 0xfff0);
    return wide ? Letter{kWideMarks, 3} : Letter{kOtherBytes, 3};
  }

  void High() {
    if (AccentAt(at_) > 0) return Word();
    const size_t script = LetterAt(at_).script;
    uint32_t letters = 0;
    size_t bytes = 0;
    while (at_ < text_.size() && KindAt(at_) == Kind::kHigh) {
      const Letter letter = LetterAt(at_);
      if (letter.script != script || AccentAt(at_) > 0) break;
      at_ += letter.bytes;
      bytes += letter.bytes;
      ++letters;
    }
    Add(kScripts + script, script == kOtherBytes ? Number(bytes) : letters);
    if (script < kSpelt) Add(kScriptRuns + script);
    place_ = kAfterMark;
    line_start_ = false;
  }

  std::string_view text_;
  size_t at_ = 0;
  Place place_ = kAfterSpace;
  bool line_start_ = false;
  uint32_t words_ = 0;
  std::array<uint32_t, kTokenFeatures> counts_{};
  std::array<uint64_t, (kTokenFeatures + 63) / 64> seen_{};  // a bit for each that was counted
};

}  // namespace

TokenFeatures CountTokenFeatures(std::string_view text) {
  FeatureCounter counter(text);
  counter.Scan();
  return counter.Features();
}

double WeighTokenFeatures(std::string_view text, const TokenFeatures& weights) {
  FeatureCounter counter(text);
  counter.Scan();
  if (!counter.accented()) return counter.Weigh(weights);
  const TokenFeatures features = counter.Features();
  return std::inner_product(features.begin(), features.end(), weights.begin(), 0.0);
}

}  // namespace squall

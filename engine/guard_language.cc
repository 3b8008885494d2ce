#include "engine/guard_language.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/guard_text.h"

namespace squall {
namespace {

constexpr unsigned kLatin = ScriptBit(Script::kLatin);
constexpr unsigned kCyrillic = ScriptBit(Script::kCyrillic);
constexpr unsigned kArabic = ScriptBit(Script::kArabic);
constexpr unsigned kHan = ScriptBit(Script::kHan);

constexpr Language kLanguages[] = {
    {"en", kLatin, 0},
    {"de", kLatin, 1},
    {"fr", kLatin, 2},
    {"es", kLatin, 3},
    {"it", kLatin, 4},
    {"pt", kLatin, 5},
    {"nl", kLatin, 6},
    {"sv", kLatin, -1},
    {"da", kLatin, -1},
    {"no", kLatin, -1},
    {"fi", kLatin, -1},
    {"pl", kLatin, -1},
    {"cs", kLatin, -1},
    {"hu", kLatin, -1},
    {"ro", kLatin, -1},
    {"tr", kLatin, -1},
    {"id", kLatin, -1},
    {"vi", kLatin, -1},
    {"ru", kCyrillic, -1},
    {"uk", kCyrillic, -1},
    {"bg", kCyrillic, -1},
    {"el", ScriptBit(Script::kGreek), -1},
    {"he", ScriptBit(Script::kHebrew), -1},
    {"ar", kArabic, -1},
    {"fa", kArabic, -1},
    {"ur", kArabic, -1},
    {"hi", ScriptBit(Script::kDevanagari), -1},
    {"th", ScriptBit(Script::kThai), -1},
    {"zh", kHan, -1},
    {"ja", kHan | ScriptBit(Script::kKana), -1},
    {"ko", kHan | ScriptBit(Script::kHangul), -1},
};

// The commonest function words by profile. Those of one letter say little and are left out, but for
// the few that carry a language.
constexpr std::string_view kWords[] = {
    "the of and to in is that it for was on with as be by this are or at from not have an which "
    "you we will but has its were been their would can if there all they he she his her",
    "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an "
    "werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über zum wenn oder "
    "aber durch nur ich wir war",
    "de la le et les des en un du une que est pour qui dans par plus pas au sur ne se ce il sont "
    "avec ou aux cette son mais comme on nous vous ces leur être elle été sans dont",
    "de la que el en los se del las un por con no una su para es al lo como más pero sus le ha "
    "este esta son entre está cuando muy sin sobre también hasta hay donde todo si ya",
    "di il la che in per un è del non con una della si da sono le al gli come più dei nel alla ma "
    "anche ha dal delle su questo lo ed essere se nella",
    "de que do da em um para com não uma os no se na por mais as dos como mas ao ele das seu sua "
    "ou quando muito nos já também pelo pela até isso são foi está",
    "de het een van en in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit "
    "nog naar door over ze zich hij wordt werd deze dit worden tot kan heeft"};
constexpr size_t kProfileCount = std::size(kWords);

constexpr size_t kLongest = 8;  // bytes of a function word

template <class Visit>
constexpr void ForEachWord(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// The words as numbers, in an open table; a word that several profiles share has several bits.
struct FunctionWords {
  static constexpr size_t kSlots = 1024;
  struct Slot {
    uint64_t word = 0;  // its bytes, the first one lowest; 0 is none
    unsigned profiles = 0;
  };
  std::array<Slot, kSlots> slots{};

  static constexpr size_t SlotOf(uint64_t word) { return word * 0x9e3779b97f4a7c15u >> 54; }

  constexpr void Add(std::string_view text, unsigned profile) {
    uint64_t word = 0;
    for (size_t i = text.size(); i-- > 0;) word = word << 8 | static_cast<unsigned char>(text[i]);
    size_t at = SlotOf(word);
    while (slots[at].word != 0 && slots[at].word != word) at = (at + 1) % kSlots;
    slots[at].word = word;
    slots[at].profiles |= profile;
  }
  unsigned ProfilesOf(uint64_t word) const {
    size_t at = SlotOf(word);
    while (slots[at].word != 0 && slots[at].word != word) at = (at + 1) % kSlots;
    return slots[at].profiles;
  }
};

constexpr FunctionWords kFunctionWords = [] {
  FunctionWords table;
  for (size_t profile = 0; profile < kProfileCount; ++profile) {
    ForEachWord(kWords[profile], [&](std::string_view word) { table.Add(word, 1u << profile); });
  }
  return table;
}();

constexpr bool kAllFit = [] {
  bool fit = true;
  for (const std::string_view words : kWords) {
    ForEachWord(words, [&](std::string_view word) { fit = fit && word.size() <= kLongest; });
  }
  return fit;
}();
static_assert(kAllFit);

// By profile: function words of it, those that the expected one lacks, and the other way round.
// Words that two languages share say nothing about which of them it is.
struct WordCounts {
  unsigned expected = 0;  // bit of the expected profile, 0 if there is none
  int64_t words = 0;
  int64_t hits[kProfileCount] = {};
  int64_t only_there[kProfileCount] = {};
  int64_t only_here[kProfileCount] = {};

  void Add(unsigned profiles) {
    ++words;
    for (size_t i = 0; profiles != 0 && i < kProfileCount; ++i) {
      const bool there = (profiles >> i & 1) != 0;
      const bool here = (profiles & expected) != 0;
      hits[i] += there;
      only_there[i] += there && !here;
      only_here[i] += here && !there;
    }
  }
};

// A word in lower case, as far as function words need it: ASCII and the letters of Latin-1.
class WordBuffer {
 public:
  void Add(char32_t c, std::string_view bytes) {
    const bool latin1 = c >= 0xc0 && c <= 0xff;
    for (size_t i = 0; i < bytes.size(); ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      const bool upper =
          (byte >= 'A' && byte <= 'Z') || (latin1 && i == 1 && byte >= 0x80 && byte <= 0x9e);
      const uint64_t lower = upper ? byte + 0x20 : byte;
      if (size_ < kLongest) word_ |= lower << 8 * size_;
      ++size_;
    }
  }
  void Close(WordCounts* counts) {
    if (size_ == 0) return;
    counts->Add(size_ > kLongest ? 0 : kFunctionWords.ProfilesOf(word_));
    word_ = size_ = 0;
  }

 private:
  uint64_t word_ = 0;
  size_t size_ = 0;
};

// Counts words by profile.
void CountWords(std::string_view text, WordCounts* counts) {
  WordBuffer word;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = TakeCodePoint(&text);
    if (ScriptOf(c) == Script::kLatin) {
      word.Add(c, before.substr(0, before.size() - text.size()));
    } else {
      word.Close(counts);
    }
  }
  word.Close(counts);
}

// A fifth of the words are function words of another language, and clearly more than of this one.
bool IsOtherLanguage(const WordCounts& counts, int64_t min_words) {
  if (counts.words < min_words) return false;
  for (size_t i = 0; i < kProfileCount; ++i) {
    const int64_t there = counts.only_there[i];
    if (counts.hits[i] * 5 >= counts.words && there >= 3 && there >= 2 * counts.only_here[i]) {
      return true;
    }
  }
  return false;
}

}  // namespace

const Language* FindLanguage(std::string_view name) {
  for (const Language& language : kLanguages) {
    if (language.name == name) return &language;
  }
  return nullptr;
}

unsigned ScriptsOf(std::string_view prompt, int64_t min_letters) {
  const Letters letters = CountLetters(prompt);
  unsigned scripts = 0;
  for (size_t i = 1; i < letters.weight.size(); ++i) {
    if (letters.weight[i] >= min_letters) scripts |= 1u << i;
  }
  return scripts;
}

LanguageVerdict JudgeLanguage(std::span<const TextFacts> texts, unsigned scripts,
                              const Language* language, const LanguageConfig& config) {
  if (scripts == 0) return LanguageVerdict::kExpected;
  for (const TextFacts& text : texts) {
    const bool prose = text.latin_words >= config.min_words;
    const int64_t foreign = text.letters.Outside(prose ? scripts : scripts | kLatin);
    if (foreign < config.min_letters) continue;
    const auto share = static_cast<double>(foreign) / static_cast<double>(text.letters.Total());
    if (share > config.max_foreign_share) return LanguageVerdict::kForeignScript;
  }
  if (language == nullptr || language->profile < 0) return LanguageVerdict::kExpected;
  WordCounts all;
  all.expected = 1u << language->profile;
  for (const TextFacts& text : texts) CountWords(text.text, &all);
  const bool other = IsOtherLanguage(all, config.min_words);
  return other ? LanguageVerdict::kOtherLanguage : LanguageVerdict::kExpected;
}

}  // namespace squall

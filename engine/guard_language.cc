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

struct FunctionWord {
  std::string_view word;
  unsigned profiles = 0;  // bits
};

template <class Visit>
constexpr void ForEachWord(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

constexpr size_t CountWords() {
  size_t count = 0;
  for (const std::string_view words : kWords) {
    ForEachWord(words, [&](std::string_view) { ++count; });
  }
  return count;
}

// Sorted; a word that several profiles share has several rows.
constexpr std::array<FunctionWord, CountWords()> SortedWords() {
  std::array<FunctionWord, CountWords()> rows;
  size_t count = 0;
  for (size_t profile = 0; profile < kProfileCount; ++profile) {
    ForEachWord(kWords[profile], [&](std::string_view word) {
      rows[count++] = {word, 1u << profile};
    });
  }
  std::sort(rows.begin(), rows.end(),
            [](const FunctionWord& a, const FunctionWord& b) { return a.word < b.word; });
  return rows;
}
constexpr auto kSortedWords = SortedWords();

unsigned ProfilesOf(std::string_view word) {
  auto row = std::lower_bound(
      kSortedWords.begin(), kSortedWords.end(), word,
      [](const FunctionWord& a, std::string_view wanted) { return a.word < wanted; });
  unsigned profiles = 0;
  for (; row != kSortedWords.end() && row->word == word; ++row) profiles |= row->profiles;
  return profiles;
}

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
  void Add(std::string_view bytes, bool latin1) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (size_ == sizeof(text_)) {
        overflow_ = true;
        return;
      }
      const char c = bytes[i];
      const auto byte = static_cast<unsigned char>(c);
      const bool upper =
          (c >= 'A' && c <= 'Z') || (latin1 && i == 1 && byte >= 0x80 && byte <= 0x9e);
      text_[size_++] = static_cast<char>(upper ? c + 0x20 : c);
    }
  }
  void Close(WordCounts* counts) {
    if (size_ == 0) return;
    counts->Add(overflow_ ? 0 : ProfilesOf(std::string_view(text_, size_)));
    size_ = 0;
    overflow_ = false;
  }

 private:
  char text_[16];  // longer words are no function words
  size_t size_ = 0;
  bool overflow_ = false;
};

struct Letters {
  int64_t weight[kScriptCount] = {};

  int64_t Total() const {
    int64_t sum = 0;
    for (const int64_t w : weight) sum += w;
    return sum - weight[0];
  }
  int64_t Outside(unsigned scripts) const {
    int64_t sum = 0;
    for (int i = 1; i < kScriptCount; ++i) sum += (scripts >> i & 1) != 0 ? 0 : weight[i];
    return sum;
  }
};

// Counts letters by script and words by profile in one pass.
Letters Count(std::string_view text, WordCounts* counts) {
  Letters letters;
  WordBuffer word;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = TakeCodePoint(&text);
    const Script script = ScriptOf(c);
    letters.weight[static_cast<int>(script)] += LetterWeight(script);
    if (counts == nullptr) continue;
    if (script == Script::kLatin) {
      word.Add(before.substr(0, before.size() - text.size()), c >= 0xc0 && c <= 0xff);
    } else {
      word.Close(counts);
    }
  }
  if (counts != nullptr) word.Close(counts);
  return letters;
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
  const Letters letters = Count(prompt, nullptr);
  unsigned scripts = 0;
  for (int i = 1; i < kScriptCount; ++i) {
    if (letters.weight[i] >= min_letters) scripts |= 1u << i;
  }
  return scripts;
}

LanguageVerdict JudgeLanguage(std::span<const std::string_view> values, unsigned scripts,
                              const Language* language, const LanguageConfig& config) {
  if (scripts == 0) return LanguageVerdict::kExpected;
  WordCounts all;
  if (language != nullptr && language->profile >= 0) all.expected = 1u << language->profile;
  for (const std::string_view value : values) {
    const int64_t words_before = all.words;
    const Letters letters = Count(value, &all);
    const bool prose = all.words - words_before >= config.min_words;
    const int64_t foreign = letters.Outside(prose ? scripts : scripts | kLatin);
    const auto share = static_cast<double>(foreign) / static_cast<double>(letters.Total());
    if (foreign >= config.min_letters && share > config.max_foreign_share) {
      return LanguageVerdict::kForeignScript;
    }
  }
  const bool other = all.expected != 0 && IsOtherLanguage(all, config.min_words);
  return other ? LanguageVerdict::kOtherLanguage : LanguageVerdict::kExpected;
}

}  // namespace squall

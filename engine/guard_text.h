// Letters for the guard: code points of UTF-8, the script a letter belongs to, and its base letter
// where it is Latin. Script ranges are blocks of the Unicode standard, coarse on purpose: who asks
// whether an answer is in Russian does not ask which Cyrillic block its letters are from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace squall {

enum class Script : uint8_t {
  kNone,  // digits, punctuation, symbols, marks: of every script
  kLatin,
  kGreek,
  kCyrillic,
  kHebrew,
  kArabic,
  kDevanagari,
  kThai,
  kHan,
  kKana,
  kHangul,
  kOther,  // a letter of any script that is not listed
};
inline constexpr int kScriptCount = static_cast<int>(Script::kOther) + 1;
constexpr unsigned ScriptBit(Script s) { return 1u << static_cast<unsigned>(s); }

Script ScriptOf(char32_t c);

inline constexpr char32_t kReplacement = 0xfffd;

// Takes one code point off the front of `text`, which must not be empty. A byte that starts none is
// kReplacement.
char32_t TakeCodePoint(std::string_view* text);

// 'a'..'z' of a Latin letter, without its accents and in lower case; 0 for anything else.
char BaseLetter(char32_t c);

constexpr bool IsAsciiSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// How many Latin letters a letter is worth: an ideograph or syllable stands for about three, as
// translations of one text show.
constexpr int LetterWeight(Script s) {
  return s == Script::kHan || s == Script::kKana || s == Script::kHangul ? 3 : 1;
}

}  // namespace squall

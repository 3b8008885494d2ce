// TextScan: one pass over the texts of an answer for what several validators ask of them: how their
// letters are distributed over scripts, how many words there are, how unlikely their letters follow
// each other, and how many characters are broken. The validators judge (guard_garbage.h,
// guard_language.h); counting is done here, once, however many of them are on. Bytes below 0x80
// take a path of their own: a table instead of the code point.
//
// Linear in the text; buffers are kept between answers. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/guard_text.h"

namespace squall {

// Letters by script, each with its weight. Those of Script::kNone are not counted.
struct Letters {
  std::array<int64_t, kScriptCount> weight{};

  int64_t Total() const;
  int64_t Outside(unsigned scripts) const;  // of scripts whose bit is not set
};

struct TextFacts {
  std::string_view text;
  Letters letters;
  int64_t latin_words = 0;  // runs of Latin letters
  int64_t most_words = 0;   // as repetition tells words apart there are no more than these
};

// Of all texts of an answer; what it means is in guard_garbage.h.
struct GarbageSigns {
  int64_t characters = 0;
  int64_t broken = 0;
  int64_t pairs = 0;      // of letters, the ends of words included
  int64_t half_bits = 0;  // their summed surprise
};

class TextScan {
 public:
  void Read(std::span<const std::string_view> values);

  std::span<const TextFacts> texts() const { return texts_; }
  const GarbageSigns& garbage() const { return garbage_; }

 private:
  std::vector<TextFacts> texts_;
  GarbageSigns garbage_;
};

// The letters alone, at a fraction of the cost where all of them are ASCII.
Letters CountLetters(std::string_view text);

// Han, kana, Hangul and Thai: words are not told apart by blanks.
constexpr bool IsIdeographic(Script s) { return LetterWeight(s) > 1 || s == Script::kThai; }

}  // namespace squall

// Is an answer in the language that was asked for? Two tests: letters of a script that does not
// belong there, value by value, so that one foreign name in a JSON object shows; and for seven
// languages of the Latin script the share of function words. In prose four to six of ten words are
// among a language's forty commonest (Zipf), and few of those are shared between two languages, so
// twice as many of another language's is a wrong language and not a matter of degree.
// Pure functions over what TextScan has counted; no allocation. Function words take a pass of their
// own, where a language with a profile is expected.
#pragma once

#include <span>
#include <string_view>

#include "engine/guard_config.h"
#include "engine/guard_scan.h"

namespace squall {

struct Language {
  std::string_view name;
  unsigned scripts = 0;  // ScriptBits that it is written in
  int profile = -1;      // index of its function words, -1 if there are none
};

const Language* FindLanguage(std::string_view name);  // nullptr if it is not known

// The scripts of which `prompt` holds at least `min_letters` letters; 0 if it holds no letters.
unsigned ScriptsOf(std::string_view prompt, int64_t min_letters);

enum class LanguageVerdict { kExpected, kForeignScript, kOtherLanguage };

// `texts` are those of one answer. `scripts` are those that may occur; `language` is nullptr
// if only these are known. Latin letters are foreign in prose only: names and codes are in Latin
// letters in every language.
LanguageVerdict JudgeLanguage(std::span<const TextFacts> texts, unsigned scripts,
                              const Language* language, const LanguageConfig& config);

}  // namespace squall

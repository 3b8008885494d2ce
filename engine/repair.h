// RepairJson: an answer that was meant to be JSON, made so by the smallest edits that models' usual
// slips need. A text that parses is never touched. Whoever repairs validates the result again: what
// comes out parses, which does not make it right.
//
// Linear in the text: one rewriting pass over the whole, one over a Markdown fence, and at most
// kRepairStartsMax from brackets inside of prose. Pure; no recursion; depth is limited.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall {

// What was done, as bits.
enum RepairStep : unsigned {
  kRepairBom = 1,              // a byte order mark taken off
  kRepairFences = 2,           // Markdown fences taken off
  kRepairProse = 4,            // words before or after the value taken off
  kRepairTrailingCommas = 8,   // a comma before a closing bracket taken out
  kRepairSingleQuotes = 16,    // 'text' to "text"
  kRepairPythonLiterals = 32,  // True, False, None
  kRepairRawControls = 64,     // line breaks and controls in texts escaped, other blanks replaced
  kRepairEscapes = 128,        // escapes that JSON does not know: \' and lone backslashes
  kRepairTruncation = 256,     // the end was missing: an unfinished member dropped, brackets closed
};
inline constexpr int kRepairStepCount = 9;
inline constexpr int kRepairStartsMax = 16;

std::string RepairStepNames(unsigned steps);  // "fences, prose"; "none"

struct Repair {
  std::string text;
  unsigned steps = 0;
  std::string invented;  // by kRepairTruncation: what stands at the end and nobody wrote
  std::string cut_at;    // and the JSON pointer of the value that is incomplete, if one was kept
};

// nullopt if none of the steps makes it JSON. A truncated text needs one whole value in it, or a
// key and the beginning of its value.
std::optional<Repair> RepairJson(std::string_view text);

}  // namespace squall

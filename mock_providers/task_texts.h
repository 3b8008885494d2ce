// Static texts of the tasks: padding for prompts and answers. None holds a quote, a backslash or a
// control character, so they stand in JSON strings as they are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace squall {

std::string_view BackgroundText();  // plain English prose, a few thousand bytes, for prompts
std::string_view NotesText();       // plain English remarks on an answer

// A script other than the tasks' own.
struct ForeignTexts {
  std::string_view vendor;
  std::string_view product;
  std::string_view unit;
  std::string_view notes;
};
std::span<const ForeignTexts> Foreign();

// Tokens that no sane answer holds.
std::string_view GarbageName(uint64_t choice);
std::string_view GarbageText();

// Appends `bytes` bytes of `text` over and over, from byte `start` on. A code point that would be
// split at the end is replaced by full stops. `start` must be at the start of a code point.
void AppendRepeated(std::string_view text, size_t start, size_t bytes, std::string* out);

// The largest length <= `bytes` that splits no code point of `text`.
size_t WholeCodePoints(std::string_view text, size_t bytes);

}  // namespace squall

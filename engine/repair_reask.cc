#include "engine/repair_reask.h"

#include <absl/strings/str_cat.h>

#include "engine/guard_text.h"

namespace squall {
namespace {

// At most `bytes` bytes of `text`, whole characters, one line.
std::string Short(std::string_view text, size_t bytes) {
  std::string out;
  const bool fits = text.size() <= bytes;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = TakeCodePoint(&text);
    const std::string_view character = before.substr(0, before.size() - text.size());
    if (!fits && out.size() + character.size() + 3 > bytes) break;
    const bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == kReplacement;
    out.append(control ? "?" : character);
  }
  return fits ? out : out + "...";
}

std::string_view Complaint(Drift kind) {
  switch (kind) {
    case Drift::kMissing: return "a required key is missing";
    case Drift::kExtra: return "something is there that is not allowed";
    case Drift::kType: return "the value has the wrong type";
    case Drift::kEnum: return "the value is none of the allowed ones";
    case Drift::kRange: return "the value is outside of its bounds";
    case Drift::kPattern: return "the text does not have the required form";
    case Drift::kDuplicate: return "an item is there twice";
    case Drift::kAlternative: return "the value fits the allowed alternatives wrongly";
    case Drift::kLimit: return "the value is nested too deeply or too large to check";
    case Drift::kNone: break;
  }
  return "the answer is not valid JSON";
}

constexpr std::string_view kEnding =
    " Answer again with one complete JSON value that keeps to the schema, and nothing else: no "
    "explanation, no Markdown.";

}  // namespace

std::string ReaskMessage(const Violation& violation) {
  std::string out = "Your answer was rejected: ";
  out.append(Complaint(violation.kind));
  if (violation.kind != Drift::kNone) {
    const std::string place = Short(violation.pointer, 120);
    absl::StrAppend(&out, " at ", place.empty() ? "the top" : place);
  }
  if (!violation.expected.empty() && !violation.keyword.empty()) {
    absl::StrAppend(&out, " (the schema says \"", Short(violation.keyword, 24),
                    "\": ", Short(violation.expected, 200), ")");
  }
  out.append(".").append(kEnding);
  return out;
}

}  // namespace squall

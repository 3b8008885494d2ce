// JSON visitors over Fields (engine/base/fields.h): a strict reader, a printer of effective values
// and a JSON Schema writer. All three walk the same description of a struct, so that what is read,
// what is printed and what an editor completes cannot differ.
//
// Reading never stops at the first mistake: every problem is collected with its JSON pointer, what
// was got and what was expected, because a file with three typos should take one run to mend, not
// three.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/nearest.h"

namespace squall {

inline constexpr double kExactInt = 0x1p53;  // whole doubles up to here are exact integers

// One mistake in an input. `pointer` is a JSON pointer (RFC 6901), "" for the whole document.
struct Problem {
  std::string pointer;
  std::string message;  // "got …, expected …"
};

// Collects at most kMaxProblems and counts the rest: a megabyte of nonsense needs no megabyte of
// report.
class Problems {
 public:
  static constexpr size_t kMaxProblems = 20;

  void Add(std::string pointer, std::string message);

  bool empty() const { return list_.empty(); }
  size_t count() const { return list_.size() + dropped_; }
  size_t dropped() const { return dropped_; }
  const std::vector<Problem>& list() const { return list_; }

 private:
  std::vector<Problem> list_;
  size_t dropped_ = 0;
};

using DescribeFn = absl::FunctionRef<void(Fields&)>;

// Reads `document` into what `describe` describes. A member that the document lacks keeps its
// value; an unknown key, a wrong type, a value out of range and a broken rule each add a problem.
void ReadFields(const nlohmann::json& document, DescribeFn describe, Problems* problems);

// The values as they are, in the order of their description. ReadFields of the result restores
// them.
nlohmann::ordered_json DumpFields(DescribeFn describe);

// JSON Schema (draft-7) of the documents that ReadFields takes; the present values are the
// defaults. May append scratch elements to the lists and maps that it visits: pass a struct made
// for the purpose.
nlohmann::ordered_json SchemaOfFields(DescribeFn describe);

// `base` with one more reference token, "~" and "/" escaped.
std::string PointerTo(std::string_view base, std::string_view token);

// Is `pointer` the same place as `ancestor` or one below it?
bool AtOrBelow(std::string_view pointer, std::string_view ancestor);

// A value as a message shows it: compact, cut to one short line, always valid UTF-8.
std::string ShowValue(const nlohmann::json& value);
std::string ShowText(std::string_view text);

}  // namespace squall

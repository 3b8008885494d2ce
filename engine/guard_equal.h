// When two answers say the same. SameJson is equality as JSON Schema defines it: key order, white
// space and the form of numbers do not matter. Equivalent is what a caller means who asks two
// models and wants them to agree. Pure functions; linear in the answers, times their depth at most.
#pragma once

#include <cstdint>
#include <string_view>

namespace simdjson::dom {
class element;
}

namespace squall {

class JsonSchema;

bool SameJson(const simdjson::dom::element& a, const simdjson::dom::element& b);
uint64_t HashJson(const simdjson::dom::element& value);  // equal for values that are the same

struct EquivalenceOptions {
  bool ignore_case = false;          // of ASCII letters in texts
  bool collapse_space = true;        // a run of white space is one blank; none at either end
  double relative_tolerance = 1e-9;  // of numbers that are not both whole, >= 0
  // With a schema: keys that it does not require are remarks, which two models never word alike.
  bool required_only = true;
};

// Two answers that are no JSON are compared as texts. With a schema, which may be nullptr, both
// must be JSON that conforms to it.
bool Equivalent(std::string_view a, std::string_view b, const JsonSchema* schema,
                const EquivalenceOptions& options = EquivalenceOptions());

// Do two answers call the same tools? `a` and `b` are lists as tool_calls.h writes them. Each call
// of one must be in the other as often: of the same name, with arguments that are the same JSON
// value (SameJson; no arguments at all are {}), or the same bytes where they are no JSON. Their
// order does not matter, since the calls of one answer are made side by side, and nor do their ids.
// Nothing is tolerated beyond that: what is executed differs where a blank in a text does.
bool SameToolCalls(std::string_view a, std::string_view b);

}  // namespace squall

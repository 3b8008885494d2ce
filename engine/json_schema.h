// JsonSchema: JSON Schema draft-7, compiled once into a plan and run on every answer. A violation
// names the kind of drift and its place, which "invalid" alone would not: a missing key and a wrong
// type have different causes and different repairs.
//
// Every keyword that draft-7 requires is checked. Refused at compile time, never passed over: any
// other keyword, `format` other than date, time, date-time, email and ipv4, regular expressions
// that RE2 does not know (look-around, back references), `$ref` to another document, `$id` below
// the root. tests/engine/json_schema_suite_test.cc lists what that leaves out of the official test
// suite. Time is bounded whatever schema and answer are: see Drift::kLimit. A compiled schema does
// not change; any number of threads may check with it.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace simdjson::dom {
class element;
}

namespace squall {

enum class Drift : uint8_t {
  kNone,
  kMissing,      // a required key is absent
  kExtra,        // a key or item that the schema does not allow
  kType,         // another JSON type
  kEnum,         // none of the listed values
  kRange,        // too small, large, short, long, few or many
  kPattern,      // text of another form (pattern, format)
  kDuplicate,    // equal items where each must be unlike the others
  kAlternative,  // none or too many of the alternatives (anyOf, oneOf, not, contains)
  kLimit,        // deeper than 512 levels, or more than a million steps to check
};
std::string_view DriftName(Drift drift);

// What is wrong and where.
struct Violation {
  Drift kind = Drift::kNone;
  std::string pointer;       // JSON pointer into the answer; of a missing key, where it belongs
  std::string_view keyword;  // of the schema
  std::string expected;      // that keyword's value in the schema, as JSON
};

class JsonSchema {
 public:
  // kInvalidArgument with the JSON pointer of what is wrong.
  static absl::StatusOr<JsonSchema> Compile(std::string_view text);

  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;
  ~JsonSchema();

  // The first drift found, in document order; kNone when `value` conforms.
  Drift Check(const simdjson::dom::element& value) const;
  // The same with its place, for messages; about as fast for an answer that conforms.
  Violation Explain(const simdjson::dom::element& value) const;

  struct Node;
  struct Plan;
  const Node& root() const;

 private:
  explicit JsonSchema(std::unique_ptr<Plan> plan);
  std::unique_ptr<Plan> plan_;
};

}  // namespace squall

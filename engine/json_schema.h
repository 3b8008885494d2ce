// JsonSchema: a subset of JSON Schema draft-7, compiled once into a plan and run on every answer. A
// violation names the kind of drift, which "invalid" alone would not: a missing key and a wrong
// type have different causes and different repairs.
//
// Keywords: type (one or several), properties, required, additionalProperties (true or false),
// items (one schema), enum, const, minimum, maximum, minLength, maxLength, minItems, maxItems.
// Annotations ($schema, $id, title, description, default, examples) are allowed and ignored; any
// other keyword is an error at compile time, never silently passed over.
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
  kMissing,  // a required key is absent
  kExtra,    // a key that the schema does not know
  kType,     // another JSON type
  kEnum,     // none of the listed values
  kRange,    // too small, large, short or long
};
std::string_view DriftName(Drift drift);

class JsonSchema {
 public:
  // kInvalidArgument with the JSON pointer of what is wrong.
  static absl::StatusOr<JsonSchema> Compile(std::string_view text);

  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;
  ~JsonSchema();

  // The first drift found, in document order; kNone when `value` conforms.
  Drift Check(const simdjson::dom::element& value) const;

  struct Node;

 private:
  explicit JsonSchema(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

}  // namespace squall

// The plan that JsonSchema compiles to: one node per schema, found by its JSON pointer so that
// references share them. Inside of json_schema*.cc and guard_equal.cc. Nodes point into the
// schema's parsed text and at each other; the plan owns both.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <re2/re2.h>
#include <simdjson.h>

#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/json_schema.h"
#include "engine/json_schema_format.h"

namespace squall {

// JSON Schema's types as bits. An integer is also a number.
enum TypeBit : unsigned {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
};
inline constexpr unsigned kAnyType = 127;

unsigned JsonTypeOf(const simdjson::dom::element& value);

struct JsonSchema::Node {
  struct Property {
    std::string_view name;
    const Node* node = nullptr;  // nullptr: any value
    bool declared = false;       // in "properties", not only required or depended on
    bool required = false;
  };
  struct PatternProperty {
    std::unique_ptr<RE2> regex;
    const Node* node = nullptr;
  };
  struct Dependency {
    size_t key = 0;             // index of a property
    std::vector<size_t> needs;  // other properties
    const Node* node = nullptr;
  };

  simdjson::dom::element schema;  // for messages
  const Node* ref = nullptr;      // everything else is ignored beside it
  bool never = false;             // the schema `false`
  bool in_place = false;          // any of the last group below

  unsigned types = kAnyType;
  std::vector<simdjson::dom::element> allowed;  // enum
  bool has_enum = false;
  bool has_const = false;
  simdjson::dom::element constant;

  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  double above = -std::numeric_limits<double>::infinity();
  double below = std::numeric_limits<double>::infinity();
  double multiple_of = 0;

  double min_length = 0;  // characters
  double max_length = std::numeric_limits<double>::infinity();
  std::unique_ptr<RE2> pattern;
  TextFormat format = nullptr;

  double min_items = 0;
  double max_items = std::numeric_limits<double>::infinity();
  const Node* items = nullptr;
  std::vector<const Node*> item_list;
  bool has_item_list = false;
  const Node* additional_items = nullptr;
  const Node* contains = nullptr;
  bool unique = false;

  double min_properties = 0;
  double max_properties = std::numeric_limits<double>::infinity();
  std::vector<Property> properties;
  absl::flat_hash_map<std::string_view, size_t> index;  // of many properties; empty for few
  std::vector<PatternProperty> patterns;
  std::vector<Dependency> dependencies;
  const Node* additional = nullptr;  // nullptr: anything
  const Node* names = nullptr;

  std::vector<const Node*> all_of, any_of, one_of;
  bool has_any_of = false;
  bool has_one_of = false;
  const Node* none_of = nullptr;
  const Node* condition = nullptr;
  const Node* then_node = nullptr;
  const Node* else_node = nullptr;

  // The place of `key`, properties.size() if it is none. Answers mostly keep the order of the
  // schema, so the search starts at `from`, behind the last one found.
  size_t Find(std::string_view key, size_t from) const;
};

struct JsonSchema::Plan {
  simdjson::dom::parser parser;
  std::deque<Node> nodes;  // addresses stay
  const Node* root = nullptr;
};

absl::StatusOr<std::unique_ptr<JsonSchema::Plan>> CompilePlan(std::string_view text);

}  // namespace squall

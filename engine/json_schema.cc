#include "engine/json_schema.h"

#include <absl/strings/str_cat.h>
#include <simdjson.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace squall {
namespace {

using nlohmann::json;
using simdjson::dom::element;
using simdjson::dom::element_type;

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
constexpr unsigned kAnyType = 127;

constexpr std::pair<std::string_view, unsigned> kTypeNames[] = {
    {"null", kNull},       {"boolean", kBoolean},
    {"integer", kInteger}, {"number", kNumber | kInteger},
    {"string", kString},   {"array", kArray},
    {"object", kObject}};

constexpr std::string_view kAnnotations[] = {"$schema",     "$id",     "$comment", "title",
                                             "description", "default", "examples"};

unsigned TypeOf(const element& value) {
  switch (value.type()) {
    case element_type::ARRAY: return kArray;
    case element_type::OBJECT: return kObject;
    case element_type::INT64:
    case element_type::UINT64: return kInteger;
    case element_type::DOUBLE: {
      const double number = value.get_double().value_unsafe();
      // 1.0 is an integer to JSON Schema, though not to the parser.
      return number == std::trunc(number) ? kInteger : kNumber;
    }
    case element_type::STRING: return kString;
    case element_type::BOOL: return kBoolean;
    case element_type::NULL_VALUE: return kNull;
  }
  return 0;
}

// Length in characters, not bytes: counts every byte that does not continue a UTF-8 sequence.
size_t Characters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

// One allowed value of enum or const. Scalars only: that is all that answers are asked for.
struct Scalar {
  unsigned type = kNull;
  bool boolean = false;
  double number = 0;
  std::string text;
};

bool Equals(const Scalar& wanted, const element& value, unsigned type) {
  switch (wanted.type) {
    case kNull: return type == kNull;
    case kBoolean: return type == kBoolean && value.get_bool().value_unsafe() == wanted.boolean;
    case kString: return type == kString && value.get_string().value_unsafe() == wanted.text;
    default: {
      double number = 0;
      return (type & (kNumber | kInteger)) != 0 && value.get(number) == simdjson::SUCCESS &&
             number == wanted.number;
    }
  }
}

}  // namespace

struct JsonSchema::Node {
  struct Property {
    std::string name;
    bool required = false;
    std::unique_ptr<Node> node;  // nullptr: any value
  };
  unsigned types = kAnyType;
  std::vector<Property> properties;  // at most 64 required ones, checked at compile time
  bool additional = true;
  std::unique_ptr<Node> items;
  std::vector<Scalar> allowed;  // empty: no enum and no const
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  size_t min_size = 0;  // characters or items
  size_t max_size = std::numeric_limits<size_t>::max();

  Drift Check(const element& value) const {
    const unsigned type = TypeOf(value);
    if ((types & type) == 0) return Drift::kType;
    if (!allowed.empty() && !IsAllowed(value, type)) return Drift::kEnum;
    switch (type) {
      case kObject: return CheckObject(value.get_object().value_unsafe());
      case kArray: return CheckArray(value.get_array().value_unsafe());
      case kString: return CheckSize(Characters(value.get_string().value_unsafe()));
      case kInteger:
      case kNumber: return CheckNumber(value);
      default: return Drift::kNone;
    }
  }

  bool IsAllowed(const element& value, unsigned type) const {
    for (const Scalar& scalar : allowed) {
      if (Equals(scalar, value, type)) return true;
    }
    return false;
  }

  Drift CheckSize(size_t size) const {
    return size < min_size || size > max_size ? Drift::kRange : Drift::kNone;
  }

  Drift CheckNumber(const element& value) const {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS) return Drift::kType;
    return number < minimum || number > maximum ? Drift::kRange : Drift::kNone;
  }

  Drift CheckArray(const simdjson::dom::array& array) const {
    size_t size = 0;
    for (const element item : array) {
      ++size;
      const Drift drift = items == nullptr ? Drift::kNone : items->Check(item);
      if (drift != Drift::kNone) return drift;
    }
    return CheckSize(size);
  }

  // The place of `key`, properties.size() if it is none. Answers mostly keep the order of the
  // schema, so the search starts at `from`, behind the last one found.
  size_t Find(std::string_view key, size_t from) const {
    const size_t count = properties.size();
    for (size_t step = 0; step < count; ++step) {
      const size_t at = from + step < count ? from + step : from + step - count;
      if (properties[at].name == key) return at;
    }
    return count;
  }

  Drift CheckObject(const simdjson::dom::object& object) const {
    uint64_t seen = 0;
    size_t next = 0;
    for (const auto field : object) {
      const size_t at = Find(field.key, next);
      if (at == properties.size()) {
        if (!additional) return Drift::kExtra;
        continue;
      }
      seen |= uint64_t{1} << at;
      next = at + 1;
      const Node* node = properties[at].node.get();
      const Drift drift = node == nullptr ? Drift::kNone : node->Check(field.value);
      if (drift != Drift::kNone) return drift;
    }
    for (size_t i = 0; i < properties.size(); ++i) {
      if (properties[i].required && (seen >> i & 1) == 0) return Drift::kMissing;
    }
    return Drift::kNone;
  }
};

namespace {

class Compiler {
 public:
  absl::Status Compile(const json& schema, const std::string& at, JsonSchema::Node* out) {
    if (!schema.is_object()) return Bad(at, schema, "a schema object");
    for (const auto& [key, value] : schema.items()) {
      const absl::Status status = Keyword(key, value, absl::StrCat(at, "/", key), out);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  using Node = JsonSchema::Node;

  static absl::Status Bad(const std::string& at, const json& got, std::string_view expected) {
    return absl::InvalidArgumentError(absl::StrCat(at.empty() ? "/" : at, ": got ", got.dump(),
                                                   ", expected ", std::string(expected)));
  }

  absl::Status Keyword(const std::string& key, const json& value, const std::string& at,
                       Node* out) {
    for (const std::string_view annotation : kAnnotations) {
      if (key == annotation) return absl::OkStatus();
    }
    if (key == "type") return Types(value, at, out);
    if (key == "properties") return Properties(value, at, out);
    if (key == "required") return Required(value, at, out);
    if (key == "items") return Child(value, at, &out->items);
    if (key == "enum" || key == "const") return Allowed(key, value, at, out);
    if (key == "additionalProperties") {
      if (!value.is_boolean()) return Bad(at, value, "true or false");
      out->additional = value.get<bool>();
      return absl::OkStatus();
    }
    return Bound(key, value, at, out);
  }

  absl::Status Bound(const std::string& key, const json& value, const std::string& at, Node* out) {
    if (key == "minimum" || key == "maximum") {
      if (!value.is_number()) return Bad(at, value, "a number");
      (key == "minimum" ? out->minimum : out->maximum) = value.get<double>();
      return absl::OkStatus();
    }
    const bool lower = key == "minLength" || key == "minItems";
    const bool upper = key == "maxLength" || key == "maxItems";
    if (!lower && !upper) return Bad(at, value, "a keyword of the supported subset");
    if (!value.is_number_unsigned()) return Bad(at, value, "a whole number >= 0");
    (lower ? out->min_size : out->max_size) = value.get<size_t>();
    return absl::OkStatus();
  }

  absl::Status Types(const json& value, const std::string& at, Node* out) {
    const json list = value.is_array() ? value : json::array({value});
    out->types = 0;
    for (const json& item : list) {
      unsigned bits = 0;
      for (const auto& [name, type] : kTypeNames) {
        if (item.is_string() && item.get_ref<const std::string&>() == name) bits = type;
      }
      if (bits == 0) return Bad(at, item, "the name of a JSON type");
      out->types |= bits;
    }
    return absl::OkStatus();
  }

  Node::Property* Find(const std::string& name, Node* out) {
    for (Node::Property& property : out->properties) {
      if (property.name == name) return &property;
    }
    out->properties.push_back(Node::Property{name, false, nullptr});
    return &out->properties.back();
  }

  absl::Status Properties(const json& value, const std::string& at, Node* out) {
    if (!value.is_object()) return Bad(at, value, "an object of schemas");
    for (const auto& [name, schema] : value.items()) {
      const absl::Status status =
          Child(schema, absl::StrCat(at, "/", name), &Find(name, out)->node);
      if (!status.ok()) return status;
    }
    return Fits(at, out);
  }

  absl::Status Required(const json& value, const std::string& at, Node* out) {
    if (!value.is_array()) return Bad(at, value, "a list of keys");
    for (const json& name : value) {
      if (!name.is_string()) return Bad(at, name, "a key");
      Find(name.get<std::string>(), out)->required = true;
    }
    return Fits(at, out);
  }

  static absl::Status Fits(const std::string& at, const Node* out) {
    if (out->properties.size() <= 64) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(at, ": got more than 64 keys"));
  }

  absl::Status Child(const json& value, const std::string& at, std::unique_ptr<Node>* out) {
    *out = std::make_unique<Node>();
    return Compile(value, at, out->get());
  }

  absl::Status Allowed(const std::string& key, const json& value, const std::string& at,
                       Node* out) {
    const json list = key == "const" ? json::array({value}) : value;
    if (!list.is_array() || list.empty()) return Bad(at, value, "a list of values");
    for (const json& item : list) {
      Scalar scalar;
      if (item.is_boolean()) {
        scalar.type = kBoolean;
        scalar.boolean = item.get<bool>();
      } else if (item.is_number()) {
        scalar.type = kNumber;
        scalar.number = item.get<double>();
      } else if (item.is_string()) {
        scalar.type = kString;
        scalar.text = item.get<std::string>();
      } else if (!item.is_null()) {
        return Bad(at, item, "a string, number, boolean or null");
      }
      out->allowed.push_back(std::move(scalar));
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::string_view DriftName(Drift drift) {
  switch (drift) {
    case Drift::kNone: return "none";
    case Drift::kMissing: return "missing";
    case Drift::kExtra: return "extra";
    case Drift::kType: return "type";
    case Drift::kEnum: return "enum";
    case Drift::kRange: return "range";
  }
  return "unknown";
}

JsonSchema::JsonSchema(std::unique_ptr<Node> root) : root_(std::move(root)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

absl::StatusOr<JsonSchema> JsonSchema::Compile(std::string_view text) {
  const json schema = json::parse(text, nullptr, false);
  if (schema.is_discarded()) return absl::InvalidArgumentError("/: the schema is not JSON");
  auto root = std::make_unique<Node>();
  Compiler compiler;
  const absl::Status status = compiler.Compile(schema, "", root.get());
  if (!status.ok()) return status;
  return JsonSchema(std::move(root));
}

Drift JsonSchema::Check(const element& value) const { return root_->Check(value); }

}  // namespace squall

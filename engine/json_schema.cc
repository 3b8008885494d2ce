#include "engine/json_schema.h"

#include <absl/container/inlined_vector.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "engine/guard_equal.h"
#include "engine/json_schema_node.h"

namespace squall {

using simdjson::dom::element;
using simdjson::dom::element_type;

unsigned JsonTypeOf(const element& value) {
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

// Asked for each key of each answer: nearly always the one that is expected next.
size_t JsonSchema::Node::Find(std::string_view key, size_t from) const {
  const size_t count = properties.size();
  if (from < count) {
    const std::string_view next = properties[from].name;
    const bool same =
        next.size() == key.size() && std::memcmp(next.data(), key.data(), key.size()) == 0;
    if (same) return from;
  }
  if (!index.empty()) {
    const auto found = index.find(key);
    return found == index.end() ? count : found->second;
  }
  for (size_t at = 0; at < count; ++at) {
    if (properties[at].name == key) return at;
  }
  return count;
}

namespace {

using Node = JsonSchema::Node;

constexpr int64_t kStepsMax = 1'000'000;
constexpr int kSchemaDepthMax = 512;

// Length in characters, not bytes: counts every byte that does not continue a UTF-8 sequence.
double Characters(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  size_t count = text.size();
  for (; text.size() >= sizeof(uint64_t); text.remove_prefix(sizeof(uint64_t))) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    const uint64_t continued = (word >> 7) & ~(word >> 6) & kOnes;  // a one for each such byte
    count -= continued * kOnes >> 56;
  }
  for (const char c : text) count -= (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  return static_cast<double>(count);
}

// A value of the answer, or a key of it, which is a string that no element stands for.
struct Instance {
  explicit Instance(const element& e) : value(&e), type(JsonTypeOf(e)) {
    if (type == kString) text = e.get_string().value_unsafe();
  }
  explicit Instance(std::string_view key) : type(kString), text(key) {}

  const element* value = nullptr;
  unsigned type;
  std::string_view text;
};

bool Same(const element& wanted, const Instance& instance) {
  if (instance.type != kString) return SameJson(wanted, *instance.value);
  return wanted.is_string() && wanted.get_string().value_unsafe() == instance.text;
}

// Where in the answer a check is; lives on the stack of the checks above it.
struct InstancePath {
  const InstancePath* parent = nullptr;
  std::string_view key;
  size_t index = 0;
  bool is_item = false;

  void AppendTo(std::string* out) const {
    if (parent == nullptr) return;
    parent->AppendTo(out);
    if (is_item) {
      absl::StrAppend(out, "/", index);
      return;
    }
    out->append(1, '/');
    for (const char c : key) {
      if (c == '~') {
        out->append("~0");
      } else if (c == '/') {
        out->append("~1");
      } else {
        out->append(1, c);
      }
    }
  }
};

class Checker {
 public:
  explicit Checker(Violation* out) : out_(out) {}

  Drift Check(const Node& start, const Instance& instance, const InstancePath& place) {
    const Node* node = &start;
    while (node->ref != nullptr) node = node->ref;
    if (++steps_ > kStepsMax || depth_ >= kSchemaDepthMax) {
      steps_ = kStepsMax;  // whatever is checked next fails as well, so no `not` can turn it around
      return Fail(Drift::kLimit, *node, {}, place);
    }
    ++depth_;
    const Drift drift = CheckAll(*node, instance, place);
    --depth_;
    return drift;
  }

 private:
  Drift Fail(Drift drift, const Node& node, std::string_view keyword, const InstancePath& place) {
    if (out_ == nullptr || silent_ > 0) return drift;
    out_->kind = drift;
    out_->keyword = keyword;
    out_->pointer.clear();
    place.AppendTo(&out_->pointer);
    out_->expected.clear();
    element expected;
    if (!keyword.empty() && node.schema.at_key(keyword).get(expected) == simdjson::SUCCESS) {
      out_->expected = simdjson::minify(expected);
    }
    return drift;
  }

  // A check whose failure is no violation yet.
  Drift Try(const Node& node, const Instance& instance, const InstancePath& place) {
    ++silent_;
    const Drift drift = Check(node, instance, place);
    --silent_;
    return drift;
  }

  Drift CheckAll(const Node& node, const Instance& instance, const InstancePath& place) {
    if (node.never) return Fail(Drift::kExtra, node, {}, place);
    if ((node.types & instance.type) == 0) return Fail(Drift::kType, node, "type", place);
    if (node.has_enum && !IsAllowed(node, instance)) {
      return Fail(Drift::kEnum, node, "enum", place);
    }
    if (node.has_const && !Same(node.constant, instance)) {
      return Fail(Drift::kEnum, node, "const", place);
    }
    const Drift drift = CheckByType(node, instance, place);
    if (drift != Drift::kNone || !node.in_place) return drift;
    return CheckInPlace(node, instance, place);
  }

  static bool IsAllowed(const Node& node, const Instance& instance) {
    return std::any_of(node.allowed.begin(), node.allowed.end(),
                       [&](const element& wanted) { return Same(wanted, instance); });
  }

  Drift CheckByType(const Node& node, const Instance& instance, const InstancePath& place) {
    switch (instance.type) {
      case kObject: return CheckObject(node, instance, place);
      case kArray: return CheckArray(node, instance.value->get_array().value_unsafe(), place);
      case kString: return CheckText(node, instance.text, place);
      case kInteger:
      case kNumber: return CheckNumber(node, *instance.value, place);
      default: return Drift::kNone;
    }
  }

  Drift Within(double size, double least, double most, std::string_view least_key,
               std::string_view most_key, const Node& node, const InstancePath& place) {
    if (size < least) return Fail(Drift::kRange, node, least_key, place);
    if (size > most) return Fail(Drift::kRange, node, most_key, place);
    return Drift::kNone;
  }

  Drift CheckText(const Node& node, std::string_view text, const InstancePath& place) {
    if (node.min_length > 0 || node.max_length < std::numeric_limits<double>::infinity()) {
      const Drift drift = Within(Characters(text), node.min_length, node.max_length, "minLength",
                                 "maxLength", node, place);
      if (drift != Drift::kNone) return drift;
    }
    if (node.pattern != nullptr && !RE2::PartialMatch({text.data(), text.size()}, *node.pattern)) {
      return Fail(Drift::kPattern, node, "pattern", place);
    }
    if (node.format != nullptr && !node.format(text)) {
      return Fail(Drift::kPattern, node, "format", place);
    }
    return Drift::kNone;
  }

  Drift CheckNumber(const Node& node, const element& value, const InstancePath& place) {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS) return Fail(Drift::kType, node, "type", place);
    const Drift drift =
        Within(number, node.minimum, node.maximum, "minimum", "maximum", node, place);
    if (drift != Drift::kNone) return drift;
    if (number <= node.above) return Fail(Drift::kRange, node, "exclusiveMinimum", place);
    if (number >= node.below) return Fail(Drift::kRange, node, "exclusiveMaximum", place);
    if (node.multiple_of > 0) {
      // 0.0075 is a multiple of 0.0001, though not of the nearest double.
      const double ratio = number / node.multiple_of;
      const double off = std::abs(ratio - std::round(ratio));
      if (!(off <= 1e-9 * std::max(1.0, std::abs(ratio)))) {
        return Fail(Drift::kRange, node, "multipleOf", place);
      }
    }
    return Drift::kNone;
  }

  Drift CheckArray(const Node& node, const simdjson::dom::array& array, const InstancePath& place) {
    size_t size = 0;
    bool contained = false;
    for (const element item : array) {
      const InstancePath at{&place, {}, size, true};
      const Instance instance(item);
      const Node* rule = node.items;
      if (node.has_item_list) {
        rule = size < node.item_list.size() ? node.item_list[size] : node.additional_items;
      }
      ++size;
      const Drift drift = rule == nullptr ? Drift::kNone : Check(*rule, instance, at);
      if (drift != Drift::kNone) return drift;
      if (node.contains != nullptr && !contained) {
        const Drift other = Try(*node.contains, instance, at);
        if (other == Drift::kLimit) return Fail(other, node, "contains", place);
        contained = other == Drift::kNone;
      }
    }
    if (node.contains != nullptr && !contained) {
      return Fail(Drift::kAlternative, node, "contains", place);
    }
    if (node.unique) {
      const Drift drift = CheckUnique(node, array, place);
      if (drift != Drift::kNone) return drift;
    }
    return Within(static_cast<double>(size), node.min_items, node.max_items, "minItems", "maxItems",
                  node, place);
  }

  Drift CheckUnique(const Node& node, const simdjson::dom::array& array,
                    const InstancePath& place) {
    struct Item {
      uint64_t hash;
      size_t index;
      element value;
    };
    std::vector<Item> items;
    for (const element item : array) items.push_back({HashJson(item), items.size(), item});
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      return std::pair(a.hash, a.index) < std::pair(b.hash, b.index);
    });
    for (size_t i = 1; i < items.size(); ++i) {
      // Values that only hash alike are so rare that the one after the other settles it.
      if (items[i - 1].hash == items[i].hash && SameJson(items[i - 1].value, items[i].value)) {
        return Fail(Drift::kDuplicate, node, "uniqueItems",
                    InstancePath{&place, {}, items[i].index, true});
      }
    }
    return Drift::kNone;
  }

  using Bits = absl::InlinedVector<uint64_t, 2>;
  static bool Has(const Bits& seen, size_t i) { return (seen[i / 64] >> (i % 64) & 1) != 0; }

  Drift CheckObject(const Node& node, const Instance& instance, const InstancePath& place) {
    Bits seen(node.properties.size() / 64 + 1, 0);
    size_t next = 0;
    size_t size = 0;
    const simdjson::dom::object object = instance.value->get_object().value_unsafe();
    for (const auto field : object) {
      ++size;
      const InstancePath at{&place, field.key, 0, false};
      const size_t found = node.Find(field.key, next);
      bool known = false;
      if (found < node.properties.size()) {
        next = found + 1;
        seen[found / 64] |= uint64_t{1} << (found % 64);
        known = node.properties[found].declared;
        const Node* rule = node.properties[found].node;
        const Drift drift =
            rule == nullptr ? Drift::kNone : Check(*rule, Instance(field.value), at);
        if (drift != Drift::kNone) return drift;
      }
      const Drift drift = CheckOtherKey(node, field.key, field.value, known, at);
      if (drift != Drift::kNone) return drift;
    }
    const Drift drift = CheckKeys(node, seen, instance, place);
    if (drift != Drift::kNone) return drift;
    return Within(static_cast<double>(size), node.min_properties, node.max_properties,
                  "minProperties", "maxProperties", node, place);
  }

  // What the names of a key decide, after its property has been checked.
  Drift CheckOtherKey(const Node& node, std::string_view key, const element& value, bool known,
                      const InstancePath& at) {
    for (const Node::PatternProperty& row : node.patterns) {
      if (!RE2::PartialMatch({key.data(), key.size()}, *row.regex)) continue;
      known = true;
      const Drift drift = Check(*row.node, Instance(value), at);
      if (drift != Drift::kNone) return drift;
    }
    if (node.names != nullptr) {
      const Drift drift = Check(*node.names, Instance(key), at);
      if (drift != Drift::kNone) return drift;
    }
    if (known || node.additional == nullptr) return Drift::kNone;
    if (node.additional->never) return Fail(Drift::kExtra, node, "additionalProperties", at);
    return Check(*node.additional, Instance(value), at);
  }

  Drift CheckKeys(const Node& node, const Bits& seen, const Instance& object,
                  const InstancePath& place) {
    for (size_t i = 0; i < node.properties.size(); ++i) {
      if (!node.properties[i].required || Has(seen, i)) continue;
      return Fail(Drift::kMissing, node, "required",
                  InstancePath{&place, node.properties[i].name, 0, false});
    }
    for (const Node::Dependency& row : node.dependencies) {
      if (!Has(seen, row.key)) continue;
      for (const size_t key : row.needs) {
        if (Has(seen, key)) continue;
        return Fail(Drift::kMissing, node, "dependencies",
                    InstancePath{&place, node.properties[key].name, 0, false});
      }
      const Drift drift = row.node == nullptr ? Drift::kNone : Check(*row.node, object, place);
      if (drift != Drift::kNone) return drift;
    }
    return Drift::kNone;
  }

  // Keywords that apply other schemas to the same value.
  Drift CheckInPlace(const Node& node, const Instance& instance, const InstancePath& place) {
    for (const Node* each : node.all_of) {
      const Drift drift = Check(*each, instance, place);
      if (drift != Drift::kNone) return drift;
    }
    if (node.has_any_of) {
      const Drift drift = Count(node.any_of, 1, SIZE_MAX, "anyOf", node, instance, place);
      if (drift != Drift::kNone) return drift;
    }
    if (node.has_one_of) {
      const Drift drift = Count(node.one_of, 1, 1, "oneOf", node, instance, place);
      if (drift != Drift::kNone) return drift;
    }
    if (node.none_of != nullptr) {
      const Drift drift = Try(*node.none_of, instance, place);
      if (drift == Drift::kLimit) return Fail(drift, node, "not", place);
      if (drift == Drift::kNone) return Fail(Drift::kAlternative, node, "not", place);
    }
    if (node.condition == nullptr) return Drift::kNone;
    const Drift drift = Try(*node.condition, instance, place);
    if (drift == Drift::kLimit) return Fail(drift, node, "if", place);
    const Node* branch = drift == Drift::kNone ? node.then_node : node.else_node;
    return branch == nullptr ? Drift::kNone : Check(*branch, instance, place);
  }

  // Between `least` and `most` of the alternatives must accept the value.
  Drift Count(const std::vector<const Node*>& alternatives, size_t least, size_t most,
              std::string_view keyword, const Node& node, const Instance& instance,
              const InstancePath& place) {
    size_t accepted = 0;
    for (const Node* each : alternatives) {
      const Drift drift = Try(*each, instance, place);
      if (drift == Drift::kLimit) return Fail(drift, node, keyword, place);
      accepted += drift == Drift::kNone;
      if (accepted > most || (accepted >= least && most == SIZE_MAX)) break;
    }
    if (accepted >= least && accepted <= most) return Drift::kNone;
    return Fail(Drift::kAlternative, node, keyword, place);
  }

  Violation* out_;
  int64_t steps_ = 0;
  int depth_ = 0;
  int silent_ = 0;
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
    case Drift::kPattern: return "pattern";
    case Drift::kDuplicate: return "duplicate";
    case Drift::kAlternative: return "alternative";
    case Drift::kLimit: return "limit";
  }
  return "unknown";
}

JsonSchema::JsonSchema(std::unique_ptr<Plan> plan) : plan_(std::move(plan)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

absl::StatusOr<JsonSchema> JsonSchema::Compile(std::string_view text) {
  absl::StatusOr<std::unique_ptr<Plan>> plan = CompilePlan(text);
  if (!plan.ok()) return plan.status();
  return JsonSchema(*std::move(plan));
}

const JsonSchema::Node& JsonSchema::root() const { return *plan_->root; }

Drift JsonSchema::Check(const element& value) const {
  return Checker(nullptr).Check(root(), Instance(value), InstancePath());
}

Violation JsonSchema::Explain(const element& value) const {
  Violation violation;
  Checker(&violation).Check(root(), Instance(value), InstancePath());
  return violation;
}

}  // namespace squall

#include "engine/guard_equal.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/json_schema_node.h"
#include "engine/wire/tool_calls.h"

namespace squall {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using Node = JsonSchema::Node;

bool IsNumber(const element& value) {
  return value.type() == element_type::INT64 || value.type() == element_type::UINT64 ||
         value.type() == element_type::DOUBLE;
}

// Doubles cannot tell large whole numbers apart, so these are compared as what they are.
bool SameNumber(const element& a, const element& b, double tolerance) {
  if (a.type() != element_type::DOUBLE && b.type() != element_type::DOUBLE) {
    if (a.type() != b.type()) return false;  // one of them is beyond int64
    return a.type() == element_type::INT64
               ? a.get_int64().value_unsafe() == b.get_int64().value_unsafe()
               : a.get_uint64().value_unsafe() == b.get_uint64().value_unsafe();
  }
  double x = 0;
  double y = 0;
  if (a.get(x) != simdjson::SUCCESS || b.get(y) != simdjson::SUCCESS) return false;
  return x == y || std::abs(x - y) <= tolerance * std::max(std::abs(x), std::abs(y));
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string Normal(std::string_view text, const EquivalenceOptions& options) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (options.collapse_space && IsSpace(c)) {
      if (!out.empty() && out.back() != ' ') out.append(1, ' ');
    } else {
      const bool fold = options.ignore_case && c >= 'A' && c <= 'Z';
      out.append(1, static_cast<char>(fold ? c + ('a' - 'A') : c));
    }
  }
  if (options.collapse_space && !out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool SameText(std::string_view a, std::string_view b, const EquivalenceOptions& options) {
  if (a == b) return true;
  if (!options.ignore_case && !options.collapse_space) return false;
  return Normal(a, options) == Normal(b, options);
}

struct Field {
  std::string_view key;
  element value;
  const Node* node;  // nullptr where the schema says nothing
};

// Fields in the order of their keys; of equal keys the last one counts, as in most readers.
std::vector<Field> FieldsOf(const simdjson::dom::object& object, const Node* node,
                            const EquivalenceOptions& options) {
  std::vector<Field> fields;
  for (const auto field : object) {
    Field out{field.key, field.value, nullptr};
    if (node != nullptr) {
      const size_t at = node->Find(field.key, 0);
      const bool known = at < node->properties.size();
      if (known) out.node = node->properties[at].node;
      const bool declared = known && node->properties[at].declared;
      if (options.required_only && declared && !node->properties[at].required) continue;
    }
    fields.push_back(out);
  }
  std::stable_sort(fields.begin(), fields.end(),
                   [](const Field& a, const Field& b) { return a.key < b.key; });
  const auto last = std::unique(fields.rbegin(), fields.rend(),
                                [](const Field& a, const Field& b) { return a.key == b.key; });
  fields.erase(fields.begin(), last.base());
  return fields;
}

class Comparison {
 public:
  explicit Comparison(const EquivalenceOptions& options) : options_(options) {}

  bool Same(const element& a, const element& b, const Node* node) const {
    while (node != nullptr && node->ref != nullptr) node = node->ref;
    if (IsNumber(a)) return IsNumber(b) && SameNumber(a, b, options_.relative_tolerance);
    if (a.type() != b.type()) return false;
    switch (a.type()) {
      case element_type::OBJECT:
        return SameObject(a.get_object().value_unsafe(), b.get_object().value_unsafe(), node);
      case element_type::ARRAY:
        return SameArray(a.get_array().value_unsafe(), b.get_array().value_unsafe(), node);
      case element_type::STRING:
        return SameText(a.get_string().value_unsafe(), b.get_string().value_unsafe(), options_);
      case element_type::BOOL: return a.get_bool().value_unsafe() == b.get_bool().value_unsafe();
      default: return true;  // null
    }
  }

 private:
  bool SameObject(const simdjson::dom::object& a, const simdjson::dom::object& b,
                  const Node* node) const {
    const std::vector<Field> left = FieldsOf(a, node, options_);
    const std::vector<Field> right = FieldsOf(b, node, options_);
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [this](const Field& x, const Field& y) {
                        return x.key == y.key && Same(x.value, y.value, x.node);
                      });
  }

  bool SameArray(const simdjson::dom::array& a, const simdjson::dom::array& b,
                 const Node* node) const {
    const Node* item = node == nullptr ? nullptr : node->items;
    auto left = a.begin();
    auto right = b.begin();
    for (; left != a.end() && right != b.end(); ++left, ++right) {
      if (!Same(*left, *right, item)) return false;
    }
    return !(left != a.end()) && !(right != b.end());
  }

  const EquivalenceOptions& options_;
};

constexpr EquivalenceOptions kExact{false, false, 0, false};

// A tool call whose arguments have been read. Does not move: the value lives in the parser.
struct ReadCall {
  explicit ReadCall(const ToolCall& call) : name(call.name), text(call.arguments) {
    if (text.find_first_not_of(" \t\r\n") == text.npos) text = "{}";
    is_json = parser.parse(text).get(value) == simdjson::SUCCESS;
  }
  std::string name;
  std::string text;
  simdjson::dom::parser parser;
  element value;
  bool is_json = false;
};

std::deque<ReadCall> ReadCalls(std::string_view list) {
  std::deque<ReadCall> calls;
  ForEachToolCall(list, [&](const ToolCall& call) { calls.emplace_back(call); });
  return calls;
}

bool IsSame(const ReadCall& a, const ReadCall& b) {
  if (a.name != b.name || a.is_json != b.is_json) return false;
  return a.is_json ? Comparison(kExact).Same(a.value, b.value, nullptr) : a.text == b.text;
}

}  // namespace

bool SameJson(const element& a, const element& b) { return Comparison(kExact).Same(a, b, nullptr); }

uint64_t HashJson(const element& value) {
  switch (value.type()) {
    case element_type::ARRAY: {
      uint64_t hash = 1;
      const simdjson::dom::array array = value.get_array().value_unsafe();
      for (const element item : array) {
        hash = Mix(hash ^ HashJson(item));
      }
      return hash;
    }
    case element_type::OBJECT: {
      uint64_t sum = 2;  // whatever the order
      const simdjson::dom::object object = value.get_object().value_unsafe();
      for (const auto field : object) {
        sum += Mix(HashText(field.key) ^ Mix(HashJson(field.value)));
      }
      return Mix(sum);
    }
    case element_type::STRING: return HashText(value.get_string().value_unsafe());
    case element_type::BOOL: return value.get_bool().value_unsafe() ? 3 : 4;
    case element_type::NULL_VALUE: return 5;
    default: {
      double number = 0;
      if (value.get(number) != simdjson::SUCCESS) return 6;
      return Mix(std::bit_cast<uint64_t>(number == 0 ? 0.0 : number));  // -0 is 0
    }
  }
}

bool SameToolCalls(std::string_view a, std::string_view b) {
  constexpr size_t kMostSearched = 256;  // beyond, the order counts
  const std::deque<ReadCall> left = ReadCalls(a);
  const std::deque<ReadCall> right = ReadCalls(b);
  if (left.size() != right.size()) return false;
  std::vector<bool> taken(right.size());
  const bool in_order = left.size() > kMostSearched;
  for (size_t i = 0; i < left.size(); ++i) {
    size_t j = in_order ? i : 0;
    const size_t end = in_order ? i + 1 : right.size();
    while (j < end && (taken[j] || !IsSame(left[i], right[j]))) ++j;
    if (j == end) return false;
    taken[j] = true;
  }
  return true;
}

bool Equivalent(std::string_view a, std::string_view b, const JsonSchema* schema,
                const EquivalenceOptions& options) {
  simdjson::dom::parser parsers[2];
  element values[2];
  const bool a_is_json = parsers[0].parse(a.data(), a.size()).get(values[0]) == simdjson::SUCCESS;
  const bool b_is_json = parsers[1].parse(b.data(), b.size()).get(values[1]) == simdjson::SUCCESS;
  if (!a_is_json || !b_is_json) return schema == nullptr && SameText(a, b, options);
  if (schema == nullptr) return Comparison(options).Same(values[0], values[1], nullptr);
  for (const element& value : values) {
    if (schema->Check(value) != Drift::kNone) return false;
  }
  return Comparison(options).Same(values[0], values[1], &schema->root());
}

}  // namespace squall

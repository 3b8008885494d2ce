// From the text of a schema to its plan. Every keyword is a row of one table: what its value must
// be, and what it does to the node.
#include <absl/strings/str_cat.h>

#include <map>
#include <utility>

#include "engine/json_schema_node.h"

namespace squall {
namespace {

using Node = JsonSchema::Node;
using simdjson::dom::element;

constexpr size_t kNodesMax = 10'000;
constexpr int kCompileDepthMax = 256;  // of schemas in schemas, references included
constexpr size_t kFewProperties = 16;
constexpr int64_t kPatternBytesMax = 1 << 20;

constexpr std::pair<std::string_view, unsigned> kTypeNames[] = {
    {"null", kNull},       {"boolean", kBoolean},
    {"integer", kInteger}, {"number", kNumber | kInteger},
    {"string", kString},   {"array", kArray},
    {"object", kObject}};

std::string EscapePointer(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out.append("~0");
    } else if (c == '/') {
      out.append("~1");
    } else {
      out.append(1, c);
    }
  }
  return out;
}

// The fragment of a reference as a JSON pointer: percent signs decoded.
std::string DecodeFragment(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    out.append(1,
               coded ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i]);
    if (coded) i += 2;
  }
  return out;
}

// \uXXXX is JavaScript's; RE2 writes \x{XXXX}.
std::string ToRe2(std::string_view pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      out.append(1, pattern[i]);
    } else if (pattern[i + 1] == 'u' && i + 5 < pattern.size()) {
      out.append("\\x{").append(pattern.substr(i + 2, 4)).append(1, '}');
      i += 5;
    } else {
      out.append(pattern.substr(i, 2));
      ++i;
    }
  }
  return out;
}

class Compiler {
 public:
  explicit Compiler(JsonSchema::Plan* plan) : plan_(plan) {}

  absl::Status Compile(const element& root) {
    root_ = root;
    if (const absl::Status status = NodeAt(root, "", &plan_->root); !status.ok()) return status;
    std::map<const Node*, int> state;
    for (const Node& node : plan_->nodes) {
      if (const absl::Status status = CheckLoops(&node, &state); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  struct Keyword {
    std::string_view name;
    absl::Status (Compiler::*read)(const element& value, const std::string& at, Node* out);
  };
  static const Keyword kKeywords[];

  static absl::Status Bad(const std::string& at, const element& got, std::string_view expected) {
    std::string text = simdjson::minify(got);
    if (text.size() > 200) text = text.substr(0, 200) + "...";
    return absl::InvalidArgumentError(
        absl::StrCat(at.empty() ? "/" : at, ": got ", text, ", expected ", std::string(expected)));
  }

  // The node of the schema at that pointer, compiled when first asked for.
  absl::Status NodeAt(const element& schema, const std::string& at, const Node** out) {
    const auto known = nodes_.find(at);
    if (known != nodes_.end()) {
      *out = known->second;
      return absl::OkStatus();
    }
    if (plan_->nodes.size() >= kNodesMax) {
      return absl::InvalidArgumentError(absl::StrCat(at, ": more than ", kNodesMax, " schemas"));
    }
    if (depth_ >= kCompileDepthMax) {
      return absl::InvalidArgumentError(
          absl::StrCat(at, ": nested deeper than ", kCompileDepthMax));
    }
    Node* node = &plan_->nodes.emplace_back();
    nodes_[at] = node;
    *out = node;
    node->schema = schema;
    if (schema.is_bool()) {
      node->never = !schema.get_bool().value_unsafe();
      return absl::OkStatus();
    }
    simdjson::dom::object object;
    if (schema.get(object) != simdjson::SUCCESS) return Bad(at, schema, "a schema object");
    ++depth_;
    const absl::Status status = Keywords(object, at, node);
    --depth_;
    return status;
  }

  absl::Status Keywords(const simdjson::dom::object& object, const std::string& at, Node* node) {
    element reference;
    if (object.at_key("$ref").get(reference) == simdjson::SUCCESS) {
      return Reference(reference, absl::StrCat(at, "/$ref"), node);
    }
    for (const auto field : object) {
      const std::string where = absl::StrCat(at, "/", EscapePointer(field.key));
      const Keyword* found = nullptr;
      for (const Keyword* row = kKeywords; row->read != nullptr; ++row) {
        if (row->name == field.key) found = row;
      }
      if (found == nullptr) return Bad(where, field.value, "a keyword of the supported subset");
      const absl::Status status = (this->*found->read)(field.value, where, node);
      if (!status.ok()) return status;
    }
    if (node->properties.size() > kFewProperties) {
      for (size_t i = 0; i < node->properties.size(); ++i) {
        node->index[node->properties[i].name] = i;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Reference(const element& value, const std::string& at, Node* node) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS || !text.starts_with('#')) {
      return Bad(at, value, "a reference into this schema, \"#\" and a JSON pointer");
    }
    const std::string pointer = DecodeFragment(text.substr(1));
    element target = root_;
    const bool found =
        pointer.empty() ||
        (pointer.front() == '/' && root_.at_pointer(pointer).get(target) == simdjson::SUCCESS);
    if (!found) return Bad(at, value, "a place that exists in this schema");
    return NodeAt(target, pointer, &node->ref);
  }

  // Schemas that are applied to the value itself must not lead back to where they started.
  static absl::Status CheckLoops(const Node* node, std::map<const Node*, int>* state) {
    int& own = (*state)[node];
    if (own == 2) return absl::OkStatus();
    if (own == 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("/: got a reference that leads back to itself: ",
                       std::string(simdjson::minify(node->schema)).substr(0, 200)));
    }
    own = 1;
    std::vector<const Node*> next = {node->ref, node->none_of, node->condition, node->then_node,
                                     node->else_node};
    for (const auto* list : {&node->all_of, &node->any_of, &node->one_of}) {
      next.insert(next.end(), list->begin(), list->end());
    }
    for (const Node::Dependency& row : node->dependencies) next.push_back(row.node);
    for (const Node* each : next) {
      const absl::Status status = each == nullptr ? absl::OkStatus() : CheckLoops(each, state);
      if (!status.ok()) return status;
    }
    (*state)[node] = 2;
    return absl::OkStatus();
  }

  // ---- keywords ----

  absl::Status Ignore(const element&, const std::string&, Node*) { return absl::OkStatus(); }

  absl::Status Id(const element& value, const std::string& at, Node*) {
    if (at == "/$id") return absl::OkStatus();
    return Bad(at, value, "$id at the top of the schema only");
  }

  absl::Status Definitions(const element& value, const std::string& at, Node*) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return Bad(at, value, "an object of schemas");
    for (const auto field : object) {
      const Node* unused = nullptr;
      const absl::Status status =
          NodeAt(field.value, absl::StrCat(at, "/", EscapePointer(field.key)), &unused);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Types(const element& value, const std::string& at, Node* out) {
    simdjson::dom::array array;
    out->types = 0;
    if (value.get(array) != simdjson::SUCCESS) return Type(value, at, out);
    if (array.size() == 0) return Bad(at, value, "the name of a JSON type");
    for (const element item : array) {
      if (const absl::Status status = Type(item, at, out); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  static absl::Status Type(const element& value, const std::string& at, Node* out) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
      for (const auto& [name, type] : kTypeNames) {
        if (name != text) continue;
        out->types |= type;
        return absl::OkStatus();
      }
    }
    return Bad(at, value, "the name of a JSON type");
  }

  absl::Status Enum(const element& value, const std::string& at, Node* out) {
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS || array.size() == 0) {
      return Bad(at, value, "a list of values");
    }
    out->has_enum = true;
    out->allowed.clear();
    for (const element item : array) out->allowed.push_back(item);
    return absl::OkStatus();
  }

  absl::Status Const(const element& value, const std::string&, Node* out) {
    out->has_const = true;
    out->constant = value;
    return absl::OkStatus();
  }

  template <double Node::*kField>
  absl::Status Number(const element& value, const std::string& at, Node* out) {
    if (value.get(out->*kField) == simdjson::SUCCESS) return absl::OkStatus();
    return Bad(at, value, "a number");
  }

  absl::Status MultipleOf(const element& value, const std::string& at, Node* out) {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS || number <= 0) {
      return Bad(at, value, "a number > 0");
    }
    out->multiple_of = number;
    return absl::OkStatus();
  }

  template <double Node::*kField>
  absl::Status Size(const element& value, const std::string& at, Node* out) {
    if (value.get(out->*kField) == simdjson::SUCCESS && out->*kField >= 0 &&
        JsonTypeOf(value) == kInteger) {
      return absl::OkStatus();
    }
    return Bad(at, value, "a whole number >= 0");
  }

  template <const Node* Node::*kField>
  absl::Status Child(const element& value, const std::string& at, Node* out) {
    return NodeAt(value, at, &(out->*kField));
  }

  template <const Node* Node::*kField>
  absl::Status InPlace(const element& value, const std::string& at, Node* out) {
    out->in_place = true;
    return NodeAt(value, at, &(out->*kField));
  }

  absl::Status NodeList(const element& value, const std::string& at,
                        std::vector<const Node*>* out) {
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS || array.size() == 0) {
      return Bad(at, value, "a list of schemas");
    }
    for (const element item : array) {
      const Node* node = nullptr;
      const absl::Status status = NodeAt(item, absl::StrCat(at, "/", out->size()), &node);
      if (!status.ok()) return status;
      out->push_back(node);
    }
    return absl::OkStatus();
  }

  absl::Status AllOf(const element& value, const std::string& at, Node* out) {
    out->in_place = true;
    return NodeList(value, at, &out->all_of);
  }
  absl::Status AnyOf(const element& value, const std::string& at, Node* out) {
    out->in_place = out->has_any_of = true;
    return NodeList(value, at, &out->any_of);
  }
  absl::Status OneOf(const element& value, const std::string& at, Node* out) {
    out->in_place = out->has_one_of = true;
    return NodeList(value, at, &out->one_of);
  }

  absl::Status Items(const element& value, const std::string& at, Node* out) {
    if (!value.is_array()) return NodeAt(value, at, &out->items);
    out->has_item_list = true;
    if (value.get_array().value_unsafe().size() == 0) return absl::OkStatus();
    return NodeList(value, at, &out->item_list);
  }

  absl::Status Unique(const element& value, const std::string& at, Node* out) {
    if (value.get(out->unique) == simdjson::SUCCESS) return absl::OkStatus();
    return Bad(at, value, "true or false");
  }

  static absl::Status Regex(std::string_view text, const element& value, const std::string& at,
                            std::unique_ptr<RE2>* out) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(kPatternBytesMax);
    *out = std::make_unique<RE2>(ToRe2(text), options);
    if ((*out)->ok()) return absl::OkStatus();
    return Bad(at, value, absl::StrCat("a pattern that RE2 knows (", (*out)->error(), ")"));
  }

  absl::Status Pattern(const element& value, const std::string& at, Node* out) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return Bad(at, value, "a regular expression");
    return Regex(text, value, at, &out->pattern);
  }

  absl::Status Format(const element& value, const std::string& at, Node* out) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) out->format = FindTextFormat(text);
    if (out->format != nullptr) return absl::OkStatus();
    return Bad(at, value, "date, time, date-time, email or ipv4");
  }

  static size_t PropertyAt(std::string_view name, Node* out) {
    for (size_t i = 0; i < out->properties.size(); ++i) {
      if (out->properties[i].name == name) return i;
    }
    out->properties.emplace_back().name = name;
    return out->properties.size() - 1;
  }

  absl::Status Properties(const element& value, const std::string& at, Node* out) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return Bad(at, value, "an object of schemas");
    for (const auto field : object) {
      const Node* node = nullptr;
      const absl::Status status =
          NodeAt(field.value, absl::StrCat(at, "/", EscapePointer(field.key)), &node);
      if (!status.ok()) return status;
      Node::Property& property = out->properties[PropertyAt(field.key, out)];
      property.node = node;
      property.declared = true;
    }
    return absl::OkStatus();
  }

  absl::Status PatternProperties(const element& value, const std::string& at, Node* out) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return Bad(at, value, "an object of schemas");
    for (const auto field : object) {
      Node::PatternProperty row;
      const std::string where = absl::StrCat(at, "/", EscapePointer(field.key));
      absl::Status status = Regex(field.key, field.value, where, &row.regex);
      if (status.ok()) status = NodeAt(field.value, where, &row.node);
      if (!status.ok()) return status;
      out->patterns.push_back(std::move(row));
    }
    return absl::OkStatus();
  }

  absl::Status Required(const element& value, const std::string& at, Node* out) {
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return Bad(at, value, "a list of keys");
    for (const element item : array) {
      std::string_view name;
      if (item.get(name) != simdjson::SUCCESS) return Bad(at, item, "a key");
      out->properties[PropertyAt(name, out)].required = true;
    }
    return absl::OkStatus();
  }

  absl::Status Dependencies(const element& value, const std::string& at, Node* out) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return Bad(at, value, "an object");
    for (const auto field : object) {
      Node::Dependency row;
      row.key = PropertyAt(field.key, out);
      const std::string where = absl::StrCat(at, "/", EscapePointer(field.key));
      simdjson::dom::array keys;
      if (field.value.get(keys) != simdjson::SUCCESS) {
        const absl::Status status = NodeAt(field.value, where, &row.node);
        if (!status.ok()) return status;
      } else {
        for (const element item : keys) {
          std::string_view name;
          if (item.get(name) != simdjson::SUCCESS) return Bad(where, item, "a key");
          row.needs.push_back(PropertyAt(name, out));
        }
      }
      out->dependencies.push_back(std::move(row));
    }
    return absl::OkStatus();
  }

  JsonSchema::Plan* plan_;
  element root_;
  std::map<std::string, Node*> nodes_;
  int depth_ = 0;
};

const Compiler::Keyword Compiler::kKeywords[] = {
    {"type", &Compiler::Types},
    {"properties", &Compiler::Properties},
    {"required", &Compiler::Required},
    {"additionalProperties", &Compiler::Child<&Node::additional>},
    {"patternProperties", &Compiler::PatternProperties},
    {"propertyNames", &Compiler::Child<&Node::names>},
    {"dependencies", &Compiler::Dependencies},
    {"minProperties", &Compiler::Size<&Node::min_properties>},
    {"maxProperties", &Compiler::Size<&Node::max_properties>},
    {"items", &Compiler::Items},
    {"additionalItems", &Compiler::Child<&Node::additional_items>},
    {"contains", &Compiler::Child<&Node::contains>},
    {"uniqueItems", &Compiler::Unique},
    {"minItems", &Compiler::Size<&Node::min_items>},
    {"maxItems", &Compiler::Size<&Node::max_items>},
    {"enum", &Compiler::Enum},
    {"const", &Compiler::Const},
    {"minimum", &Compiler::Number<&Node::minimum>},
    {"maximum", &Compiler::Number<&Node::maximum>},
    {"exclusiveMinimum", &Compiler::Number<&Node::above>},
    {"exclusiveMaximum", &Compiler::Number<&Node::below>},
    {"multipleOf", &Compiler::MultipleOf},
    {"minLength", &Compiler::Size<&Node::min_length>},
    {"maxLength", &Compiler::Size<&Node::max_length>},
    {"pattern", &Compiler::Pattern},
    {"format", &Compiler::Format},
    {"allOf", &Compiler::AllOf},
    {"anyOf", &Compiler::AnyOf},
    {"oneOf", &Compiler::OneOf},
    {"not", &Compiler::InPlace<&Node::none_of>},
    {"if", &Compiler::InPlace<&Node::condition>},
    {"then", &Compiler::InPlace<&Node::then_node>},
    {"else", &Compiler::InPlace<&Node::else_node>},
    {"definitions", &Compiler::Definitions},
    {"$id", &Compiler::Id},
    // Annotations: they say nothing about what is valid.
    {"$schema", &Compiler::Ignore},
    {"$comment", &Compiler::Ignore},
    {"title", &Compiler::Ignore},
    {"description", &Compiler::Ignore},
    {"default", &Compiler::Ignore},
    {"examples", &Compiler::Ignore},
    {"readOnly", &Compiler::Ignore},
    {"writeOnly", &Compiler::Ignore},
    {"", nullptr}};

}  // namespace

absl::StatusOr<std::unique_ptr<JsonSchema::Plan>> CompilePlan(std::string_view text) {
  auto plan = std::make_unique<JsonSchema::Plan>();
  element root;
  if (plan->parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("/: the schema is not JSON");
  }
  if (const absl::Status status = Compiler(plan.get()).Compile(root); !status.ok()) return status;
  return plan;
}

}  // namespace squall

#include "mock_providers/schema_sample.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "engine/base/json_text.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr int kFullDepth = 4;  // beyond it only what is required
constexpr int kMaxDepth = 32;
constexpr size_t kMaxBytes = size_t{64} << 10;
constexpr int64_t kMaxItems = 16;
constexpr int64_t kMaxText = 4096;

struct Format {
  std::string_view name;
  std::string_view text;
};
constexpr Format kFormats[] = {
    {"date-time", "2026-01-01T12:00:00Z"},
    {"date", "2026-01-01"},
    {"time", "12:00:00Z"},
    {"duration", "PT1H"},
    {"email", "ada@example.com"},
    {"hostname", "example.com"},
    {"uri", "https://example.com/"},
    {"uuid", "3f2b8c1e-5d4a-4b6f-9a7e-0c1d2e3f4a5b"},
    {"ipv4", "192.0.2.1"},
    {"ipv6", "2001:db8::1"},
};

std::optional<double> NumberAt(object schema, std::string_view key) {
  double value = 0;
  if (schema[key].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

int64_t CountAt(object schema, std::string_view key, int64_t otherwise, int64_t most) {
  const double value = NumberAt(schema, key).value_or(static_cast<double>(otherwise));
  return static_cast<int64_t>(std::clamp(value, 0.0, static_cast<double>(most)));
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// The type that a value shall have: of several the first that is not null.
std::string TypeOf(object schema) {
  std::string_view text;
  if (schema["type"].get(text) == simdjson::SUCCESS) return Lower(text);
  array types;
  if (schema["type"].get(types) == simdjson::SUCCESS) {
    for (const element type : types) {
      if (type.get(text) == simdjson::SUCCESS && text != "null") return Lower(text);
    }
    return "null";
  }
  element member;
  if (schema["properties"].get(member) == simdjson::SUCCESS) return "object";
  if (schema["items"].get(member) == simdjson::SUCCESS) return "array";
  return "string";
}

bool IsNull(element schema) {
  object members;
  return schema.get(members) == simdjson::SUCCESS && TypeOf(members) == "null";
}

bool Requires(object schema, std::string_view key) {
  array required;
  if (schema["required"].get(required) != simdjson::SUCCESS) return false;
  return std::any_of(required.begin(), required.end(), [key](element name) {
    std::string_view text;
    return name.get(text) == simdjson::SUCCESS && text == key;
  });
}

double SampleNumber(object schema, bool whole) {
  const std::optional<double> above = NumberAt(schema, "exclusiveMinimum");
  const std::optional<double> below = NumberAt(schema, "exclusiveMaximum");
  std::optional<double> low = NumberAt(schema, "minimum");
  std::optional<double> high = NumberAt(schema, "maximum");
  if (whole && above) low = std::floor(*above) + 1;
  if (whole && below) high = std::ceil(*below) - 1;
  if (!whole && above && (below || high)) low = high = (*above + (below ? *below : *high)) / 2;
  if (!whole && above && !low) low = *above + 1;
  if (!whole && below && !above) high = low ? (*low + *below) / 2 : *below - 1;
  double value = std::max(1.0, low.value_or(1));
  if (high && value > *high) value = low.value_or(*high);
  if (whole) value = std::ceil(value);
  if (const auto step = NumberAt(schema, "multipleOf"); step && *step > 0) {
    value = std::ceil(value / *step) * *step;
    if (high && value > *high) value = std::floor(*high / *step) * *step;
  }
  return value;
}

void AppendNumberText(double value, std::string* out) {
  if (value == std::trunc(value) && std::abs(value) < 9e15) {
    AppendInt(static_cast<int64_t>(value), out);
    return;
  }
  char digits[32];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
  out->append(digits, static_cast<size_t>(end - digits));
}

void AppendText(object schema, std::string* out) {
  std::string text = "text";
  std::string_view name;
  if (schema["format"].get(name) == simdjson::SUCCESS) {
    for (const Format& format : kFormats) {
      if (format.name == name) text = format.text;
    }
  }
  const auto least = static_cast<size_t>(CountAt(schema, "minLength", 0, kMaxText));
  const auto most = static_cast<size_t>(CountAt(schema, "maxLength", kMaxText, kMaxText));
  if (text.size() < least) text.resize(least, 'x');
  if (text.size() > most) text.resize(most);
  AppendJsonString(text, out);
}

class Sampler {
 public:
  Sampler(element root, std::string* out)
      : root_(root), out_(*out), limit_(out->size() + kMaxBytes) {}

  void Append(element schema, int depth) {
    object members;
    if (depth > kMaxDepth || out_.size() > limit_ || schema.get(members) != simdjson::SUCCESS) {
      out_.append("null");
      return;
    }
    if (AppendFixed(members) || AppendReferred(members, depth)) return;
    const std::string type = TypeOf(members);
    if (type == "object") return AppendObject(members, depth);
    if (type == "array") return AppendArray(members, depth);
    if (type == "boolean") return void(out_.append("true"));
    if (type == "null") return void(out_.append("null"));
    if (type == "integer" || type == "number") {
      return AppendNumberText(SampleNumber(members, type == "integer"), &out_);
    }
    AppendText(members, &out_);
  }

 private:
  bool AppendFixed(object schema) {
    element value;
    array choices;
    const bool fixed = schema["const"].get(value) == simdjson::SUCCESS;
    const bool chosen = !fixed && schema["enum"].get(choices) == simdjson::SUCCESS &&
                        choices.at(0).get(value) == simdjson::SUCCESS;
    if (fixed || chosen) out_.append(simdjson::minify(value));
    return fixed || chosen;
  }

  // Values that another schema describes: one that is named, or a branch.
  bool AppendReferred(object schema, int depth) {
    std::string_view reference;
    element other;
    if (schema["$ref"].get(reference) == simdjson::SUCCESS && reference.starts_with('#') &&
        root_.at_pointer(reference.substr(1)).get(other) == simdjson::SUCCESS) {
      Append(other, depth + 1);
      return true;
    }
    for (const std::string_view key : {"anyOf", "oneOf", "allOf"}) {
      array branches;
      if (schema[key].get(branches) != simdjson::SUCCESS || branches.size() == 0) continue;
      element chosen = branches.at(0);
      for (const element branch : branches) {
        chosen = branch;
        if (!IsNull(branch)) break;
      }
      Append(chosen, depth + 1);
      return true;
    }
    return false;
  }

  void AppendObject(object schema, int depth) {
    out_.append("{");
    object properties;
    bool first = true;
    if (schema["properties"].get(properties) == simdjson::SUCCESS) {
      for (const auto& property : properties) {
        if (depth >= kFullDepth && !Requires(schema, property.key)) continue;
        if (!first) out_.append(",");
        first = false;
        AppendJsonString(property.key, &out_);
        out_.append(":");
        Append(property.value, depth + 1);
      }
    }
    out_.append("}");
  }

  void AppendArray(object schema, int depth) {
    const int64_t most = CountAt(schema, "maxItems", kMaxItems, kMaxItems);
    int64_t left = std::min(std::max<int64_t>(CountAt(schema, "minItems", 1, kMaxItems), 1), most);
    if (depth >= kFullDepth) left = std::min(CountAt(schema, "minItems", 0, kMaxItems), most);
    out_.append("[");
    bool first = true;
    const auto add = [&](element item) {
      if (!first) out_.append(",");
      first = false;
      Append(item, depth + 1);
      --left;
    };
    array prefix;
    if (schema["prefixItems"].get(prefix) == simdjson::SUCCESS) {
      for (const element item : prefix) add(item);
    }
    element items;
    if (schema["items"].get(items) == simdjson::SUCCESS) {
      while (left > 0) add(items);
    }
    out_.append("]");
  }

  element root_;
  std::string& out_;
  size_t limit_;
};

}  // namespace

void AppendSample(const element& schema, std::string* out) {
  Sampler(schema, out).Append(schema, 0);
}

void SampleTool(const element& tools, std::string_view tool, std::string_view name_at,
                std::string_view schema_at, std::string* out) {
  if (tool.empty()) return;
  out->clear();
  array all;
  if (tools.get(all) != simdjson::SUCCESS) return;
  for (const element candidate : all) {
    std::string_view name;
    element schema;
    if (candidate.at_pointer(name_at).get(name) != simdjson::SUCCESS || name != tool) continue;
    if (candidate.at_pointer(schema_at).get(schema) == simdjson::SUCCESS) AppendSample(schema, out);
    return;
  }
}

}  // namespace squall

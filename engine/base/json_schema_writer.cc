#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/json_fields.h"

namespace squall {
namespace {

using nlohmann::ordered_json;

// What ParseDuration reads, as far as a regular expression can say it.
constexpr std::string_view kDurationPattern = "^-?(0|([0-9]+([.][0-9]+)?(ns|us|ms|s|m|h|d))+)$";

ordered_json JsonNumber(double value) {
  if (std::abs(value) < kExactInt && value == std::floor(value)) {
    return static_cast<int64_t>(value);
  }
  return value;
}

class SchemaWriter final : public Fields {
 public:
  ordered_json Take() {
    ordered_json out;
    out["type"] = "object";
    out["properties"] = std::move(properties_);
    out["additionalProperties"] = false;
    return out;
  }

  void Bool(std::string_view name, bool& value, std::string_view doc) override {
    Put(name, doc, {{"type", "boolean"}}, value);
  }

  void Int(std::string_view name, int64_t& value, IntRange range, std::string_view doc) override {
    ordered_json schema = {{"type", "integer"}};
    if (range.min != std::numeric_limits<int64_t>::min()) schema["minimum"] = range.min;
    if (range.max != std::numeric_limits<int64_t>::max()) schema["maximum"] = range.max;
    Put(name, doc, std::move(schema), value);
  }

  void Number(std::string_view name, double& value, NumberRange range,
              std::string_view doc) override {
    Put(name, doc, NumberSchema(range), JsonNumber(value));
  }

  void Text(std::string_view name, std::string& value, std::string_view doc) override {
    Put(name, doc, {{"type", "string"}}, value);
  }

  void Span(std::string_view name, Duration& value, SpanRange range,
            std::string_view doc) override {
    std::string text(doc);
    text += " A duration";
    if (range.min > Duration::min()) text += " of at least " + FormatDuration(range.min);
    if (range.max < Duration::max()) text += ", at most " + FormatDuration(range.max);
    text += ", e.g. \"250ms\" or \"1m30s\".";
    Put(name, text, {{"type", "string"}, {"pattern", std::string(kDurationPattern)}},
        FormatDuration(value));
  }

  void TextList(std::string_view name, std::vector<std::string>& value,
                std::string_view doc) override {
    Put(name, doc, {{"type", "array"}, {"items", {{"type", "string"}}}}, value);
  }

  void Choice(std::string_view name, int& index, std::span<const std::string_view> names,
              std::string_view doc) override {
    ordered_json texts = ordered_json::array();
    for (const std::string_view text : names) texts.push_back(std::string(text));
    Put(name, doc, {{"enum", std::move(texts)}}, std::string(names[static_cast<size_t>(index)]));
  }

  void Object(std::string_view name, absl::FunctionRef<void(Fields&)> body,
              std::string_view doc) override {
    Put(name, doc, SchemaOfFields(body), nullptr);
  }

  void ObjectList(std::string_view name, size_t size, absl::FunctionRef<void(size_t)> resize,
                  absl::FunctionRef<void(Fields&, size_t)> item, std::string_view doc) override {
    if (size == 0) resize(1);
    ordered_json schema = {{"type", "array"}};
    schema["items"] = SchemaOfFields([&item](Fields& f) { item(f, 0); });
    Put(name, doc, std::move(schema), nullptr);
  }

  void ObjectMap(std::string_view name, const std::vector<std::string>&,
                 absl::FunctionRef<void(Fields&, const std::string&)> item,
                 std::string_view doc) override {
    ordered_json schema = {{"type", "object"}};
    schema["additionalProperties"] = SchemaOfFields([&item](Fields& f) { item(f, "*"); });
    Put(name, doc, std::move(schema), nullptr);
  }

  void NumberMap(std::string_view name, std::map<std::string, double>& value, NumberRange range,
                 std::string_view doc) override {
    ordered_json schema = {{"type", "object"}, {"additionalProperties", NumberSchema(range)}};
    ordered_json present = ordered_json::object();
    for (const auto& [key, number] : value) present[key] = JsonNumber(number);
    Put(name, doc, std::move(schema), std::move(present));
  }

  void Require(bool, std::string_view) override {}

 private:
  static ordered_json NumberSchema(NumberRange range) {
    ordered_json schema = {{"type", "number"}};
    if (std::isfinite(range.min)) schema["minimum"] = JsonNumber(range.min);
    if (std::isfinite(range.max)) schema["maximum"] = JsonNumber(range.max);
    return schema;
  }

  // The description goes first, where a person looks; no default where it is null.
  void Put(std::string_view name, std::string_view doc, const ordered_json& schema,
           const ordered_json& fallback) {
    ordered_json entry;
    entry["description"] = std::string(doc);
    entry.update(schema);
    if (!fallback.is_null()) entry["default"] = fallback;
    properties_[std::string(name)] = std::move(entry);
  }

  ordered_json properties_ = ordered_json::object();
};

}  // namespace

ordered_json SchemaOfFields(DescribeFn describe) {
  SchemaWriter writer;
  describe(writer);
  return writer.Take();
}

}  // namespace squall

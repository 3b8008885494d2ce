#include "engine/base/json_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace squall {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr size_t kMaxShown = 60;  // bytes of a value in a message
std::string NumberText(double value) {
  if (std::abs(value) < kExactInt && value == std::floor(value)) {
    return json(static_cast<int64_t>(value)).dump();
  }
  return json(value).dump();
}

// "from 0 to 1", "of at least 0", "of at most 1" or nothing.
std::string RangeText(const std::string& low, const std::string& high) {
  if (!low.empty() && !high.empty()) return " from " + low + " to " + high;
  if (!low.empty()) return " of at least " + low;
  if (!high.empty()) return " of at most " + high;
  return "";
}

std::string Expected(NumberRange range) {
  return "expected a number" + RangeText(std::isfinite(range.min) ? NumberText(range.min) : "",
                                         std::isfinite(range.max) ? NumberText(range.max) : "");
}

std::string Expected(IntRange range) {
  using Limits = std::numeric_limits<int64_t>;
  return "expected an integer" +
         RangeText(range.min == Limits::min() ? "" : std::to_string(range.min),
                   range.max == Limits::max() ? "" : std::to_string(range.max));
}

std::string Expected(SpanRange range) {
  return "expected a duration" +
         RangeText(range.min == Duration::min() ? "" : FormatDuration(range.min),
                   range.max == Duration::max() ? "" : FormatDuration(range.max)) +
         ", such as \"250ms\" or \"1m30s\"";
}

std::vector<std::string> Strings(std::span<const std::string_view> names) {
  return std::vector<std::string>(names.begin(), names.end());
}

// Integers may be written as 1e6 too, as JSON Schema allows. False where `value` is no integer.
bool ReadInt(const json& value, int64_t* out) {
  if (value.is_number_unsigned()) {
    const uint64_t n = value.get<uint64_t>();
    if (n > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return false;
    *out = static_cast<int64_t>(n);
    return true;
  }
  if (value.is_number_integer()) {
    *out = value.get<int64_t>();
    return true;
  }
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  if (number != std::floor(number) || std::abs(number) > kExactInt) return false;
  *out = static_cast<int64_t>(number);
  return true;
}

class Reader final : public Fields {
 public:
  Reader(const json& object, std::string pointer, Problems* problems)
      : object_(object),
        pointer_(std::move(pointer)),
        problems_(problems),
        problems_before_(problems->count()) {}

  // Call last: what no description has asked for is unknown.
  void ReportUnknownKeys() {
    for (const auto& [key, unused] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      problems_->Add(PointerTo(pointer_, key),
                     "got unknown key " + ShowText(key) + ", " + ExpectedOneOf(key, known_));
    }
  }

  void Bool(std::string_view name, bool& value, std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_boolean()) return Wrong(name, *got, "expected true or false");
    value = got->get<bool>();
  }

  void Int(std::string_view name, int64_t& value, IntRange range, std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    int64_t number = 0;
    if (!ReadInt(*got, &number) || number < range.min || number > range.max) {
      return Wrong(name, *got, Expected(range));
    }
    value = number;
  }

  void Number(std::string_view name, double& value, NumberRange range, std::string_view) override {
    const json* got = Find(name);
    if (got != nullptr) ReadNumber(name, *got, range, &value);
  }

  void Text(std::string_view name, std::string& value, std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_string()) return Wrong(name, *got, "expected a text");
    value = got->get_ref<const std::string&>();
  }

  void Span(std::string_view name, Duration& value, SpanRange range, std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_string()) return Wrong(name, *got, Expected(range));
    const auto span = ParseDuration(got->get_ref<const std::string&>());
    if (!span.ok() || *span < range.min || *span > range.max) {
      return Wrong(name, *got, Expected(range));
    }
    value = *span;
  }

  void TextList(std::string_view name, std::vector<std::string>& value, std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_array()) return Wrong(name, *got, "expected a list of texts");
    value.clear();
    for (size_t i = 0; i < got->size(); ++i) {
      const json& item = (*got)[i];
      if (item.is_string()) {
        value.push_back(item.get_ref<const std::string&>());
      } else {
        problems_->Add(PointerTo(PointerTo(pointer_, name), std::to_string(i)),
                       "got " + ShowValue(item) + ", expected a text");
      }
    }
  }

  void Choice(std::string_view name, int& index, std::span<const std::string_view> names,
              std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    const std::string text = got->is_string() ? got->get<std::string>() : "";
    const auto found = std::find(names.begin(), names.end(), text);
    if (!got->is_string() || found == names.end()) {
      return Wrong(name, *got, ExpectedOneOf(text, Strings(names)));
    }
    index = static_cast<int>(found - names.begin());
  }

  void Object(std::string_view name, absl::FunctionRef<void(Fields&)> body,
              std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_object()) return Wrong(name, *got, "expected an object");
    Reader reader(*got, PointerTo(pointer_, name), problems_);
    body(reader);
    reader.ReportUnknownKeys();
  }

  void ObjectList(std::string_view name, size_t, absl::FunctionRef<void(size_t)> resize,
                  absl::FunctionRef<void(Fields&, size_t)> item, std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_array()) return Wrong(name, *got, "expected a list of objects");
    resize(got->size());
    for (size_t i = 0; i < got->size(); ++i) {
      ReadItem(PointerTo(PointerTo(pointer_, name), std::to_string(i)), (*got)[i],
               [&item, i](Fields& f) { item(f, i); });
    }
  }

  void ObjectMap(std::string_view name, const std::vector<std::string>&,
                 absl::FunctionRef<void(Fields&, const std::string&)> item,
                 std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_object()) return Wrong(name, *got, "expected an object of objects");
    for (const auto& [key, entry] : got->items()) {
      ReadItem(PointerTo(PointerTo(pointer_, name), key), entry,
               [&item, &map_key = key](Fields& f) { item(f, map_key); });
    }
  }

  void NumberMap(std::string_view name, std::map<std::string, double>& value, NumberRange range,
                 std::string_view) override {
    const json* got = Find(name);
    if (got == nullptr) return;
    if (!got->is_object()) return Wrong(name, *got, "expected an object of numbers");
    value.clear();
    for (const auto& [key, entry] : got->items()) {
      double number = 0;
      if (ReadNumber(std::string(name), entry, range, &number, key)) value[key] = number;
    }
  }

  // A rule about values that were not even readable would only add noise.
  void Require(bool ok, std::string_view message) override {
    if (ok || problems_->count() > problems_before_) return;
    problems_->Add(pointer_, "got values that break a rule: " + std::string(message));
  }

 private:
  const json* Find(std::string_view name) {
    known_.emplace_back(name);
    const auto found = object_.find(known_.back());
    return found == object_.end() ? nullptr : &*found;
  }

  void Wrong(std::string_view name, const json& got, const std::string& expected) {
    problems_->Add(PointerTo(pointer_, name), "got " + ShowValue(got) + ", " + expected);
  }

  bool ReadNumber(std::string_view name, const json& got, NumberRange range, double* out,
                  std::string_view key = "") {
    const double number = got.is_number() ? got.get<double>() : 0;
    if (!got.is_number() || number < range.min || number > range.max) {
      std::string pointer = PointerTo(pointer_, name);
      if (!key.empty()) pointer = PointerTo(pointer, key);
      problems_->Add(std::move(pointer), "got " + ShowValue(got) + ", " + Expected(range));
      return false;
    }
    *out = number;
    return true;
  }

  void ReadItem(std::string pointer, const json& got, absl::FunctionRef<void(Fields&)> body) {
    if (!got.is_object()) {
      problems_->Add(std::move(pointer), "got " + ShowValue(got) + ", expected an object");
      return;
    }
    Reader reader(got, std::move(pointer), problems_);
    body(reader);
    reader.ReportUnknownKeys();
  }

  const json& object_;
  std::string pointer_;
  Problems* problems_;
  size_t problems_before_;
  std::vector<std::string> known_;
};

class Dumper final : public Fields {
 public:
  ordered_json Take() { return std::move(out_); }

  void Bool(std::string_view name, bool& value, std::string_view) override { Put(name, value); }
  void Int(std::string_view name, int64_t& value, IntRange, std::string_view) override {
    Put(name, value);
  }
  void Number(std::string_view name, double& value, NumberRange, std::string_view) override {
    Put(name, JsonNumber(value));
  }
  void Text(std::string_view name, std::string& value, std::string_view) override {
    Put(name, value);
  }
  void Span(std::string_view name, Duration& value, SpanRange, std::string_view) override {
    Put(name, FormatDuration(value));
  }
  void TextList(std::string_view name, std::vector<std::string>& value, std::string_view) override {
    Put(name, value);
  }
  void Choice(std::string_view name, int& index, std::span<const std::string_view> names,
              std::string_view) override {
    Put(name, std::string(names[static_cast<size_t>(index)]));
  }
  void Object(std::string_view name, absl::FunctionRef<void(Fields&)> body,
              std::string_view) override {
    Put(name, DumpFields(body));
  }
  void ObjectList(std::string_view name, size_t size, absl::FunctionRef<void(size_t)>,
                  absl::FunctionRef<void(Fields&, size_t)> item, std::string_view) override {
    ordered_json list = ordered_json::array();
    for (size_t i = 0; i < size; ++i) {
      list.push_back(DumpFields([&item, i](Fields& f) { item(f, i); }));
    }
    Put(name, std::move(list));
  }
  void ObjectMap(std::string_view name, const std::vector<std::string>& keys,
                 absl::FunctionRef<void(Fields&, const std::string&)> item,
                 std::string_view) override {
    ordered_json map = ordered_json::object();
    for (const std::string& key : keys) {
      map[key] = DumpFields([&item, &key](Fields& f) { item(f, key); });
    }
    Put(name, std::move(map));
  }
  void NumberMap(std::string_view name, std::map<std::string, double>& value, NumberRange,
                 std::string_view) override {
    ordered_json map = ordered_json::object();
    for (const auto& [key, number] : value) map[key] = JsonNumber(number);
    Put(name, std::move(map));
  }
  void Require(bool, std::string_view) override {}

  // 1 rather than 1.0: people read this.
  static ordered_json JsonNumber(double value) {
    if (std::abs(value) < kExactInt && value == std::floor(value)) {
      return static_cast<int64_t>(value);
    }
    return value;
  }

 private:
  void Put(std::string_view name, ordered_json value) {
    out_[std::string(name)] = std::move(value);
  }

  ordered_json out_ = ordered_json::object();
};

}  // namespace

void Problems::Add(std::string pointer, std::string message) {
  if (list_.size() >= kMaxProblems) {
    ++dropped_;
    return;
  }
  list_.push_back({std::move(pointer), std::move(message)});
}

void ReadFields(const json& document, DescribeFn describe, Problems* problems) {
  if (!document.is_object()) {
    problems->Add("", "got " + ShowValue(document) + ", expected an object");
    return;
  }
  Reader reader(document, "", problems);
  describe(reader);
  reader.ReportUnknownKeys();
}

ordered_json DumpFields(DescribeFn describe) {
  Dumper dumper;
  describe(dumper);
  return dumper.Take();
}

std::string PointerTo(std::string_view base, std::string_view token) {
  std::string out(base);
  out += '/';
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

bool AtOrBelow(std::string_view pointer, std::string_view ancestor) {
  return pointer.starts_with(ancestor) &&
         (pointer.size() == ancestor.size() || pointer[ancestor.size()] == '/');
}

std::string ShowValue(const json& value) {
  if (value.is_object()) return value.empty() ? "an empty object" : "an object";
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  if (value.is_string()) return ShowText(value.get_ref<const std::string&>());
  return value.dump();
}

std::string ShowText(std::string_view text) {
  std::string_view cut = text.substr(0, kMaxShown);
  const bool whole = cut.size() == text.size();
  while (!whole && !cut.empty() && (static_cast<unsigned char>(cut.back()) & 0xc0u) == 0x80u) {
    cut.remove_suffix(1);  // back to the start of a UTF-8 character
  }
  if (!whole && !cut.empty() && static_cast<unsigned char>(cut.back()) >= 0xc0u) {
    cut.remove_suffix(1);
  }
  return json(std::string(cut) + (whole ? "" : "…"))
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace squall

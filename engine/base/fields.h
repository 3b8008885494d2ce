// Fields: one description of a configuration struct, for every use of it. A struct names its fields
// once, in a function Describe(Fields&, T&), each with its unit, range and meaning; a loader, a
// JSON Schema writer, a printer of the effective values and an editor's completion are visitors
// over that same description (engine/base/json_fields.h), so they cannot drift apart.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/time.h"

namespace squall {

// Inclusive bounds.
struct NumberRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};
inline constexpr NumberRange kRateRange{0, 1};
inline constexpr NumberRange kNotNegative{0, std::numeric_limits<double>::infinity()};

struct IntRange {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
};

struct SpanRange {
  Duration min = Duration::zero();
  Duration max = Duration::max();
};

class Fields {
 public:
  virtual ~Fields() = default;

  // Each call describes one member. `doc` is one sentence. A member that the input lacks keeps the
  // value it has, so defaults live in the struct.
  virtual void Bool(std::string_view name, bool& value, std::string_view doc) = 0;
  virtual void Int(std::string_view name, int64_t& value, IntRange range, std::string_view doc) = 0;
  virtual void Number(std::string_view name, double& value, NumberRange range,
                      std::string_view doc) = 0;
  virtual void Text(std::string_view name, std::string& value, std::string_view doc) = 0;
  virtual void Span(std::string_view name, Duration& value, SpanRange range,
                    std::string_view doc) = 0;
  virtual void TextList(std::string_view name, std::vector<std::string>& value,
                        std::string_view doc) = 0;

  // An enumeration by its texts; `index` is the position in `names`.
  virtual void Choice(std::string_view name, int& index, std::span<const std::string_view> names,
                      std::string_view doc) = 0;

  virtual void Object(std::string_view name, absl::FunctionRef<void(Fields&)> body,
                      std::string_view doc) = 0;

  // A list of objects. `resize` is called by readers with the new length, then `item` per element.
  virtual void ObjectList(std::string_view name, size_t size,
                          absl::FunctionRef<void(size_t)> resize,
                          absl::FunctionRef<void(Fields&, size_t)> item, std::string_view doc) = 0;

  // An object with free keys and object values. `keys` are those present; `item` gets or makes one.
  virtual void ObjectMap(std::string_view name, const std::vector<std::string>& keys,
                         absl::FunctionRef<void(Fields&, const std::string&)> item,
                         std::string_view doc) = 0;

  // An object with free keys and number values (weights).
  virtual void NumberMap(std::string_view name, std::map<std::string, double>& value,
                         NumberRange range, std::string_view doc) = 0;

  // A rule that no single field can state, e.g. "rates sum to at most 1". Readers report `message`
  // at the current object when `ok` is false; other visitors ignore it.
  virtual void Require(bool ok, std::string_view message) = 0;

  // ---- conveniences over the above ----

  template <class E>
    requires std::is_enum_v<E>
  void Enum(std::string_view name, E& value, std::span<const std::string_view> names,
            std::string_view doc) {
    int index = static_cast<int>(value);
    Choice(name, index, names, doc);
    value = static_cast<E>(index);
  }

  template <class T>
  void Struct(std::string_view name, T& value, std::string_view doc) {
    Object(
        name, [&value](Fields& f) { Describe(f, value); }, doc);
  }

  template <class T>
  void List(std::string_view name, std::vector<T>& value, std::string_view doc) {
    ObjectList(
        name, value.size(), [&value](size_t n) { value.assign(n, T()); },
        [&value](Fields& f, size_t i) {
          if (value.size() <= i) value.resize(i + 1);  // a schema writer describes item 0 of none
          Describe(f, value[i]);
        },
        doc);
  }

  template <class T>
  void Map(std::string_view name, std::map<std::string, T>& value, std::string_view doc) {
    std::vector<std::string> keys;
    for (const auto& [key, unused] : value) keys.push_back(key);
    ObjectMap(
        name, keys, [&value](Fields& f, const std::string& key) { Describe(f, value[key]); }, doc);
  }
};

}  // namespace squall

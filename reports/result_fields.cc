#include "reports/result_fields.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace squall {

using Json = nlohmann::ordered_json;

const Json& At(const Json& json, const std::string& key) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

int64_t IntAt(const Json& json, const std::string& key) {
  const Json& value = At(json, key);
  return value.is_number() ? value.get<int64_t>() : 0;
}

std::optional<double> MaybeAt(const Json& json, const std::string& key) {
  const Json& value = At(json, key);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

double DoubleAt(const Json& json, const std::string& key) { return MaybeAt(json, key).value_or(0); }

std::string TextAt(const Json& json, const std::string& key) {
  const Json& value = At(json, key);
  return value.is_string() ? value.get<std::string>() : "";
}

std::optional<Interval> BoundsAt(const Json& json, const std::string& key) {
  const Json& list = At(json, key);
  const bool pair = list.is_array() && list.size() == 2 && list[0].is_number();
  if (!pair || !list[1].is_number()) return std::nullopt;
  return Interval{list[0].get<double>(), list[1].get<double>()};
}

std::vector<int64_t> CountsAt(const Json& json, const std::string& key) {
  std::vector<int64_t> counts;
  for (const Json& count : At(json, key)) {
    counts.push_back(count.is_number() ? count.get<int64_t>() : 0);
  }
  return counts;
}

std::vector<std::string> TextsAt(const Json& json, const std::string& key) {
  std::vector<std::string> texts;
  for (const Json& text : At(json, key)) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

Quantiles QuantilesAt(const Json& json, const std::string& key, double unit_ns) {
  const Json& from = At(json, key);
  const auto ns = [unit_ns](double value) {
    return static_cast<int64_t>(std::llround(value * unit_ns));
  };
  Quantiles q{.n = IntAt(from, "n"),
              .mean = DoubleAt(from, "mean") * unit_ns,
              .p50 = ns(DoubleAt(from, "p50")),
              .p90 = ns(DoubleAt(from, "p90")),
              .p99 = ns(DoubleAt(from, "p99")),
              .p999 = ns(DoubleAt(from, "p999")),
              .max = ns(DoubleAt(from, "max")),
              .spectrum = {}};
  for (const Json& value : At(from, "spectrum")) {
    q.spectrum.push_back(ns(value.is_number() ? value.get<double>() : 0));
  }
  const char* const names[] = {"p50", "p90", "p99", "p999"};
  for (size_t i = 0; i < q.ci95.size(); ++i) {
    const auto bounds = BoundsAt(At(from, "ci95"), names[i]);
    if (bounds) q.ci95[i] = {ns(bounds->low), ns(bounds->high)};
  }
  return q;
}

}  // namespace squall

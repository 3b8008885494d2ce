#include "engine/base/time.h"

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace squall {
namespace {

struct Unit {
  std::string_view name;
  int64_t ns;
};

// Longest first, which is also the order of printing. "ms" must be tried before "m" when reading.
constexpr std::array<Unit, 7> kUnits = {{{"d", 86'400'000'000'000},
                                         {"h", 3'600'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"s", 1'000'000'000},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};

absl::Status Malformed(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("got \"", std::string(text),
                   "\", expected a duration such as \"250ms\", \"1.5s\" or \"1m30s\""));
}

const Unit* FindUnit(std::string_view text) {
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits) {
    const bool longer = best == nullptr || unit.name.size() > best->name.size();
    if (text.substr(0, unit.name.size()) == unit.name && longer) best = &unit;
  }
  return best;
}

}  // namespace

Duration FromSeconds(double seconds) {
  const double ns = std::round(seconds * 1e9);
  if (std::isnan(ns)) return Duration::zero();
  if (ns >= 9.2e18) return Duration::max();
  if (ns <= -9.2e18) return Duration::min();
  return Duration(static_cast<int64_t>(ns));
}

Time SaturatingAdd(Time at, Duration d) {
  if (d > Duration::zero() && at > kNever - d) return kNever;
  return at + d;
}

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  if (rest == "0") return Duration::zero();
  if (rest.empty()) return Malformed(text);
  double total_ns = 0;
  while (!rest.empty()) {
    double value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc() || value < 0 || !std::isfinite(value)) return Malformed(text);
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    const Unit* unit = FindUnit(rest);
    if (unit == nullptr) return Malformed(text);
    rest.remove_prefix(unit->name.size());
    total_ns += value * static_cast<double>(unit->ns);
  }
  if (total_ns > 9.2e18) return Malformed(text);
  const auto ns = static_cast<int64_t>(std::llround(total_ns));
  return Duration(negative ? -ns : ns);
}

std::string FormatDuration(Duration d) {
  if (d == Duration::zero()) return "0s";
  std::string out = d < Duration::zero() ? "-" : "";
  // Unsigned, because the smallest int64 has no positive twin.
  uint64_t left = d < Duration::zero() ? 0 - static_cast<uint64_t>(d.count())
                                       : static_cast<uint64_t>(d.count());
  for (const Unit& unit : kUnits) {
    const uint64_t count = left / static_cast<uint64_t>(unit.ns);
    if (count == 0) continue;
    absl::StrAppend(&out, count, std::string(unit.name));
    left -= count * static_cast<uint64_t>(unit.ns);
  }
  return out;
}

}  // namespace squall

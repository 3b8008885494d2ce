#include "engine/diagnose_wait.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/base/ascii.h"

namespace squall {
namespace {

constexpr double kLongestWaitSeconds = 366.0 * 86'400;

struct Unit {
  std::string_view name;
  double seconds;
};

// Longer names first.
constexpr Unit kUnits[] = {
    {"milliseconds", 1e-3},
    {"millisecond", 1e-3},
    {"seconds", 1},
    {"second", 1},
    {"secs", 1},
    {"sec", 1},
    {"minutes", 60},
    {"minute", 60},
    {"mins", 60},
    {"min", 60},
    {"hours", 3600},
    {"hour", 3600},
    {"hrs", 3600},
    {"hr", 3600},
    {"days", 86'400},
    {"day", 86'400},
    {"ms", 1e-3},
    {"us", 1e-6},
    {"s", 1},
    {"m", 60},
    {"h", 3600},
    {"d", 86'400},
};

bool IsLowerLetter(char c) { return c >= 'a' && c <= 'z'; }

// Takes a number such as "7", "9.816" off the front; a point without digits after it stays.
bool TakeNumber(std::string_view* text, double* value) {
  size_t size = 0;
  while (size < text->size() && IsDigit((*text)[size])) ++size;
  if (size == 0) return false;
  if (size + 1 < text->size() && (*text)[size] == '.' && IsDigit((*text)[size + 1])) {
    ++size;
    while (size < text->size() && IsDigit((*text)[size])) ++size;
  }
  const auto [stop, error] = std::from_chars(text->data(), text->data() + size, *value);
  text->remove_prefix(size);
  return error == std::errc();
}

double TakeUnit(std::string_view* text) {
  std::string_view rest = *text;
  if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  for (const Unit& unit : kUnits) {
    if (rest.empty() || rest.front() != unit.name.front() || !rest.starts_with(unit.name)) continue;
    const std::string_view after = rest.substr(unit.name.size());
    if (!after.empty() && IsLowerLetter(after.front())) continue;
    *text = after;
    return unit.seconds;
  }
  return 0;
}

std::optional<Duration> Positive(double seconds) {
  if (!(seconds > 0) || seconds > kLongestWaitSeconds) return std::nullopt;
  return FromSeconds(seconds);
}

// "05:12:44", of which `first` has been read. With fewer parts or with a zone after it, it is a
// time of the day.
std::optional<Duration> Clock(double first, std::string_view rest) {
  double total = first;
  double value = 0;
  int parts = 1;
  while (rest.size() > 1 && rest.front() == ':' && IsDigit(rest[1])) {
    rest.remove_prefix(1);
    if (!TakeNumber(&rest, &value)) break;
    total = total * 60 + value;
    ++parts;
  }
  if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const bool zone = rest.starts_with("utc") || rest.starts_with("gmt") || rest.starts_with("am") ||
                    rest.starts_with("pm") || rest.starts_with("z");
  return parts == 3 && !zone ? Positive(total) : std::nullopt;
}

// Does a date such as 2025-02-19 go on here, its year having been read?
bool GoesOnAsDate(std::string_view rest) {
  return rest.size() > 1 && (rest[0] == '-' || rest[0] == '/') && IsDigit(rest[1]);
}

std::optional<double> Number(std::string_view text) {
  if (text.size() == 1 && IsDigit(text.front())) return text.front() - '0';
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// One header of a family such as x-ratelimit-reset-tokens, its name cut at the word that tells what
// it says.
struct LimitHeader {
  std::string_view before;  // "x-ratelimit-"
  std::string_view after;   // "-tokens"
  std::string_view value;

  bool SameLimit(const LimitHeader& other) const {
    return EqualsIgnoreCase(before, other.before) && EqualsIgnoreCase(after, other.after);
  }
};

size_t FindIgnoreCase(std::string_view text, std::string_view word) {
  for (size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (EqualsIgnoreCase(text.substr(at, word.size()), word)) return at;
  }
  return std::string_view::npos;
}

// The header as one of a limit, cut at `word`; `before` is empty when it is none.
LimitHeader CutAt(std::string_view name, std::string_view word, std::string_view value) {
  const size_t at = FindIgnoreCase(name, word);
  if (at == std::string_view::npos) return {};
  return {name.substr(0, at), name.substr(at + word.size()), value};
}

bool UsedUp(std::string_view remaining) {
  return Number(remaining).value_or(1) <= 0 || EqualsIgnoreCase(remaining, "rejected");
}

}  // namespace

std::optional<Duration> ParseWait(std::string_view text) {
  double total = 0;
  bool any = false;
  while (true) {
    double value = 0;
    std::string_view rest = text;
    if (any && rest.starts_with("(s)")) rest.remove_prefix(3);
    if (any && rest.starts_with(" and ")) rest.remove_prefix(5);
    while (any && !rest.empty() && (rest.front() == ' ' || rest.front() == ',')) {
      rest.remove_prefix(1);
    }
    if (!TakeNumber(&rest, &value)) break;
    if (!any && rest.size() > 2 && rest.front() == ':' && IsDigit(rest[1])) {
      return Clock(value, rest);
    }
    if (!any && GoesOnAsDate(rest)) return std::nullopt;
    const double unit = TakeUnit(&rest);
    if (unit == 0) {
      const bool bare = rest.empty() || (!IsLowerLetter(rest.front()) && rest.front() != ' ');
      return any ? Positive(total) : bare ? Positive(value) : std::nullopt;
    }
    total += value * unit;
    any = true;
    text = rest;
  }
  return any ? Positive(total) : std::nullopt;
}

std::string_view SkipToNumber(std::string_view text) {
  constexpr std::string_view kBetween[] = {
      ":",       "=",         "\"",       "'",      "about ", "approximately ",
      "around ", "at least ", "another ", "up to ", "~"};
  for (int skipped = 0; skipped < 4; ++skipped) {
    if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    if (text.empty() || IsDigit(text.front())) break;
    for (const std::string_view word : kBetween) {
      if (text.starts_with(word)) text.remove_prefix(word.size());
    }
  }
  return !text.empty() && IsDigit(text.front()) ? text : std::string_view();
}

std::optional<Duration> UntilDate(const HeaderFacts& facts, double unix_seconds) {
  const std::optional<int64_t> now = ParseDate(facts.date);
  if (!now.has_value()) return std::nullopt;
  return Positive(unix_seconds - static_cast<double>(*now));
}

std::optional<Duration> ResetValue(const HeaderFacts& facts, std::string_view text) {
  const std::optional<double> number = Number(text);
  if (number.has_value()) {
    if (*number > 1e11) return UntilDate(facts, *number / 1000);
    if (*number > 1e9) return UntilDate(facts, *number);
    return Positive(*number);
  }
  const std::optional<int64_t> date = ParseDate(text);
  if (date.has_value()) return UntilDate(facts, static_cast<double>(*date));
  return ParseWait(text);
}

std::optional<Duration> RetryAfter(const HeaderFacts& facts) {
  const std::pair<std::string_view, double> hints[] = {
      {facts.retry_after_ms, 1e-3}, {facts.ms_retry_after_ms, 1e-3}, {facts.retry_after, 1.0}};
  for (const auto& [text, seconds] : hints) {
    if (text.empty()) continue;
    const std::optional<double> value = Number(text);
    if (value.has_value()) {
      const double wait = *value * seconds;
      if (wait >= 0 && wait <= kLongestWaitSeconds) return FromSeconds(wait);
    } else {
      const std::optional<Duration> wait = ResetValue(facts, text);
      if (wait.has_value()) return wait;
    }
  }
  return std::nullopt;
}

std::optional<Duration> RetryAfter(const Headers& headers) {
  return RetryAfter(ReadHeaders(headers));
}

std::optional<Duration> LimitReset(const Headers& headers, const HeaderFacts& facts) {
  constexpr size_t kLimitsMax = 16;  // of each kind; replies carry ten at most
  if (!facts.has_limits) return std::nullopt;
  std::array<LimitHeader, kLimitsMax> used_up;
  std::array<LimitHeader, kLimitsMax> resets;
  size_t used_up_count = 0;
  size_t reset_count = 0;
  bool counted = false;  // some header says what is left
  headers.ForEach([&](std::string_view name, std::string_view value) {
    if (FindIgnoreCase(name, "ratelimit") == std::string_view::npos) return;
    for (const std::string_view word : {"remaining", "status"}) {
      const LimitHeader left = CutAt(name, word, value);
      if (left.before.empty()) continue;
      counted = true;
      if (!UsedUp(value) || used_up_count == kLimitsMax) continue;
      used_up[used_up_count++] = left;
    }
    const LimitHeader reset = CutAt(name, "reset", value);
    if (!reset.before.empty() && reset_count < kLimitsMax) resets[reset_count++] = reset;
  });
  if (!counted && reset_count == 1) return ResetValue(facts, resets[0].value);
  std::optional<Duration> longest;
  for (size_t i = 0; i < reset_count; ++i) {
    LimitHeader reset = resets[i];
    if (EqualsIgnoreCase(reset.after, "-after")) reset.after = {};  // x-ratelimit-reset-after
    for (size_t j = 0; j < used_up_count; ++j) {
      if (!reset.SameLimit(used_up[j])) continue;
      longest = std::max(longest, ResetValue(facts, reset.value));
    }
  }
  return longest;
}

}  // namespace squall

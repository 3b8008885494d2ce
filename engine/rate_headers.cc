#include "engine/rate_headers.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "engine/base/ascii.h"
#include "engine/diagnose_bytes.h"
#include "engine/diagnose_wait.h"

namespace squall {
namespace {

enum class Word : uint8_t { kNone, kLimit, kRemaining, kReset };

// Is `text` that word, which is in lower case and has 4 to 16 letters and dashes? A dash has the
// bit of a small letter already.
inline bool IsWord(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  const TextEnds ends = EndsOf(text);
  const TextEnds wanted = EndsOf(word);
  const uint64_t bits = word.size() >= 8 ? kLowerBits : kLowerBits >> 8 * (8 - word.size());
  return (ends.head | bits) == wanted.head && (ends.tail | bits) == wanted.tail;
}

inline Word WordOf(std::string_view text) {
  if (IsWord(text, "limit")) return Word::kLimit;
  if (IsWord(text, "reset")) return Word::kReset;
  return IsWord(text, "remaining") ? Word::kRemaining : Word::kNone;
}

inline std::optional<RateDimension> DimensionOf(std::string_view text) {
  if (IsWord(text, "requests")) return RateDimension::kRequests;
  if (IsWord(text, "tokens")) return RateDimension::kTokens;
  if (IsWord(text, "input-tokens")) return RateDimension::kInputTokens;
  if (IsWord(text, "output-tokens")) return RateDimension::kOutputTokens;
  return std::nullopt;
}

// The size of the family's prefix at the front of a line; 0 if it has none.
size_t PrefixOf(std::string_view line) {
  constexpr std::string_view kCommon = "x-ratelimit-";
  constexpr std::string_view kAnthropic = "anthropic-ratelimit-";
  if (line.size() < kCommon.size()) return 0;
  const uint64_t head = LoadWord(line.data()) | kLowerBits;
  if (head == PackWord(kCommon)) {
    const uint64_t tail = LoadWord(line.data() + kCommon.size() - 8) | kLowerBits;
    return tail == PackWord(kCommon.substr(kCommon.size() - 8)) ? kCommon.size() : 0;
  }
  if (head != PackWord(kAnthropic) || line.size() < kAnthropic.size()) return 0;
  return EqualsIgnoreCase(line.substr(0, kAnthropic.size()), kAnthropic) ? kAnthropic.size() : 0;
}

// Takes the word off "limit-requests" of one family or "requests-limit" of the other. A word ends
// at one of two places, so nothing is searched.
Word TakeWord(std::string_view* name) {
  constexpr size_t kSizes[] = {5, 9};  // of "limit" and "reset", of "remaining"
  for (const size_t size : kSizes) {
    if (name->size() <= size || (*name)[size] != '-') continue;
    const Word word = WordOf(name->substr(0, size));
    if (word == Word::kNone) continue;
    name->remove_prefix(size + 1);
    return word;
  }
  for (const size_t size : kSizes) {
    if (name->size() <= size || (*name)[name->size() - size - 1] != '-') continue;
    const Word word = WordOf(name->substr(name->size() - size));
    if (word == Word::kNone) continue;
    name->remove_suffix(size + 1);
    return word;
  }
  return Word::kNone;
}

// Azure is known to send -1 for what it does not know; that stays unknown here too.
double Count(std::string_view value) {
  constexpr size_t kDigitsMax = 18;
  if (!value.empty() && value.size() <= kDigitsMax) {
    int64_t whole = 0;  // as nearly all of them are, and read many times as fast
    const char* at = value.begin();
    while (at != value.end() && IsDigit(*at)) whole = whole * 10 + (*at++ - '0');
    if (at == value.end()) return static_cast<double>(whole);
  }
  const char* const end = value.data() + value.size();
  double count = -1;
  const auto [stop, error] = std::from_chars(value.data(), end, count);
  return error == std::errc() && stop == end ? count : -1;
}

// Whole numbers of a few digits, each with a unit, or one alone: nearly all resets. nullopt for
// whatever else it may be, and for nothing at all.
std::optional<Duration> PlainReset(std::string_view text) {
  constexpr size_t kDigitsMax = 6;  // too short for a date
  Duration total{};
  while (!text.empty()) {
    int64_t number = 0;
    size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
      if (digits == kDigitsMax) return std::nullopt;
      number = number * 10 + (text[digits] - '0');
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    Duration unit = 1s;
    size_t letters = 1;
    if (text.empty()) {
      if (total > 0ns) return std::nullopt;
      letters = 0;
    } else if (text.starts_with("ms")) {
      unit = 1ms;
      letters = 2;
    } else if (text.front() == 'm' || text.front() == 'h') {
      unit = text.front() == 'm' ? Duration(1min) : Duration(1h);
    } else if (text.front() != 's') {
      return std::nullopt;
    }
    text.remove_prefix(letters);
    if (!text.empty() && (text.front() < '0' || text.front() > '9')) return std::nullopt;
    total += number * unit;
  }
  return total > 0ns && total < 24h ? std::optional(total) : std::nullopt;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

Duration Reset(std::string_view value, const Headers& headers) {
  const std::optional<Duration> plain = PlainReset(value);
  if (plain.has_value()) return *plain;
  const std::optional<Duration> reset = ResetValue(ReadHeaders(headers), value);
  return reset.value_or(Count(value) == 0 ? Duration(0) : Duration(-1));
}

}  // namespace

RateFacts ReadRateFacts(const Headers& headers, Duration request_window) {
  RateFacts facts;
  facts[static_cast<size_t>(RateDimension::kRequests)].window = request_window;
  std::string_view rest = headers.block();
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    const size_t prefix = PrefixOf(line);
    const size_t colon = prefix == 0 ? line.npos : line.find(':', prefix);
    if (colon == line.npos) continue;
    std::string_view name = line.substr(prefix, colon - prefix);
    const Word word = TakeWord(&name);
    const std::optional<RateDimension> dimension = DimensionOf(name);
    if (word == Word::kNone || !dimension.has_value()) continue;
    const std::string_view value = Trimmed(line.substr(colon + 1));
    RateHeaders& fact = facts[static_cast<size_t>(*dimension)];
    switch (word) {
      case Word::kNone: break;
      case Word::kLimit: fact.limit = Count(value); break;
      case Word::kRemaining: fact.remaining = Count(value); break;
      case Word::kReset: fact.reset = Reset(value, headers); break;
    }
  }
  return facts;
}

}  // namespace squall

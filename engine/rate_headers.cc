#include "engine/rate_headers.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "engine/diagnose_wait.h"

namespace squall {
namespace {

struct Dimension {
  std::string_view name;
  RateDimension dimension;
};
// Longer names first, where one ends with another.
constexpr Dimension kDimensions[] = {
    {"input-tokens", RateDimension::kInputTokens},
    {"output-tokens", RateDimension::kOutputTokens},
    {"requests", RateDimension::kRequests},
    {"tokens", RateDimension::kTokens},
};

constexpr std::string_view kWords[] = {"limit", "remaining", "reset"};

bool TakeSuffix(std::string_view* text, std::string_view suffix) {
  if (text->size() < suffix.size() ||
      !EqualsIgnoreCase(text->substr(text->size() - suffix.size()), suffix)) {
    return false;
  }
  text->remove_suffix(suffix.size());
  return true;
}

bool TakePrefix(std::string_view* text, std::string_view prefix) {
  if (!EqualsIgnoreCase(text->substr(0, prefix.size()), prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// "limit-requests" of one family, "requests-limit" of the other.
bool Understand(std::string_view name, std::string_view* word, RateDimension* dimension) {
  if (!TakePrefix(&name, "x-ratelimit-") && !TakePrefix(&name, "anthropic-ratelimit-")) {
    return false;
  }
  for (const std::string_view candidate : kWords) {
    std::string_view rest = name;
    const bool before = TakePrefix(&rest, candidate) && TakePrefix(&rest, "-");
    if (!before) {
      rest = name;
      if (!TakeSuffix(&rest, candidate) || !TakeSuffix(&rest, "-")) continue;
    }
    for (const Dimension& row : kDimensions) {
      if (!EqualsIgnoreCase(rest, row.name)) continue;
      *word = candidate;
      *dimension = row.dimension;
      return true;
    }
  }
  return false;
}

// Azure is known to send -1 for what it does not know; that stays unknown here too.
double Count(std::string_view value) {
  double count = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  return error == std::errc() && end == value.data() + value.size() ? count : -1;
}

}  // namespace

RateFacts ReadRateFacts(const Headers& headers) {
  RateFacts facts;
  const HeaderFacts known = ReadHeaders(headers);
  if (!known.has_limits) return facts;
  headers.ForEach([&](std::string_view name, std::string_view value) {
    std::string_view word;
    RateDimension dimension = RateDimension::kRequests;
    if (!Understand(name, &word, &dimension)) return;
    RateHeaders& line = facts[static_cast<size_t>(dimension)];
    if (word == "limit") {
      line.limit = Count(value);
    } else if (word == "remaining") {
      line.remaining = Count(value);
    } else {
      const std::optional<Duration> reset = ResetValue(known, value);
      line.reset = reset.value_or(Count(value) == 0 ? Duration(0) : Duration(-1));
    }
  });
  return facts;
}

}  // namespace squall

#include "engine/diagnose_headers.h"

namespace squall {
namespace {

struct Wanted {
  std::string_view name;
  std::string_view HeaderFacts::*field;
};

constexpr Wanted kWanted[] = {
    {"retry-after-ms", &HeaderFacts::retry_after_ms},
    {"x-ms-retry-after-ms", &HeaderFacts::ms_retry_after_ms},
    {"retry-after", &HeaderFacts::retry_after},
    {"date", &HeaderFacts::date},
    {"x-amzn-errortype", &HeaderFacts::amzn_error_type},
    {"x-should-retry", &HeaderFacts::should_retry},
};

std::string_view Trim(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") + 1 - from);
}

bool NamesLimit(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"x-ratelimit-", "ratelimit-", "anthropic-ratelimit-"};
  for (const std::string_view prefix : kPrefixes) {
    if (EqualsIgnoreCase(name.substr(0, prefix.size()), prefix)) return true;
  }
  return false;
}

}  // namespace

HeaderFacts ReadHeaders(const Headers& headers) {
  HeaderFacts facts;
  std::string_view rest = headers.block();
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const char first = static_cast<char>(line.empty() ? 0 : line.front() | 0x20);
    if (first != 'r' && first != 'x' && first != 'd' && first != 'a') continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    for (const Wanted& wanted : kWanted) {
      const bool same = name.size() == wanted.name.size() && EqualsIgnoreCase(name, wanted.name);
      if (same && (facts.*wanted.field).empty()) facts.*wanted.field = Trim(line.substr(colon + 1));
    }
    facts.has_limits = facts.has_limits || NamesLimit(name);
  }
  return facts;
}

}  // namespace squall

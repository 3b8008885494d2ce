// What replies say of the client's limits, by family of headers.
#include "engine/rate_headers.h"

#include <optional>
#include <utility>
#include <vector>

#include "engine/diagnose_wait.h"
#include "engine/wire/dialect.h"
#include "tests/catch.h"

namespace squall::rate_headers_test {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

RateFacts Read(const Pairs& pairs) {
  Headers headers;
  for (const auto& [name, value] : pairs) headers.Add(name, value);
  return ReadRateFacts(headers);
}

TEST_CASE("rate headers: each family says limit, what remains and when it is whole again") {
  struct Row {
    const char* family;
    Pairs headers;
    RateDimension dimension;
    RateHeaders expected;
  };
  const std::pair<std::string, std::string> date{"Date", "Thu, 01 Jan 2026 00:00:10 GMT"};
  const Row rows[] = {
      {"OpenAI, requests",
       {{"x-ratelimit-limit-requests", "60"},
        {"x-ratelimit-remaining-requests", "59"},
        {"x-ratelimit-reset-requests", "1s"}},
       RateDimension::kRequests,
       {60, 59, 1s}},
      {"OpenAI, tokens",
       {{"x-ratelimit-limit-tokens", "150000"},
        {"x-ratelimit-remaining-tokens", "149984"},
        {"x-ratelimit-reset-tokens", "6m0s"}},
       RateDimension::kTokens,
       {150'000, 149'984, 6min}},
      {"OpenAI, whole",
       {{"x-ratelimit-limit-requests", "60"},
        {"x-ratelimit-remaining-requests", "60"},
        {"x-ratelimit-reset-requests", "0"}},
       RateDimension::kRequests,
       {60, 60, 0s}},
      {"Azure, seconds",
       {{"X-RateLimit-Limit-Requests", "60"},
        {"X-RateLimit-Remaining-Requests", "9"},
        {"X-RateLimit-Reset-Requests", "10"}},
       RateDimension::kRequests,
       {60, 9, 10s}},
      {"Azure, unknown",
       {{"x-ratelimit-limit-tokens", "-1"}, {"x-ratelimit-remaining-tokens", "-1"}},
       RateDimension::kTokens,
       {}},
      {"Anthropic, requests",
       {date,
        {"anthropic-ratelimit-requests-limit", "50"},
        {"anthropic-ratelimit-requests-remaining", "49"},
        {"anthropic-ratelimit-requests-reset", "2026-01-01T00:00:12Z"}},
       RateDimension::kRequests,
       {50, 49, 2s}},
      {"Anthropic, prompts",
       {date,
        {"anthropic-ratelimit-input-tokens-limit", "40000"},
        {"anthropic-ratelimit-input-tokens-remaining", "38000"},
        {"anthropic-ratelimit-input-tokens-reset", "2026-01-01T00:00:13Z"}},
       RateDimension::kInputTokens,
       {40'000, 38'000, 3s}},
      {"Anthropic, answers",
       {date,
        {"anthropic-ratelimit-output-tokens-limit", "8000"},
        {"anthropic-ratelimit-output-tokens-remaining", "0"},
        {"anthropic-ratelimit-output-tokens-reset", "2026-01-01T00:01:10Z"}},
       RateDimension::kOutputTokens,
       {8'000, 0, 60s}},
      {"a date without a clock says nothing",
       {{"anthropic-ratelimit-requests-limit", "50"},
        {"anthropic-ratelimit-requests-remaining", "49"},
        {"anthropic-ratelimit-requests-reset", "2026-01-01T00:00:12Z"}},
       RateDimension::kRequests,
       {50, 49, -1ns}},
      {"no number, no fact",
       {{"x-ratelimit-limit-requests", "many"}, {"x-ratelimit-remaining-requests", "5 left"}},
       RateDimension::kRequests,
       {}},
      {"others' names",
       {{"x-ratelimit-limit-images", "5"}, {"ratelimit-limit-requests", "5"}},
       RateDimension::kRequests,
       {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.family);
    const RateFacts facts = Read(row.headers);
    for (size_t d = 0; d < kRateDimensions; ++d) {
      const bool mine = d == static_cast<size_t>(row.dimension);
      const RateHeaders expected = mine ? row.expected : RateHeaders();
      CAPTURE(d);
      CHECK(facts[d].limit == expected.limit);
      CHECK(facts[d].remaining == expected.remaining);
      CHECK(facts[d].reset == expected.reset);
    }
  }
}

TEST_CASE(
    "rate headers: a limit on requests holds over its window, those on tokens by the minute") {
  Headers headers;
  headers.Add("x-ratelimit-limit-requests", "240");
  headers.Add("x-ratelimit-limit-tokens", "240000");
  const RateFacts facts = ReadRateFacts(headers, FindDialect("azure")->request_window);
  CHECK(facts[static_cast<size_t>(RateDimension::kRequests)].window == 10s);
  CHECK(facts[static_cast<size_t>(RateDimension::kTokens)].window == 1min);
  for (const Dialect& dialect : Dialects()) {
    CHECK((dialect.request_window == 1min) == (dialect.name != "azure"));
  }
}

TEST_CASE("rate headers: resets in whole units are read as all others are") {
  const char* const resets[] = {"1ms", "6m0s", "1s", "20s",    "1h2m3s", "0",      "0s",
                                "5",   "7.5s", "1d", "1m30",   "30m",    "12ms3s", "abc",
                                "1x",  "s",    "",   "999999", "60 s",   "-1",     "1000000ms"};
  for (const std::string value : resets) {
    CAPTURE(value);
    const RateFacts facts = Read({{"x-ratelimit-reset-requests", value}});
    const std::optional<Duration> reset = ResetValue(HeaderFacts(), value);
    const bool zero = value == "0";
    CHECK(facts[0].reset == reset.value_or(zero ? Duration(0) : Duration(-1)));
  }
}

}  // namespace
}  // namespace squall::rate_headers_test

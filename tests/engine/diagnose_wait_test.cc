#include "engine/diagnose_wait.h"

#include "tests/catch.h"

namespace squall::diagnose_wait_test {
namespace {

TEST_CASE("waits are read in all the forms that providers write", "[engine]") {
  struct Row {
    const char* text;
    std::optional<Duration> wait;
  };
  const Row rows[] = {{"9.816s", 9816ms},
                      {"7m12s.", 432s},
                      {"1m26.4s", 86400ms},
                      {"16m32.64s", 992640ms},
                      {"900.2ms", 900200us},
                      {"0.539477544s", 539477544ns},
                      {"68940s", 68940s},
                      {"19h14m47s.", 69287s},
                      {"84ms. visit", 84ms},
                      {"35 seconds", 35s},
                      {"2 minutes and 5 seconds", 125s},
                      {"1 day", 24h},
                      {"20.", 20s},
                      {"20", 20s},
                      {"3 attempts", {}},
                      {"0s", {}},
                      {"soon", {}},
                      {"", {}},
                      {"99999999999999s", {}}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(ParseWait(row.text) == row.wait);
  }
}

TEST_CASE("dates count from the reply's own clock", "[engine]") {
  CHECK(ParseDate("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK(ParseDate("1994-11-06T08:49:37Z") == 784111777);
  CHECK_FALSE(ParseDate("tomorrow").has_value());
  Headers headers;
  headers.Add("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
  CHECK_FALSE(RetryAfter(headers).has_value());
  headers.Add("date", "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(RetryAfter(headers) == Duration(30s));
}

TEST_CASE("only the limit that is used up says when to come back", "[engine]") {
  Headers headers;
  headers.Add("x-ratelimit-remaining-requests", "9");
  headers.Add("x-ratelimit-reset-requests", "6m0s");
  CHECK_FALSE(LimitReset(headers, ReadHeaders(headers)).has_value());
  headers.Add("x-ratelimit-remaining-tokens", "0");
  headers.Add("x-ratelimit-reset-tokens", "12ms");
  CHECK(LimitReset(headers, ReadHeaders(headers)) == Duration(12ms));
  Headers anthropic;
  anthropic.Add("date", "Sun, 06 Nov 1994 08:49:37 GMT");
  anthropic.Add("anthropic-ratelimit-input-tokens-remaining", "0");
  anthropic.Add("anthropic-ratelimit-input-tokens-reset", "1994-11-06T08:50:00Z");
  CHECK(LimitReset(anthropic, ReadHeaders(anthropic)) == Duration(23s));
}

}  // namespace
}  // namespace squall::diagnose_wait_test

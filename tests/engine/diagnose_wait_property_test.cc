// Waits that the test makes up, written in every form that providers use, must read back: in
// headers, in fields of a body, in the words of an error, in that order of trust.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/diagnose.h"
#include "tests/catch.h"

namespace squall::diagnose_wait_property_test {
namespace {

constexpr int64_t kNow = 1'740'000'000;  // the reply's own clock: Wed, 19 Feb 2025 21:20:00 GMT
constexpr const char* kNowText = "Wed, 19 Feb 2025 21:20:00 GMT";

std::string Format(const char* format, auto... values) {
  char text[128];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

// Without zeros at the end: 1.5, 20.
std::string Decimal(double value) {
  std::string text = Format("%.3f", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string GoDuration(int64_t ms) {
  if (ms < 1000) return Format("%lldms", static_cast<long long>(ms));
  std::string text;
  const int64_t hours = ms / 3'600'000;
  const int64_t minutes = ms / 60'000 % 60;
  if (hours > 0) text += std::to_string(hours) + "h";
  if (hours > 0 || minutes > 0) text += std::to_string(minutes) + "m";
  return text + Decimal(static_cast<double>(ms % 60'000) / 1000) + "s";
}

std::string Words(int64_t seconds) {
  std::string text;
  const std::pair<int64_t, const char*> units[] = {
      {86'400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  for (const auto& [size, name] : units) {
    const int64_t count = seconds / size;
    seconds %= size;
    if (count == 0) continue;
    if (!text.empty()) text += seconds == 0 ? " and " : ", ";
    text += std::to_string(count) + " " + name + (count == 1 ? "" : "s");
  }
  return text;
}

std::string Clock(int64_t s) {
  return Format("%02lld:%02lld:%02lld", static_cast<long long>(s / 3600),
                static_cast<long long>(s / 60 % 60), static_cast<long long>(s % 60));
}

// Dates for one instant, `ahead` seconds after kNow.
std::vector<std::string> Dates(int64_t ahead) {
  const time_t at = kNow + ahead;
  tm utc{};
  gmtime_r(&at, &utc);
  const time_t later = at + 5400;
  tm zone{};
  gmtime_r(&later, &zone);
  std::vector<std::string> dates;
  char text[64];
  for (const char* format :
       {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.250000+00:00", "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    strftime(text, sizeof text, format, &utc);
    dates.emplace_back(text);
  }
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+01:30", &zone);
  dates.emplace_back(text);
  return dates;
}

std::optional<Duration> WaitOf(const Headers& headers, const std::string& body) {
  Observation seen;
  seen.status = 429;
  seen.headers = &headers;
  seen.bytes = body;
  return Diagnose(seen).retry_after;
}

std::optional<Duration> OfHeader(const std::string& name, const std::string& value) {
  Headers headers;
  headers.Add("date", kNowText);
  headers.Add(name, value);
  return WaitOf(headers, "");
}

std::optional<Duration> OfLimit(const char* remaining, const char* reset,
                                const std::string& value) {
  Headers headers;
  headers.Add("Date", kNowText);
  headers.Add(remaining, "0");
  headers.Add(reset, value);
  headers.Add("x-ratelimit-remaining-images", "7");
  headers.Add("x-ratelimit-reset-images", "11h");
  return WaitOf(headers, "");
}

std::optional<Duration> OfField(const std::string& field) {
  Headers headers;
  headers.Add("date", kNowText);
  return WaitOf(headers, R"({"error":{"message":"No.",)" + field + "}}");
}

std::optional<Duration> OfWords(const std::string& words) {
  const nlohmann::json body = {{"error", {{"message", "Rate limit. " + words}}}};
  Headers headers;
  headers.Add("date", kNowText);
  return WaitOf(headers, body.dump());
}

// A spread of milliseconds from 1 to about four days, the same in every run.
std::vector<int64_t> Waits() {
  std::vector<int64_t> waits;
  for (uint64_t i = 0; i < 300; ++i) {
    waits.push_back(1 + static_cast<int64_t>(std::pow(10.0, 8.5 * Draw(7, HashText("waits"), i))));
  }
  return waits;
}

#define CHECK_READS(got, ms)                                               \
  do {                                                                     \
    const std::optional<Duration> read = (got);                            \
    CAPTURE(#got, ms);                                                     \
    REQUIRE(read.has_value());                                             \
    CHECK(std::llround(static_cast<double>(read->count()) / 1e6) == (ms)); \
  } while (false)

TEST_CASE("waits made up by the test read back from milliseconds", "[engine]") {
  for (const int64_t ms : Waits()) {
    const std::string text = std::to_string(ms);
    const std::string seconds = Decimal(static_cast<double>(ms) / 1000);
    CHECK_READS(OfHeader("retry-after-ms", text), ms);
    CHECK_READS(OfHeader("x-ms-retry-after-ms", text), ms);
    CHECK_READS(OfHeader("Retry-After", seconds), ms);
    CHECK_READS(OfHeader("retry-after", GoDuration(ms)), ms);
    CHECK_READS(OfLimit("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", GoDuration(ms)),
                ms);
    CHECK_READS(OfLimit("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", seconds),
                ms);
    CHECK_READS(OfField(R"("details":[{"@type":"RetryInfo","retryDelay":")" + seconds + R"(s"}])"),
                ms);
    CHECK_READS(OfField(R"("retry_after":)" + seconds), ms);
    CHECK_READS(OfField(R"("retryAfterMs":)" + text), ms);
    CHECK_READS(OfWords("Please try again in " + GoDuration(ms) + ". Visit us."), ms);
    CHECK_READS(OfWords("Please retry in " + seconds + "s."), ms);
    CHECK_READS(OfWords("Retry-After: " + seconds + " seconds"), ms);
    CHECK_READS(OfWords("Wait for about " + text + " milliseconds, then go on."), ms);
  }
}

TEST_CASE("waits made up by the test read back from whole seconds", "[engine]") {
  for (const int64_t wait : Waits()) {
    const int64_t s = wait / 1000 + 1;
    const std::string text = std::to_string(s);
    CHECK_READS(OfHeader("retry-after", text), s * 1000);
    CHECK_READS(OfLimit("X-RateLimit-Remaining", "X-RateLimit-Reset", std::to_string(kNow + s)),
                s * 1000);
    CHECK_READS(
        OfLimit("x-ratelimit-remaining", "x-ratelimit-reset", std::to_string((kNow + s) * 1000)),
        s * 1000);
    CHECK_READS(OfLimit("ratelimit-remaining", "ratelimit-reset", text), s * 1000);
    CHECK_READS(OfField(R"("resets_in_seconds":)" + text), s * 1000);
    CHECK_READS(OfField(R"("resets_at":)" + std::to_string(kNow + s)), s * 1000);
    CHECK_READS(OfField(R"("metadata":{"headers":{"X-RateLimit-Reset":")" +
                        std::to_string((kNow + s) * 1000) + R"("}})"),
                s * 1000);
    for (const std::string& date : Dates(s)) {
      CHECK_READS(OfHeader("retry-after", date), s * 1000);
      CHECK_READS(OfField(R"("reset_at":")" + date + "\""), s * 1000);
      CHECK_READS(OfLimit("anthropic-ratelimit-input-tokens-remaining",
                          "anthropic-ratelimit-input-tokens-reset", date),
                  s * 1000);
    }
    for (const char* lead : {"Please try again in ", "Please retry after ", "Please wait ",
                             "Try your request again in ", "The limit resets in ",
                             "You can come back in ", "Expected available in "}) {
      CHECK_READS(OfWords(lead + Words(s) + "."), s * 1000);
    }
    CHECK_READS(OfWords("The limit resets at " + Dates(s).front() + "."), s * 1000);
    CHECK_READS(OfWords("Try again at " + std::to_string(kNow + s) + "."), s * 1000);
    CHECK_READS(OfWords("The quota will be replenished in " + Clock(s) + "."), s * 1000);
    CHECK_READS(OfWords("Retry after " + text + " second(s)."), s * 1000);
  }
}

TEST_CASE("waits: a nearer source is trusted before a farther one", "[engine]") {
  Headers headers;
  const std::string body = R"({"error":{"message":"Please try again in 50s.","retry_after":40}})";
  headers.Add("x-ratelimit-remaining-requests", "0");
  headers.Add("x-ratelimit-reset-requests", "60s");
  CHECK(WaitOf(headers, "") == Duration(60s));
  CHECK(WaitOf(headers, body) == Duration(50s));
  headers.Add("retry-after", "30");
  CHECK(WaitOf(headers, body) == Duration(30s));
  headers.Add("retry-after-ms", "20000");
  CHECK(WaitOf(headers, body) == Duration(20s));
}

TEST_CASE("waits: what is no wait is none", "[engine]") {
  for (const char* value : {"", "-3", "nan", "inf", "soon", "1e300", "0x10", "99999999999"}) {
    CAPTURE(value);
    CHECK_FALSE(OfHeader("retry-after", value).has_value());
    CHECK_FALSE(OfLimit("x-ratelimit-remaining", "x-ratelimit-reset", value).has_value());
  }
  for (const char* words :
       {"Please try again in your next message.", "Try again in a while.",
        "You have 3 attempts left.", "Wait and see.", "Retry in 0s.", "Try again after 16:00.",
        "Try again after 16:00:00 UTC.", "Retry after 2031-02-01.", "It resets at 4pm."}) {
    CAPTURE(words);
    CHECK_FALSE(OfWords(words).has_value());
  }
  CHECK_FALSE(OfHeader("retry-after", "Wed, 19 Feb 2025 21:19:00 GMT").has_value());
}

TEST_CASE("waits: a lone reset without any word on what is left counts", "[engine]") {
  CHECK(OfHeader("x-ratelimit-reset", "9") == Duration(9s));
  Headers headers;
  headers.Add("anthropic-ratelimit-unified-status", "rejected");
  headers.Add("anthropic-ratelimit-unified-reset", std::to_string(kNow + 90));
  headers.Add("date", kNowText);
  CHECK(WaitOf(headers, "") == Duration(90s));
}

}  // namespace
}  // namespace squall::diagnose_wait_property_test

// How long the other side asks to wait: from headers, from fields of a body, and from its words.
// Order: retry-after-ms before retry-after (seconds, fractions, HTTP dates), then the body, then
// the reset of an exhausted limit. Formats: RFC 9110 10.2.3, Go durations (OpenAI), google.protobuf
// Duration, RFC 3339 (Anthropic), and words. Pure functions, no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/diagnose_headers.h"
#include "engine/wire/http.h"

namespace squall {

// Seconds since 1970 of an RFC 3339 date or any of the three forms of an HTTP date; nullopt for
// anything else. In diagnose_date.cc.
std::optional<int64_t> ParseDate(std::string_view text);

// The leading duration of a text, lower case: "9.816s", "7m12s", "84ms", "35 seconds", "05:12:44",
// "20". A number without a unit is seconds where nothing but punctuation follows. nullopt when
// there is none or it is not above zero.
std::optional<Duration> ParseWait(std::string_view text);

// What follows the words that lead to a wait ("try again in"), from its number on; empty when no
// number is next.
std::string_view SkipToNumber(std::string_view text);

// The wait that retry headers ask for: retry-after-ms (milliseconds) before retry-after (seconds,
// with or without fraction or unit, or a date, which counts from the reply's own Date header).
// nullopt when there is none, or none that can be read, or a negative one, or more than a year.
std::optional<Duration> RetryAfter(const HeaderFacts& facts);
std::optional<Duration> RetryAfter(const Headers& headers);

// The time until the limit that is used up refills, from x-ratelimit-reset-* and its relatives; the
// longest where several are. A reset without any word on what is left counts where it is alone.
std::optional<Duration> LimitReset(const Headers& headers, const HeaderFacts& facts);

// A reset header's value: a Go duration, seconds, a date, or seconds or milliseconds since 1970,
// which count from the reply's own Date header. nullopt when it cannot be read or is not above
// zero.
std::optional<Duration> ResetValue(const HeaderFacts& facts, std::string_view text);

// From an absolute time in seconds since 1970, by the reply's own Date header.
std::optional<Duration> UntilDate(const HeaderFacts& facts, double unix_seconds);

}  // namespace squall

// Dates on the wire: RFC 3339, and the three forms of an HTTP date (RFC 9110 5.6.7).
#include <chrono>

#include "engine/base/ascii.h"
#include "engine/diagnose_wait.h"

namespace squall {
namespace {

constexpr int64_t kNoNumber = -1;

// `size` digits at `at`; a blank counts as a leading zero. kNoNumber when they are none.
int64_t Digits(std::string_view text, size_t at, size_t size) {
  if (at + size > text.size()) return kNoNumber;
  int64_t value = 0;
  for (size_t i = at; i < at + size; ++i) {
    if (text[i] == ' ' && i == at && size > 1) continue;
    if (!IsDigit(text[i])) return kNoNumber;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

int64_t MonthAt(std::string_view text, size_t at) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (at + 3 > text.size()) return kNoNumber;
  const size_t month = kMonths.find(text.substr(at, 3));
  if (month == std::string_view::npos || month % 3 != 0) return kNoNumber;
  return static_cast<int64_t>(month / 3 + 1);
}

// `clock` starts with 08:49:37.
std::optional<int64_t> Moment(int64_t year, int64_t month, int64_t day, std::string_view clock) {
  using namespace std::chrono;
  const int64_t hour = Digits(clock, 0, 2);
  const int64_t minute = Digits(clock, 3, 2);
  const int64_t second = Digits(clock, 6, 2);
  const bool fits = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
                    hour >= 0 && minute >= 0 && second >= 0;
  if (!fits) return std::nullopt;
  const auto date =
      std::chrono::year(static_cast<int>(year)) / static_cast<int>(month) / static_cast<int>(day);
  const int64_t days = sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

// Seconds by which a zone such as "+02:00" is ahead of UTC; 0 for "Z" and for anything else.
int64_t ZoneSeconds(std::string_view zone) {
  if (zone.empty() || (zone.front() != '+' && zone.front() != '-')) return 0;
  const bool colon = zone.size() > 3 && zone[3] == ':';
  const int64_t hours = Digits(zone, 1, 2);
  const int64_t minutes = Digits(zone, colon ? 4 : 3, 2);
  if (hours < 0 || minutes < 0) return 0;
  return (zone.front() == '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
}

// 1994-11-06T08:49:37.123+01:00
std::optional<int64_t> InternetDate(std::string_view text) {
  constexpr size_t kSize = std::string_view("1994-11-06T08:49:37").size();
  if (text.size() < kSize || text[4] != '-') return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  const std::optional<int64_t> local =
      Moment(Digits(text, 0, 4), Digits(text, 5, 2), Digits(text, 8, 2), text.substr(11));
  if (!local.has_value()) return std::nullopt;
  size_t zone = kSize;
  if (zone < text.size() && text[zone] == '.') ++zone;
  while (zone < text.size() && IsDigit(text[zone])) ++zone;
  return *local - ZoneSeconds(text.substr(zone));
}

// Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT; Sun Nov  6 08:49:37 1994
std::optional<int64_t> HttpDate(std::string_view text) {
  const size_t comma = text.find(", ");
  if (comma == std::string_view::npos) {
    if (text.size() < 24) return std::nullopt;
    return Moment(Digits(text, 20, 4), MonthAt(text, 4), Digits(text, 8, 2), text.substr(11));
  }
  text.remove_prefix(comma + 2);
  if (text.size() < 18) return std::nullopt;
  const int64_t day = Digits(text, 0, 2);
  const int64_t month = MonthAt(text, 3);
  if (text[2] != '-') {
    if (text.size() < 20) return std::nullopt;
    return Moment(Digits(text, 7, 4), month, day, text.substr(12));
  }
  const int64_t year = Digits(text, 7, 2);
  if (year < 0) return std::nullopt;
  return Moment(year < 70 ? year + 2000 : year + 1900, month, day, text.substr(10));
}

}  // namespace

std::optional<int64_t> ParseDate(std::string_view text) {
  const std::optional<int64_t> date = InternetDate(text);
  return date.has_value() ? date : HttpDate(text);
}

}  // namespace squall

#include "engine/json_schema_format.h"

#include <algorithm>
#include <cstddef>

#include "engine/base/ascii.h"

namespace squall {
namespace {

bool IsAlnum(char c) { return IsDigit(c) || IsLetter(c); }

// Takes exactly `digits` digits off the front; -1 if they are not there.
int TakeNumber(std::string_view* text, size_t digits) {
  if (text->size() < digits) return -1;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!IsDigit((*text)[i])) return -1;
    value = value * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(digits);
  return value;
}

bool Take(std::string_view* text, std::string_view any_of) {
  if (text->empty() || any_of.find(text->front()) == any_of.npos) return false;
  text->remove_prefix(1);
  return true;
}

bool TakeDate(std::string_view* text) {
  const int year = TakeNumber(text, 4);
  if (year < 0 || !Take(text, "-")) return false;
  const int month = TakeNumber(text, 2);
  if (month < 1 || month > 12 || !Take(text, "-")) return false;
  const int day = TakeNumber(text, 2);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return day >= 1 && day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool TakeHourAndMinute(std::string_view* text, int* hour, int* minute) {
  *hour = TakeNumber(text, 2);
  if (*hour < 0 || *hour > 23 || !Take(text, ":")) return false;
  *minute = TakeNumber(text, 2);
  return *minute >= 0 && *minute <= 59;
}

bool TakeTime(std::string_view* text) {
  int hour = 0;
  int minute = 0;
  if (!TakeHourAndMinute(text, &hour, &minute) || !Take(text, ":")) return false;
  const int second = TakeNumber(text, 2);
  if (second < 0 || second > 60) return false;
  if (Take(text, ".")) {
    if (TakeNumber(text, 1) < 0) return false;
    while (TakeNumber(text, 1) >= 0) continue;
  }
  int offset = 0;
  if (!Take(text, "Zz")) {
    if (text->empty()) return false;
    const int sign = text->front() == '-' ? 1 : -1;
    int hours = 0;
    int minutes = 0;
    if (!Take(text, "+-") || !TakeHourAndMinute(text, &hours, &minutes)) return false;
    offset = sign * (hours * 60 + minutes);
  }
  // A leap second is the last one of a day in UTC.
  return second < 60 || (hour * 60 + minute + offset + 1440) % 1440 == 1439;
}

bool IsDate(std::string_view text) { return TakeDate(&text) && text.empty(); }
bool IsTime(std::string_view text) { return TakeTime(&text) && text.empty(); }
bool IsDateTime(std::string_view text) {
  return TakeDate(&text) && Take(&text, "Tt") && TakeTime(&text) && text.empty();
}

// Parts between dots, none of them empty, of characters that `allowed` accepts.
template <class Allowed>
bool IsDotted(std::string_view text, Allowed allowed) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' ? before == '.' : !allowed(c)) return false;
    before = c;
  }
  return before != '.';
}

bool IsEmail(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == text.npos || at > 64 || text.size() > 254) return false;
  constexpr std::string_view kAtom = "!#$%&'*+-/=?^_`{|}~";
  return IsDotted(text.substr(0, at),
                  [&](char c) { return IsAlnum(c) || kAtom.find(c) != kAtom.npos; }) &&
         IsDotted(text.substr(at + 1), [](char c) { return IsAlnum(c) || c == '-'; });
}

bool IsIpv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !Take(&text, ".")) return false;
    const size_t digits = std::min<size_t>(
        3, static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin()));
    if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
    if (TakeNumber(&text, digits) > 255) return false;
  }
  return text.empty();
}

struct Row {
  std::string_view name;
  TextFormat check;
};
constexpr Row kFormats[] = {{"date", IsDate},
                            {"time", IsTime},
                            {"date-time", IsDateTime},
                            {"email", IsEmail},
                            {"ipv4", IsIpv4}};

}  // namespace

TextFormat FindTextFormat(std::string_view name) {
  for (const Row& row : kFormats) {
    if (row.name == name) return row.check;
  }
  return nullptr;
}

}  // namespace squall

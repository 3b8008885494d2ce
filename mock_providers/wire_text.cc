#include "mock_providers/wire_text.h"

#include <algorithm>
#include <charconv>

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "mock_providers/task_facts.h"

namespace squall {

int64_t UnixSeconds(Time now) { return kEpochSeconds + now.time_since_epoch() / 1s; }

namespace {

// Grows `out` once for them and returns where they go.
char* RoomFor(size_t count, std::string* out) {
  out->resize(out->size() + count);
  return out->data() + out->size() - count;
}

}  // namespace

void AppendInt(int64_t value, std::string* out) {
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
  out->append(digits, static_cast<size_t>(end - digits));
}

void AppendLetters(uint64_t bits, size_t count, std::string* out) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789Zz";
  char* const to = RoomFor(count, out);
  uint64_t left = 0;
  for (size_t i = 0; i < count; ++i) {
    if (i % 10 == 0) left = Mix(bits + i);
    to[i] = kLetters[left & 63];
    left >>= 6;
  }
}

void AppendHex(uint64_t bits, size_t count, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  char* const to = RoomFor(count, out);
  for (size_t i = 0; i < count; ++i) {
    if (i > 0 && i % 16 == 0) bits = Mix(bits);
    to[i] = kHex[bits >> (4 * (15 - i % 16)) & 15];
  }
}

void AppendUuid(uint64_t bits, std::string* out) {
  std::string hex;
  AppendHex(Mix(bits), 32, &hex);
  hex[12] = '4';  // RFC 9562, version 4
  hex[16] = "89ab"[bits & 3];
  for (size_t i = 0; i < hex.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out->push_back('-');
    out->push_back(hex[i]);
  }
}

void AppendTextOrNull(std::string_view text, std::string* out) {
  if (text.empty()) {
    out->append("null");
  } else {
    AppendJsonString(text, out);
  }
}

std::string GoDuration(Duration d) {
  std::string out;
  const auto ms = static_cast<uint64_t>(std::max<int64_t>(d / 1ms, 0));
  if (ms < 1000) {
    AppendNumber(ms, &out);
    return out += "ms";
  }
  const uint64_t seconds = ms / 1000;
  if (seconds >= 3600) {
    AppendNumber(seconds / 3600, &out);
    out += 'h';
  }
  if (seconds >= 60) {
    AppendNumber(seconds / 60 % 60, &out);
    out += 'm';
  }
  AppendNumber(seconds % 60, &out);
  if (ms % 1000 != 0) {
    out += '.';
    AppendPadded(ms % 1000, 3, &out);
    while (out.back() == '0') out.pop_back();
  }
  return out += 's';
}

std::string Rfc3339(Time at) {
  const std::chrono::sys_seconds moment(
      std::chrono::seconds(kEpochSeconds + CeilSeconds(at.time_since_epoch())));
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const auto second = static_cast<uint64_t>((moment - day).count());
  std::string out;
  AppendPadded(static_cast<uint64_t>(static_cast<int>(date.year())), 4, &out);
  out += '-';
  AppendPadded(static_cast<unsigned>(date.month()), 2, &out);
  out += '-';
  AppendPadded(static_cast<unsigned>(date.day()), 2, &out);
  out += 'T';
  AppendPadded(second / 3600, 2, &out);
  out += ':';
  AppendPadded(second / 60 % 60, 2, &out);
  out += ':';
  AppendPadded(second % 60, 2, &out);
  return out += 'Z';
}

std::string HttpDate(Time at) {
  const std::chrono::sys_seconds moment(
      std::chrono::seconds(kEpochSeconds + at.time_since_epoch() / 1s));
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const auto second = static_cast<uint64_t>((moment - day).count());
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::string out(kDays.substr(3 * std::chrono::weekday(day).c_encoding(), 3));
  out += ", ";
  AppendPadded(static_cast<unsigned>(date.day()), 2, &out);
  out += ' ';
  out.append(kMonths.substr(3 * (static_cast<unsigned>(date.month()) - 1), 3)) += ' ';
  AppendPadded(static_cast<uint64_t>(static_cast<int>(date.year())), 4, &out);
  out += ' ';
  AppendPadded(second / 3600, 2, &out);
  out += ':';
  AppendPadded(second / 60 % 60, 2, &out);
  out += ':';
  AppendPadded(second % 60, 2, &out);
  return out += " GMT";
}

int64_t CeilSeconds(Duration d) {
  return std::max<int64_t>(std::chrono::ceil<std::chrono::seconds>(d) / 1s, 0);
}

void AddInt(std::string_view name, int64_t value, Headers* headers) {
  std::string text;
  AppendInt(value, &text);
  headers->Add(name, text);
}

}  // namespace squall

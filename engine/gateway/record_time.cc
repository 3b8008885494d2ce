#include "engine/gateway/record_time.h"

#include <absl/strings/str_format.h>

#include <ctime>

namespace squall {

UnixTime WallNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return {static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec};
}

std::string Rfc3339(UnixTime at) {
  int64_t seconds = at.ns / 1'000'000'000;
  int64_t rest = at.ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  const std::time_t whole = seconds;
  std::tm date{};
  gmtime_r(&whole, &date);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date.tm_year + 1900,
                         date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
                         rest / 1'000'000);
}

}  // namespace squall

// Time in squall: int64 nanoseconds on a timeline that starts at 0 when a run starts, whether that
// run is simulated or real. std::chrono gives the types, so mixing points and spans does not
// compile.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace squall {

// The clock that has no now(): only an Env knows what time it is.
struct Timeline {
  using rep = int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Timeline, duration>;
  static constexpr bool is_steady = true;
};

using Duration = Timeline::duration;
using Time = Timeline::time_point;

using namespace std::chrono_literals;

inline constexpr Time kStart{Duration::zero()};
inline constexpr Time kNever = Time::max();

// Seconds as a double, for statistics and for people; never for scheduling.
constexpr double Seconds(Duration d) { return static_cast<double>(d.count()) * 1e-9; }
constexpr double Millis(Duration d) { return static_cast<double>(d.count()) * 1e-6; }

// Rounds to the nearest nanosecond; saturates outside the int64 range. NaN becomes zero.
Duration FromSeconds(double seconds);

// A sum that stops at the largest value instead of wrapping round.
Time SaturatingAdd(Time at, Duration d);

// Reads one or more number-unit pairs, as in "250ms", "1.5s", "1m30s", "2h", with an optional
// leading
// "-". Units: ns us ms s m h d. A bare "0" is allowed; any other number needs its unit.
absl::StatusOr<Duration> ParseDuration(std::string_view text);

// The shortest text that reads back exactly: one unit where one suffices ("90s" prints as "1m30s").
std::string FormatDuration(Duration d);

}  // namespace squall

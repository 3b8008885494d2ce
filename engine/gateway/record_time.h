// UnixTime: the wall clock that survives a restart, which the durable request record keeps beside
// its rows. Everything else in squall lives on the Timeline of its run (engine/base/time.h); only
// the record and what is printed from it need a date.
//
// Threads: any. Errors: none.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

#include "engine/base/time.h"

namespace squall {

struct UnixTime {
  int64_t ns = 0;  // since 1970-01-01T00:00:00Z

  friend constexpr auto operator<=>(UnixTime, UnixTime) = default;
  friend constexpr UnixTime operator+(UnixTime at, Duration d) { return {at.ns + d.count()}; }
  friend constexpr UnixTime operator-(UnixTime at, Duration d) { return {at.ns - d.count()}; }
  friend constexpr Duration operator-(UnixTime a, UnixTime b) { return Duration(a.ns - b.ns); }
};

// What the machine's clock says. It may be set back or forth at any time: nothing that must hold
// may hang on it (leases are backed by lock tokens for that reason).
UnixTime WallNow();

// Whole seconds, rounded down, as "created" of OpenAI's objects has them.
constexpr int64_t UnixSeconds(UnixTime at) { return at.ns / 1'000'000'000; }

// "2026-03-11T09:30:00.123Z": RFC 3339, milliseconds, UTC.
std::string Rfc3339(UnixTime at);

}  // namespace squall

// Recovery over time: did the service come back once the trigger was over, and when? A run that
// stays down although nothing is wrong any more is metastable: what keeps it down is its own load
// (Bronson, Aghayev, Charapko, Zhu, "Metastable Failures in Distributed Systems", HotOS 2021).
//
// A window of requests is up if of those offered in it (by their intended arrival) the share that
// got a right answer in time, whenever that came, is at least 95 % of what it was before the
// trigger: of 1 if fewer than 100 requests were offered before. The run is back with the first
// second after the trigger from which every window is up for a whole minute. Windows are 10 s long,
// and longer where 10 s do not offer 100 requests on average, since a share of a few is chance; the
// minute then is at least one window. A run that was down before, with less than half of its
// requests answered, has nothing to come back to and counts as staying down.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/base/time.h"
#include "reports/load_windows.h"

namespace squall {

// What was done to a run, [from, to) from its start.
struct TriggerWindow {
  Time from{};
  Time to{};
  bool operator==(const TriggerWindow&) const = default;
};

struct Recovery {
  enum class Kind : uint8_t {
    kBack,
    kStayedDown,  // not back by the last arrival
    kUnseen,      // arrivals ended too early after the trigger to say
  };
  Kind kind = Kind::kUnseen;
  double time_s = 0;      // kBack: from the end of the trigger, >= 0
  double observed_s = 0;  // from the end of the trigger to the last arrival, >= 0
  bool operator==(const Recovery&) const = default;
};

Recovery RecoveryAfter(const TriggerWindow& trigger, const LoadWindows& run);

// Over replications.
struct RecoverySummary {
  double trigger_end_s = 0;
  int64_t n = 0;  // replications of which it is known
  int64_t stayed_down = 0;
  double observed_s = 0;           // the least over these
  std::optional<double> median_s;  // the lower one of two; nullopt: it stayed down
  std::optional<double> worst_s;   // likewise
  bool operator==(const RecoverySummary&) const = default;
};

RecoverySummary Summarize(const TriggerWindow& trigger, std::span<const Recovery> replications);

}  // namespace squall

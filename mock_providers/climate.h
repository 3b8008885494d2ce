// Climate: faults that come in episodes rather than at a rate: outage windows, ramps and
// Gilbert-Elliott up/degraded/down, each over one provider or several at once (a common cause), with a
// share drawn per attempt, per request or per session (sticky).
//
// The Gilbert-Elliott path of a row is a function of the seed and the row alone, extended on demand
// and never dependent on who asks. Source of the model: E. N. Gilbert, "Capacity of a burst-noise
// channel", BSTJ 1960; E. O. Elliott, BSTJ 1963; here in continuous time with three states that are
// visited in the order up, degraded, down, degraded, up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/wire/transport.h"
#include "mock_providers/config.h"

namespace squall {

struct ClimateHit {
  int episode;  // row of the climate
  int fault;    // row of FaultTable()
};

class Climate {
 public:
  // `providers` gives the names in the order of their ids. Names are checked by the loader.
  Climate(std::vector<ClimateConfig> rows, const std::vector<std::string>& providers,
          uint64_t seed);

  // The first row that hits this arrival, if any. `session` is hashed for sticky rows.
  std::optional<ClimateHit> Hit(ProviderId provider, uint64_t request_key, std::string_view session,
                                uint32_t arrival, Time now) const;

  // The share that a row hits at `now`, 0 when inactive.
  double ShareAt(size_t row, Time now) const;

  // The next time after `now` at which some row may change, kNever if none does. For a clairvoyant
  // that may wait.
  Time NextChange(Time now) const;

  const std::vector<ClimateConfig>& rows() const { return rows_; }

 private:
  struct Path;  // one Gilbert-Elliott trajectory
  std::vector<ClimateConfig> rows_;
  std::vector<std::vector<bool>> hits_provider_;  // [row][provider]
  std::vector<int> fault_;
  uint64_t seed_;
  mutable std::vector<std::vector<Time>> changes_;  // Gilbert-Elliott: ends of the stays so far
};

}  // namespace squall

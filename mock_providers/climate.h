// Climate: faults that come in episodes rather than at a rate: outage windows, ramps and
// Gilbert-Elliott up/degraded/down, each over one provider or several at once (a common cause),
// with a share drawn per attempt, per request or per session (sticky).
//
// The Gilbert-Elliott path of a row is a function of the seed and the row's name alone, extended on
// demand and never dependent on who asks. Source of the model: E. N. Gilbert, "Capacity of a
// burst-noise channel", BSTJ 1960; E. O. Elliott, BSTJ 1963; here in continuous time with three
// states that are visited in the order up, degraded, down, degraded, up. Thread-safe: in the wire
// world the providers' threads share it.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/time.h"
#include "engine/wire/transport.h"
#include "mock_providers/config.h"

namespace squall {

struct ClimateHit {
  int episode;  // row of the climate
  int fault;    // row of FaultTable()
  int variant;  // of that row
};

class Climate {
 public:
  // `providers` gives the names in the order of their ids. Names are checked by the loader.
  Climate(std::vector<ClimateConfig> rows, const std::vector<std::string>& providers,
          uint64_t seed);

  // The first row that hits this arrival, if any. An empty `session` counts as one of its own.
  // `model` is the name of the one that is asked for; rows about some models only hit those.
  std::optional<ClimateHit> Hit(ProviderId provider, uint64_t request_key, std::string_view session,
                                uint32_t arrival, Time now, std::string_view model = {}) const;

  // The share that a row hits at `now`, 0 when inactive.
  double ShareAt(size_t row, Time now) const;

  // The next time after `now` at which some row begins, ends or changes its state, kNever if none
  // does. Between the ends of a ramp its share changes all the time. For a clairvoyant that may
  // wait.
  Time NextChange(Time now) const;

  const std::vector<ClimateConfig>& rows() const { return rows_; }

 private:
  enum class GilbertElliott : uint8_t { kUp, kDegraded, kDown };
  struct Stay {
    GilbertElliott state;
    Time end;
  };
  // What is derived from a row once.
  struct Derived {
    std::vector<bool> hits;  // by provider
    int fault = -1;
    std::vector<double> variants;  // weights, sum 1
    StreamId stream = 0;
  };

  Stay StayAt(size_t row, Time now) const;
  StreamId ProviderStream(size_t row, ProviderId provider) const;
  double StickyDraw(size_t row, ProviderId provider, uint64_t request_key, std::string_view session,
                    uint32_t arrival) const;

  std::vector<ClimateConfig> rows_;
  std::vector<Derived> derived_;
  std::vector<StreamId> providers_;
  uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::vector<std::vector<Time>> ends_;  // Gilbert-Elliott: ends of the stays so far
};

}  // namespace squall

// ServedMocks: the mock side of `squall serve`, which may be changed while its servers run: faults
// are replaced, and all of it is started afresh. A restart builds everything anew and lets its time
// begin at 0 again, so there is no state that it could forget: the same clients meet the same
// faults, quotas, hints and weather as after the start of the process.
//
// One thread: that of the servers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/arrival_log.h"
#include "mock_providers/reply_plan.h"
#include "scenarios/scenario.h"
#include "scenarios/session.h"

namespace squall {

class ServedMocks {
 public:
  using Faults = std::map<std::string, FaultConfig>;

  // `scenario` outlives it. Time begins at kStart.
  ServedMocks(const Scenario& scenario, uint64_t seed);
  ~ServedMocks();

  size_t size() const { return sources_.size(); }
  const std::string& name(size_t provider) const { return scenario_.providers[provider].name; }

  // What a server plays; the same object over restarts.
  ReplySource& source(size_t provider);

  // The faults in force. Replacing them counts for requests that arrive afterwards.
  const Faults& faults(size_t provider) const;
  void ReplaceFaults(size_t provider, const Faults& faults);

  // Back to the start, the scenario's faults included. Replies still on their way are played as
  // they were planned and counted nowhere.
  void Restart(Time now);

  const GroundTruth& truth() const { return mocks_->truth; }
  const ArrivalLog& log() const { return *log_; }
  // Arrivals by the status of their reply (StatusSent).
  const std::map<int, int64_t>& replies(size_t provider) const;

 private:
  class Source;
  const Scenario& scenario_;
  uint64_t seed_;
  uint32_t run_ = 0;      // number of restarts
  Time origin_ = kStart;  // when this run began, in the servers' time
  std::unique_ptr<MockSide> mocks_;
  std::unique_ptr<ArrivalLog> log_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace squall

// Workload: the requests of one run, in the order of their arrival. Open loop: arrivals do not wait
// for answers, so a slow provider meets the same load as a fast one. Request i is a function of
// (seed, i) alone, so a longer run has a shorter one as its prefix; of its arrival that holds for
// the gap before it, in units of the mean gap, so that another rate stretches the same pattern.
// Where requests come in conversations, arrivals are those of conversations, and conversation c has
// the requests c * turns, c * turns + 1, ...: their later turns wait for the answers before them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/wire/message.h"
#include "mock_providers/tasks.h"
#include "scenarios/scenario.h"

namespace squall {

struct WorkItem {
  uint64_t index = 0;
  Time at{};  // intended arrival
  TaskSpec task;
  int64_t prompt_tokens = 0;
  uint64_t session = 0;
  bool stream = false;
  bool resubmitted = false;  // the caller submits it a second time
};

class Workload {
 public:
  // `scenario` outlives the workload.
  Workload(const Scenario& scenario, uint64_t seed);

  // The next request that comes by itself, nullopt after the last.
  std::optional<WorkItem> Next();

  // The turn after `item` in its conversation, at `at`; nullopt after the last.
  std::optional<WorkItem> NextTurn(const WorkItem& item, Time at) const;

  // The request as a client would make it: text, ids and token limit.
  ChatRequest MakeRequest(const WorkItem& item) const;

  std::string SessionName(uint64_t session) const;

 private:
  Time ArrivalOf(uint64_t number);
  WorkItem MakeItem(uint64_t index, uint64_t turn) const;

  const Scenario& scenario_;
  uint64_t seed_;
  std::vector<double> kind_weights_;  // by TaskKind, adding up to 1
  uint64_t next_ = 0;                 // arrivals so far
  Time last_ = kStart;
  size_t phase_ = 0;  // of the arrivals, in which last_ lies; past their end: the rate that stays
  Time phase_begin_ = kStart;
};

}  // namespace squall

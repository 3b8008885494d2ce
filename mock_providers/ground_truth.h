// GroundTruth: what the injector did, attempt by attempt. Metrics are computed by joining the
// engine's results with this log; what the engine believes is compared with it, never trusted.
//
// Scheduled = the draw said so when the request arrived. Injected = a player put it on the wire.
// Left = the client had gone by then, as one does that gives up a late attempt. They are counted at
// different places so that "injected and left are scheduled" is a test, not an identity.
// Thread-safe: in the wire world servers write and the workload reads on different threads.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/wire/transport.h"
#include "mock_providers/reply_plan.h"

namespace squall {

struct Arrival {
  ProviderId provider = 0;
  uint16_t model = 0;  // index of the model that was asked for
  FaultTruth fault;
  bool model_erred = false;     // whatever a fault then made of its answer
  bool wrong_by_model = false;  // answered, but wrongly, by the model's own base error
  // Put the model to work, so that it is billed: what is refused, by a key, a quota or a queue, is
  // not.
  bool executed = false;
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;  // generated, whether or not the client got to see them
  Time arrived{};
  Time replied{};           // when its reply was due; until then its hint is not known
  Time retry_not_before{};  // the hint that its reply carried; kStart = none
};
using Arrivals = absl::InlinedVector<Arrival, 2>;

struct FaultCount {
  int64_t scheduled = 0;
  int64_t injected = 0;
  int64_t left = 0;
};

// How clients obey hints: what came back to the provider that gave one, before its time.
struct HintCounts {
  int64_t given = 0;
  int64_t early_same_request = 0;
  int64_t early_same_user = 0;  // another request of the user who was told to wait
};

// What is known of a request at one provider.
struct History {
  uint32_t arrivals = 0;    // also those that are no longer kept one by one
  Time replied{};           // of its last arrival there
  Time retry_not_before{};  // likewise
};

// Arrivals of one request that are kept, from the first one on. Above what a chain of retrying
// layers attempts (4^5); a client that sends one body for ever only moves the counts.
inline constexpr size_t kMaxArrivals = 2048;

class GroundTruth {
 public:
  // Keeps at most `max_requests` (> 0) requests that nobody has taken; the oldest are forgotten
  // first.
  explicit GroundTruth(size_t max_requests = 1 << 20);

  // How often this request has arrived at this provider so far.
  uint32_t CountArrivals(uint64_t request_key, ProviderId provider) const;

  History HistoryOf(uint64_t request_key, ProviderId provider) const;

  void OnScheduled(uint64_t request_key, const Arrival& arrival);
  void OnInjected(const FaultTruth& fault);
  void OnLeft(const FaultTruth& fault);
  void OnEarlyReturn(EarlyReturn early);

  // The arrivals of a request in order, the first kMaxArrivals of them, and forgets it.
  Arrivals Take(uint64_t request_key);

  // All of them so far, taken or not.
  int64_t arrivals() const;

  // By row of FaultTable(), plus one last entry for what load caused: full queues, used quotas.
  std::vector<FaultCount> counts() const;
  HintCounts hints() const;

 private:
  struct Entry {
    void Add(const Arrival& arrival);
    uint64_t serial = 0;  // tells this entry from an earlier one under the same key
    Arrivals arrivals;
    absl::InlinedVector<std::pair<ProviderId, History>, 1> histories;
  };
  struct Place {
    uint64_t request_key;
    uint64_t serial;
  };
  bool IsTaken(const Place& place) const;
  void MakeRoom();

  mutable std::mutex mutex_;
  size_t max_requests_;
  uint64_t last_serial_ = 0;
  int64_t arrivals_ = 0;
  absl::flat_hash_map<uint64_t, Entry> requests_;  // looked up, never iterated
  std::deque<Place>
      order_;  // oldest first; entries that were taken leave it when they reach the front
  std::vector<FaultCount> counts_;
  HintCounts hints_;
};

}  // namespace squall

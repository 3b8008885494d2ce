// The worker of a sweep on NATS: takes points off the queue, runs them, publishes each result and
// acknowledges the point only when the server has the result. While a point takes long, the server
// is told that it is being worked on; a worker that dies lets its points go to another after the
// acknowledgement wait. A point that has been given out too often, or cannot be run, is put aside
// with the reason.
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "bench/tune/nats_link.h"

namespace squall {

struct WorkerReport {
  int64_t points = 0;       // run and delivered
  int64_t redelivered = 0;  // of these, given to somebody before
};

// Until `stop`, or until there has been nothing to do for `idle_s` seconds (0: never). Errors:
// kFailedPrecondition where the queue is another build's, kUnavailable.
absl::Status WorkOnNats(NatsLink* link, const std::string& build, int threads, int64_t idle_s,
                        const std::atomic<bool>* stop, WorkerReport* report);

}  // namespace squall

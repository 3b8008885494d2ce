// Models: published simulators and queueing models as scenarios, {"model": {"kind": ...,
// parameters}} in place of workload, providers and engine. They have no HTTP and no engine loop;
// where they are about a policy, it is the engine's own object. What each is, and where it comes
// from, is in the header of its kind.
//
// A kind is a struct of parameters with Describe(Fields&, T&) and RunModel(const T&, seed, out),
// one type in the variant and one row of the table in model.cc: loader, schema, `show`, `run` and
// `list` follow. Runs are independent replications on any number of threads, added up in order.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/fields.h"
#include "reports/model_result.h"
#include "scenarios/models/breaker_trip.h"
#include "scenarios/models/budget.h"
#include "scenarios/models/collapse.h"
#include "scenarios/models/hedging.h"
#include "scenarios/models/herd.h"
#include "scenarios/models/occ_backoff.h"
#include "scenarios/models/queue.h"
#include "scenarios/models/retries.h"
#include "scenarios/models/retry_storm.h"
#include "scenarios/models/retry_strategies.h"
#include "scenarios/models/storm_splitting.h"
#include "scenarios/models/throttle.h"

namespace squall {

using ModelParameters =
    std::variant<OccBackoff, RetryStrategies, Collapse, RetryStorm, StormSplitting, QueueModel,
                 Retries, Budget, Hedging, BreakerTrip, Herd, Throttle>;

// The names of the kinds, in the order of the variant, and a sentence on one of them.
std::span<const std::string_view> ModelKindNames();
std::string_view ModelKindDoc(size_t kind);

// Default parameters of a kind, kind < ModelKindNames().size().
ModelParameters DefaultModel(size_t kind);

// The members of "model": its kind, which a reader has settled before, and its parameters.
void Describe(Fields& f, ModelParameters& model);

// The parameters without the kind, as JSON text.
std::string ModelParametersJson(const ModelParameters& model);

struct ModelRun {
  ModelOutputs outputs;
  int64_t replications = 0;  // that were run
  bool interrupted = false;
};

// Replications 0 to `replications` - 1, with the seeds of ReplicationSeed. `stop` and `done` may be
// null; what has ended when `stop` turns true is kept, from the front.
ModelRun RunModelReplications(const ModelParameters& model, uint64_t seed, int64_t replications,
                              int threads, const std::atomic<bool>* stop = nullptr,
                              std::atomic<int64_t>* done = nullptr);

}  // namespace squall

// Outcome: one finished request with its ground truth joined in, the only thing that metrics are
// computed from. Plain values; the world fills it (scenarios/world.cc), metrics.h adds it up.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/diagnosis.h"

namespace squall {

// One attempt that reached a provider, beside what was really done to it.
struct AttemptOutcome {
  uint16_t provider = 0;
  int fault = -1;                          // row of the fault names given to Metrics, -1 for none
  bool impairment = false;                 // slow: still a good reply
  bool by_load = false;                    // 503 from a full queue
  bool hidden = false;                     // no look at its answer can tell
  bool model_erred = false;                // the model erred, whatever else was done to it
  FailureClass truth = FailureClass::kOk;  // what a perfect diagnosis says
  RetryDecision truth_retry = RetryDecision::kNone;
  FailureClass diagnosed = FailureClass::kOk;
  RetryDecision diagnosed_retry = RetryDecision::kNone;
  std::string_view strategy;  // which row of the plan sent it
  std::string_view rule;      // static name of what diagnosed it, or doubted it
  bool judges = false;        // asked about an answer, not for one
  bool doubted = false;       // the guard passed it, and another opinion kept it from the caller
  int episode = -1;           // row of the climate that hit it, -1 for none
  std::string_view variant;   // of the fault; static
  Time started{};
  Time ended{};
};

struct Outcome {
  uint64_t index = 0;  // of the request in its run
  Time started{};      // intended arrival, so that waiting in our own queues counts
  Time ended{};
  bool in_time = false;         // ended before its deadline
  bool ok = false;              // the engine said success
  bool body = false;            // the caller holds an HTTP 200 with a body
  bool right = false;           // and the oracle accepts its answer
  bool wrong_by_model = false;  // the first attempt was healthy but the model itself erred
  int ceiling = -1;  // faulted requests: 1 if a clairvoyant engine would recover it, 0 if not
  int64_t prompt_tokens = 0;  // over all attempts, discarded ones too
  int64_t completion_tokens = 0;
  double cost_usd = 0;
  bool streamed = false;         // the request asked for a stream
  Time first_piece = kNever;     // of the answer that the caller holds, or held when it failed
  std::string_view stop;         // why the engine ended the call; static
  std::string_view answered_by;  // which row of the plan brought the answer; static, "" if none
  int restarts = 0;              // times that the caller was told to forget what it held
  int64_t executions = 0;        // times that a model was put to work on it, judges apart
  int64_t submissions = 1;       // times that the caller submitted it, under one idempotency key
  bool target = false;           // somebody else's gateway: what it took replies for, nobody knows
  // Of a target, of one healthy attempt: latency beyond what the provider took.
  std::optional<Duration> added;
  int64_t results = 0;                              // answers handed out for it, of any quality
  absl::InlinedVector<AttemptOutcome, 2> attempts;  // those sent, in order

  // The caller was left with a part of an answer.
  bool broken_stream() const { return !ok && first_piece != kNever; }

  // The caller was given what the first attempt brought, as it came: neither mended nor replaced,
  // whoever else was asked about it.
  bool answered_by_first() const {
    return !attempts.empty() && answered_by == attempts[0].strategy;
  }

  // The unit of recovery: the first attempt was faulted by the draw (not slow, not by load).
  bool faulted() const {
    return !attempts.empty() && attempts[0].fault >= 0 && !attempts[0].impairment &&
           !attempts[0].by_load;
  }
};

}  // namespace squall

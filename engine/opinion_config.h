// When another model is asked about an answer that the guard has passed: a judge on a sample of
// answers, or the same question to another provider whose answer must be equivalent. Disagreement
// is never returned as an answer.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/guard_equal.h"

namespace squall {

enum class Equivalence : uint8_t {
  kNotNeeded,
  kAfterRecovery,  // of answers that did not come from the first attempt
  kAlways,
};

enum class Unverified : uint8_t {
  kAccept,  // the answer goes out as Verification::kOpen
  kFail,    // the call fails with "unverified"
};

struct OpinionConfig {
  double judge_share = 0;  // of answers that a judge is asked about, drawn by key, 0..1
  Equivalence equivalence = Equivalence::kNotNeeded;
  int64_t most = 2;  // opinions asked about one request, 1..8
  // What becomes of an answer on which nobody could be heard: all others failed, or there was no
  // time, budget or attempt left.
  Unverified unverified = Unverified::kAccept;
  EquivalenceOptions compare;
};

void Describe(Fields& f, EquivalenceOptions& c);
void Describe(Fields& f, OpinionConfig& c);

}  // namespace squall

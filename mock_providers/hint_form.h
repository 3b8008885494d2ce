// How a reply says when to come back, or fails to. The dialect decides where a hint can stand: what
// it has no place for is not said, and the ground truth knows (hints.h). Names for
// scenarios are in config.cc.
#pragma once

#include <cstdint>

namespace squall {

enum class HintForm : uint8_t {
  kUsual,         // as the vendor does it
  kNone,          // not at all
  kSeconds,       // retry-after alone, whole seconds
  kFraction,      // retry-after alone, with parts of a second
  kMilliseconds,  // retry-after-ms alone
  kHttpDate,      // retry-after alone, as a date
  kBodyOnly,      // in the body's words alone
  kResetOnly,     // only as the reset of the limit whose remaining is 0, in its family's unit
  kDisagree,      // the body asks for four times what the header asks for
  kNinety,        // as usual, but 90 s: more than the 60 s after which most SDKs stop listening
  kZero,          // retry-after: 0
  kNegative,      // retry-after: -1
  kPastDate,      // a date that has gone by
  kRemaining,     // no wait, and rate headers that say that something is left
};

}  // namespace squall

// Fingerprint: 64 bits that stand for a stream of events. Two runs with equal fingerprints did the
// same things in the same order; the first difference changes it for good. Each replication has its
// own, fed by one thread, and Combine chains them in the order of the replications, so the result
// does not depend on which thread ran which. Not a cryptographic hash. The block step is that of
// MurmurHash3 (Austin Appleby, public domain), the finish splitmix64's.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "engine/base/random.h"

namespace squall {

class Fingerprint {
 public:
  void Feed(uint64_t value) {
    ++fed_;
    value = std::rotl(value * 0x87c37b91114253d5u, 31) * 0x4cf5ad432745937fu;
    state_ = std::rotl(state_ ^ value, 27) * 5 + 0x52dce729;
  }

  // Appends another stream as one event. Into a fingerprint that was fed nothing it is a copy, so a
  // run of one replication has that replication's fingerprint; an empty one changes nothing.
  void Combine(const Fingerprint& other) {
    if (other.fed_ == 0) return;
    if (fed_ == 0) {
      *this = other;
    } else {
      Feed(other.value());
    }
  }

  uint64_t value() const { return Mix(state_ ^ fed_); }

 private:
  uint64_t state_ = 0;
  uint64_t fed_ = 0;
};

// 16 lower-case hex digits.
std::string FingerprintText(uint64_t fingerprint);

}  // namespace squall

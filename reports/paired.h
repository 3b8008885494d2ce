// Two engines on the same requests, compared request by request. Draws are keyed, so both met the
// same faults, and what differs between the two answers to one request is the engines' doing:
// differences within pairs are far narrower than differences between two rates.
//
// A pair is a request that ended under both engines. Recovery is compared over the pairs whose
// first attempt was faulted under either: an engine that leads requests around a fault is given
// credit for those. Requests are taken as independent of each other, which those within one outage
// are not.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "reports/intervals.h"
#include "reports/outcome.h"

namespace squall {

// What a comparison needs of one request, in one byte.
struct PairMark {
  static constexpr int kMostAttempts = 31;  // means "or more"

  bool ended = false;
  bool faulted = false;  // the first attempt, by the draw: the unit of recovery
  bool strict = false;   // the right answer in time
  int attempts = 0;      // that reached a provider

  static PairMark Of(const Outcome& outcome);
  static PairMark FromByte(uint8_t byte);  // 0 is a request that did not end
  uint8_t ToByte() const;
};

// A share of n pairs under the second engine less that under the first.
struct PairedShare {
  int64_t n = 0;
  int64_t both = 0;                     // pairs in which both succeeded,
  int64_t first_only = 0;               // the first alone,
  int64_t second_only = 0;              // the second alone
  double difference = 0;                // 0 of nothing
  Interval ci95{.low = -1, .high = 1};  // PairedDifference

  void Add(bool first, bool second);
  void Settle();  // difference and ci95 from the counts
};

// The second engine less the first.
struct Paired {
  int64_t pairs = 0;
  PairedShare recovered;        // strict, of those whose first attempt was faulted under either
  PairedShare right;            // strict, of all pairs
  double amplification = 0;     // difference of the attempts per request
  Interval amplification_ci95;  // of the mean of the differences, normal
};

// Metrics::marks() of two runs. Of different lengths, the shorter one counts.
Paired ComparePairs(std::span<const uint8_t> first, std::span<const uint8_t> second);

// A run of an engine without one of its mechanisms, beside the run of the whole engine.
struct Ablation {
  std::string removed;             // "retry budget"
  std::vector<std::string> edits;  // that took it away, as --set has them
  Paired paired;                   // this run less the whole engine's
  int64_t p99_ns = 0;              // difference of latency p99, all requests
  double cost_usd = 0;             // difference
};

}  // namespace squall

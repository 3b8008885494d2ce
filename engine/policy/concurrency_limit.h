// ConcurrencyLimit: how many requests may be in flight at one provider, found from how it answers.
//
// fixed: a bulkhead, the limit stays where it is.
// aimd: one more per round of successes, times `backoff` when the provider is overloaded. At first
//   one more per success (slow start, RFC 5681), so that a busy caller's limit is found in a few
//   rounds rather than in hundreds. That ends with the first overload, or when answers take twice
//   as long as they did (a queue; after HyStart, Ha and Rhee 2008), and the last doubling is taken
//   back.
// gradient: after Netflix concurrency-limits' Gradient2 (limit * clamp(tolerance * base / now) +
//   queue, smoothed, judged over windows of samples), with one change: Gradient2 takes its base
//   from a long average of the same samples, which under steady load learns the queue that it
//   should remove and lets the limit creep up. Here the base is measured without a queue: in
//   windows of light load, and every `probe_every` windows at half the limit (as Vegas' probes, and
//   Envoy's phases of minimum latency, do).
//
// Overload (429 for concurrency, 503), where it is more than a few, shrinks the limit once per
// epoch: requests that were in flight at the last shrinking tell nothing new. A timeout is such a
// sign to aimd, which has no other before the refusals. To the gradient it is none, and no sample
// of latency either: load shows in the answers that do come, and requests that hang for another
// reason would take the limit to its least, one epoch each. So do Gradient2, which leaves drops
// out, and Envoy's gradient controller, which cancels the sample of what does not complete. Where
// nothing is answered any more the limit stays; that is a breaker's business.
// Where less than half of the limit is used, it does not grow. Permits are plain values, reported
// once each.
//
// Pure: time is an argument. One thread; one per provider. Waiting for a permit is the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/fields.h"
#include "engine/base/time.h"

namespace squall {

enum class ConcurrencyKind : uint8_t { kNone, kFixed, kAimd, kGradient };

struct ConcurrencyLimitConfig {
  ConcurrencyKind kind = ConcurrencyKind::kNone;
  int64_t initial = 20;  // least <= initial <= most
  int64_t least = 1;     // >= 1
  int64_t most = 200;
  double backoff = 0.9;  // factor at overload, (0, 1)
  // Share of a round's answers that must be signs of overload before the limit falls, [0, 1): where
  // some requests fail whatever the load, one sign (0) would shrink it to nothing.
  double overload_share = 0;
  Duration slow = 0s;        // aimd: a success this slow is overload; 0 = none is
  int64_t window = 50;       // gradient: answers per decision, and 2 * limit at least
  double tolerance = 1.1;    // of latency over the base before the limit falls, >= 1
  double queue = 0.3;        // growth per window, times sqrt(limit), before smoothing, > 0
  double smoothing = 0.3;    // weight of a window's verdict, (0, 1]
  int64_t probe_every = 25;  // windows between probes at half the limit, >= 2
  int64_t max_waiting = 0;   // who wait for a place at one time, in order, >= 0
  Duration max_wait = 10s;   // longest wait for one, >= 0
};

void Describe(Fields& f, ConcurrencyLimitConfig& c);

enum class LoadSignal : uint8_t {
  kServed,    // answered: its latency counts
  kOverload,  // refused for load
  kIgnored,   // cancelled, caller's fault, failed for another reason: tells nothing of load
  kTimedOut,  // no answer within the time for one attempt
};

class ConcurrencyLimit {
 public:
  explicit ConcurrencyLimit(const ConcurrencyLimitConfig& config);

  struct Permit {
    uint64_t epoch = 0;
    Time start{};
  };

  // A permit, or nullopt while the limit is reached.
  std::optional<Permit> Acquire(Time now);

  // Gives a permit back. The latency that counts is now - start of the permit.
  void Release(const Permit& permit, LoadSignal signal, Time now);

  // The same with a latency of the caller's own, such as the time to the first token, which depends
  // less on the length of the answer.
  void Release(const Permit& permit, LoadSignal signal, Duration latency, Time now);

  int64_t limit() const;
  bool full() const { return config_.kind != ConcurrencyKind::kNone && in_flight_ >= limit(); }
  int64_t in_flight() const { return in_flight_; }
  Duration base_latency() const { return FromSeconds(base_s_); }  // 0 while unknown

 private:
  struct Samples {
    int64_t count = 0;
    double sum_s = 0;
    double Mean() const { return sum_s / static_cast<double>(count); }
  };

  bool used() const;  // enough of the limit in this round or window for it to matter
  bool Overloaded(const Permit& permit, bool sign);
  void Shrink();
  void CountSuccess(double latency_s);
  void StartSlowly(double latency_s);
  void EndSlowStart();
  void Observe(const Permit& permit, double latency_s);
  void CloseWindow();
  void LearnBase(double latency_s);
  void SetLimit(double limit);
  void BeginEpoch();

  ConcurrencyLimitConfig config_;
  double limit_;
  int64_t in_flight_ = 0;
  int64_t peak_ = 0;       // most in flight in this round or window
  uint64_t epoch_ = 1;     // grows with every shrinking and probe
  bool slow_start_;        // aimd: neither overload nor a queue has been seen
  int64_t successes_ = 0;  // aimd: of this round
  int64_t answers_ = 0;    // of the round of `limit` answers under way
  int64_t overloads_ = 0;  // among them
  Samples window_;
  int64_t skip_ = 0;          // the first answers of an epoch are those that took least
  int64_t calm_ = 0;          // windows in a row without a sign of a queue
  double base_s_ = 0;         // latency without load; aimd: the least mean of a window
  int64_t base_samples_ = 0;  // windows in it
  int64_t windows_since_probe_ = 0;
  bool probing_ = false;
};

}  // namespace squall

// SendRate: how fast a client sends to a provider that has throttled it, found out from its replies
// alone: a rate limiter of which nobody has to know the limit. Off until the first throttling
// reply; each one sets the rate to `beta` of what was sent, the other replies let it grow as CUBIC
// does: quickly back to about the old rate, slowly past it, then quickly again.
//
// Source of the algorithm and of all numbers: botocore's "adaptive" mode, the AWS SDKs' retry
// behaviour (retries/adaptive.py, throttling.py, bucket.py at 40454ea; behind it Ha, Rhee, Xu,
// "CUBIC: a new TCP-friendly high-speed TCP variant", 2008), with w requests/s, t s since the last
// throttle:  w(t) = scale (t - K)^3 + w_max,  K = cbrt(w_max (1 - beta) / scale),  w(0) = beta
// w_max. Every reply of a provider counts, so what is measured is answered attempts. Not from
// there: bounds on who waits and for how long, and that they go in order.
//
// Pure: time is an argument and must not go back; it begins at kStart. One thread.
#pragma once

#include <cstdint>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "engine/policy/rate_bucket.h"

namespace squall {

struct SendRateConfig {
  bool enabled = false;
  double scale = 0.4;              // of the cubic, requests/s per s^3, > 0
  double beta = 0.7;               // share of the rate that a throttle leaves, (0, 1)
  double smoothing = 0.8;          // weight of the newest measurement, (0, 1]
  Duration measure_every = 500ms;  // at least so long is measured, > 0
  double most_over_measured = 2;   // the rate is never more than this many times the measured one
  double min_per_s = 0.5;          // nor, all the same, less than so many a second, > 0
  int64_t max_waiting = 1024;      // attempts that wait at one time, >= 0
  Duration max_wait = 24h;         // of one of them, >= 0
};

void Describe(Fields& f, SendRateConfig& c);

class SendRate {
 public:
  explicit SendRate(const SendRateConfig& config);

  // Has there been a throttle? Until then nobody waits.
  bool on() const { return on_; }
  // What may be sent, requests/s, where it is on.
  double per_s() const { return bucket_.per_s(); }
  // What has been sent, requests/s: an average that follows the newest measurement.
  double measured_per_s() const { return measured_; }

  // When the next attempt may go, as things stand; `now` if it may. Throttles make it later, other
  // replies sooner.
  Time ReadyAt(Time now);

  // An attempt goes. Returns its number, or 0 where none is counted.
  uint64_t Take(Time now);
  // It was not sent after all. Once per number, 0 included.
  void GiveBack(uint64_t number, Time now);

  // The reply to an attempt has come, or it has failed without one.
  void OnReply(bool throttled, Time now);

 private:
  void Measure(Time now);
  void SetRate(double per_s, Time now);

  SendRateConfig config_;
  bool on_ = false;
  double w_max_ = 0;  // the rate at the last throttle
  double k_s_ = 0;    // time in which the cubic is back there
  Time throttled_at_ = kStart;
  double measured_ = 0;
  int64_t replies_ = 0;      // since the last measurement
  int64_t measured_to_ = 0;  // in steps of measure_every since kStart
  RateBucket bucket_;
  uint64_t taken_ = 0;
};

}  // namespace squall

// One server, a bounded queue, and clients that time out and ask again: the smallest metastable
// failure (Bronson et al., HotOS 2021; vulnerable where mu / (retries + 1) <= lambda < mu).
// Defaults are those of metastable_retry_storm.rs in github.com/rupakm/DesCartes (Apache-2.0).
//
// A timeout runs from when an attempt is queued; work whose client has left is done all the same; a
// full queue fails an attempt for good unless retry_drops. A late reply is ignored, or counts while
// its request is alive: published results differ by percents in that alone. With constant times and
// a pause this is gc_caused_collapse.py of github.com/adamfilli/happy-simulator, whose queue grows
// by (retries + 1) lambda - mu. Backoff, budget and breaker are the engine's, of one client.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/base/fields.h"
#include "engine/config.h"
#include "engine/policy/breaker.h"
#include "engine/policy/retry_budget.h"
#include "reports/model_result.h"
#include "scenarios/models/draws.h"

namespace squall {

enum class Spacing : uint8_t { kExponential, kConstant };
enum class LateReply : uint8_t { kIgnored, kCounts };
enum class BucketFill : uint8_t { kPerCall, kPerSuccess };

struct RetryStorm {
  RetryStorm();

  Spacing arrivals = Spacing::kExponential;
  Spacing service = Spacing::kExponential;
  double arrivals_per_s = 9.3;  // lambda, > 0
  double service_per_s = 10;    // mu, > 0
  int64_t queue_max = 100;      // places for those that wait, >= 0
  Duration timeout = 4s;        // of one attempt, > 0
  int64_t retries = 3;          // after the first attempt, 0..100
  bool retry_drops = false;
  LateReply late_reply = LateReply::kIgnored;
  double spike_per_s = 30;  // arrivals in the spike
  Duration spike_at = 120s;
  Duration spike_for = 5s;  // 0 = none
  Duration pause_at = 120s;
  Duration pause_for = 0s;  // the server stands still; 0 = never
  Duration pre_from = 20s;  // what happens before the trigger is counted from here to spike_at
  Duration run_for = 400s;  // arrivals end here
  Duration drain = 0s;      // and events this much later
  Duration last = 100s;     // before run_for, over which the end is judged
  BackoffConfig backoff;
  BucketFill bucket_fill = BucketFill::kPerCall;  // what gives the bucket its success_gain
  RetryBudgetConfig budget;
  BreakerConfig breaker;
};

void Describe(Fields& f, RetryStorm& m);
void RunModel(const RetryStorm& m, uint64_t seed, ModelOutputs* out);

// The simulation itself. Copies are branches: the same state, and futures that Reseed sets apart.
class StormRun {
 public:
  StormRun(const RetryStorm& model, uint64_t seed);

  // Draws from now on are those of another seed; what is already under way stays.
  void Reseed(uint64_t seed) { seed_ = seed; }

  // One event; false when there is none left before the end.
  bool Step();

  // Attempts that wait for the server.
  int64_t waiting() const { return static_cast<int64_t>(queue_.size()); }

  // Goodput over the last `last` below half of arrivals_per_s. Once Step has returned false.
  bool stuck() const;

  void Report(ModelOutputs* out) const;

 private:
  enum class What : uint8_t { kArrival, kServed, kTimeout, kRetry, kResume };
  struct Event {
    What what;
    uint32_t request;
    int32_t attempt;
  };
  struct Job {
    uint32_t request;
    int32_t attempt;
  };
  struct Request {
    int32_t attempt = 0;   // the one under way, or the last
    bool open = true;      // neither answered nor given up
    bool waiting = false;  // an attempt is out there
    Duration wait{};       // the last backoff
    Breaker::Permit permit;
  };
  // Before the trigger, and at the end.
  struct Window {
    Time from{};
    Time to{};
    int64_t arrivals = 0;
    int64_t attempts = 0;
    int64_t good = 0;
    bool Holds(Time at) const { return from <= at && at < to; }
  };

  double U(StreamId stream, uint64_t a, uint64_t b = 0) const { return Draw(seed_, stream, a, b); }
  void Arrive();
  void Send(uint32_t request, bool extra);
  void Start(const Job& job);
  void Serve();
  void Answer(const Job& job);
  void Fail(uint32_t request, bool may_retry, Trigger trigger);
  void Settle(const Request& request, CallOutcome outcome);
  void GiveUp(Request* request);
  Duration Gap();
  bool Paused() const;
  bool FillsPerCall() const;

  RetryStorm m_;
  uint64_t seed_;
  RetryBudget budget_;
  Breaker breaker_;
  EventHeap<Event> events_;
  std::deque<Job> queue_;
  std::vector<Request> requests_;
  bool busy_ = false;
  Job in_service_{};
  Time now_ = kStart;
  uint64_t served_ = 0;
  Window pre_;
  Window end_;
  Window grow_;
  int64_t waiting_at_grow_ = -1;
  int64_t waiting_at_end_ = -1;
  int64_t attempts_ = 0;
  int64_t good_ = 0;
  int64_t timeouts_ = 0;
  int64_t retried_ = 0;
  int64_t dropped_ = 0;
  int64_t refused_ = 0;
  int64_t given_up_ = 0;
  int64_t peak_ = 0;
};

}  // namespace squall

// The breaker against a model that keeps everything and computes each answer anew, over random
// sequences of operations in random configurations.
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "engine/base/random.h"
#include "engine/policy/breaker.h"
#include "tests/catch.h"

namespace squall::breaker_model_test {
namespace {

constexpr auto kClosed = BreakerState::kClosed;
constexpr auto kOpen = BreakerState::kOpen;
constexpr auto kHalfOpen = BreakerState::kHalfOpen;

class Model {
 public:
  explicit Model(const BreakerConfig& config) : c_(config) {}

  BreakerState StateAt(Time now) const {
    return state_ == kOpen && now >= until_ ? kHalfOpen : state_;
  }

  bool Admits(Time now, double u) const {
    switch (StateAt(now)) {
      case kOpen: return false;
      case kHalfOpen: return state_ == kOpen || Living(now) < c_.probes_at_once;
      case kClosed: return !ramps_ || Seconds(now - closed_at_) >= u * Seconds(c_.ramp) - 1e-6;
    }
    return false;
  }

  // Mirrors a permit that the breaker gave.
  void Acquired(const Breaker::Permit& permit, Time now) {
    if (StateAt(now) != kHalfOpen) return;
    if (state_ == kOpen) Enter(kHalfOpen);
    // The place that was free first, else the one whose lease ran out first.
    if (static_cast<int64_t>(probes_.size()) == c_.probes_at_once) {
      const auto oldest =
          std::min_element(probes_.begin(), probes_.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
      probes_.erase(oldest);
    }
    probes_[permit.probe] = now + c_.probe_lease;
  }

  void Report(const Breaker::Permit& permit, CallOutcome outcome, Time now, double u) {
    if (permit.generation != generation_) return;
    const bool slow = c_.slow_call > 0s && now - permit.at >= c_.slow_call;
    const bool failure = outcome == CallOutcome::kFailure;
    if (state_ == kClosed && outcome != CallOutcome::kNeutral) {
      calls_.push_back({now, failure, slow});
      if ((failure || slow) && Tripped(now)) Trip(now, u);
    } else if (state_ == kHalfOpen && probes_.erase(permit.probe) == 1) {
      if (outcome == CallOutcome::kNeutral) return;
      if (failure || slow) {
        if (++bad_ >= c_.probes_to_open) Trip(now, u);
      } else if (++good_ >= c_.probes_to_close) {
        Enter(kClosed);
        calls_.clear();
        closed_at_ = now;
        ramps_ = true;
      }
    }
  }

  void OpenUntil(Time until, Time now) {
    if (until <= now) return;
    ForgetRelapses(now);
    until_ = state_ == kOpen ? std::max(until_, until) : until;
    if (state_ != kOpen) Enter(kOpen);
  }

  Time until() const { return until_; }
  uint64_t generation() const { return generation_; }

 private:
  struct Call {
    Time at;
    bool failure;
    bool slow;
  };

  static double Nanos(Duration d) { return static_cast<double>(d.count()); }

  int64_t Living(Time now) const {
    return std::count_if(probes_.begin(), probes_.end(),
                         [now](const auto& probe) { return probe.second > now; });
  }

  bool InWindow(size_t i, Time now) const {
    if (c_.window_calls > 0) return calls_.size() - i <= static_cast<size_t>(c_.window_calls);
    const Duration tenth = c_.window / 10;
    return calls_[i].at.time_since_epoch() / tenth > now.time_since_epoch() / tenth - 10;
  }

  bool Tripped(Time now) const {
    double calls = 0, failures = 0, slow = 0, faded_calls = 0, faded_failures = 0;
    int64_t row = 0;
    for (size_t i = 0; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      row = call.failure ? row + 1 : 0;
      const double weight =
          c_.ewma_window > 0s ? std::exp(-Seconds(now - call.at) / Seconds(c_.ewma_window)) : 0;
      faded_calls += weight;
      faded_failures += call.failure ? weight : 0;
      if (!InWindow(i, now)) continue;
      ++calls;
      failures += call.failure ? 1 : 0;
      slow += call.slow ? 1 : 0;
    }
    const auto fewest = static_cast<double>(c_.minimum_calls);
    const bool enough = calls >= fewest;
    return (c_.consecutive_failures > 0 && row >= c_.consecutive_failures) ||
           (c_.ewma_window > 0s && faded_calls >= fewest &&
            faded_failures >= c_.ewma_threshold * faded_calls) ||
           (enough && c_.failure_threshold > 0 && failures >= c_.failure_threshold * calls) ||
           (enough && c_.slow_call > 0s && slow >= c_.slow_threshold * calls);
  }

  void ForgetRelapses(Time now) {
    if (state_ == kClosed && (!ramps_ || now >= closed_at_ + c_.ramp)) relapses_ = 0;
  }

  void Trip(Time now, double u) {
    ForgetRelapses(now);
    const double grown = Nanos(c_.open_for) * std::pow(c_.open_growth, relapses_);
    const double open = std::floor(std::min(grown, Nanos(std::max(c_.open_for, c_.open_max))));
    until_ = now + Duration(static_cast<int64_t>(open * (1 + c_.open_jitter * u)));
    ++relapses_;
    Enter(kOpen);
  }

  void Enter(BreakerState state) {
    state_ = state;
    ++generation_;
    probes_.clear();
    good_ = 0;
    bad_ = 0;
  }

  BreakerConfig c_;
  BreakerState state_ = kClosed;
  uint64_t generation_ = 1;
  Time until_{};
  Time closed_at_{};
  bool ramps_ = false;
  int relapses_ = 0;
  std::vector<Call> calls_;
  std::map<uint64_t, Time> probes_;
  int64_t good_ = 0;
  int64_t bad_ = 0;
};

class Dice {
 public:
  explicit Dice(uint64_t world) : world_(world) {}
  double Unit() { return Draw(11, Stream("model"), world_, 0, index_++); }
  bool Coin(double p) { return Unit() < p; }
  int64_t Whole(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Unit() * static_cast<double>(high - low + 1));
  }

 private:
  uint64_t world_;
  uint64_t index_ = 0;
};

BreakerConfig RandomConfig(Dice* dice) {
  BreakerConfig config;
  config.window = dice->Whole(1, 60) * 1s;
  config.failure_threshold = dice->Coin(0.3) ? 0 : 0.1 + 0.9 * dice->Unit();
  config.minimum_calls = dice->Whole(1, 8);
  config.window_calls = dice->Coin(0.5) ? 0 : config.minimum_calls + dice->Whole(0, 12);
  config.consecutive_failures = dice->Coin(0.5) ? 0 : dice->Whole(1, 6);
  config.slow_call = dice->Coin(0.5) ? 0s : dice->Whole(1, 5) * 1s;
  config.slow_threshold = 0.1 + 0.9 * dice->Unit();
  config.ewma_window = dice->Coin(0.5) ? 0s : dice->Whole(1, 60) * 1s;
  config.ewma_threshold = 0.1 + 0.9 * dice->Unit();
  config.open_for = dice->Whole(1, 20) * 1s;
  config.open_jitter = dice->Coin(0.5) ? 0 : dice->Unit();
  config.open_growth = 1 + dice->Unit();
  config.open_max = dice->Whole(1, 60) * 1s;
  config.probe_lease = dice->Whole(1, 20) * 1s;
  config.probes_at_once = dice->Whole(1, 4);
  config.probes_to_close = dice->Whole(1, 4);
  config.probes_to_open = dice->Whole(1, 3);
  config.ramp = dice->Coin(0.5) ? 0s : dice->Whole(1, 60) * 1s;
  return config;
}

bool Legal(BreakerState from, BreakerState to) {
  if (from == to) return true;
  if (from == kClosed) return to == kOpen;
  if (from == kOpen) return to == kHalfOpen;
  return true;
}

struct Visits {
  int trips = 0;
  int closes = 0;
  int probes = 0;
};

void PlayWorld(uint64_t world, Visits* visits) {
  Dice dice(world);
  const BreakerConfig config = RandomConfig(&dice);
  const double failing = dice.Unit();
  Breaker breaker(config);
  Model model(config);
  std::vector<Breaker::Permit> permits;  // reported ones stay: some are reported twice
  Time now = kStart;
  for (int op = 0; op < 300; ++op) {
    now += dice.Coin(0.7) ? Duration(0) : dice.Whole(0, 6'000) * 1ms;
    const BreakerState before = breaker.last_state();
    const double u = dice.Unit();
    const int64_t kind = dice.Whole(0, 99);
    CAPTURE(world, op, kind);
    if (kind < 50) {
      const auto permit = breaker.Acquire(now, u);
      REQUIRE(permit.has_value() == model.Admits(now, u));
      if (permit.has_value()) {
        model.Acquired(*permit, now);
        permits.push_back(*permit);
        visits->probes += permit->probe > 0 ? 1 : 0;
      }
    } else if (kind < 97 && !permits.empty()) {
      const auto last = static_cast<int64_t>(permits.size()) - 1;
      const auto& permit =
          permits[static_cast<size_t>(dice.Whole(std::max<int64_t>(0, last - 5), last))];
      const auto outcome = dice.Coin(0.1)       ? CallOutcome::kNeutral
                           : dice.Coin(failing) ? CallOutcome::kFailure
                                                : CallOutcome::kSuccess;
      breaker.Report(permit, outcome, now, u);
      model.Report(permit, outcome, now, u);
    } else if (kind >= 97) {
      const Time until = now + dice.Whole(-5, 30) * 1s;
      breaker.OpenUntil(until, now);
      model.OpenUntil(until, now);
    }
    const BreakerState after = breaker.last_state();
    REQUIRE(Legal(before, after));
    REQUIRE(breaker.state(now) == model.StateAt(now));
    REQUIRE(breaker.generation() == model.generation());
    REQUIRE((breaker.RetryAt(now, u) <= now) == breaker.Admits(now, u));
    if (breaker.state(now) == kOpen) REQUIRE(breaker.RetryAt(now) == model.until());
    visits->trips += before != kOpen && after == kOpen ? 1 : 0;
    visits->closes += before != kClosed && after == kClosed ? 1 : 0;
  }
}

TEST_CASE("breaker: agrees with a model that keeps everything, and never moves illegally",
          "[policy]") {
  Visits visits;
  for (uint64_t world = 0; world < 300; ++world) PlayWorld(world, &visits);
  CHECK(visits.trips > 1'000);  // the walk gets about
  CHECK(visits.closes > 100);
  CHECK(visits.probes > 1'000);
}

}  // namespace
}  // namespace squall::breaker_model_test

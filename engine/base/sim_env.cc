#include "engine/base/sim_env.h"

#include <absl/functional/any_invocable.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <optional>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/timer_queue.h"

namespace squall {
namespace {

using SleepHandler = asio::async_result<asio::use_awaitable_t<>, void(bool)>::handler_type;

struct Sleeper;

struct StopSleep {
  Sleeper* sleeper;
  void operator()() const;
};

// One sleeping coroutine. Recycled, and never moved, so the queue and the stop callback may point
// at it.
struct Sleeper final : Alarm {
  void Ring() override;
  SimEnv::Loop* loop = nullptr;
  std::optional<SleepHandler> handler;
  std::optional<std::stop_callback<StopSleep>> on_stop;
};

}  // namespace

class SimEnv::Loop : public asio::execution_context {
 public:
  ~Loop() {
    // Destroying a coroutine may cancel or post others, so take one at a time.
    for (Sleeper& sleeper : sleepers_) {
      if (!sleeper.queued()) continue;
      timers_.Remove(&sleeper);
      Release(&sleeper);
    }
    while (!nothing_ready()) TakeReady();
    shutdown();
    destroy();
  }

  void Sleep(Time at, const std::stop_token& stop, SleepHandler handler) {
    if (stop.stop_requested()) {
      Post(Resume(std::move(handler), false));
      return;
    }
    Sleeper* sleeper = Allocate();
    sleeper->handler.emplace(std::move(handler));
    Set(at, sleeper);
    if (stop.stop_possible()) sleeper->on_stop.emplace(stop, StopSleep{sleeper});
  }

  void Set(Time at, Alarm* alarm) { timers_.Push(std::max(at, now_), next_sequence_++, alarm); }

  void Clear(Alarm* alarm) {
    if (alarm->queued()) timers_.Remove(alarm);
  }

  void Post(absl::AnyInvocable<void()> function) {
    ready_.push_back(Ready{next_sequence_++, std::move(function)});
  }

  // Runs what is due by `until`, and returns how many events that were. As a handler of an
  // io_context, because only there Asio keeps the frames of coroutines for those to come.
  uint64_t RunAll(Time until) {
    uint64_t events = 0;
    asio::io_context host(1);
    asio::post(host, [&] {
      while (RunOne(until)) ++events;
    });
    host.run();
    return events;
  }

  void SleptOut(Sleeper* sleeper) {
    SleepHandler handler = std::move(*sleeper->handler);
    Release(sleeper);
    std::move(handler)(true);
  }

  void Stopped(Sleeper* sleeper) {
    timers_.Remove(sleeper);
    SleepHandler handler = std::move(*sleeper->handler);
    Release(sleeper);
    Post(Resume(std::move(handler), false));
  }

  Time now() const { return now_; }
  void AdvanceTo(Time at) { now_ = std::max(now_, at); }
  size_t pending() const { return timers_.size() + ready_.size() - ready_head_; }

 private:
  // Runs the next event if it is due by `until`.
  bool RunOne(Time until) {
    const TimerQueue::Item* timer = timers_.Peek();
    const bool timer_due = timer != nullptr && timer->at <= until;
    const bool timer_first =
        timer_due &&
        (nothing_ready() || (timer->at == now_ && timer->sequence < ready_[ready_head_].sequence));
    if (timer_first) {
      FireTimer();
    } else if (!nothing_ready()) {
      absl::AnyInvocable<void()> function = TakeReady();
      function();
    } else {
      return false;
    }
    return true;
  }

  struct Ready {
    uint64_t sequence;
    absl::AnyInvocable<void()> function;
  };

  static constexpr size_t kMostSpent = 4096;

  static absl::AnyInvocable<void()> Resume(SleepHandler handler, bool reached) {
    return [h = std::move(handler), reached]() mutable { std::move(h)(reached); };
  }

  bool nothing_ready() const { return ready_head_ == ready_.size(); }

  absl::AnyInvocable<void()> TakeReady() {
    absl::AnyInvocable<void()> function = std::move(ready_[ready_head_].function);
    ++ready_head_;
    // Usually it has run dry. Where it never does, what has run is cut off now and then.
    if (nothing_ready() || ready_head_ >= kMostSpent) {
      ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(ready_head_));
      ready_head_ = 0;
    }
    return function;
  }

  void FireTimer() {
    auto* alarm = static_cast<Alarm*>(timers_.Pop());
    now_ = alarm->at;
    alarm->Ring();
  }

  Sleeper* Allocate() {
    if (free_.empty()) {
      sleepers_.emplace_back().loop = this;
      return &sleepers_.back();
    }
    Sleeper* sleeper = free_.back();
    free_.pop_back();
    return sleeper;
  }

  void Release(Sleeper* sleeper) {
    sleeper->on_stop.reset();
    sleeper->handler.reset();
    free_.push_back(sleeper);
  }

  Time now_ = kStart;
  uint64_t next_sequence_ = 0;
  std::deque<Sleeper>
      sleepers_;  // grows to the largest number asleep at once; addresses are stable
  std::vector<Sleeper*> free_;
  TimerQueue timers_;
  // A queue in a vector, emptied whenever it runs dry, which is every few events; a deque would
  // allocate a block every few events instead.
  std::vector<Ready> ready_;
  size_t ready_head_ = 0;
};

namespace {

void StopSleep::operator()() const { sleeper->loop->Stopped(sleeper); }

void Sleeper::Ring() { loop->SleptOut(this); }

class Executor {
 public:
  explicit Executor(SimEnv::Loop* loop) : loop_(loop) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *loop_; }
  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
    return asio::execution::blocking.never;
  }
  template <class F>
  void execute(F&& function) const {
    loop_->Post(std::forward<F>(function));
  }
  friend bool operator==(const Executor& a, const Executor& b) noexcept = default;

 private:
  SimEnv::Loop* loop_;
};

}  // namespace

SimEnv::SimEnv() : loop_(std::make_unique<Loop>()) {}
SimEnv::~SimEnv() = default;

Time SimEnv::Now() const { return loop_->now(); }

Task<bool> SimEnv::SleepUntil(Time at, std::stop_token stop) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [](SleepHandler handler, Loop* loop, Time when, std::stop_token token) {
        loop->Sleep(when, token, std::move(handler));
      },
      asio::use_awaitable, loop_.get(), at, std::move(stop));
}

void SimEnv::SetAlarm(Time at, Alarm* alarm) { loop_->Set(at, alarm); }

void SimEnv::ClearAlarm(Alarm* alarm) { loop_->Clear(alarm); }

asio::any_io_executor SimEnv::executor() { return Executor(loop_.get()); }

uint64_t SimEnv::Run() { return loop_->RunAll(kNever); }

uint64_t SimEnv::RunUntil(Time until) {
  const uint64_t events = loop_->RunAll(until);
  loop_->AdvanceTo(until);
  return events;
}

size_t SimEnv::pending() const { return loop_->pending(); }

}  // namespace squall

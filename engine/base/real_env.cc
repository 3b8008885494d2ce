#include "engine/base/real_env.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <optional>

#include "engine/base/check.h"

namespace squall {
namespace {

// Below 2^63 by more than a double's rounding there.
constexpr double kLargestNs = 9.2e18;

struct CancelTimer {
  asio::steady_timer* timer;
  void operator()() const noexcept { timer->cancel(); }
};

}  // namespace

// Setting a timer of Asio that is earlier than all others costs a system call, and alarms are
// mostly cleared. So one timer stays as it is when its alarm is cleared, and finds out when it
// expires; only where no alarm is left when the loop turns is it cancelled, as nothing else would
// keep the loop from ending.
struct RealEnv::Bells {
  Bells(RealEnv* env_in, asio::io_context& io) : env(env_in), timer(io) {}
  RealEnv* env;  // nullptr once that has ended
  asio::steady_timer timer;
  TimerQueue alarms;
  uint64_t next_sequence = 0;
  std::optional<Time> awaited;  // by the timer
  bool tidying = false;         // will look at the next turn of the loop whether any are left
};

// One thread runs each io_context, which the hint lets Asio know.
RealEnv::RealEnv(double time_scale, SteadyTime start)
    : owned_(std::make_unique<asio::io_context>(1)),
      io_(*owned_),
      time_scale_(time_scale),
      start_(start),
      bells_(std::make_shared<Bells>(this, io_)) {
  SQUALL_CHECK(time_scale > 0 && std::isfinite(time_scale));
}

RealEnv::RealEnv(asio::io_context& io, double time_scale, SteadyTime start)
    : io_(io), time_scale_(time_scale), start_(start), bells_(std::make_shared<Bells>(this, io_)) {
  SQUALL_CHECK(time_scale > 0 && std::isfinite(time_scale));
}

RealEnv::~RealEnv() {
  bells_->env = nullptr;
  bells_->timer.cancel();
}

Time RealEnv::Now() const {
  const Duration real = std::chrono::steady_clock::now() - start_;
  if (time_scale_ == 1.0) return kStart + real;
  const double ns = static_cast<double>(real.count()) / time_scale_;
  if (ns >= kLargestNs) return kNever;
  return kStart + Duration(static_cast<int64_t>(ns));
}

RealEnv::SteadyTime RealEnv::ToSteady(Time at) const {
  const double ns = std::ceil(static_cast<double>(at.time_since_epoch().count()) * time_scale_);
  // Room for `start_` too: the steady clock counts from boot.
  const double room = kLargestNs - static_cast<double>(start_.time_since_epoch().count());
  if (ns >= room) return SteadyTime::max();
  if (time_scale_ == 1.0) return start_ + at.time_since_epoch();
  return start_ + Duration(static_cast<int64_t>(std::max(ns, -kLargestNs)));
}

Duration RealEnv::FromReal(std::chrono::nanoseconds real) const {
  const double ns = static_cast<double>(real.count()) / time_scale_;
  return Duration(static_cast<int64_t>(std::min(ns, kLargestNs)));
}

Task<bool> RealEnv::SleepUntil(Time at, std::stop_token stop) {
  if (stop.stop_requested()) co_return false;
  if (Now() >= at) co_return true;
  asio::steady_timer timer(io_);
  const std::stop_callback<CancelTimer> on_stop(stop, CancelTimer{&timer});
  boost::system::error_code ignored;
  // More than once only where the scale rounds: the timer may fire a nanosecond of scenario time
  // early.
  do {
    timer.expires_at(ToSteady(at));
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (stop.stop_requested()) co_return false;
  } while (Now() < at);
  co_return true;
}

void RealEnv::SetAlarm(Time at, Alarm* alarm) {
  bells_->alarms.Push(at, bells_->next_sequence++, alarm);
  if (!bells_->awaited.has_value() || at < *bells_->awaited) AwaitNext();
}

void RealEnv::AwaitNext() {
  bells_->awaited = bells_->alarms.Peek()->at;
  bells_->timer.expires_at(ToSteady(*bells_->awaited));
  bells_->timer.async_wait([bells = bells_](const boost::system::error_code& error) {
    if (error != asio::error::operation_aborted && bells->env != nullptr) bells->env->RingDue();
  });
}

void RealEnv::RingDue() {
  bells_->awaited.reset();
  // What is set while these ring waits for the next turn, though it be due.
  const uint64_t end = bells_->next_sequence;
  const Time now = Now();
  while (true) {
    const TimerQueue::Item* const next = bells_->alarms.Peek();
    if (next == nullptr || next->at > now || next->sequence >= end) break;
    static_cast<Alarm*>(bells_->alarms.Pop())->Ring();
  }
  if (!bells_->awaited.has_value() && bells_->alarms.size() > 0) AwaitNext();
}

void RealEnv::ClearAlarm(Alarm* alarm) {
  if (!alarm->queued()) return;
  bells_->alarms.Remove(alarm);
  if (bells_->alarms.size() > 0 || bells_->tidying) return;
  bells_->tidying = true;
  asio::post(io_, [bells = bells_] {
    bells->tidying = false;
    if (bells->alarms.size() > 0 || !bells->awaited.has_value()) return;
    bells->awaited.reset();
    bells->timer.cancel();
  });
}

}  // namespace squall

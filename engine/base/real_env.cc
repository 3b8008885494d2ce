#include "engine/base/real_env.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>

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

// One thread runs each io_context, which the hint lets Asio know.
RealEnv::RealEnv(double time_scale, SteadyTime start)
    : owned_(std::make_unique<asio::io_context>(1)),
      io_(*owned_),
      time_scale_(time_scale),
      start_(start) {
  SQUALL_CHECK(time_scale > 0 && std::isfinite(time_scale));
}

RealEnv::RealEnv(asio::io_context& io, double time_scale, SteadyTime start)
    : io_(io), time_scale_(time_scale), start_(start) {
  SQUALL_CHECK(time_scale > 0 && std::isfinite(time_scale));
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

}  // namespace squall

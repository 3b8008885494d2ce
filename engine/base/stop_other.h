// StopOther: what one token's stop callback does where it passes the request on to another source,
// as in `const std::stop_callback<StopOther> on_stop(stop, StopOther{&wake})`.
#pragma once

#include <stop_token>

namespace squall {

struct StopOther {
  std::stop_source* other;  // outlives the callback
  void operator()() const noexcept { other->request_stop(); }
};

}  // namespace squall

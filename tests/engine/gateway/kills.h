// How often tests kill what they try.
#pragma once

#include <cstdlib>

namespace squall {

// As $SQUALL_KILLS says, which bench/record_kills and bench/gateway_kills set, or as usual.
inline int KillsOr(int usual) {
  const char* asked = std::getenv("SQUALL_KILLS");
  return asked == nullptr ? usual : std::atoi(asked);
}

}  // namespace squall

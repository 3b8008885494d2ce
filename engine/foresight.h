// Foresight: what a clairvoyant engine would know. Only a simulator can have one; it turns the same
// loop into the yardstick of what any engine could have done on the same draws (the strategy
// "clairvoyant" in plan.cc). The engine under test never sees it.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/knowledge.h"

namespace squall {

struct CallState;

class Foresight {
 public:
  struct Move {
    Target target;
    Time at{};
  };

  virtual ~Foresight() = default;

  // The next attempt on the way to a right answer in time, with as few attempts as it takes;
  // nullopt if there is no way.
  virtual std::optional<Move> Next(const CallState& call, Time now) const = 0;

  // Is this answer right?
  virtual bool Right(const CallState& call, std::string_view content) const = 0;
};

}  // namespace squall

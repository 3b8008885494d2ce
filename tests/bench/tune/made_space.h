// A space in code, for tests of what is done with spaces.
#pragma once

#include <string>

#include "bench/tune/space.h"
#include "tests/catch.h"

namespace squall {

inline TuneSpace SpaceFrom(const std::string& text) {
  const absl::StatusOr<TuneSpace> space = LoadSpaceText(text, "space.json");
  INFO(std::string(space.status().message()));
  REQUIRE(space.ok());
  return *space;
}

}  // namespace squall

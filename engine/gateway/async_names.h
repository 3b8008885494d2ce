// Names of the contract of accepted requests (README, "The gateway"): what clients may write.
// Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace squall {

// 1 to 255 printable ASCII characters.
inline bool IsIdempotencyKey(std::string_view key) {
  constexpr size_t kLongest = 255;
  return !key.empty() && key.size() <= kLongest &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace squall

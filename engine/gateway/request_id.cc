#include "engine/gateway/request_id.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr size_t kIdBytes = 16;

// The kernel gives up to 256 bytes at once, whole, for hardly more than 16 of them cost.
struct RandomBytes {
  std::array<uint8_t, 256> bytes;
  size_t used = 256;
};

}  // namespace

std::string NewRequestId() {
  constexpr std::string_view kHex = "0123456789abcdef";
  static thread_local RandomBytes random;
  if (random.used == random.bytes.size()) {
    const auto got = ::getrandom(random.bytes.data(), random.bytes.size(), 0);
    SQUALL_CHECK(got == static_cast<ssize_t>(random.bytes.size()));
    random.used = 0;
  }
  std::string id = "req_";
  id.reserve(id.size() + 2 * kIdBytes);
  for (size_t i = 0; i < kIdBytes; ++i) {
    const uint8_t byte = random.bytes[random.used++];
    id.push_back(kHex[byte >> 4]);
    id.push_back(kHex[byte & 15]);
  }
  return id;
}

}  // namespace squall

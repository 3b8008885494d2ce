#include "engine/gateway/request_id.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <sys/random.h>

#include <array>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr size_t kIdBytes = 16;

// The kernel gives up to 256 bytes at once, whole, for hardly more than 16 of them cost.
struct RandomBytes {
  std::array<char, 256> bytes;
  size_t used = 256;
};

}  // namespace

std::string NewRequestId() {
  static thread_local RandomBytes random;
  if (random.used == random.bytes.size()) {
    const auto got = ::getrandom(random.bytes.data(), random.bytes.size(), 0);
    SQUALL_CHECK(got == static_cast<ssize_t>(random.bytes.size()));
    random.used = 0;
  }
  const absl::string_view id(random.bytes.data() + random.used, kIdBytes);
  random.used += kIdBytes;
  return absl::StrCat("req_", absl::BytesToHexString(id));
}

}  // namespace squall

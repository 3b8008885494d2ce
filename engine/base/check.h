// SQUALL_CHECK: an assertion that stays on in every build. It is for our own bugs only; what
// providers send is data and what people write in files is an absl::Status.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace squall {

[[noreturn]] inline void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace squall

#define SQUALL_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::squall::CheckFailed(#condition, __FILE__, __LINE__))

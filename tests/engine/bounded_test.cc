// The engine's memory, whatever goes through it: a thousand callers' names, four providers that
// fail in every way, everything on. bench/soak does the same with ten million calls.
#include <malloc.h>

#include "bench/soak_world.h"
#include "tests/catch.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SQUALL_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SQUALL_ADDRESS_SANITIZER
#endif
#ifdef SQUALL_ADDRESS_SANITIZER
#include <sanitizer/allocator_interface.h>
#endif

namespace squall::bounded_test {
namespace {

size_t BytesInUse() {
#ifdef SQUALL_ADDRESS_SANITIZER
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

TEST_CASE("engine: more calls leave no more memory in use", "[engine]") {
  SoakWorld world;
  world.Run(12'000);  // until windows and rules are filled
  const size_t after_few = BytesInUse();
  world.Run(36'000);
  const size_t after_many = BytesInUse();
  CHECK(world.calls() == 48'000);
  // The others are those whose answer, had after a failure, no second provider confirmed.
  CHECK(world.answered() > 42'000);
  // A byte for every second call would be seen; a rule that is learned late is 100.
  CHECK(after_many <= after_few + 16'384);
}

}  // namespace
}  // namespace squall::bounded_test

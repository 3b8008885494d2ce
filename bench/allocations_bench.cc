#include <cstdlib>
#include <new>

#include "bench/allocations.h"

namespace {
int64_t blocks = 0;  // allocated so far
int64_t in_use = 0;

void Free(void* memory) {
  if (memory != nullptr) --in_use;
  std::free(memory);
}
}  // namespace

// Out of line, or g++ takes the pairs apart and warns about them. The form that does not throw is
// replaced as well, since its blocks come back to the delete below: simdjson uses it.
[[gnu::noinline]] void* operator new(size_t size) {
  ++blocks;
  ++in_use;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++blocks;
  ++in_use;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { Free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { Free(memory); }

// Defined here, it goes before that of the C library.
extern "C" void* aligned_alloc(size_t alignment, size_t size) noexcept {
  ++blocks;
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

namespace squall {
int64_t AllocatedBlocks() { return blocks; }
int64_t BlocksInUse() { return in_use; }
}  // namespace squall

// Recycled: a base class that gives the heap objects of T memory which is kept and used again, a
// few blocks per thread. For what every call needs once: within the frame of a coroutine such
// objects make it larger than the frames that Asio keeps (1,020 bytes), and each that it cannot
// keep throws out one that it could.
//
// Of one thread each; memory may go back on another. T has no larger alignment than new gives.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace squall {

template <class T>
class Recycled {
 public:
  static void* operator new(size_t size) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    std::vector<Block>& spare = Spare();
    if (size != sizeof(T) || spare.empty()) return ::operator new(size);
    void* const memory = spare.back().release();
    spare.pop_back();
    return memory;
  }

  static void operator delete(void* memory, size_t size) noexcept {
    std::vector<Block>& spare = Spare();
    if (size == sizeof(T) && spare.size() < kMost) {
      spare.emplace_back(memory);
    } else {
      ::operator delete(memory);
    }
  }

 private:
  static constexpr size_t kMost = 64;

  struct Delete {
    void operator()(void* memory) const { ::operator delete(memory); }
  };
  using Block = std::unique_ptr<void, Delete>;

  static std::vector<Block>& Spare() {
    thread_local std::vector<Block> spare = [] {
      std::vector<Block> empty;
      empty.reserve(kMost);
      return empty;
    }();
    return spare;
  }
};

}  // namespace squall

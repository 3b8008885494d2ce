// OneThread: what belongs to one thread says so, and a second one is our own bug. The first thread
// that asks is the owner, so a thing may be made on one thread and used on another. Reading it
// costs one relaxed load and one comparison.
//
// A thread is told by the address of a variable of its own, which needs no call. Two threads that
// never overlapped may share it: the second has then taken over from the first, which is no race.
#pragma once

#include <atomic>

#include "engine/base/check.h"

namespace squall {

class OneThread {
 public:
  OneThread() = default;
  // A copy is another thing, and has an owner of its own.
  OneThread(const OneThread& /*other*/) {}
  OneThread& operator=(const OneThread& /*other*/) { return *this; }

  // Is the caller the owner? Becomes it if there is none yet.
  bool Here() const {
    static thread_local char mine;
    const void* owner = owner_.load(std::memory_order_relaxed);
    if (owner == &mine) [[likely]] {
      return true;
    }
    return owner == nullptr &&
           owner_.compare_exchange_strong(owner, &mine, std::memory_order_relaxed);
  }

  // Dies unless the caller is the owner.
  void Check() const { SQUALL_CHECK(Here()); }

 private:
  mutable std::atomic<const void*> owner_ = nullptr;
};

}  // namespace squall

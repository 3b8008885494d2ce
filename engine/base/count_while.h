// CountWhile: counts one more for as long as it lives, such as a coroutine under way.
#pragma once

#include <cstdint>

namespace squall {

class CountWhile {
 public:
  // `count` outlives it.
  explicit CountWhile(int64_t* count) : count_(count) { ++*count_; }
  ~CountWhile() { --*count_; }
  CountWhile(const CountWhile&) = delete;
  CountWhile& operator=(const CountWhile&) = delete;

 private:
  int64_t* count_;
};

}  // namespace squall

// Progress: one line on stderr that follows long work, redrawn five times a second. Appears only
// when stderr is a terminal and the work takes longer than half a second; leaves nothing behind.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace squall {

class Progress {
 public:
  // `done` counts up to `total`. With `wanted` false, or no terminal, it does nothing.
  Progress(std::string label, const std::atomic<int64_t>* done, int64_t total, bool wanted);
  ~Progress();

 private:
  void Draw(double elapsed_s) const;
  std::string label_;
  const std::atomic<int64_t>& done_;
  int64_t total_;
  std::jthread thread_;
};

}  // namespace squall

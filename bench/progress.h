// Progress: one line on stderr that follows long work, with the time that is left. On a terminal it
// is redrawn five times a second, appears only when the work takes longer than half a second, and
// leaves nothing behind; elsewhere, as in a CI log, a line is written every ten seconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace squall {

class Progress {
 public:
  // `done` counts up to `total`, in `unit`. With `wanted` false it does nothing.
  Progress(std::string label, const std::atomic<int64_t>* done, int64_t total, bool wanted,
           const char* unit = "requests");
  ~Progress();

 private:
  void Draw(double elapsed_s) const;
  std::string label_;
  const std::atomic<int64_t>& done_;
  int64_t total_;
  const char* unit_;
  bool terminal_ = false;
  std::jthread thread_;
};

}  // namespace squall

#include "bench/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <utility>

namespace squall {
namespace {

constexpr auto kFirstDraw = std::chrono::milliseconds(500);
constexpr auto kRedraw = std::chrono::milliseconds(200);
constexpr auto kLogLine = std::chrono::seconds(10);  // where nothing can be redrawn, as in CI
constexpr int kBarWidth = 24;

}  // namespace

Progress::Progress(std::string label, const std::atomic<int64_t>* done, int64_t total, bool wanted,
                   const char* unit)
    : label_(std::move(label)), done_(*done), total_(std::max<int64_t>(total, 1)), unit_(unit) {
  if (!wanted) return;
  terminal_ = isatty(STDERR_FILENO) != 0;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    const auto start = std::chrono::steady_clock::now();
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    bool drawn = false;
    std::chrono::milliseconds pause = terminal_ ? kFirstDraw : kLogLine;
    while (!wake.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      Draw(elapsed.count());
      drawn = true;
      if (terminal_) pause = kRedraw;
    }
    if (drawn && terminal_) std::fputs("\r\x1b[K", stderr);
  });
}

Progress::~Progress() = default;

void Progress::Draw(double elapsed_s) const {
  const int64_t done = std::min(done_.load(std::memory_order_relaxed), total_);
  const double share = static_cast<double>(done) / static_cast<double>(total_);
  const double left_s = share > 0 ? elapsed_s * (1 - share) / share : 0;
  const double per_s = static_cast<double>(done) / elapsed_s;
  std::string left = share > 0 ? std::to_string(std::llround(left_s)) + " s left" : "";
  if (terminal_) {
    const int filled = static_cast<int>(share * kBarWidth);
    const std::string bar = std::string(static_cast<size_t>(filled), '#') +
                            std::string(static_cast<size_t>(kBarWidth - filled), '-');
    std::fprintf(stderr, "\r\x1b[K%s [%s] %3.0f %%  %.0f %s/s  %s", label_.c_str(), bar.c_str(),
                 100 * share, per_s, unit_, left.c_str());
  } else {
    std::fprintf(stderr, "%s: %.0f %%, %lld of %lld %s, %.0f/s, %s\n", label_.c_str(), 100 * share,
                 static_cast<long long>(done), static_cast<long long>(total_), unit_, per_s,
                 left.c_str());
  }
  std::fflush(stderr);
}

}  // namespace squall

#include "bench/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "bench/exit_codes.h"

namespace squall {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<int> exit_code{0};

// Only async-signal-safe calls and lock-free atomics here.
void OnSignal(int signal_number) {
  const int code = signal_number == SIGTERM ? kExitTerminated : kExitInterrupted;
  if (interrupted.exchange(true)) _exit(code);
  exit_code = code;
}

bool Install() {
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return true;
}

}  // namespace

const std::atomic<bool>& InterruptFlag() {
  static const bool installed = Install();
  static_cast<void>(installed);
  return interrupted;
}

int InterruptExitCode() { return exit_code; }

}  // namespace squall

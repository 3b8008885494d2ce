// Interrupt: turns SIGINT and SIGTERM into a flag that long work looks at, so that it can end
// cleanly with a partial result. A second signal ends the process at once.
#pragma once

#include <atomic>

namespace squall {

// Installs the handlers, once per process. The flag is set at the first signal.
const std::atomic<bool>& InterruptFlag();

// 130 after SIGINT, 143 after SIGTERM, 0 before either.
int InterruptExitCode();

}  // namespace squall

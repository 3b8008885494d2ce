// TargetProcess: a target that squall starts and ends. Its command runs under /bin/sh in a process
// group of its own, with its output on standard error, and gets SIGTERM with the whole group at the
// end, or when squall dies; who is left after some seconds gets SIGKILL.
//
// One thread; waits block it. Nothing else may wait for children of this process meanwhile.
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace squall {

class TargetProcess {
 public:
  // `environment` holds "NAME=value" besides what squall has itself. kUnavailable where no process
  // can be made; a command that cannot be run ends with 127.
  static absl::StatusOr<std::unique_ptr<TargetProcess>> Start(
      const std::string& command, const std::vector<std::string>& environment);

  ~TargetProcess();  // ends it
  TargetProcess(const TargetProcess&) = delete;
  TargetProcess& operator=(const TargetProcess&) = delete;

  // How it ended, "exit code 3" or "signal 9", if it has; looks, and does not wait.
  std::optional<std::string> Ended();

  // Ends it, and the CPU time in seconds that it and what it waited for has used.
  double End();

 private:
  explicit TargetProcess(pid_t pid) : pid_(pid) {}
  bool Reap(bool wait);

  pid_t pid_;
  bool ended_ = false;  // the command; others of its group may be left
  bool all_ended_ = false;
  int status_ = 0;
  double cpu_s_ = 0;
};

// Whether anybody listens there; at most a second.
bool Listens(const std::string& host, uint16_t port);

// Until somebody does, `wait` is over or `stop` (may be null) is set. kUnavailable if nobody does,
// or if `process` (may be null) has ended.
absl::Status AwaitListener(const std::string& host, uint16_t port, std::chrono::nanoseconds wait,
                           TargetProcess* process, const std::atomic<bool>* stop);

// A port of 127.0.0.1 that was free a moment ago; 0 if there is none.
uint16_t FindFreePort();

}  // namespace squall

// `squall gateway` as a process of its own, for tests that kill it, stop it, or take its disk away,
// and a client for it that blocks. No Catch2 in here: clients run on threads of their own.
//
// Threads: a GatewayProcess belongs to one; Ask() is called from any.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace squall {

struct GatewayReply {
  int status = 0;  // 0: no whole reply came back
  std::string head;
  std::string body;

  std::string Header(const std::string& name) const;
  nlohmann::json Json() const { return nlohmann::json::parse(body, nullptr, false); }
  std::string Code() const;  // of an error, "" without one
};

// One request on a connection of its own, on loopback.
GatewayReply Ask(uint16_t port, const std::string& method, const std::string& target,
                 const std::string& body = "",
                 std::chrono::milliseconds patience = std::chrono::seconds(20));

// Waits for a while; looks at nothing.
void Pause(std::chrono::milliseconds time);

// Looks every 5 ms whether it is done, for 20 s at most. False if it never is.
template <class Done>
bool Await(Done done) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    Pause(std::chrono::milliseconds(5));
  }
  return true;
}

// What the process may write to.
struct GatewayCage {
  rlim_t file_bytes = RLIM_INFINITY;  // of any one file
  std::string disk;                   // a folder that is a file system of its own of `disk_bytes`,
  int64_t disk_bytes = 0;             // seen by the process alone (see Inside())
  std::string read_only;              // a folder that it cannot write to
};

class GatewayProcess {
 public:
  // Starts it on a configuration; what it says is appended to `said`.
  GatewayProcess(const std::string& config, std::string said, const GatewayCage& cage = {});
  ~GatewayProcess();  // kill -9
  GatewayProcess(const GatewayProcess&) = delete;
  GatewayProcess& operator=(const GatewayProcess&) = delete;

  // Waits until /readyz says yes: false if it ended or took longer than `patience`.
  bool AwaitReady(std::chrono::milliseconds patience = std::chrono::seconds(20));
  std::chrono::milliseconds ready_after() const { return ready_after_; }
  uint16_t port() const { return port_; }

  // Whether it still runs.
  bool runs();
  void Kill();
  // SIGTERM, and waits. Returns its exit code, -1 if it does not end in time.
  int Terminate();
  void Freeze();  // SIGSTOP
  void Thaw();    // SIGCONT
  void LimitFiles(rlim_t bytes);

  // A path as the process sees it, whose file systems may differ from ours.
  std::string Inside(const std::string& path) const;

 private:
  pid_t process_ = -1;
  std::string said_;
  size_t said_before_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::milliseconds ready_after_{};
  uint16_t port_ = 0;
};

// Whether this process may give its children file systems of their own.
bool CanCageDisks();

}  // namespace squall

#include "scenarios/target_process.h"

#include <absl/strings/str_cat.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace squall {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kEndPatience = 5s;
constexpr int kPoll_ms = 20;
constexpr int kConnect_ms = 1000;

void Pause() { ::poll(nullptr, 0, kPoll_ms); }

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// In the child, where only calls are safe that a signal handler may make.
[[noreturn]] void Become(char* const* arguments, char* const* environment) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);  // the mocks' sockets are not the target's
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve("/bin/sh", arguments, environment);
  ::_exit(127);
}

bool Connects(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool connected = ::connect(fd, address.ai_addr, address.ai_addrlen) == 0;
  if (!connected && errno == EINPROGRESS) {
    pollfd ready{fd, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    connected = ::poll(&ready, 1, kConnect_ms) == 1 &&
                ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  ::close(fd);
  return connected;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TargetProcess>> TargetProcess::Start(
    const std::string& command, const std::vector<std::string>& environment) {
  std::string shell = "sh";
  std::string flag = "-c";
  std::string script = command;
  char* const arguments[] = {shell.data(), flag.data(), script.data(), nullptr};
  std::vector<std::string> own = environment;
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  for (std::string& variable : own) variables.push_back(variable.data());
  variables.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) Become(arguments, variables.data());
  if (pid < 0) {
    return absl::UnavailableError(absl::StrCat("cannot start the target: ", std::strerror(errno)));
  }
  ::setpgid(pid, pid);  // whichever of the two comes first
  return std::unique_ptr<TargetProcess>(new TargetProcess(pid));
}

TargetProcess::~TargetProcess() { End(); }

bool TargetProcess::Reap(bool wait) {
  if (ended_) return true;
  rusage used{};
  pid_t got = 0;
  do {
    got = ::wait4(pid_, &status_, wait ? 0 : WNOHANG, &used);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return false;
  cpu_s_ = SecondsOf(used.ru_utime) + SecondsOf(used.ru_stime);
  ended_ = true;
  return true;
}

std::optional<std::string> TargetProcess::Ended() {
  if (!Reap(false)) return std::nullopt;
  if (WIFSIGNALED(status_)) return absl::StrCat("signal ", WTERMSIG(status_));
  return absl::StrCat("exit code ", WEXITSTATUS(status_));
}

double TargetProcess::End() {
  if (all_ended_) return cpu_s_;
  if (!Reap(false)) ::kill(-pid_, SIGTERM);
  const auto patience = steady_clock::now() + kEndPatience;
  while (!Reap(false) && steady_clock::now() < patience) Pause();
  // The group of a leader that has ended lives on while others are in it.
  ::kill(-pid_, SIGKILL);
  Reap(true);
  all_ended_ = true;
  return cpu_s_;
}

bool Listens(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  if (::getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0) return false;
  bool listens = false;
  for (addrinfo* one = found; one != nullptr && !listens; one = one->ai_next) {
    listens = Connects(*one);
  }
  ::freeaddrinfo(found);
  return listens;
}

absl::Status AwaitListener(const std::string& host, uint16_t port, std::chrono::nanoseconds wait,
                           TargetProcess* process, const std::atomic<bool>* stop) {
  const auto until = steady_clock::now() + wait;
  while (true) {
    const auto ended = process == nullptr ? std::nullopt : process->Ended();
    if (ended) {
      return absl::UnavailableError(absl::StrCat("the target's command ended with ", *ended,
                                                 " before it listened on ", host, ":", port));
    }
    if (Listens(host, port)) return absl::OkStatus();
    const bool stopped = stop != nullptr && stop->load(std::memory_order_relaxed);
    if (stopped || steady_clock::now() >= until) break;
    Pause();
  }
  return absl::UnavailableError(
      absl::StrCat("nothing listens on ", host, ":", port, ", where the target should be"));
}

uint16_t FindFreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  return bound ? ntohs(address.sin_port) : uint16_t{0};
}

}  // namespace squall

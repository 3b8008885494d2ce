#include "tests/bench/gateway_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/paths.h"

namespace squall {
namespace {

using SteadyPoint = std::chrono::steady_clock::time_point;

constexpr int kCageFailed = 126;

// False once `until` has passed.
bool AwaitSocket(int fd, short events, SteadyPoint until) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waits{fd, events, 0};
    const int ready = poll(&waits, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// Everything that comes back for `text` until the other side closes; "" if it breaks before.
std::string Exchange(int fd, uint16_t port, const std::string& text, SteadyPoint until) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof(place));
  if (connected != 0 && (errno != EINPROGRESS || !AwaitSocket(fd, POLLOUT, until))) return "";
  size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t count = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<size_t>(count);
    if (count < 0 && (errno != EAGAIN || !AwaitSocket(fd, POLLOUT, until))) return "";
  }
  std::string got;
  std::array<char, 16384> bytes;
  for (;;) {
    const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
    if (count == 0) return got;
    if (count > 0) got.append(bytes.data(), static_cast<size_t>(count));
    if (count < 0 && (errno != EAGAIN || !AwaitSocket(fd, POLLIN, until))) return "";
  }
}

std::string ReadAllOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool WriteText(const char* path, const std::string& text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  const bool written =
      file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (file >= 0) close(file);
  return written;
}

// A mount namespace of the process's own; where that is root's to have, in a user namespace too.
bool OwnMounts() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    const std::string users = "0 " + std::to_string(user) + " 1";
    const std::string groups = "0 " + std::to_string(group) + " 1";
    const bool mapped = WriteText("/proc/self/setgroups", "deny") &&
                        WriteText("/proc/self/uid_map", users) &&
                        WriteText("/proc/self/gid_map", groups);
    if (!mapped) return false;
  }
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// In the child, before its program is started.
bool EnterCage(const GatewayCage& cage) {
  if (cage.file_bytes != RLIM_INFINITY) {
    const rlimit limit{cage.file_bytes, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
  }
  if (cage.disk.empty() && cage.read_only.empty()) return true;
  if (!OwnMounts()) return false;
  if (!cage.disk.empty()) {
    const std::string size = "size=" + std::to_string(cage.disk_bytes);
    if (mount("tmpfs", cage.disk.c_str(), "tmpfs", 0, size.c_str()) != 0) return false;
  }
  if (!cage.read_only.empty()) {
    const char* folder = cage.read_only.c_str();
    if (mount(folder, folder, nullptr, MS_BIND, nullptr) != 0) return false;
    constexpr unsigned long kReadOnly = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
    if (mount(nullptr, folder, nullptr, kReadOnly, nullptr) != 0) return false;
  }
  return true;
}

}  // namespace

std::string GatewayReply::Header(const std::string& name) const {
  const size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const size_t from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

std::string GatewayReply::Code() const {
  const nlohmann::json json = Json();
  if (!json.is_object() || !json.contains("error")) return "";
  return json["error"].value("code", "");
}

GatewayReply Ask(uint16_t port, const std::string& method, const std::string& target,
                 const std::string& body, std::chrono::milliseconds patience) {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n" + body;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const std::string got =
      fd < 0 ? "" : Exchange(fd, port, text, std::chrono::steady_clock::now() + patience);
  if (fd >= 0) close(fd);
  GatewayReply reply;
  const size_t end = got.find("\r\n\r\n");
  if (end == std::string::npos || end < 12) return reply;
  reply.head = got.substr(0, end + 2);
  reply.body = got.substr(end + 4);
  const std::string length = reply.Header("Content-Length");
  // A gateway that is killed in the middle of a reply has not replied.
  if (length.empty() || std::to_string(reply.body.size()) != length) return GatewayReply();
  reply.status = std::atoi(reply.head.c_str() + 9);
  return reply;
}

void Pause(std::chrono::milliseconds time) { poll(nullptr, 0, static_cast<int>(time.count())); }

GatewayProcess::GatewayProcess(const std::string& config, std::string said, const GatewayCage& cage)
    : said_(std::move(said)),
      said_before_(ReadAllOf(said_).size()),
      started_(std::chrono::steady_clock::now()) {
  const std::string program = SquallBinary();
  const int out = open(said_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  process_ = fork();
  if (process_ != 0) {
    close(out);
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (!EnterCage(cage)) _exit(kCageFailed);
  execl(program.c_str(), program.c_str(), "gateway", config.c_str(), nullptr);
  _exit(127);
}

GatewayProcess::~GatewayProcess() { Kill(); }

bool GatewayProcess::runs() {
  if (process_ < 0) return false;
  siginfo_t info{};
  const int rc = waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT);
  return rc == 0 && info.si_pid == 0;
}

bool GatewayProcess::AwaitReady(std::chrono::milliseconds patience) {
  constexpr std::string_view kSays = "listening on http://127.0.0.1:";
  const auto until = started_ + patience;
  while (std::chrono::steady_clock::now() < until && runs()) {
    if (port_ == 0) {
      const std::string text = ReadAllOf(said_);
      const size_t at = text.find(kSays, said_before_);
      const bool whole = at != text.npos && text.find('\n', at) != text.npos;
      if (whole) port_ = static_cast<uint16_t>(std::atoi(text.c_str() + at + kSays.size()));
    }
    if (port_ != 0 && Ask(port_, "GET", "/readyz").status == 200) {
      ready_after_ = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - started_);
      return true;
    }
    Pause(std::chrono::milliseconds(2));
  }
  return false;
}

void GatewayProcess::Kill() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
}

int GatewayProcess::Terminate() {
  if (process_ < 0) return -1;
  kill(process_, SIGTERM);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (runs() && std::chrono::steady_clock::now() < until) Pause(std::chrono::milliseconds(5));
  if (runs()) return -1;
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void GatewayProcess::Freeze() {
  kill(process_, SIGSTOP);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(process_), &info, WSTOPPED | WNOWAIT);
}

void GatewayProcess::Thaw() { kill(process_, SIGCONT); }

void GatewayProcess::LimitFiles(rlim_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  prlimit(process_, RLIMIT_FSIZE, &limit, nullptr);
}

std::string GatewayProcess::Inside(const std::string& path) const {
  return "/proc/" + std::to_string(process_) + "/root" + path;
}

bool CanCageDisks() {
  const pid_t child = fork();
  if (child == 0) _exit(OwnMounts() ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace squall

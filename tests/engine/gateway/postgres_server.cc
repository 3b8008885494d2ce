#include "tests/engine/gateway/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

#include "tests/catch.h"

namespace squall {
namespace {

namespace fs = std::filesystem;

constexpr auto kServerDeadline = std::chrono::seconds(30);

// Looks every 10 ms.
bool WaitUntil(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kServerDeadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

// Where Debian puts the programs of the newest version installed.
std::string ServerPrograms() {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    const fs::path programs = version.path() / "bin";
    if (fs::exists(programs / "postgres") && fs::exists(programs / "initdb")) {
      found.push_back(programs.string());
    }
  }
  std::sort(found.begin(), found.end());
  return found.empty() ? "" : found.back();
}

const passwd* ServerUser() { return geteuid() == 0 ? getpwnam("postgres") : nullptr; }

std::string TextOf(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<gid_t> GroupsOf(const passwd& user) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  REQUIRE(getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count) >= 0);
  groups.resize(static_cast<size_t>(count));
  return groups;
}

// Starts `arguments` as the server's user, with its output in `log`; ends with this process. The
// child only makes system calls: other threads may have held any lock when it was forked.
pid_t Run(std::vector<std::string> arguments, const std::string& log) {
  const passwd* user = ServerUser();
  const std::vector<gid_t> groups = user == nullptr ? std::vector<gid_t>() : GroupsOf(*user);
  std::vector<char*> pointers;
  for (std::string& each : arguments) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child > 0) return child;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  if (user != nullptr && (setgroups(groups.size(), groups.data()) != 0 ||
                          setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGINT);
  execv(pointers[0], pointers.data());
  _exit(127);
}

}  // namespace

std::unique_ptr<PostgresServer> PostgresServer::Start() {
  const std::string programs = ServerPrograms();
  if (programs.empty() || (geteuid() == 0 && ServerUser() == nullptr)) {
    std::printf("SKIP: PostgreSQL is not installed (Debian package postgresql)\n");
    std::fflush(stdout);
    return nullptr;
  }
  std::string folder = "/tmp/squall-pg-XXXXXX";  // short: a socket's path has about 100 bytes
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  if (const passwd* user = ServerUser())
    REQUIRE(chown(folder.c_str(), user->pw_uid, user->pw_gid) == 0);
  std::unique_ptr<PostgresServer> server(new PostgresServer(programs, folder));
  const std::string log = folder + "/initdb.log";
  const pid_t maker = Run({programs + "/initdb", "-D", folder + "/data", "-U", "squall", "-A",
                           "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
                          log);
  int status = 0;
  REQUIRE(waitpid(maker, &status, 0) == maker);
  INFO(TextOf(log));
  REQUIRE(status == 0);
  server->Launch();
  return server;
}

PostgresServer::PostgresServer(std::string programs, std::string folder)
    : programs_(std::move(programs)), folder_(std::move(folder)) {}

PostgresServer::~PostgresServer() {
  if (process_ > 0) {
    kill(process_, SIGINT);
    int status = 0;
    if (!WaitUntil([&] { return waitpid(process_, &status, WNOHANG) == process_; })) {
      kill(process_, SIGKILL);
      waitpid(process_, &status, 0);
    }
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string PostgresServer::connection() const {
  return "host=" + folder_ + " user=squall dbname=postgres";
}

void PostgresServer::Launch() {
  const std::string log = folder_ + "/server.log";
  const auto deadline = std::chrono::steady_clock::now() + kServerDeadline;
  bool ready = false;
  // Again where those whom a killed server left behind have not gone yet.
  while (!ready && std::chrono::steady_clock::now() < deadline) {
    process_ = Run({programs_ + "/postgres", "-D", folder_ + "/data", "-k", folder_, "-c",
                    "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c",
                    "max_connections=40"},
                   log);
    WaitUntil([&] {
      int status = 0;
      if (waitpid(process_, &status, WNOHANG) == process_) {
        process_ = -1;
        return true;
      }
      ready = PQping(connection().c_str()) == PQPING_OK;
      return ready;
    });
    if (!ready) poll(nullptr, 0, 100);
  }
  INFO(TextOf(log));
  REQUIRE(ready);
}

void PostgresServer::Kill() {
  REQUIRE(process_ > 0);
  kill(process_, SIGKILL);
  int status = 0;
  REQUIRE(waitpid(process_, &status, 0) == process_);
  process_ = -1;
}

void PostgresServer::Restart() {
  REQUIRE(process_ < 0);
  Launch();
}

std::string PostgresServer::Execute(const std::string& sql) const {
  PGconn* connection = PQconnectdb(this->connection().c_str());
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  PGresult* result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  const std::string words = PQresultErrorMessage(result);
  const bool has_row = status == PGRES_TUPLES_OK && PQntuples(result) > 0;
  std::string value = has_row ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  PQfinish(connection);
  INFO(sql << ": " << words);
  REQUIRE((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK));
  return value;
}

}  // namespace squall

// A PostgreSQL server of a test's own: a fresh cluster in a temporary folder, reached through a
// Unix socket in it and nothing else, gone with this object. From Debian's package; the server
// refuses to run as root, so a test that does runs it as the user "postgres".
//
// Its fsync is off, which only a loss of power could notice: what these tests kill are processes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

namespace squall {

class PostgresServer {
 public:
  // nullptr where PostgreSQL is not installed: says so on stdout with "SKIP: ", which ctest takes
  // for what it is. Whatever else goes wrong fails the test.
  static std::unique_ptr<PostgresServer> Start();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string connection() const;  // for libpq

  void Kill();     // kill -9 of the server; its backends end when they notice
  void Restart();  // and its recovery from its log, if it had been killed

  // Runs SQL on a connection of its own; the first column of the first row, if any.
  std::string Execute(const std::string& sql) const;

 private:
  PostgresServer(std::string programs, std::string folder);
  void Launch();

  std::string programs_;
  std::string folder_;
  pid_t process_ = -1;
};

}  // namespace squall

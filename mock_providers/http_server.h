// MockHttpServer: plays the plans of one provider on real sockets, HTTP/1.1 over TCP. Replies are
// composed as raw bytes, because most of what this server is for no HTTP library will send: bodies
// that end early, connections that are reset, replies that never come.
//
// Threads: everything on the thread that runs the io_context of `env`, except the counters, which
// any thread may read, and Start(), which may also be called before that thread runs. A world of
// servers on one thread and an engine on another:
//
//   const auto start = std::chrono::steady_clock::now();
//   RealEnv server_env(scale, start), client_env(scale, start);
//   MockHttpServer server(server_env, provider);
//   const absl::StatusOr<uint16_t> port = server.Start();
//   std::jthread thread([&] { server_env.io().run(); });
//   ...                                                   // client_env.io().run() does the work
//   Spawn(server_env.executor(), server.Stop());          // for each server; any thread may spawn
//   thread.join();                                        // run() returns once nothing is left
//
// Errors: of the network and of clients, none; they end a connection and are counted.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/real_env.h"
#include "mock_providers/reply_plan.h"

namespace squall {

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // numeric
  uint16_t port = 0;                  // 0 takes any free one

  size_t header_limit = 16 << 10;  // bytes of request line and headers; past it 431
  size_t body_limit = 8 << 20;     // bytes; past it 413
  size_t max_connections = 4096;   // past it a connection is closed as soon as it is accepted

  // Real time: these protect the server and are no part of a scenario. Each may be exceeded by half
  // of the shortest one, but by half a second at most.
  std::chrono::nanoseconds read_timeout =
      std::chrono::seconds(10);  // first to last byte of a request
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(10);  // of a whole reply
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(120);  // between requests
};

class MockHttpServer {
 public:
  // `env` and `source` outlive the server.
  MockHttpServer(RealEnv& env, ReplySource& source, HttpServerOptions options = {});
  ~MockHttpServer();  // never started, or Stop() has completed
  MockHttpServer(const MockHttpServer&) = delete;
  MockHttpServer& operator=(const MockHttpServer&) = delete;

  // Listens, and returns the port. kUnavailable if it is taken, kInvalidArgument if the address is
  // none. Once.
  absl::StatusOr<uint16_t> Start();

  // Closes the listening socket and all connections; completes when nothing of them is left. A plan
  // that hangs counts as played, since its client never got an answer; one that still waits for its
  // time does not. The server must outlive this coroutine.
  Task<> Stop();

  size_t open_connections() const;
  uint64_t requests_served() const;      // plans that took effect
  uint64_t requests_refused() const;     // malformed, or past a limit
  uint64_t connections_refused() const;  // past max_connections

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace squall

// HttpSession: one connection of a MockHttpServer. A request in, its plan played, the next. While a
// plan waits, the socket is watched, so that a client that leaves ends the wait.
//
// Timeouts of the network take neither timers nor clocks while all is well: a session writes down
// how many sweeps of its server the present step may last, and the sweep that is one too many
// closes it.
//
// Everything on the thread that runs the io_context.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string_view>

#include "engine/wire/request_reader.h"
#include "mock_providers/http_server.h"
#include "mock_providers/reply_bytes.h"

namespace squall {

// What the sessions of one server have in common.
struct HttpServerState {
  HttpServerState(RealEnv& env_in, ReplySource& source_in, HttpServerOptions options_in);
  RealEnv& env;
  ReplySource& source;
  const HttpServerOptions options;
  const std::chrono::nanoseconds sweep_interval;
  std::atomic<size_t> open{0};
  std::atomic<uint64_t> served{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> connections_refused{0};
};

// Spares the indirections of tcp::socket, whose executor may be any.
using HttpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(HttpServerState& server, HttpSocket socket);

  Task<> Run();

  // Run() ends soon after.
  void Stop();

  // Stops a session that takes longer than it may. Once in a sweep_interval.
  void Sweep() {
    if (sweeps_left_ > 0 && --sweeps_left_ == 0) Stop();
  }

 private:
  Task<bool> Exchange();
  Task<ReadState> Read();
  Task<bool> Refuse();
  Task<bool> Play(const ReplyPlan& plan, ReplyForm form);
  Task<bool> PlayEnd(const ReplyPlan& plan, bool keep_alive);
  Task<size_t> WriteChunks(const ReplyPlan& plan, ReplyForm form);
  Task<bool> Write(std::string_view head, std::string_view body);
  Task<bool> WaitUntil(Time at);
  Task<> Flush();
  Task<> CloseOrderly();
  void Reset();
  void Close();
  void Watch();
  void OnReadable(boost::system::error_code ec);
  void Allow(std::chrono::nanoseconds time);
  void AllowAnyTime() { sweeps_left_ = 0; }
  void CountPlayed(const ReplyPlan& plan);
  void CountLeft(const ReplyPlan& plan, bool felt);

  HttpServerState& server_;
  HttpSocket socket_;
  RequestReader reader_;
  int64_t sweeps_left_ = 0;  // that the present step may last, 0 = any number
  std::stop_source gone_;    // the client has left, or the server stops
  bool waiting_ = false;     // in WaitUntil: the watch may read
  bool watching_ = false;    // a watch is pending; it may outlast its wait
};

}  // namespace squall

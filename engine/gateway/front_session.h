// FrontSession: one connection of a FrontDoor, a request after the other. While a request is under
// way the socket is watched, so that a client that leaves stops it.
//
// Time limits take neither timers nor clocks while all is well: a session writes down how many
// sweeps of its door the present step may last, and the sweep that is one too many ends it. Each
// limit may be exceeded by two sweeps, half a second at most.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/gateway/front_door.h"
#include "engine/wire/request_reader.h"

namespace squall {

// What the sessions of one door have in common.
struct FrontState {
  FrontState(RealEnv& env_in, HttpHandler& handler_in, const ListenConfig& config_in);

  RealEnv& env;
  HttpHandler& handler;
  ListenConfig config;
  std::chrono::nanoseconds sweep_interval;
  FrontCounts counts;
  bool closing = false;
  std::string date;  // a line of the head, with its end; kept up by the sweeps
};

using FrontSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

class FrontSession final : public HttpExchange, public std::enable_shared_from_this<FrontSession> {
 public:
  FrontSession(FrontState& door, FrontSocket socket, std::string peer);

  Task<> Run();

  // Run() ends soon after.
  void Stop();
  // The door is closing: ends a session that waits for a request.
  void Finish();
  void Sweep();

  const HttpRequest& request() const override { return reader_.request(); }
  const std::string& peer() const override { return peer_; }
  std::stop_token gone() const override { return gone_.get_token(); }
  Task<bool> Reply(int status, std::string_view headers, std::string_view body) override;
  Task<bool> BeginStream(int status, std::string_view headers) override;
  Task<bool> Write(std::string_view bytes) override;
  Task<bool> EndStream() override;
  bool begun() const override { return begun_; }

 private:
  enum class Step : uint8_t { kIdle, kHead, kBody, kHandle, kWrite, kLinger };

  Task<bool> Exchange();
  Task<ReadState> Read();
  Task<bool> Readable();
  Task<> Refuse(int status);
  Task<bool> Send(std::string_view head, std::string_view body);
  Task<> CloseOrderly();
  std::string Head(int status, std::string_view headers) const;
  void Close();
  // A wait for the socket to be readable, and who waits for it: the next request, or nobody while
  // one is handled. The wait owns this, so that what is never readable leaves nothing behind.
  struct Watched {
    std::function<void(bool)> reader;
  };
  void Watch();
  void OnReadable(boost::system::error_code ec);
  void Enter(Step step);
  void EnterReading();
  void Account();

  FrontState& door_;
  FrontSocket socket_;
  std::string peer_;
  RequestReader reader_;
  Step step_ = Step::kIdle;
  int64_t sweeps_left_ = 0;   // that the present step may last, 0 = any number
  bool timed_out_ = false;    // a request took too long to arrive
  std::stop_source gone_;     // the client has left, or the door is shut
  Watched* watch_ = nullptr;  // pending; it may outlast its request
  bool begun_ = false;        // the present reply
  bool streams_ = false;      // and its body is a stream
  bool keep_ = false;         // the connection, after it
  int64_t accounted_ = 0;     // bytes in FrontCounts::buffered
  int64_t writing_ = 0;       // bytes of the reply that is being written
};

}  // namespace squall

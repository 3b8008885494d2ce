// A MockHttpServer with plans made by hand, a client of the engine and clients without any HTTP of
// their own, for tests of what happens on sockets. Server and coroutine clients share one event
// loop.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "engine/wire/http_transport.h"
#include "mock_providers/http_server.h"
#include "tests/catch.h"
#include "tests/engine/wire/scripted_server.h"
#include "tests/mock_providers/plan_table.h"

namespace squall {

// Long enough for a machine under load, far shorter than what must not be waited for.
inline constexpr auto kSoon = std::chrono::seconds(5);
// How often a condition outside the event loop is looked at.
inline constexpr auto kTick = std::chrono::milliseconds(1);

// All that a client without any HTTP of its own gets to see.
struct RawReply {
  std::string bytes;
  boost::system::error_code end;
};

inline Task<> Converse(RealEnv& env, uint16_t port, std::string bytes, size_t step,
                       std::optional<RawReply>* out) {
  RawReply reply;
  asio::ip::tcp::socket socket(env.io());
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, reply.end));
  socket.set_option(asio::ip::tcp::no_delay(true));
  // A server that refuses early may reset; what it said still counts.
  if (!reply.end) co_await WriteInSteps(socket, bytes, step);
  std::array<char, 65536> room;
  const auto buffer = asio::buffer(room);
  while (!reply.end) {
    const size_t got = co_await socket.async_read_some(
        buffer, asio::redirect_error(asio::use_awaitable, reply.end));
    reply.bytes.append(room.data(), got);
  }
  *out = std::move(reply);
}

inline Task<> SendInto(HttpTransport& transport, HttpRequest request, Time deadline,
                       std::stop_token stop, std::optional<HttpReply>* out) {
  HttpReply reply = co_await transport.Send(0, request, deadline, stop);
  *out = std::move(reply);
}

// A server and a client of it on one event loop.
class HttpServerWorld {
 public:
  explicit HttpServerWorld(const HttpServerOptions& options = {})
      : env_(1.0), server_(env_, table_, options), transport_(env_) {
    const absl::StatusOr<uint16_t> port = server_.Start();
    REQUIRE(port.ok());
    port_ = *port;
    REQUIRE(transport_.AddProvider(HttpEndpoint{"127.0.0.1", port_, ""}).ok());
  }
  ~HttpServerWorld() {
    transport_.Close();
    Spawn(env_.executor(), server_.Stop());
    env_.io().restart();
    env_.io().run_for(kSoon);
    CHECK(env_.io().stopped());  // no timer, no socket, no coroutine is left
    CHECK(server_.open_connections() == 0);
  }

  HttpReply Send(HttpRequest request, Duration within = 20s, std::stop_token stop = {}) {
    last_reply_.reset();
    Spawn(env_.executor(),
          SendInto(transport_, std::move(request), env_.Now() + within, stop, &last_reply_));
    RunUntil([&] { return last_reply_.has_value(); });
    return *last_reply_;
  }

  RawReply SendRaw(const std::string& bytes, size_t step = 0) {
    last_raw_.reset();
    Spawn(env_.executor(), Converse(env_, port_, bytes, step, &last_raw_));
    RunUntil([&] { return last_raw_.has_value(); });
    return *last_raw_;
  }

  void RunUntil(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + kSoon;
    env_.io().restart();
    while (!done() && std::chrono::steady_clock::now() < until) env_.io().run_one_for(kTick);
    REQUIRE(done());
  }

  RealEnv& env() { return env_; }
  Table& table() { return table_; }
  MockHttpServer& server() { return server_; }
  HttpTransport& transport() { return transport_; }
  uint16_t port() const { return port_; }

 private:
  // Before the event loop, whose coroutines write to them even where a test has failed.
  std::optional<HttpReply> last_reply_;
  std::optional<RawReply> last_raw_;
  Table table_;
  RealEnv env_;
  MockHttpServer server_;
  HttpTransport transport_;
  uint16_t port_ = 0;
};

// A client without an event loop, for what asynchronous clients never do.
class PlainClient {
 public:
  explicit PlainClient(uint16_t port, int receive_buffer = 0) : socket_(io_) {
    socket_.open(asio::ip::tcp::v4());
    if (receive_buffer > 0) {
      socket_.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    }
    socket_.connect(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
  }
  void Write(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  void Leave() { socket_.close(); }

  // Adds what has arrived to `reply`; true once nothing more will.
  bool ReadSome(RawReply* reply) {
    if (reply->end) return true;
    std::array<char, 4096> room;
    boost::system::error_code ec;
    socket_.non_blocking(true);
    const size_t got = socket_.read_some(asio::buffer(room), ec);
    reply->bytes.append(room.data(), got);
    if (ec && ec != asio::error::would_block) reply->end = ec;
    return static_cast<bool>(reply->end);
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
};

}  // namespace squall

// The HTTP transport under test beside a scripted server, on one event loop.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "engine/base/real_env.h"
#include "engine/wire/http_transport.h"
#include "tests/catch.h"
#include "tests/engine/wire/scripted_server.h"

namespace squall {

// Long enough for a machine under load, far shorter than what must not be waited for.
inline constexpr auto kSoon = std::chrono::seconds(5);

inline Task<> SendInto(HttpTransport& transport, HttpRequest request, Time deadline,
                       std::stop_token stop, std::optional<HttpReply>* out,
                       BodySink* sink = nullptr) {
  HttpReply reply = co_await transport.Send(0, request, deadline, stop, sink);
  *out = std::move(reply);
}

inline HttpRequest Post(std::string body = "{}") {
  HttpRequest request;
  request.target = "/v1/chat";
  request.body = std::move(body);
  return request;
}

// A scripted server, a transport whose provider 0 it is, and the event loop of both.
class World {
 public:
  explicit World(const HttpTransportOptions& options = {})
      : env_(1.0), server_(env_.io()), transport_(env_, options) {
    Connect(server_.port());
  }
  World(const HttpTransportOptions& options, uint16_t port)
      : env_(1.0), server_(env_.io()), transport_(env_, options) {
    Connect(port);
  }
  ~World() {
    transport_.Close();
    server_.Stop();
    env_.io().restart();
    env_.io().run_for(kSoon);
    CHECK(transport_.open_connections() == 0);
    CHECK(env_.io().stopped());  // no timer, no socket, no coroutine is left
  }

  HttpReply Send(HttpRequest request, Duration within = 20s, std::stop_token stop = {},
                 BodySink* sink = nullptr) {
    last_reply_.reset();
    Spawn(env_.executor(),
          SendInto(transport_, std::move(request), env_.Now() + within, stop, &last_reply_, sink));
    RunUntil([&] { return last_reply_.has_value(); });
    return *last_reply_;
  }

  HttpReply Send(ServerScript script, Duration within = 20s) {
    server_.Add(std::move(script));
    return Send(Post(), within);
  }

  template <class Done>
  void RunUntil(Done done) {
    const auto until = std::chrono::steady_clock::now() + kSoon;
    env_.io().restart();
    while (!done() && std::chrono::steady_clock::now() < until) env_.io().run_one_for(kSoon);
    REQUIRE(done());
  }

  RealEnv& env() { return env_; }
  ScriptedServer& server() { return server_; }
  HttpTransport& transport() { return transport_; }

 private:
  void Connect(uint16_t port) {
    const auto id = transport_.AddProvider(HttpEndpoint{"127.0.0.1", port, "/base"});
    REQUIRE(id.ok());
    REQUIRE(*id == 0);
  }

  // Before the event loop, whose coroutines write to it even where a test has failed.
  std::optional<HttpReply> last_reply_;
  RealEnv env_;
  ScriptedServer server_;
  HttpTransport transport_;
};

}  // namespace squall

// What a mock server must survive: requests that smuggle another one, other protocols, clients that
// are slow, deaf or too many. Each gets a clear 4xx or a close, and nobody else notices.
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "tests/catch.h"
#include "tests/mock_providers/http_server_world.h"

namespace squall::http_abuse_wire_test {
namespace {

bool IsRefusal(const RawReply& reply) {
  return reply.bytes.starts_with("HTTP/1.1 4") && reply.end == asio::error::eof &&
         reply.bytes.find("Connection: close\r\n") != std::string::npos &&
         reply.bytes.find("HTTP/1.1 ", 1) == std::string::npos;
}

TEST_CASE("a request hidden in another one is never served") {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string length = std::to_string(hidden.size() + 5);
  const std::vector<std::string> rows = {
      post + "Content-Length: " + length + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
          hidden,
      post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
      post + "Content-Length: 0\r\nContent-Length: " + length + "\r\n\r\n" + hidden,
      post + "Content-Length: 0, " + length + "\r\n\r\n" + hidden,
      post + "Transfer-Encoding: gzip\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + hidden,
      post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden,
      post + "X: y\r\n Content-Length: " + length + "\r\n\r\n" + hidden,
      post + "X: y\nContent-Length: " + length + "\r\n\r\n" + hidden,
      post + "X: y" + std::string(1, '\0') + "\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + hidden,
      "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n" + hidden,
      "GET / HTTP/0.9\r\n\r\n" + hidden,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden,
      "\x16\x03\x01\x02" + hidden,
  };
  HttpServerWorld world;
  for (const std::string& row : rows) {
    for (const size_t step : {size_t{0}, size_t{1}}) {
      CAPTURE(row, step);
      CHECK(IsRefusal(world.SendRaw(row, step)));
    }
  }
  CHECK(world.table().requests.empty());
  CHECK(world.server().requests_refused() == 2 * rows.size());
  CHECK(world.Send(Get("/")).body == "{}");
}

TEST_CASE("a target that names the server too is served as if it did not") {
  HttpServerWorld world;
  world.table().Add("/v1/x?y", PlanOf(200, "found"));
  const RawReply reply =
      world.SendRaw("POST http://127.0.0.1/v1/x?y HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(reply.bytes.ends_with("found"));
}

// One byte at a time, until the server has had enough.
Task<> Drip(RealEnv& env, uint16_t port, std::string bytes, Duration pause, size_t* sent,
            std::optional<RawReply>* out) {
  RawReply reply;
  asio::ip::tcp::socket socket(env.io());
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, reply.end));
  for (size_t i = 0; i < bytes.size() && !reply.end; ++i) {
    socket.write_some(asio::buffer(&bytes[i], 1), reply.end);
    ++*sent;
    const Time next = env.Now() + pause;
    [[maybe_unused]] const bool due = co_await env.SleepUntil(next);
  }
  *out = std::move(reply);
}

TEST_CASE("a client by drops is cut off in time, however steady") {
  HttpServerOptions options;
  options.read_timeout = 40ms;
  HttpServerWorld world(options);
  std::optional<RawReply> reply;
  size_t sent = 0;
  const std::string bytes = "POST / HTTP/1.1\r\nX: " + std::string(4000, 'x') + "\r\n\r\n";
  Spawn(world.env().executor(), Drip(world.env(), world.port(), bytes, 5ms, &sent, &reply));
  world.RunUntil([&] { return reply.has_value(); });
  CHECK(reply->end);
  CHECK(sent < bytes.size());
  CHECK(world.table().requests.empty());
  world.RunUntil([&] { return world.server().open_connections() == 0; });
}

TEST_CASE("a client that does not read is dropped") {
  HttpServerOptions options;
  options.write_timeout = 40ms;
  HttpServerWorld world(options);
  world.table().Add("/", PlanOf(200, std::string(32 << 20, 'x')));
  PlainClient client(world.port(), 4096);
  client.Write("GET / HTTP/1.1\r\n\r\n");
  world.RunUntil([&] { return world.table().requests.size() == 1; });
  world.RunUntil([&] { return world.server().open_connections() == 0; });
  CHECK(world.table().played == 0);
}

TEST_CASE("a long reply reaches a slow reader whole") {
  HttpServerWorld world;
  constexpr size_t kBytes = 8 << 20;
  world.table().Add("/", PlanOf(200, std::string(kBytes, 'x')));
  PlainClient client(world.port(), 4096);
  client.Write("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  world.RunUntil([&] { return world.table().requests.size() == 1; });
  CHECK(world.table().played == 0);  // more than the sockets hold
  RawReply reply;
  world.RunUntil([&] {
    for (int i = 0; i < 50; ++i) client.ReadSome(&reply);
    return client.ReadSome(&reply);
  });
  CHECK(reply.end == asio::error::eof);
  CHECK(reply.bytes.size() == reply.bytes.find("\r\n\r\n") + 4 + kBytes);
  CHECK(world.table().played == 1);
}

TEST_CASE("a server that stood still itself drops nobody for it") {
  HttpServerOptions options;
  options.read_timeout = 40ms;
  HttpServerWorld world(options);
  PlainClient client(world.port());
  client.Write("GET / HTTP/1.1\r\n");
  world.RunUntil([&] { return world.server().open_connections() == 1; });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  client.Write("\r\n");
  world.RunUntil([&] { return world.table().requests.size() == 1; });
  CHECK(world.table().played == 1);
}

TEST_CASE("a connection that ends makes room for another one") {
  HttpServerOptions options;
  options.max_connections = 2;
  HttpServerWorld world(options);
  {
    PlainClient first(world.port());
    PlainClient second(world.port());
    world.RunUntil([&] { return world.server().open_connections() == 2; });
    for (int i = 0; i < 10; ++i) CHECK(world.SendRaw("GET / HTTP/1.1\r\n\r\n").bytes.empty());
  }
  world.RunUntil([&] { return world.server().open_connections() == 0; });
  CHECK(world.server().connections_refused() == 10);
  CHECK(world.Send(Get("/")).body == "{}");
}

}  // namespace
}  // namespace squall::http_abuse_wire_test

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <map>
#include <optional>

#include "tests/catch.h"
#include "tests/engine/wire/transport_world.h"

namespace squall::http_transport_wire_test {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_CASE("a request goes out whole and its reply comes back whole") {
  World world;
  world.server().Add(
      {"HTTP/1.1 429 Slow Down\r\nRetry-After:  7 \r\nX-A: 1\r\nx-a: 2\r\n"
       "Content-Length: 5\r\n\r\nhello",
       Then::kNextRequest});
  HttpRequest request = Post("{\"a\":1}");
  request.headers.Add("x-key", "k");
  request.headers.Add("host", "elsewhere");
  request.headers.Add("content-length", "99");
  const HttpReply reply = world.Send(std::move(request));
  CHECK(reply.error == TransportError::kNone);
  CHECK(reply.status == 429);
  CHECK(reply.body == "hello");
  CHECK(reply.headers.Find("retry-after") == "7");
  CHECK(reply.headers.Find("X-a") == "1");
  const std::string host = "127.0.0.1:" + std::to_string(world.server().port());
  REQUIRE(world.server().requests().size() == 1);
  CHECK(world.server().requests()[0] == "POST /base/v1/chat HTTP/1.1\r\nHost: " + host +
                                            "\r\nx-key: k\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
}

TEST_CASE("every way an exchange can end has its own error, and keeps what had arrived") {
  struct Row {
    std::string name;
    std::string bytes;
    Then then;
    TransportError error;
    int status;
    std::string body;
  };
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  using enum TransportError;
  const std::vector<Row> rows = {
      {"reset before any byte", "", Then::kReset, kReset, 0, ""},
      {"reset after the head", head, Then::kReset, kReset, 200, ""},
      {"reset in the body", head + "part", Then::kReset, kReset, 200, "part"},
      {"closed before any byte", "", Then::kClose, kCut, 0, ""},
      {"cut in the status line", "HTTP/1.", Then::kClose, kCut, 0, ""},
      {"cut in the headers", "HTTP/1.1 503 No\r\nX: 1\r\nY:", Then::kClose, kCut, 503, ""},
      {"cut in the body", head + "part", Then::kClose, kCut, 200, "part"},
      {"cut before a chunk", chunked, Then::kClose, kCut, 200, ""},
      {"cut in a chunk", chunked + "9\r\npart", Then::kClose, kCut, 200, "part"},
      {"cut in a short chunk", chunked + "9\r\np", Then::kClose, kCut, 200, "p"},
      {"cut before the last chunk", chunked + "4\r\npart\r\n", Then::kClose, kCut, 200, "part"},
      {"cut in the last chunk", chunked + "4\r\npart\r\n0\r\n", Then::kClose, kCut, 200, "part"},
      {"silence", "", Then::kHold, kTimeout, 0, ""},
      {"silence after a part", head + "part", Then::kHold, kTimeout, 200, "part"},
      {"silence in a chunk", chunked + "9\r\npart", Then::kHold, kTimeout, 200, "part"},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", Then::kHold, kProtocol, 0, ""},
      {"a status that is no number", "HTTP/1.1 abc OK\r\n\r\n", Then::kHold, kProtocol, 0, ""},
      {"a header without a colon", "HTTP/1.1 200 OK\r\noops\r\n\r\n", Then::kHold, kProtocol, 200,
       ""},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       Then::kHold, kProtocol, 200, ""},
      {"a chunk size that is no number", chunked + "4\r\npart\r\nxyz\r\n", Then::kHold, kProtocol,
       200, "part"},
  };
  for (const Row& row : rows) {
    for (const size_t step : {size_t{0}, size_t{1}}) {
      CAPTURE(row.name, step);
      World world;
      ServerScript script(row.bytes, row.then);
      script.step = step;
      const HttpReply reply = world.Send(script, row.error == kTimeout ? 60ms : 20s);
      CHECK(TransportErrorName(reply.error) == TransportErrorName(row.error));
      CHECK(reply.status == row.status);
      CHECK(reply.body == row.body);
      world.RunUntil([&] { return world.transport().open_connections() == 0; });
    }
  }
}

TEST_CASE("whole replies of every framing are read, also by drops") {
  struct Row {
    std::string name;
    std::string bytes;
    Then then;
    int status;
    std::string body;
  };
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::vector<Row> rows = {
      {"by length", kOk, Then::kNextRequest, 200, "ok"},
      {"empty by length", "HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n", Then::kNextRequest, 500,
       ""},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", Then::kNextRequest, 204, ""},
      {"chunked", chunked + "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", Then::kNextRequest, 200,
       "abc0123456789"},
      {"empty chunked", chunked + "0\r\n\r\n", Then::kNextRequest, 200, ""},
      {"chunked with a trailer", chunked + "1\r\na\r\n0\r\nX-T: 1\r\n\r\n", Then::kNextRequest, 200,
       "a"},
      {"until the connection ends", "HTTP/1.1 200 OK\r\n\r\nall of it", Then::kClose, 200,
       "all of it"},
      {"after interim replies",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk,
       Then::kNextRequest, 200, "ok"},
      {"a status of its own", "HTTP/1.1 529 \r\nContent-Length: 1\r\n\r\nx", Then::kNextRequest,
       529, "x"},
  };
  for (const Row& row : rows) {
    for (const size_t step : {size_t{0}, size_t{1}}) {
      CAPTURE(row.name, step);
      World world;
      ServerScript script(row.bytes, row.then);
      script.step = step;
      const HttpReply reply = world.Send(script);
      CHECK(reply.error == TransportError::kNone);
      CHECK(reply.status == row.status);
      CHECK(reply.body == row.body);
      CHECK(!reply.headers.Find("link").has_value());
      CHECK(world.transport().open_connections() == (row.then == Then::kClose ? 0 : 1));
    }
  }
}

TEST_CASE("a reply to HEAD ends with its headers") {
  World world;
  world.server().Add({"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", Then::kNextRequest});
  HttpRequest request;
  request.method = "HEAD";
  request.target = "/";
  const HttpReply reply = world.Send(std::move(request));
  CHECK(reply.error == TransportError::kNone);
  CHECK(reply.headers.Find("content-length") == "99");
  CHECK(world.server().requests()[0].find("Content-Length") == std::string::npos);
}

TEST_CASE("replies past a limit are too large, whichever way they grow") {
  HttpTransportOptions options;
  options.header_limit = 256;
  options.body_limit = 100;
  std::string headers;
  for (int i = 0; i < 20; ++i) headers += "X-Filler: 0123456789\r\n";
  const std::string long_chunk_extension(400, 'e');
  const std::map<std::string, std::string> rows = {
      {"many headers", "HTTP/1.1 200 OK\r\n" + headers},
      {"one long header", "HTTP/1.1 200 OK\r\nX: " + std::string(400, 'h')},
      {"a long status line", "HTTP/1.1 200 " + std::string(400, 'r')},
      {"a declared body", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"},
      {"a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"},
      {"a chunk extension",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + long_chunk_extension},
      {"a body until the end", "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'b')},
      {"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + headers},
  };
  for (const auto& [name, bytes] : rows) {
    for (const size_t step : {size_t{0}, size_t{1}}) {
      CAPTURE(name, step);
      World world(options);
      ServerScript script(bytes, Then::kHold);
      script.step = step;
      const HttpReply reply = world.Send(script);
      CHECK(TransportErrorName(reply.error) == "too_large");
    }
  }
  World world(options);
  ServerScript line_by_line("HTTP/1.1 200 VeryOK\r\n" + headers, Then::kHold);
  line_by_line.step = 22;
  CHECK(TransportErrorName(world.Send(line_by_line).error) == "too_large");
  const HttpReply reply = world.Send(
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'b'), Then::kHold});
  CHECK(reply.error == TransportError::kNone);
}

TEST_CASE("nobody listening is a failure to connect") {
  asio::io_context io;
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const uint16_t port = acceptor.local_endpoint().port();
  acceptor.close();
  World world({}, port);
  const HttpReply reply = world.Send(Post());
  CHECK(reply.error == TransportError::kConnect);
  CHECK(reply.status == 0);
  CHECK(world.transport().open_connections() == 0);
}

// A listener whose queue is full, so that the kernel leaves further connections unanswered.
class FullListener {
 public:
  FullListener() : acceptor_(io_) {
    const tcp::endpoint any_port(asio::ip::address_v4::loopback(), 0);
    acceptor_.open(any_port.protocol());
    acceptor_.bind(any_port);
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) {
      tcp::socket& socket = fillers_.emplace_back(io_);
      socket.open(tcp::v4());
      socket.native_non_blocking(true);
      // Not Asio's connect, which waits even where the socket would not.
      const tcp::endpoint to = acceptor_.local_endpoint();
      ::connect(socket.native_handle(), to.data(), static_cast<socklen_t>(to.size()));
    }
  }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::deque<tcp::socket> fillers_;
};

TEST_CASE("a connection that is not answered ends with its limit or with the deadline") {
  FullListener listener;
  HttpTransportOptions options;
  options.connect_timeout = 50ms;
  {
    World world(options, listener.port());
    CHECK(world.Send(Post(), 20s).error == TransportError::kConnect);
  }
  World world({}, listener.port());
  CHECK(world.Send(Post(), 50ms).error == TransportError::kTimeout);
}

TEST_CASE("the limit on a connection is scenario time, like the deadline") {
  FullListener listener;
  RealEnv env(/*time_scale=*/0.001);
  HttpTransportOptions options;
  options.connect_timeout = 50s;
  HttpTransport transport(env, options);
  HttpEndpoint endpoint;
  endpoint.port = listener.port();
  REQUIRE(transport.AddProvider(endpoint).ok());
  std::optional<HttpReply> reply;
  Spawn(env.executor(), SendInto(transport, Post(), env.Now() + 20'000s, {}, &reply));
  env.io().run_for(kSoon);
  REQUIRE(reply.has_value());
  CHECK(reply->error == TransportError::kConnect);
}

TEST_CASE("a deadline or a stop that has passed sends nothing") {
  World world;
  CHECK(world.Send(Post(), 0s).error == TransportError::kTimeout);
  std::stop_source source;
  source.request_stop();
  CHECK(world.Send(Post(), 20s, source.get_token()).error == TransportError::kCancelled);
  CHECK(world.server().accepted() == 0);
}

Task<> StopSoon(RealEnv& env, std::stop_source source) {
  const Time at = env.Now() + 20ms;
  const std::stop_token never;
  [[maybe_unused]] const bool due = co_await env.SleepUntil(at, never);
  source.request_stop();
}

TEST_CASE("a stop ends an exchange at once, in whatever state it is") {
  FullListener full;
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  struct Row {
    std::string name;
    bool connects;
    std::string bytes;
    int status;
    std::string body;
  };
  const std::vector<Row> rows = {{"connecting", false, "", 0, ""},
                                 {"before the reply", true, "", 0, ""},
                                 {"in the body", true, head + "part", 200, "part"}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    World listening;
    World unanswered({}, full.port());
    World& used = row.connects ? listening : unanswered;
    used.server().Add({row.bytes, Then::kHold});
    std::stop_source source;
    Spawn(used.env().executor(), StopSoon(used.env(), source));
    const auto begin = SteadyClock::now();
    const HttpReply reply = used.Send(Post(), 1h, source.get_token());
    CHECK(SteadyClock::now() - begin < kSoon);
    CHECK(reply.error == TransportError::kCancelled);
    CHECK(reply.status == row.status);
    CHECK(reply.body == row.body);
    CHECK(used.transport().open_connections() == 0);
  }
}

TEST_CASE("a kept connection serves the next request") {
  World world;
  for (int i = 0; i < 5; ++i) CHECK(world.Send({kOk, Then::kNextRequest}).body == "ok");
  CHECK(world.server().accepted() == 1);
  CHECK(world.transport().open_connections() == 1);
}

TEST_CASE("a connection whose server wants to close it is not kept") {
  World world;
  const std::string closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
  CHECK(world.Send({closing, Then::kHold}).body == "ok");
  CHECK(world.transport().open_connections() == 0);
  const std::string old = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
  CHECK(world.Send({old, Then::kHold}).body == "ok");
  CHECK(world.transport().open_connections() == 0);
  CHECK(world.Send({kOk + "and more", Then::kHold}).body == "ok");
  CHECK(world.transport().open_connections() == 0);
}

TEST_CASE("no more connections are kept than allowed, and none for too long") {
  HttpTransportOptions none_kept;
  none_kept.max_idle_per_provider = 0;
  World one(none_kept);
  CHECK(one.Send({kOk, Then::kNextRequest}).body == "ok");
  CHECK(one.transport().open_connections() == 0);

  HttpTransportOptions not_for_long;
  not_for_long.max_idle_time = std::chrono::nanoseconds(0);
  World other(not_for_long);
  CHECK(other.Send({kOk, Then::kHold}).body == "ok");
  CHECK(other.Send({kOk, Then::kHold}).body == "ok");
  CHECK(other.server().accepted() == 2);
}

TEST_CASE("past the largest number of connections there is none to be had") {
  HttpTransportOptions options;
  options.max_connections = 0;
  World world(options);
  CHECK(world.Send({kOk, Then::kHold}).error == TransportError::kConnect);
}

TEST_CASE("a kept connection that its server has closed meanwhile is no fault") {
  for (const Then then : {Then::kClose, Then::kReset}) {
    CAPTURE(static_cast<int>(then));
    World world;
    CHECK(world.Send({kOk, then}).body == "ok");
    world.RunUntil([&] { return world.server().closed() == 1; });
    const HttpReply reply = world.Send({kOk, Then::kNextRequest});
    CHECK(TransportErrorName(reply.error) == "none");
    CHECK(world.server().accepted() == 2);
  }
}

TEST_CASE("a kept connection that is reset under a request is a fault, and is not retried") {
  World world;
  CHECK(world.Send({kOk, Then::kNextRequest}).body == "ok");
  CHECK(world.Send({"", Then::kReset}).error == TransportError::kReset);
  CHECK(world.Send({kOk, Then::kNextRequest}).body == "ok");
  CHECK(world.server().requests().size() == 3);
  CHECK(world.server().accepted() == 2);
}

TEST_CASE("an answer that comes before the request has been read is still the answer") {
  World world;
  ServerScript script("HTTP/1.1 413 No\r\nContent-Length: 3\r\n\r\nbig", Then::kClose);
  script.reads_the_request = false;
  world.server().Add(script);
  const HttpReply reply = world.Send(Post(std::string(16 << 20, 'x')));
  CHECK(TransportErrorName(reply.error) == "none");
  CHECK(reply.status == 413);
  CHECK(reply.body == "big");
  CHECK(world.transport().open_connections() == 0);
}

TEST_CASE("a reset while the request is still going out is a reset") {
  World world;
  ServerScript script("", Then::kReset);
  script.reads_the_request = false;
  world.server().Add(script);
  const HttpReply reply = world.Send(Post(std::string(16 << 20, 'x')));
  CHECK(TransportErrorName(reply.error) == "reset");
  CHECK(reply.status == 0);
}

TEST_CASE("large bodies pass both ways") {
  World world;
  const std::string body(3 << 20, 'z');
  world.server().Add(
      {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
       Then::kNextRequest});
  const HttpReply reply = world.Send(Post(body));
  CHECK(reply.error == TransportError::kNone);
  CHECK((reply.body == body));
  CHECK(world.server().requests()[0].ends_with(body));
}

TEST_CASE("closing ends what is in flight and refuses what comes after") {
  std::optional<HttpReply> reply;
  World world;
  world.server().Add({"", Then::kHold});
  Spawn(world.env().executor(), SendInto(world.transport(), Post(), kNever, {}, &reply));
  world.RunUntil([&] { return world.server().requests().size() == 1; });
  CHECK(world.transport().in_flight() == 1);
  world.transport().Close();
  world.RunUntil([&] { return reply.has_value(); });
  CHECK(reply->error == TransportError::kCancelled);
  CHECK(world.transport().in_flight() == 0);
  CHECK(world.transport().open_connections() == 0);
  CHECK(world.Send(Post()).error == TransportError::kCancelled);
}

TEST_CASE("a provider needs an address and a path that can be one") {
  RealEnv env;
  HttpTransport transport(env);
  CHECK(transport.AddProvider({"not an address", 80, ""}).status().code() ==
        absl::StatusCode::kUnavailable);
  CHECK(transport.AddProvider({"127.0.0.1", 80, "/a b"}).status().code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(transport.AddProvider({"::1", 80, ""}).value() == 0);
  CHECK(transport.AddProvider({"127.0.0.1", 80, ""}).value() == 1);
}

}  // namespace
}  // namespace squall::http_transport_wire_test

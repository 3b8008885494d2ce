#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <map>

#include "engine/wire/http_transport.h"
#include "mock_providers/http_server.h"
#include "tests/catch.h"

namespace squall {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

// Long enough for a machine under load, far shorter than what must not be waited for.
constexpr auto kSoon = std::chrono::seconds(5);

// Plans by request target, made by hand. What has no plan is answered with its own body.
class Table : public ReplySource {
 public:
  void Add(const std::string& target, ReplyPlan plan) { plans_[target] = std::move(plan); }

  ReplyPlan Plan(const HttpRequest& request, Time now) override {
    requests.push_back(request);
    const auto found = plans_.find(request.target);
    ReplyPlan plan;
    plan.body = request.body;
    if (found != plans_.end()) plan = found->second;
    plan.at = now + plan.at.time_since_epoch();  // rows say how much later
    return plan;
  }

  void Played(const ReplyPlan&) override { ++played; }

  std::vector<HttpRequest> requests;
  int played = 0;

 private:
  std::map<std::string, ReplyPlan> plans_;
};

ReplyPlan PlanOf(int status, std::string body, End end = End::kClean, size_t body_sent = 0) {
  ReplyPlan plan;
  plan.status = status;
  plan.body = std::move(body);
  plan.end = end;
  plan.body_sent = body_sent;
  return plan;
}

ReplyPlan Later(Duration by, ReplyPlan plan) {
  plan.at = kStart + by;
  return plan;
}

HttpRequest Get(const std::string& target) {
  HttpRequest request;
  request.target = target;
  request.body = "{}";
  return request;
}

// All that a client without any HTTP of its own gets to see.
struct RawReply {
  std::string bytes;
  error_code end;
};

Task<> Converse(RealEnv& env, uint16_t port, std::string bytes, size_t step,
                std::optional<RawReply>* out) {
  RawReply reply;
  tcp::socket socket(env.io());
  const tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, reply.end));
  socket.set_option(tcp::no_delay(true));
  for (size_t at = 0; at < bytes.size() && !reply.end; at += step) {
    const auto piece = asio::buffer(bytes.data() + at, std::min(step, bytes.size() - at));
    error_code ignored;  // a server that refuses early may reset; what it said still counts
    co_await asio::async_write(socket, piece, asio::redirect_error(asio::use_awaitable, ignored));
  }
  std::array<char, 65536> room;
  const auto buffer = asio::buffer(room);
  while (!reply.end) {
    const size_t got = co_await socket.async_read_some(
        buffer, asio::redirect_error(asio::use_awaitable, reply.end));
    reply.bytes.append(room.data(), got);
  }
  *out = std::move(reply);
}

Task<> SendInto(HttpTransport& transport, HttpRequest request, Time deadline, std::stop_token stop,
                std::optional<HttpReply>* out) {
  HttpReply reply = co_await transport.Send(0, std::move(request), deadline, stop);
  *out = std::move(reply);
}

// A server and a client of it on one event loop.
class World {
 public:
  explicit World(const HttpServerOptions& options = {})
      : env_(1.0), server_(env_, table_, options), transport_(env_) {
    const absl::StatusOr<uint16_t> port = server_.Start();
    REQUIRE(port.ok());
    port_ = *port;
    REQUIRE(transport_.AddProvider(HttpEndpoint{"127.0.0.1", port_, ""}).ok());
  }
  ~World() {
    transport_.Close();
    Spawn(env_.executor(), server_.Stop());
    env_.io().restart();
    env_.io().run_for(kSoon);
    CHECK(env_.io().stopped());  // no timer, no socket, no coroutine is left
    CHECK(server_.open_connections() == 0);
  }

  HttpReply Send(HttpRequest request, Duration within = 20s, std::stop_token stop = {}) {
    std::optional<HttpReply> reply;
    Spawn(env_.executor(),
          SendInto(transport_, std::move(request), env_.Now() + within, stop, &reply));
    RunUntil([&] { return reply.has_value(); });
    return reply.value_or(HttpReply());
  }

  RawReply SendRaw(const std::string& bytes, size_t step = 1 << 30) {
    std::optional<RawReply> reply;
    Spawn(env_.executor(), Converse(env_, port_, bytes, step, &reply));
    RunUntil([&] { return reply.has_value(); });
    return reply.value_or(RawReply());
  }

  void RunUntil(const std::function<bool()>& done) {
    const auto until = SteadyClock::now() + kSoon;
    env_.io().restart();
    while (!done() && SteadyClock::now() < until) env_.io().run_one_for(kSoon);
    REQUIRE(done());
  }

  RealEnv& env() { return env_; }
  Table& table() { return table_; }
  MockHttpServer& server() { return server_; }
  HttpTransport& transport() { return transport_; }
  uint16_t port() const { return port_; }

 private:
  Table table_;
  RealEnv env_;
  MockHttpServer server_;
  HttpTransport transport_;
  uint16_t port_ = 0;
};

TEST_CASE("every plan has its effect on the wire, and is played once") {
  struct Row {
    std::string name;
    ReplyPlan plan;
    TransportError error;
    int status;
    std::string body;
  };
  using enum TransportError;
  ReplyPlan chunked = PlanOf(200, std::string(5000, 'c'));
  chunked.framing = Framing::kChunked;
  ReplyPlan cut_chunked = PlanOf(200, std::string(5000, 'c'), End::kCut, 3000);
  cut_chunked.framing = Framing::kChunked;
  const std::vector<Row> rows = {
      {"clean", PlanOf(200, "hello"), kNone, 200, "hello"},
      {"clean and empty", PlanOf(503, ""), kNone, 503, ""},
      {"an error with a body", PlanOf(429, "slow down"), kNone, 429, "slow down"},
      {"no content", PlanOf(204, ""), kNone, 204, ""},
      {"chunked", chunked, kNone, 200, std::string(5000, 'c')},
      {"later", Later(20ms, PlanOf(200, "late")), kNone, 200, "late"},
      {"cut before any byte", PlanOf(0, "", End::kCut), kCut, 0, ""},
      {"cut after the head", PlanOf(200, "hello", End::kCut, 0), kCut, 200, ""},
      {"cut in the body", PlanOf(200, "hello", End::kCut, 2), kCut, 200, "he"},
      {"cut of an empty body", PlanOf(200, "", End::kCut, 0), kCut, 200, ""},
      {"cut in a chunk", cut_chunked, kCut, 200, std::string(3000, 'c')},
      {"reset before any byte", PlanOf(0, "", End::kReset), kReset, 0, ""},
      {"reset after the head", PlanOf(200, "hello", End::kReset, 0), kReset, 200, ""},
      {"reset in the body", PlanOf(200, "hello", End::kReset, 2), kReset, 200, "he"},
      {"reset later", Later(20ms, PlanOf(0, "", End::kReset)), kReset, 0, ""},
      {"hang", PlanOf(200, "never", End::kHang), kTimeout, 0, ""},
  };
  World world;
  int played = 0;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    HttpRequest request = Get("/" + row.name);
    std::replace(request.target.begin(), request.target.end(), ' ', '_');
    world.table().Add(request.target, row.plan);
    const HttpReply reply = world.Send(std::move(request), row.error == kTimeout ? 50ms : 20s);
    CHECK(TransportErrorName(reply.error) == TransportErrorName(row.error));
    CHECK(reply.status == row.status);
    CHECK(reply.body == row.body);
    ++played;
    world.RunUntil([&] { return world.table().played == played; });
  }
  CHECK(world.server().requests_served() == rows.size());
}

TEST_CASE("a reset is an RST, and what was written before it arrives") {
  World world;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{3000}, size_t{2} << 20}) {
    CAPTURE(bytes);
    world.table().Add("/", PlanOf(200, std::string((2 << 20) + 1, 'x'), End::kReset, bytes));
    const RawReply reply = world.SendRaw("GET / HTTP/1.1\r\n\r\n");
    CHECK(reply.end == asio::error::connection_reset);
    CHECK(reply.bytes.size() == reply.bytes.find("\r\n\r\n") + 4 + bytes);
  }
  world.table().Add("/", PlanOf(200, "hello", End::kCut, 2));
  CHECK(world.SendRaw("GET / HTTP/1.1\r\n\r\n").end == asio::error::eof);
}

TEST_CASE("requests arrive as they were sent") {
  World world;
  HttpRequest request = Get("/v1/chat?x=1");
  request.headers.Add("X-Squall-Request", "r1");
  request.headers.Add("x-many", "a");
  request.headers.Add("x-many", "b");
  CHECK(world.Send(request).body == "{}");
  REQUIRE(world.table().requests.size() == 1);
  const HttpRequest& seen = world.table().requests[0];
  CHECK(seen.method == "POST");
  CHECK(seen.target == "/v1/chat?x=1");
  CHECK(seen.body == "{}");
  CHECK(seen.headers.Find("x-squall-request") == "r1");
  CHECK(seen.headers.block().find("x-many: a\r\nx-many: b\r\n") != std::string_view::npos);
}

TEST_CASE("one connection serves many requests") {
  World world;
  for (int i = 0; i < 10; ++i) CHECK(world.Send(Get("/")).body == "{}");
  CHECK(world.server().open_connections() == 1);
  CHECK(world.server().requests_served() == 10);
}

TEST_CASE("requests in one packet, or in one-byte packets, are answered in order") {
  World world;
  world.table().Add("/later", Later(30ms, PlanOf(200, "later")));
  const std::string two =
      "POST /later HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
      "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "2\r\nde\r\n0\r\n\r\n";
  for (const size_t step : {two.size(), size_t{1}, size_t{7}}) {
    CAPTURE(step);
    const RawReply reply = world.SendRaw(two, step);
    CHECK(reply.end == asio::error::eof);
    CHECK(reply.bytes ==
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlater"
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nde");
  }
}

TEST_CASE("a client of HTTP/1.0 gets a length and the end of the connection") {
  World world;
  ReplyPlan chunked = PlanOf(200, "hello");
  chunked.framing = Framing::kChunked;
  world.table().Add("/", chunked);
  const RawReply reply = world.SendRaw("GET / HTTP/1.0\r\n\r\n");
  CHECK(reply.end == asio::error::eof);
  CHECK(reply.bytes.ends_with("Content-Length: 5\r\n\r\nhello"));
}

TEST_CASE("a client that asks for leave to send its body gets it") {
  World world;
  const std::string head =
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
  const RawReply reply = world.SendRaw(head + "{}", head.size());
  CHECK(reply.bytes.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  CHECK(reply.bytes.ends_with("{}"));
}

TEST_CASE("what is no HTTP gets 400, what is too large 431 or 413, and others are unharmed") {
  HttpServerOptions options;
  options.header_limit = 512;
  options.body_limit = 1000;
  World world(options);
  const std::string post = "POST / HTTP/1.1\r\n";
  std::string many;
  for (int i = 0; i < 50; ++i) many += "X-Filler: 0123456789\r\n";
  const std::vector<std::pair<std::string, int>> rows = {
      {"hello\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nX: a\nb\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", 400},
      {post + "X: a" + std::string(1, '\0') + "b\r\n\r\n", 400},
      {post + "Content-Length: x\r\n\r\n", 400},
      {post + "Content-Length: -1\r\n\r\n", 400},
      {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400},
      {post + many + "\r\n", 431},
      {post + "X: " + std::string(2000, 'h') + "\r\n\r\n", 431},
      {"GET /" + std::string(2000, 't') + " HTTP/1.1\r\n\r\n", 431},
      {post + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'b'), 413},
      {post + "Content-Length: 99999999\r\n\r\n" + std::string(4 << 20, 'b'), 413},
      {post + "Transfer-Encoding: chunked\r\n\r\n3E9\r\n" + std::string(1001, 'b'), 413},
  };
  CHECK(world.Send(Get("/")).body == "{}");
  for (const auto& [bytes, status] : rows) {
    CAPTURE(bytes.substr(0, 60), status);
    const RawReply reply = world.SendRaw(bytes);
    CHECK(reply.bytes.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
    CHECK(reply.bytes.find("Connection: close\r\n") != std::string::npos);
    CHECK(reply.end == asio::error::eof);
  }
  CHECK(world.server().requests_refused() == rows.size());
  CHECK(world.server().requests_served() == 1);
  CHECK(world.Send(Get("/")).body == "{}");
  CHECK(world.server().requests_served() == 2);
  world.RunUntil([&] { return world.server().open_connections() == 1; });
}

TEST_CASE("a header by drops cannot grow past its limit") {
  HttpServerOptions options;
  options.header_limit = 512;
  World world(options);
  std::string many;
  for (int i = 0; i < 50; ++i) many += "X-Filler: 0123456789\r\n";
  const RawReply reply = world.SendRaw("GET / HTTP/1.1\r\n" + many, 22);
  CHECK(reply.bytes.starts_with("HTTP/1.1 431 "));
}

TEST_CASE("a client that is too slow, or silent for too long, is dropped") {
  HttpServerOptions options;
  options.read_timeout = 30ms;
  options.idle_timeout = 60ms;
  World world(options);
  CHECK(world.SendRaw("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc").bytes.empty());
  CHECK(world.SendRaw("").bytes.empty());
  CHECK(world.server().requests_refused() == 0);
  CHECK(world.SendRaw("GET / HTTP/1.1\r\n\r\n").bytes.starts_with("HTTP/1.1 200 OK"));
}

Task<> StopSoon(RealEnv& env, std::stop_source source) {
  const Time at = env.Now() + 20ms;
  const std::stop_token never;
  [[maybe_unused]] const bool due = co_await env.SleepUntil(at, never);
  source.request_stop();
}

TEST_CASE("a hanging reply is played as soon as its client leaves") {
  World world;
  world.table().Add("/hang", PlanOf(200, "", End::kHang));
  std::stop_source source;
  Spawn(world.env().executor(), StopSoon(world.env(), source));
  const HttpReply reply = world.Send(Get("/hang"), 1h, source.get_token());
  CHECK(reply.error == TransportError::kCancelled);
  CHECK(world.table().played == 0);
  world.RunUntil([&] { return world.table().played == 1; });
  world.RunUntil([&] { return world.server().open_connections() == 0; });
}

TEST_CASE("a client that leaves ends the wait of its plan, which is not played") {
  World world;
  world.table().Add("/later", Later(1h, PlanOf(200, "later")));
  world.table().Add("/reset", Later(1h, PlanOf(0, "", End::kReset)));
  for (const std::string target : {"/later", "/reset"}) {
    CHECK(world.Send(Get(target), 20ms).error == TransportError::kTimeout);
    world.RunUntil([&] { return world.server().open_connections() == 0; });
  }
  CHECK(world.table().requests.size() == 2);
  CHECK(world.table().played == 0);
}

TEST_CASE("a client that sends ahead is still noticed when it leaves") {
  World world;
  world.table().Add("/hang", PlanOf(200, "", End::kHang));
  error_code ec;
  tcp::socket socket(world.env().io());
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), world.port()));
  const std::string bytes = "GET /hang HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n";
  asio::write(socket, asio::buffer(bytes), ec);
  world.RunUntil([&] { return world.table().requests.size() == 1; });
  asio::write(socket, asio::buffer(bytes), ec);
  socket.close();
  world.RunUntil([&] { return world.table().played == 1; });
  CHECK(world.table().requests.size() == 1);
}

TEST_CASE("past the largest number of connections new ones are closed") {
  HttpServerOptions options;
  options.max_connections = 1;
  World world(options);
  CHECK(world.Send(Get("/")).error == TransportError::kNone);
  const RawReply reply = world.SendRaw("");
  CHECK(reply.bytes.empty());
  CHECK(world.server().connections_refused() == 1);
  CHECK(world.Send(Get("/")).error == TransportError::kNone);
}

TEST_CASE("a server that cannot listen says where and why") {
  World world;
  Table table;
  HttpServerOptions options;
  options.port = world.port();
  MockHttpServer second(world.env(), table, options);
  const absl::StatusOr<uint16_t> port = second.Start();
  CHECK(port.status().code() == absl::StatusCode::kUnavailable);
  CHECK(std::string(port.status().message()) ==
        "cannot bind 127.0.0.1:" + std::to_string(world.port()) + ": Address already in use");
  options.address = "localhost";
  MockHttpServer third(world.env(), table, options);
  CHECK(third.Start().status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("stopping ends hanging, waiting, reading and idle connections alike") {
  World world;
  world.table().Add("/hang", PlanOf(200, "", End::kHang));
  world.table().Add("/later", Later(1h, PlanOf(200, "")));
  CHECK(world.Send(Get("/")).status == 200);
  std::optional<HttpReply> hang;
  std::optional<HttpReply> later;
  std::optional<RawReply> half;
  RealEnv& env = world.env();
  Spawn(env.executor(), SendInto(world.transport(), Get("/hang"), kNever, {}, &hang));
  Spawn(env.executor(), SendInto(world.transport(), Get("/later"), kNever, {}, &later));
  Spawn(env.executor(), Converse(env, world.port(), "GET / HT", 1 << 10, &half));
  world.RunUntil(
      [&] { return world.table().requests.size() == 3 && world.server().open_connections() == 3; });
  Spawn(env.executor(), world.server().Stop());
  world.RunUntil([&] { return hang.has_value() && later.has_value() && half.has_value(); });
  CHECK(world.server().open_connections() == 0);
  CHECK(hang->error == TransportError::kCut);
  CHECK(later->error == TransportError::kCut);
  CHECK(world.table().played == 2);  // the first one, and the one that hung
  CHECK(world.Send(Get("/")).error == TransportError::kConnect);
}

}  // namespace
}  // namespace squall

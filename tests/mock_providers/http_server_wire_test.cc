#include <algorithm>
#include <optional>

#include "tests/catch.h"
#include "tests/mock_providers/http_server_world.h"

namespace squall::http_server_wire_test {
namespace {

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
  HttpServerWorld world;
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
  HttpServerWorld world;
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
  HttpServerWorld world;
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
  HttpServerWorld world;
  for (int i = 0; i < 10; ++i) CHECK(world.Send(Get("/")).body == "{}");
  CHECK(world.server().open_connections() == 1);
}

TEST_CASE("requests in one packet, or in one-byte packets, are answered in order") {
  HttpServerWorld world;
  world.table().Add("/later", Later(30ms, PlanOf(200, "later")));
  const std::string two =
      "POST /later HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
      "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "2\r\nde\r\n0\r\n\r\n";
  for (const size_t step : {size_t{0}, size_t{1}, size_t{7}}) {
    CAPTURE(step);
    const RawReply reply = world.SendRaw(two, step);
    CHECK(reply.end == asio::error::eof);
    CHECK(reply.bytes ==
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlater"
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nde");
  }
}

TEST_CASE("an empty chunked body may come by drops") {
  HttpServerWorld world;
  const RawReply reply = world.SendRaw(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", 1);
  CHECK(reply.bytes.ends_with("Content-Length: 0\r\n\r\n"));
}

TEST_CASE("a client that asks for leave to send its body gets it") {
  HttpServerWorld world;
  const std::string head =
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
  const RawReply reply = world.SendRaw(head + "{}", head.size());
  CHECK(reply.bytes.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  CHECK(reply.bytes.ends_with("{}"));
}

TEST_CASE("a client of HTTP/1.0 gets a length and the end of the connection") {
  HttpServerWorld world;
  world.table().Add("/", PlanOf(200, "hello"));
  const RawReply reply = world.SendRaw("GET / HTTP/1.0\r\n\r\n");
  CHECK(reply.end == asio::error::eof);
  CHECK(reply.bytes.ends_with("Content-Length: 5\r\n\r\nhello"));
}

TEST_CASE("what is no HTTP gets 400, what is too large 431 or 413, and others are unharmed") {
  HttpServerOptions options;
  options.header_limit = 512;
  options.body_limit = 1000;
  HttpServerWorld world(options);
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
      {post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'e'), 431},
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
  HttpServerWorld world(options);
  std::string many;
  for (int i = 0; i < 50; ++i) many += "X-Filler: 0123456789\r\n";
  const RawReply reply = world.SendRaw("GET /12345 HTTP/1.1\r\n" + many, 22);
  CHECK(reply.bytes.starts_with("HTTP/1.1 431 "));
}

TEST_CASE("a client that is too slow, or silent for too long, is dropped") {
  HttpServerOptions options;
  options.read_timeout = 30ms;
  options.idle_timeout = 60ms;
  HttpServerWorld world(options);
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
  HttpServerWorld world;
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
  HttpServerWorld world;
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
  HttpServerWorld world;
  world.table().Add("/hang", PlanOf(200, "", End::kHang));
  PlainClient client(world.port());
  client.Write("GET /hang HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
  world.RunUntil([&] { return world.table().requests.size() == 1; });
  client.Write("GET /next HTTP/1.1\r\n\r\n");
  client.Leave();
  world.RunUntil([&] { return world.table().played == 1; });
  CHECK(world.table().requests.size() == 1);
}

TEST_CASE("a client that sends ahead without end is dropped") {
  HttpServerOptions options;
  options.header_limit = 512;
  options.body_limit = 1000;
  HttpServerWorld world(options);
  world.table().Add("/later", Later(1h, PlanOf(200, "")));
  PlainClient client(world.port());
  client.Write("GET /later HTTP/1.1\r\n\r\n");
  world.RunUntil([&] { return world.table().requests.size() == 1; });
  client.Write(std::string(2000, 'x'));
  world.RunUntil([&] { return world.server().open_connections() == 0; });
}

TEST_CASE("a reset waits for a slow reader, so that it gets what the plan says") {
  HttpServerWorld world;
  constexpr size_t kSent = 300'000;
  world.table().Add("/", PlanOf(200, std::string(kSent + 1, 'x'), End::kReset, kSent));
  PlainClient client(world.port(), 4096);
  client.Write("GET / HTTP/1.1\r\n\r\n");
  world.RunUntil([&] { return world.table().requests.size() == 1; });
  world.env().io().run_for(std::chrono::milliseconds(20));  // nobody reads meanwhile
  CHECK(world.table().played == 0);
  RawReply reply;
  world.RunUntil([&] { return client.ReadSome(&reply); });
  CHECK(reply.end == asio::error::connection_reset);
  CHECK(reply.bytes.size() == reply.bytes.find("\r\n\r\n") + 4 + kSent);
}

TEST_CASE("a cut is an orderly end even where the client has sent more than was read") {
  HttpServerWorld world;
  world.table().Add("/", PlanOf(200, "hello", End::kCut, 2));
  PlainClient client(world.port());
  client.Write("GET / HTTP/1.1\r\n\r\n" + std::string(200'000, 'x'));
  RawReply reply;
  world.RunUntil([&] { return client.ReadSome(&reply); });
  CHECK(reply.end == asio::error::eof);
  CHECK(reply.bytes.ends_with("\r\n\r\nhe"));
}

TEST_CASE("past the largest number of connections new ones are closed") {
  HttpServerOptions options;
  options.max_connections = 1;
  HttpServerWorld world(options);
  CHECK(world.Send(Get("/")).error == TransportError::kNone);
  const RawReply reply = world.SendRaw("");
  CHECK(reply.bytes.empty());
  CHECK(world.server().connections_refused() == 1);
  CHECK(world.Send(Get("/")).error == TransportError::kNone);
}

TEST_CASE("a server that cannot listen says where and why") {
  HttpServerWorld world;
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
  std::optional<HttpReply> hang;
  std::optional<HttpReply> later;
  std::optional<RawReply> half;
  HttpServerWorld world;
  world.table().Add("/hang", PlanOf(200, "", End::kHang));
  world.table().Add("/later", Later(1h, PlanOf(200, "")));
  CHECK(world.Send(Get("/")).status == 200);
  RealEnv& env = world.env();
  Spawn(env.executor(), SendInto(world.transport(), Get("/hang"), kNever, {}, &hang));
  Spawn(env.executor(), SendInto(world.transport(), Get("/later"), kNever, {}, &later));
  Spawn(env.executor(), Converse(env, world.port(), "GET / HT", 0, &half));
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
}  // namespace squall::http_server_wire_test

// The front door: what it refuses, how, and that others are served meanwhile.
#include "tests/engine/gateway/gateway_world.h"

namespace squall::front_door_wire_test {
namespace {

const std::string kPost = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n";

json Limits(const json& listen) {
  json all = listen;
  all["port"] = 0;
  return {{"listen", all}};
}

TEST_CASE("front door: what cannot be read for certain is 400 and the end", "[wire]") {
  GatewayWorld world;
  const std::string rows[] = {
      "\x16\x03\x01\x02",  // a client that speaks TLS
      "GET /healthz\r\n\r\n",
      "GET /healthz HTTP/2.0\r\n\r\n",
      "GET /healthz HTTP/1.1\nHost: x\n\n",
      "GET /healthz HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\x01\r\n\r\n",
      "GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
      kPost + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
      kPost + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      kPost + "Content-Length: -2\r\n\r\n{}",
      kPost + "Content-Length: +2\r\n\r\n{}",
      kPost + "Content-Length: 0x2\r\n\r\n{}",
      kPost + "Content-Length: 2, 2\r\n\r\n{}",
      kPost + "Content-Length: 99999999999999999999\r\n\r\n{}",
      kPost + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
      kPost + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      kPost + "Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n",
      kPost + "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
      kPost + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
      kPost + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
      kPost + "Transfer-Encoding: chunked\r\n\r\n0\r\nbroken trailer\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET /healthz HTTP/1.1\r\n\r\n",  // no host
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    RawClient& client = world.Connect();
    client.Send(row);
    if (row.ends_with("\r\n\r\n\r\n")) client.Send("GET /healthz HTTP/1.1\r\n\r\n");
    world.RunUntil([&] { return client.got().find("\r\n\r\n") != std::string::npos; });
    CHECK(client.got().starts_with("HTTP/1.1 400 "));
    CHECK(client.got().find("\nHTTP/1.1 ") == std::string::npos);  // nothing smuggled is answered
    client.Close();
  }
  CHECK(world.Get("/healthz").status == 200);
  CHECK(world.up().requests().empty());
}

TEST_CASE("front door: limits on head and body", "[wire]") {
  GatewayWorld world(Limits({{"header_bytes", 512}, {"body_bytes", 100}}));
  const std::string long_header = "X-A: " + std::string(600, 'a') + "\r\n";
  CHECK(world.Get("/healthz", long_header).status == 431);
  CHECK(world.Ask("POST", "/v1/chat/completions", std::string(101, ' ')).status == 413);
  const std::string chunked =
      kPost + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, ' ') + "\r\n";
  CHECK(ReadReply(world.Raw(chunked)).status == 413);
  CHECK(world.Ask("POST", "/v1/chat/completions", std::string(100, ' ')).status == 400);
  const json error = world.Get("/healthz", long_header).Json();
  CHECK(error["error"]["code"] == "headers_too_large");
}

TEST_CASE("front door: unknown endpoints and methods", "[wire]") {
  GatewayWorld world;
  CHECK(world.Get("/v1/nothing").status == 404);
  CHECK(world.Get("/v1/nothing").Json()["error"]["code"] == "not_found");
  const ClientReply chat = world.Get("/v1/chat/completions");
  CHECK(chat.status == 405);
  CHECK(chat.Header("Allow") == "POST");
  const ClientReply models = world.Ask("DELETE", "/v1/models", "");
  CHECK(models.status == 405);
  CHECK(models.Header("Allow") == "GET, HEAD");
  const json anthropic = world.Get("/v1/messages").Json();
  CHECK(anthropic["type"] == "error");
  CHECK(anthropic["error"]["type"] == "invalid_request_error");
}

TEST_CASE("front door: who sends too slowly is told and let go, others are served", "[wire]") {
  GatewayWorld world(
      Limits({{"header_timeout", "60ms"}, {"body_timeout", "60ms"}, {"idle_timeout", "60ms"}}));
  RawClient& head = world.Connect();
  RawClient& body = world.Connect();
  RawClient& idle = world.Connect();
  head.Send("GET /healthz HTT");
  body.Send(kPost + "Content-Length: 10\r\n\r\n{");
  world.RunFor(std::chrono::milliseconds(20));
  CHECK(world.Get("/healthz").status == 200);
  world.RunUntil([&] { return idle.ended() && !head.got().empty() && !body.got().empty(); });
  CHECK(ReadReply(head.got()).status == 408);
  CHECK(ReadReply(body.got()).status == 408);
  CHECK(idle.got().empty());
}

TEST_CASE("front door: a byte now and then does not extend the time for a head", "[wire]") {
  GatewayWorld world(Limits({{"header_timeout", "80ms"}}));
  RawClient& client = world.Connect();
  const std::string text = "GET /healthz HTTP/1.1\r\nX: " + std::string(100, 'a');
  for (const char c : text) {
    client.Send(std::string(1, c));
    world.RunFor(std::chrono::milliseconds(10));
    if (!client.got().empty()) break;
  }
  CHECK(ReadReply(client.got()).status == 408);
}

TEST_CASE("front door: connections past the limit are closed", "[wire]") {
  GatewayWorld world(Limits({{"max_connections", 2}}));
  RawClient& first = world.Connect();
  RawClient& second = world.Connect();
  world.RunUntil([&] { return world.gateway().counts().open == 2; });
  RawClient& third = world.Connect();
  world.RunUntil([&] { return third.ended(); });
  CHECK(third.got().empty());
  CHECK(world.gateway().counts().turned_away == 1);
  first.Send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  world.RunUntil([&] { return first.ended(); });
  CHECK(ReadReply(first.got()).status == 200);
  second.Close();
}

TEST_CASE("front door: bytes of all requests together are bounded", "[wire]") {
  GatewayWorld world(Limits({{"buffered_bytes", 1 << 16}}));
  RawClient& greedy = world.Connect();
  greedy.Send(kPost + "Content-Length: 1000000\r\n\r\n" + std::string(80'000, ' '));
  world.RunUntil([&] { return greedy.got().find("\r\n\r\n") != std::string::npos; });
  CHECK(greedy.got().starts_with("HTTP/1.1 503 "));
  greedy.Close();
  world.RunUntil([&] { return world.gateway().counts().buffered == 0; });
  CHECK(world.Get("/healthz").status == 200);
}

TEST_CASE("front door: a connection serves one request after the other, ahead of time too",
          "[wire]") {
  GatewayWorld world;
  world.up().Add(Answers(200, ChatReplyBody("one")));
  const std::string body = ChatBody().dump();
  const std::string chat = Cat(kPost, "Content-Length: ", body.size(), "\r\n\r\n", body);
  const std::string last = "HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string got = world.Raw("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n" + chat + last);
  CHECK(got.starts_with("HTTP/1.1 200 OK\r\n"));
  const size_t second = got.find("HTTP/1.1 200", 10);
  CHECK(got.find("one", second) != std::string::npos);
  const size_t third = got.rfind("HTTP/1.1 200");
  CHECK(third > second);
  CHECK(got.ends_with("\r\n\r\n"));  // no body for HEAD
}

TEST_CASE("front door: a body is asked for with 100 Continue", "[wire]") {
  GatewayWorld world;
  world.up().Add(Answers(200, ChatReplyBody("one")));
  const std::string body = ChatBody().dump();
  RawClient& client = world.Connect();
  client.Send(Cat(kPost, "Connection: close\r\nExpect: 100-continue\r\nContent-Length: ",
                  body.size(), "\r\n\r\n"));
  world.RunUntil([&] { return client.got() == "HTTP/1.1 100 Continue\r\n\r\n"; });
  client.Send(body);
  world.RunUntil([&] { return client.ended(); });
  CHECK(client.got().find("HTTP/1.1 200") != std::string::npos);
}

TEST_CASE("front door: a client that leaves stops its call", "[wire]") {
  GatewayWorld world;
  world.up().Add(ServerScript("", Then::kHold));
  const std::string body = ChatBody().dump();
  RawClient& client = world.Connect();
  client.Send(Cat(kPost, "Content-Length: ", body.size(), "\r\n\r\n", body));
  world.RunUntil([&] { return world.up().requests().size() == 1; });
  CHECK(world.up().closed() == 0);
  client.Close();
  world.RunUntil([&] { return world.up().closed() == 1; });
  world.RunUntil([&] { return world.gateway().counts().under_way == 0; });
  const std::string metrics = world.Get("/metrics").body;
  CHECK(metrics.find("squall_gateway_cancelled_total{route=\"m\"} 1") != std::string::npos);
}

}  // namespace
}  // namespace squall::front_door_wire_test

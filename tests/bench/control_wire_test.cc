// The control API beside real mock servers: what clients of either may send, and when changes show.
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <optional>
#include <set>

#include "bench/control_api.h"
#include "tests/catch.h"

namespace squall::control_wire_test {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr auto kSoon = std::chrono::seconds(10);  // far longer than anything here takes
constexpr auto kTick = std::chrono::milliseconds(1);

constexpr const char* kScenario = R"({
  "name": "one",
  "faults": {"server_error": {"rate": 0.3}, "rate_limit": {"rate": 0.2},
             "truncated": {"rate": 0.2}},
  "providers": [{"name": "alpha", "models": [{"name": "large"}],
                 "latency": {"ttft_median": "0s", "per_token_median": "0s"}}]
})";

// Sends `bytes` and reads until the server closes; with `shut`, says first that no more will come.
Task<> Converse(RealEnv& env, uint16_t port, std::string bytes, bool shut,
                std::optional<std::string>* out) {
  error_code ec;
  tcp::socket socket(env.io());
  const tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, ec));
  const auto message = asio::buffer(bytes);
  co_await asio::async_write(socket, message, asio::redirect_error(asio::use_awaitable, ec));
  if (shut) socket.shutdown(tcp::socket::shutdown_send, ec);
  ec = error_code();
  std::string got;
  std::array<char, 65536> room;
  const auto buffer = asio::buffer(room);
  while (!ec) {
    const size_t n =
        co_await socket.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, ec));
    got.append(room.data(), n);
  }
  *out = std::move(got);
}

std::string Http(const std::string& method, const std::string& target, const std::string& body,
                 const std::string& headers = "") {
  return method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string Chat(const std::string& id) {
  return Http("POST", "/v1/chat/completions",
              R"({"model":"large","messages":[{"role":"user","content":"hello"}]})",
              "Content-Type: application/json\r\nX-Squall-Request: " + id + "\r\n");
}

// Mocks, control and their clients on one event loop, as squall serve has the first two.
class World {
 public:
  World()
      : scenario_(*LoadScenarioText(kScenario, "one.json", {})),
        mocks_(scenario_, 1),
        api_(&mocks_, &servers_, "") {
    servers_.push_back(std::make_unique<MockHttpServer>(env_, mocks_.source(0)));
    HttpServerOptions options;
    options.body_limit = 4096;
    control_ = std::make_unique<MockHttpServer>(env_, api_, options);
    const auto port = servers_[0]->Start();
    const auto control_port = control_->Start();
    REQUIRE(port.ok());
    REQUIRE(control_port.ok());
    port_ = *port;
    control_port_ = *control_port;
  }
  ~World() {
    Spawn(env_.executor(), servers_[0]->Stop());
    Spawn(env_.executor(), control_->Stop());
    env_.io().restart();
    env_.io().run_for(kSoon);
    CHECK(env_.io().stopped());
  }

  using Pending = std::shared_ptr<std::optional<std::string>>;
  Pending Begin(uint16_t port, std::string bytes, bool shut = false) {
    replies_.push_back(std::make_shared<std::optional<std::string>>());
    Spawn(env_.executor(), Converse(env_, port, std::move(bytes), shut, replies_.back().get()));
    return replies_.back();
  }
  void RunUntil(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + kSoon;
    env_.io().restart();
    while (!done() && std::chrono::steady_clock::now() < until) env_.io().run_one_for(kTick);
    REQUIRE(done());
  }
  std::string Finish(const Pending& pending) {
    RunUntil([&] { return pending->has_value(); });
    return **pending;
  }
  std::string Mock(const std::string& bytes, bool shut = false) {
    return Finish(Begin(port_, bytes, shut));
  }
  std::string Control(const std::string& bytes, bool shut = false) {
    return Finish(Begin(control_port_, bytes, shut));
  }
  std::string Put(const std::string& faults) { return Control(Http("PUT", "/faults", faults)); }

  ServedMocks& mocks() { return mocks_; }
  MockHttpServer& server() { return *servers_[0]; }
  uint16_t port() const { return port_; }

 private:
  std::vector<Pending> replies_;  // before the loop, whose coroutines write to them
  Scenario scenario_;
  ServedMocks mocks_;
  RealEnv env_;
  ControlApi::Servers servers_;
  ControlApi api_;
  std::unique_ptr<MockHttpServer> control_;
  uint16_t port_ = 0;
  uint16_t control_port_ = 0;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The status, and what the client was left with besides the date.
std::string Seen(const std::string& reply) {
  return reply.substr(0, reply.find("\r\n")) +
         reply.substr(std::min(reply.size(), reply.find("\r\n\r\n")));
}

TEST_CASE("control and mocks outlive whatever their clients send", "[wire]") {
  struct Row {
    const char* what;
    std::string bytes;
    const char* status;  // of the control API, "" if it may say nothing
  };
  const std::string head = "PUT /faults HTTP/1.1\r\n";
  const Row rows[] = {
      {"nothing", "", ""},
      {"noise", std::string("\x16\x03\x01\x02\x00\x01\xff\xfe\r\n\r\n", 12), " 400 "},
      {"no HTTP", "hello\r\n\r\n", " 400 "},
      {"another version", "GET / HTTP/9.9\r\n\r\n", " 400 "},
      {"a header without a colon", "GET /faults HTTP/1.1\r\nnonsense\r\n\r\n", " 400 "},
      {"a header without end", "GET / HTTP/1.1\r\nx: " + std::string(20'000, 'x'), " 431 "},
      {"a body past the limit", head + "Content-Length: 5000\r\n\r\n", " 413 "},
      {"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", " 400 "},
      {"a length below 0", head + "Content-Length: -1\r\n\r\n", " 400 "},
      {"a bad chunk", head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", " 400 "},
      {"half a request", head + "Content-Length: 100\r\n\r\n{\"timeout\"", ""},
      {"no UTF-8", Http("PUT", "/faults", "{\"\xff\xfe\": {}}"), " 400 "},
      {"deep nesting", Http("PUT", "/faults", std::string(4000, '[')), " 400 "},
      {"a path of noise", Http("GET", "/%00%ff/../%", ""), " 404 "},
      {"a method of noise", Http("PUTT", "/faults", "{}"), " 405 "},
  };
  World world;
  world.Put("{}");
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const bool shut = true;
    const std::string reply = world.Control(row.bytes, shut);
    CAPTURE(reply);
    CHECK(Contains(reply.substr(0, 14), row.status));
    world.Mock(row.bytes, shut);
    CHECK(Contains(world.Control(Http("GET", "/healthz", "")), "\r\n\r\nok\n"));
    CHECK(Contains(world.Mock(Chat("x")), " 200 OK\r\n"));
    CHECK(world.mocks().faults(0).empty());
  }
  const std::string metrics = world.Control(Http("GET", "/metrics", ""));
  CHECK_FALSE(Contains(metrics, "squall_requests_refused_total{provider=\"alpha\"} 0\n"));
}

TEST_CASE("faults put in the middle of traffic meet the next request, not those on their way",
          "[wire]") {
  World world;
  world.Put(R"({"slow": {"rate": 1, "slowdown": 1}})");
  CHECK(Contains(world.Mock(Chat("before")), " 200 OK"));
  world.Put(R"({"timeout": {"rate": 1}})");
  const World::Pending hanging = world.Begin(world.port(), Chat("hangs"));
  world.RunUntil([&] { return world.mocks().log().written() == 2; });
  world.Put(R"({"server_error": {"rate": 1, "variants": {"500": 1}}})");
  for (int i = 0; i < 5; ++i) {
    CHECK(Contains(world.Mock(Chat("r" + std::to_string(i))), " 500 "));
  }
  CHECK_FALSE(hanging->has_value());
  const std::string log = world.Control(Http("GET", "/log?after=1", ""));
  CHECK(Contains(log, "\"status\":null,\"end\":\"hang\",\"fault\":\"timeout\""));
  CHECK(Contains(log, "\"n\":7,"));
}

TEST_CASE("after a reset the same requests meet the same faults, whoever still waits", "[wire]") {
  World world;
  std::vector<std::string> first;
  for (int i = 0; i < 60; ++i) first.push_back(Seen(world.Mock(Chat("r" + std::to_string(i / 3)))));
  world.Put(R"({"timeout": {"rate": 1}})");
  const World::Pending hanging = world.Begin(world.port(), Chat("hangs"));
  world.RunUntil([&] { return world.mocks().log().written() == 61; });
  CHECK(Contains(world.Control(Http("POST", "/reset", "")), " 200 OK"));
  std::vector<std::string> second;
  for (int i = 0; i < 60; ++i)
    second.push_back(Seen(world.Mock(Chat("r" + std::to_string(i / 3)))));
  CHECK(second == first);
  CHECK(std::set<std::string>(first.begin(), first.end()).size() > 3);
  CHECK_FALSE(hanging->has_value());
  CHECK(Contains(world.Control(Http("GET", "/metrics", "")),
                 "squall_faults_scheduled_total{fault=\"timeout\"} 0\n"));
}

}  // namespace
}  // namespace squall::control_wire_test

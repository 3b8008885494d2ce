// Streams on a real socket: chunks at their times, faults of streams, clients that leave.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <thread>

#include "mock_providers/http_server.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::streams_wire_test {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

// One provider served on a thread of its own; the tests' clients block.
class Served {
 public:
  explicit Served(const ProviderConfig& config)
      : provider_(0, config, kTestSeed, nullptr, &truth_), env_(1.0), server_(env_, provider_) {
    const absl::StatusOr<uint16_t> port = server_.Start();
    REQUIRE(port.ok());
    port_ = *port;
    thread_ = std::jthread([this] { env_.io().run(); });
  }
  ~Served() {
    Spawn(env_.executor(), server_.Stop());
    thread_.join();
    CHECK(server_.open_connections() == 0);
  }

  tcp::socket Send(asio::io_context& io, const HttpRequest& request) const {
    tcp::socket socket(io);
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port_));
    const std::string head =
        "POST " + request.target + " HTTP/1.1\r\n" + std::string(request.headers.block()) +
        "Connection: close\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n\r\n";
    asio::write(socket, asio::buffer(head + request.body));
    return socket;
  }

  size_t open_connections() const { return server_.open_connections(); }
  uint64_t served() const { return server_.requests_served(); }

 private:
  GroundTruth truth_;
  Provider provider_;
  RealEnv env_;
  MockHttpServer server_;
  uint16_t port_ = 0;
  std::jthread thread_;
};

ProviderConfig Paced(std::string_view dialect, ProviderConfig config) {
  config.latency.ttft_median = 20ms;
  config.latency.per_token_median = 4ms;
  config.latency.ttft_sigma = config.latency.per_token_sigma = 0;
  return InDialect(dialect, config);
}

Ask StreamAsk(int64_t tokens = 30) {
  Ask ask;
  ask.prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 3, tokens), 0);
  ask.stream = true;
  return ask;
}

struct Received {
  std::string bytes;
  std::string body;  // without the framing of chunks
  bool whole = false;
  int reads = 0;
  Duration lasted{};
};

// The body that is in chunks, as far as it came; `whole` if its last chunk did.
void Unchunk(Received* got) {
  size_t at = got->bytes.find("\r\n\r\n");
  if (at == std::string::npos) return;
  at += 4;
  while (at < got->bytes.size()) {
    const size_t line = got->bytes.find("\r\n", at);
    if (line == std::string::npos) return;
    const size_t size = std::stoul(got->bytes.substr(at, line - at), nullptr, 16);
    if (size == 0) got->whole = true;
    got->body += got->bytes.substr(line + 2, size);
    at = line + 2 + size + 2;
  }
}

Received ReceiveAll(tcp::socket socket) {
  Received got;
  const auto start = SteadyClock::now();
  error_code ec;
  std::array<char, 4096> room;
  while (!ec) {
    const size_t count = socket.read_some(asio::buffer(room), ec);
    got.bytes.append(room.data(), count);
    got.reads += count > 0 ? 1 : 0;
  }
  got.lasted = std::chrono::duration_cast<Duration>(SteadyClock::now() - start);
  Unchunk(&got);
  return got;
}

TEST_CASE("streams arrive event by event, in every dialect, at the pace of their tokens") {
  for (const std::string_view dialect : kAllDialects) {
    Served served(Paced(dialect, OneModel("alpha")));
    asio::io_context io;
    const Received got = ReceiveAll(served.Send(io, DialectHttp(dialect, StreamAsk())));
    const Understood read = ReadBody(dialect, 200, true, got.body);
    CAPTURE(dialect, got.bytes, read.problem);
    CHECK(got.bytes.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(got.whole);
    CHECK(read.well_formed);
    CHECK(read.complete);
    CHECK(got.reads > 5);
    CHECK(got.lasted >= 20ms + 4ms * 25);
    CHECK(served.served() == 1);
  }
}

TEST_CASE("a stream that is cut or reset ends without its last chunk") {
  for (const char* variant : {"truncated/cut", "connection_reset/mid_body"}) {
    const std::string name(variant);
    const size_t slash = name.find('/');
    Served served(
        Paced("openai", WithFault(name.substr(0, slash), 1, {{name.substr(slash + 1), 1}})));
    asio::io_context io;
    const Received got = ReceiveAll(served.Send(io, DialectHttp("openai", StreamAsk())));
    CAPTURE(name, got.bytes);
    CHECK_FALSE(got.whole);
    CHECK(got.body.find("data: {") != std::string::npos);
    CHECK(got.body.find("[DONE]") == std::string::npos);
  }
}

TEST_CASE("a stream without its terminal event ends like any other below the dialect") {
  Served served(Paced("anthropic", WithFault("truncated", 1, {{"no_terminal", 1}})));
  asio::io_context io;
  const Received got = ReceiveAll(served.Send(io, DialectHttp("anthropic", StreamAsk())));
  CHECK(got.whole);
  CHECK_FALSE(ReadBody("anthropic", 200, true, got.body).complete);
}

TEST_CASE(
    "a client that leaves stops the stream that it was sent, which counts once it has begun") {
  ProviderConfig config = Paced("openai", OneModel("alpha"));
  config.latency.per_token_median = 200ms;
  Served served(config);
  asio::io_context io;
  {
    tcp::socket socket = served.Send(io, DialectHttp("openai", StreamAsk(500)));
    asio::streambuf buffer;
    asio::read_until(socket, buffer, "data: {");
    CHECK(served.open_connections() == 1);
  }
  const auto until = SteadyClock::now() + std::chrono::seconds(5);
  while (served.open_connections() > 0 && SteadyClock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(served.open_connections() == 0);
  CHECK(served.served() == 1);  // as far as the client let it
}

TEST_CASE("a stalled stream sends what it has and then holds the connection") {
  const ProviderConfig config = Paced("gemini", WithFault("timeout", 1, {{"stall", 1}}));
  const HttpRequest request = DialectHttp("gemini", StreamAsk());
  GroundTruth truth;
  Provider twin(0, config, kTestSeed, nullptr, &truth);
  const size_t expected = BytesSent(twin.Plan(request, kStart));
  Served served(config);
  asio::io_context io;
  {
    tcp::socket socket = served.Send(io, request);
    Received got;
    std::array<char, 4096> room;
    while (got.body.size() < expected) {
      const size_t count = socket.read_some(asio::buffer(room));
      got.bytes.append(room.data(), count);
      got.body.clear();
      Unchunk(&got);
    }
    CHECK_FALSE(got.whole);
    CHECK(served.open_connections() == 1);
    CHECK(served.served() == 0);
  }
  const auto until = SteadyClock::now() + std::chrono::seconds(5);
  while (served.served() == 0 && SteadyClock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(served.served() == 1);  // a hang takes effect when its client leaves
}

}  // namespace
}  // namespace squall::streams_wire_test

// HttpTransport over TLS: who is trusted, by which name, and what a torn connection means.
#include "tests/bench/command.h"
#include "tests/engine/wire/tls_server.h"
#include "tests/engine/wire/transport_world.h"

namespace squall::http_transport_tls_wire_test {
namespace {

const std::string kReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class TlsWorld {
 public:
  TlsWorld(const std::string& certificate_name, const std::string& host, bool trusted,
           const std::string& reply = kReply)
      : env_(1.0),
        identity_(MakeIdentity(certificate_name)),
        server_(env_.io(), identity_, reply),
        transport_(env_, Options(trusted)) {
    HttpEndpoint endpoint;
    endpoint.host = host;
    endpoint.port = server_.port();
    endpoint.tls = true;
    REQUIRE(transport_.AddProvider(endpoint).ok());
  }
  ~TlsWorld() {
    transport_.Close();
    server_.Stop();
    env_.io().restart();
    env_.io().run_for(kSoon);
  }

  HttpReply Send() {
    std::optional<HttpReply> reply;
    Spawn(env_.executor(), SendInto(transport_, Post("body"), env_.Now() + 5s, {}, &reply));
    const auto until = std::chrono::steady_clock::now() + kSoon;
    env_.io().restart();
    while (!reply.has_value() && std::chrono::steady_clock::now() < until) {
      env_.io().run_one_for(kSoon);
    }
    REQUIRE(reply.has_value());
    return *reply;
  }
  TlsServer& server() { return server_; }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  HttpTransportOptions Options(bool trusted) {
    HttpTransportOptions options;
    if (trusted) options.ca_file = folder_.Write("ca.pem", identity_.certificate);
    options.on_connect_failure = [this](ProviderId, const std::string& why) {
      failures_.push_back(why);
    };
    return options;
  }

  TempFolder folder_;
  std::vector<std::string> failures_;
  RealEnv env_;
  TlsIdentity identity_;
  TlsServer server_;
  HttpTransport transport_;
};

TEST_CASE("tls: a trusted server of the right name is spoken to, and kept", "[wire]") {
  TlsWorld world("localhost", "localhost", true);
  for (int i = 0; i < 3; ++i) {
    const HttpReply reply = world.Send();
    CHECK(reply.error == TransportError::kNone);
    CHECK(reply.status == 200);
    CHECK(reply.body == "ok");
  }
  CHECK(world.server().handshakes() == 1);
  CHECK(world.server().name() == "localhost");
  CHECK(world.failures().empty());
}

TEST_CASE("tls: a server of another name is not spoken to", "[wire]") {
  TlsWorld world("example.org", "localhost", true);
  CHECK(world.Send().error == TransportError::kConnect);
  CHECK(world.server().requests() == 0);
  REQUIRE(world.failures().size() == 1);
  CHECK(Contains(world.failures()[0], "certificate verify failed"));
}

TEST_CASE("tls: a server that nobody vouches for is not spoken to", "[wire]") {
  TlsWorld world("localhost", "localhost", false);
  CHECK(world.Send().error == TransportError::kConnect);
  CHECK(world.server().requests() == 0);
}

TEST_CASE("tls: a name is needed, an address is none", "[wire]") {
  TlsWorld world("localhost", "127.0.0.1", true);
  CHECK(world.Send().error == TransportError::kConnect);
}

TEST_CASE("tls: the end of a body without a length must be said by TLS", "[wire]") {
  const std::string open = "HTTP/1.1 200 OK\r\n\r\nall of it";
  {
    TlsWorld world("localhost", "localhost", true, open);
    world.server().CloseAfterReply(true);
    const HttpReply reply = world.Send();
    CHECK(reply.error == TransportError::kNone);
    CHECK(reply.body == "all of it");
  }
  TlsWorld world("localhost", "localhost", true, open);
  world.server().CloseAfterReply(false);
  CHECK(world.Send().error == TransportError::kCut);  // somebody may have cut it
}

TEST_CASE("tls: a trust store that cannot be read is an error at once", "[wire]") {
  RealEnv env(1.0);
  HttpTransportOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  HttpTransport transport(env, options);
  HttpEndpoint endpoint;
  endpoint.tls = true;
  const auto added = transport.AddProvider(endpoint);
  REQUIRE_FALSE(added.ok());
  CHECK(Contains(std::string(added.status().message()), "/nonexistent/ca.pem"));
}

}  // namespace
}  // namespace squall::http_transport_tls_wire_test

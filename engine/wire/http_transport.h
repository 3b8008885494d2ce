// HttpTransport: the wire world's Transport, a pooled HTTP/1.1 client over TCP or TLS. Connections
// are kept alive per provider; the last one used goes first. A certificate that does not hold is
// kConnect: nothing was sent. Redirects are replies like any other and are not followed.
//
// Every failure is a value of the reply, and each is told apart: a deadline is never reported as a
// reset, nor the other way round. There is no retry of its own, not even on a kept connection that
// turns out to be stale, because that would hide resets that somebody injected on purpose. Instead
// a kept connection is looked at before use, so that one that the server has closed meanwhile
// counts as no fault.
//
// Threads: the one of its RealEnv. Close() ends what is in flight; a Send must not outlive this
// object.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/real_env.h"
#include "engine/wire/transport.h"

namespace squall {

struct HttpEndpoint {
  std::string host = "127.0.0.1";  // a name or a numeric address
  uint16_t port = 80;
  std::string base_path;  // goes before each request's target; "" or "/prefix"
  bool tls = false;       // with the certificate of `host`, which is also named to the server (SNI)
};

struct HttpTransportOptions {
  // Scenario time. A connection that takes longer is kConnect: nothing was sent. (Where the
  // request's own deadline comes first, that is kTimeout.)
  Duration connect_timeout = 5s;

  size_t header_limit = 64 << 10;  // bytes of a reply's status line and headers
  size_t body_limit = 64 << 20;    // bytes of a reply's body

  size_t max_idle_per_provider = 256;
  size_t max_connections = 8192;  // in use and idle; past it a Send ends with kConnect

  std::string ca_file;  // PEM; whom TLS trusts; empty: the system's trust store

  // Real time after which a name is looked up again, before a new connection is made; the old
  // addresses stay where that fails. 0 = never.
  std::chrono::nanoseconds resolve_every{0};

  // Told why a connection could not be made, in words that name no secret.
  std::function<void(ProviderId, const std::string&)> on_connect_failure;

  // Real time. Below what servers use (60 s and more), so that a server seldom closes a connection
  // in the instant in which it is taken into use.
  std::chrono::nanoseconds max_idle_time = 20s;
};

class HttpTransport final : public Transport {
 public:
  // `env` outlives the transport.
  explicit HttpTransport(RealEnv& env, const HttpTransportOptions& options = {});
  ~HttpTransport() override;  // nothing may be in flight
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  // Adds the next provider; ids count from 0. Resolves the name, which may block. kUnavailable if
  // it has no address, kInvalidArgument if the path cannot be one or the trust store not be read.
  absl::StatusOr<ProviderId> AddProvider(const HttpEndpoint& endpoint);

  // As Transport says. Adds Host, Content-Length and the like itself and leaves out any of them
  // that `request` brings along. A reply cut short carries whatever of it had arrived.
  using Transport::Send;
  Task<HttpReply> Send(ProviderId provider, const HttpRequest& request, Time deadline,
                       std::stop_token stop, BodySink* sink) override;

  // Closes idle connections and ends Sends in flight, and those to come, with kCancelled. They
  // resume from the event loop: let it run until in_flight() is 0 before destroying the transport.
  void Close();

  size_t open_connections() const;  // in use and idle
  size_t in_flight() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace squall

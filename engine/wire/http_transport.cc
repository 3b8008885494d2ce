#include "engine/wire/http_transport.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/error.hpp>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/count_while.h"
#include "engine/wire/reply_reader.h"
#include "engine/wire/tls_client.h"

namespace squall {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using SteadyClock = std::chrono::steady_clock;

// "100 Continue" and its like before the reply proper; more than a few is not a conversation.
constexpr int kMaxInterimReplies = 8;
// A reply whose reader has had enough gets this much real time to end properly, which is what keeps
// its connection: the last chunk usually follows at once.
constexpr std::chrono::milliseconds kLinger{20};

// A connection, and the time by which what is done with it has to end: it is closed then, and
// Ended() says why. An alarm costs less than the timer that Beast's stream sets for each operation.
class Connection final : public Alarm {
 public:
  Connection(RealEnv& env, const ReplyLimits& limits, size_t* open)
      : socket(env.io()), reader(limits), env_(env), open_(open) {
    ++*open_;
  }
  ~Connection() override {
    env_.ClearAlarm(this);
    --*open_;
  }

  // Instead of the time before.
  void EndBy(Time end) {
    env_.ClearAlarm(this);
    if (end != kNever) env_.SetAlarm(end, this);
  }
  // How an operation ended: what it says itself, unless that is only that it was closed.
  error_code Ended(const error_code& ec) const {
    const bool closed = ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor;
    return closed && timed_out_ ? beast::error::timeout : ec;
  }
  void Close() {
    error_code ignored;
    socket.close(ignored);
  }
  // For one more use.
  void Rest() {
    env_.ClearAlarm(this);
    idle_since = SteadyClock::now();
  }

  Socket socket;
  std::optional<asio::ssl::stream<Socket&>> tls;
  ReplyReader reader;
  SteadyClock::time_point idle_since;

 private:
  void Ring() override {
    timed_out_ = true;
    Close();
  }

  RealEnv& env_;
  size_t* open_;
  bool timed_out_ = false;
};

// An idle connection has nothing to read. An end of stream, an error or bytes that nobody asked for
// mean that it is of no more use.
bool StillOpen(Connection* connection) {
  char byte = 0;
  const int fd = connection->socket.native_handle();
  const ssize_t got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

struct CancelOperations {
  Socket* socket;
  void operator()() const noexcept {
    error_code ignored;
    socket->cancel(ignored);
  }
};

// Headers that belong to the connection rather than to the message.
bool IsFraming(std::string_view name) {
  return EqualsIgnoreCase(name, "host") || EqualsIgnoreCase(name, "content-length") ||
         EqualsIgnoreCase(name, "transfer-encoding") || EqualsIgnoreCase(name, "connection");
}

bool IsPath(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c >= 0 && (c <= ' ' || c == 127); });
}

// One provider: where it is, and its idle connections, the last used at the back.
struct Site {
  HttpEndpoint endpoint;
  std::vector<tcp::endpoint> addresses;
  SteadyClock::time_point resolved;
  std::string authority;  // the Host header
  std::vector<std::unique_ptr<Connection>> idle;
};

std::string RequestHead(const Site& site, const HttpRequest& request) {
  SQUALL_CHECK(IsPath(request.method) && IsPath(request.target));
  std::string head;
  head.reserve(128 + request.target.size() + request.headers.block().size());
  head.append(request.method).append(" ").append(site.endpoint.base_path).append(request.target);
  head.append(" HTTP/1.1\r\nHost: ").append(site.authority).append("\r\n");
  request.headers.ForEach([&head](std::string_view name, std::string_view value) {
    if (!IsFraming(name)) head.append(name).append(": ").append(value).append("\r\n");
  });
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    absl::StrAppend(&head, "Content-Length: ", request.body.size(), "\r\n");
  }
  head.append("\r\n");
  return head;
}

}  // namespace

class HttpTransport::Pool {
 public:
  Pool(RealEnv& env, const HttpTransportOptions& options) : env_(env), options_(options) {}
  ~Pool() { SQUALL_CHECK(in_flight_ == 0); }

  absl::StatusOr<ProviderId> AddProvider(const HttpEndpoint& endpoint);
  Task<HttpReply> Send(ProviderId provider, const HttpRequest& request, Time deadline,
                       std::stop_token stop, BodySink* sink);
  void Close();
  size_t open_connections() const { return open_; }
  size_t in_flight() const { return static_cast<size_t>(in_flight_); }

 private:
  Task<TransportError> Connect(ProviderId provider, Connection& connection, Time deadline,
                               std::stop_token stop);
  Task<> Resolve(Site& site);
  Task<> Handshake(const Site& site, Connection& connection, error_code& ec);
  void TellFailure(ProviderId provider, const error_code& ec) const;
  Task<TransportError> Exchange(const Site& site, Connection& connection,
                                const HttpRequest& request, Time deadline, std::stop_token stop,
                                BodySink* sink, HttpReply* reply, bool* reusable);
  Task<TransportError> Read(Connection& connection, Time deadline, std::stop_token stop);

  bool Stopped(const std::stop_token& stop) const {
    return stop.stop_requested() || close_.stop_requested();
  }
  std::unique_ptr<Connection> TakeIdle(Site* site);
  void KeepIdle(Site* site, std::unique_ptr<Connection> connection);

  RealEnv& env_;
  HttpTransportOptions options_;
  size_t open_ = 0;
  int64_t in_flight_ = 0;
  std::stop_source close_;
  std::optional<TlsClient> tls_;  // once a provider needs it
  std::deque<Site> sites_;        // by ProviderId; a deque, so that a Send may keep a reference
};

absl::StatusOr<ProviderId> HttpTransport::Pool::AddProvider(const HttpEndpoint& endpoint) {
  const std::string where = absl::StrCat(endpoint.host, ":", endpoint.port);
  if (!IsPath(endpoint.base_path)) {
    return absl::InvalidArgumentError(absl::StrCat("the path of ", where, " holds a blank"));
  }
  if (endpoint.tls && !tls_.has_value()) {
    absl::StatusOr<TlsClient> tls = TlsClient::Create(options_.ca_file);
    if (!tls.ok()) return tls.status();
    tls_.emplace(*std::move(tls));
  }
  error_code ec;
  tcp::resolver resolver(env_.io());
  const auto found = resolver.resolve(endpoint.host, std::to_string(endpoint.port), ec);
  if (ec) return absl::UnavailableError(absl::StrCat("cannot resolve ", where, ": ", ec.message()));
  Site& site = sites_.emplace_back();
  site.endpoint = endpoint;
  for (const auto& entry : found) site.addresses.push_back(entry.endpoint());
  site.resolved = SteadyClock::now();
  const bool is_ipv6_literal = endpoint.host.find(':') != std::string::npos;
  site.authority = is_ipv6_literal ? absl::StrCat("[", endpoint.host, "]:", endpoint.port) : where;
  const bool usual_port = endpoint.port == (endpoint.tls ? 443 : 80);
  if (usual_port) site.authority.resize(site.authority.rfind(':'));
  return static_cast<ProviderId>(sites_.size() - 1);
}

std::unique_ptr<Connection> HttpTransport::Pool::TakeIdle(Site* site) {
  const SteadyClock::time_point oldest = SteadyClock::now() - options_.max_idle_time;
  while (!site->idle.empty()) {
    std::unique_ptr<Connection> connection = std::move(site->idle.back());
    site->idle.pop_back();
    if (connection->idle_since >= oldest && StillOpen(connection.get())) return connection;
  }
  return nullptr;
}

void HttpTransport::Pool::KeepIdle(Site* site, std::unique_ptr<Connection> connection) {
  if (close_.stop_requested() || site->idle.size() >= options_.max_idle_per_provider) return;
  connection->Rest();
  site->idle.push_back(std::move(connection));
}

Task<HttpReply> HttpTransport::Pool::Send(ProviderId provider, const HttpRequest& request,
                                          Time deadline, std::stop_token stop, BodySink* sink) {
  SQUALL_CHECK(provider < sites_.size());
  const CountWhile counted(&in_flight_);
  Site& site = sites_[provider];
  HttpReply reply;
  if (Stopped(stop))
    reply.error = TransportError::kCancelled;
  else if (env_.Now() >= deadline)
    reply.error = TransportError::kTimeout;
  if (reply.error != TransportError::kNone) co_return reply;

  std::unique_ptr<Connection> connection = TakeIdle(&site);
  const bool fresh = connection == nullptr;
  if (fresh && open_ >= options_.max_connections) {
    reply.error = TransportError::kConnect;
    co_return reply;
  }
  if (fresh) {
    const ReplyLimits limits{options_.header_limit, options_.body_limit};
    connection = std::make_unique<Connection>(env_, limits, &open_);
  }
  const CancelOperations cancel{&connection->socket};
  const std::stop_callback<CancelOperations> on_stop(stop, cancel);
  const std::stop_callback<CancelOperations> on_close(close_.get_token(), cancel);

  if (fresh) reply.error = co_await Connect(provider, *connection, deadline, stop);
  if (reply.error != TransportError::kNone) co_return reply;
  connection->EndBy(deadline);
  bool reusable = false;
  reply.error =
      co_await Exchange(site, *connection, request, deadline, stop, sink, &reply, &reusable);
  if (reusable) KeepIdle(&site, std::move(connection));
  co_return reply;
}

Task<TransportError> HttpTransport::Pool::Connect(ProviderId provider, Connection& connection,
                                                  Time deadline, std::stop_token stop) {
  Site& site = sites_[provider];
  const Time by = std::min(deadline, env_.Now() + options_.connect_timeout);
  const bool stale = options_.resolve_every.count() > 0 &&
                     SteadyClock::now() - site.resolved >= options_.resolve_every;
  if (stale) co_await Resolve(site);
  error_code ec;
  const std::vector<tcp::endpoint> addresses = site.addresses;  // which may change meanwhile
  for (const tcp::endpoint& address : addresses) {
    connection.Close();    // the attempt at the address before this one
    connection.EndBy(by);  // again, as that may have come while its failure was on its way here
    co_await connection.socket.async_connect(address,
                                             asio::redirect_error(asio::use_awaitable, ec));
    ec = connection.Ended(ec);
    if (Stopped(stop)) co_return TransportError::kCancelled;
    if (!ec || ec == beast::error::timeout) break;
  }
  if (!ec && site.endpoint.tls) {
    co_await Handshake(site, connection, ec);
    ec = connection.Ended(ec);
  }
  if (!ec && !connection.socket.is_open()) ec = beast::error::timeout;  // at the last moment
  if (Stopped(stop)) co_return TransportError::kCancelled;
  if (ec) TellFailure(provider, ec);
  if (ec == beast::error::timeout && by == deadline) co_return TransportError::kTimeout;
  if (ec) co_return TransportError::kConnect;
  connection.socket.set_option(tcp::no_delay(true), ec);
  connection.socket.non_blocking(true, ec);
  co_return TransportError::kNone;
}

// Bounded by the resolver of the system, which has timeouts of its own.
Task<> HttpTransport::Pool::Resolve(Site& site) {
  site.resolved = SteadyClock::now();  // others need not ask meanwhile
  error_code ec;
  tcp::resolver resolver(env_.executor());
  const std::string port = std::to_string(site.endpoint.port);
  const auto found = co_await resolver.async_resolve(site.endpoint.host, port,
                                                     asio::redirect_error(asio::use_awaitable, ec));
  if (ec || found.empty()) co_return;
  site.addresses.clear();
  for (const auto& entry : found) site.addresses.push_back(entry.endpoint());
}

Task<> HttpTransport::Pool::Handshake(const Site& site, Connection& connection, error_code& ec) {
  const std::string& host = site.endpoint.host;
  auto& tls = connection.tls.emplace(connection.socket, tls_->context());
  tls.set_verify_callback(asio::ssl::host_name_verification(host), ec);
  asio::ip::make_address(host, ec);  // an address has no name to tell (RFC 6066, section 3)
  const bool named = static_cast<bool>(ec);
  if (named) SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
  ec.clear();
  co_await tls.async_handshake(asio::ssl::stream_base::client,
                               asio::redirect_error(asio::use_awaitable, ec));
}

void HttpTransport::Pool::TellFailure(ProviderId provider, const error_code& ec) const {
  if (!options_.on_connect_failure) return;
  const Site& site = sites_[provider];
  options_.on_connect_failure(
      provider, absl::StrCat("cannot connect to ", site.authority, ": ", ec.message()));
}

Task<TransportError> HttpTransport::Pool::Exchange(const Site& site, Connection& connection,
                                                   const HttpRequest& request, Time deadline,
                                                   std::stop_token stop, BodySink* sink,
                                                   HttpReply* reply, bool* reusable) {
  std::string head = RequestHead(site, request);
  error_code write_error;
  if (connection.tls.has_value()) {
    head.append(request.body);  // one record instead of two
    const auto whole = asio::buffer(head);
    co_await asio::async_write(*connection.tls, whole,
                               asio::redirect_error(asio::use_awaitable, write_error));
  } else {
    // At once if the socket takes it, as it nearly always does.
    const std::array<asio::const_buffer, 2> message = {asio::buffer(head),
                                                       asio::buffer(request.body)};
    beast::buffers_suffix<std::array<asio::const_buffer, 2>> left(message);
    left.consume(connection.socket.write_some(message, write_error));
    if (write_error == asio::error::would_block) write_error.clear();
    if (!write_error && asio::buffer_size(left) > 0) {
      co_await asio::async_write(connection.socket, left,
                                 asio::redirect_error(asio::use_awaitable, write_error));
    }
  }
  write_error = connection.Ended(write_error);
  if (Stopped(stop)) co_return TransportError::kCancelled;
  if (write_error == beast::error::timeout) co_return TransportError::kTimeout;

  // A server may answer and close before it has read the whole request, as with 413. So a failed
  // write is not the last word: the answer, if there is one, can still be read.
  ReplyReader& reader = connection.reader;
  TransportError error = TransportError::kNone;
  for (int interim = 0; interim <= kMaxInterimReplies; ++interim) {
    reader.Begin(reply, request.method == "HEAD", sink);
    error = co_await Read(connection, deadline, stop);
    const bool is_interim = reply->status >= 100 && reply->status < 200 && reply->status != 101;
    if (error != TransportError::kNone || !is_interim) break;
    if (interim == kMaxInterimReplies) error = TransportError::kProtocol;
  }
  if (write_error && error == TransportError::kCut) error = TransportError::kReset;
  *reusable = error == TransportError::kNone && !write_error && reply->status >= 200 &&
              reader.CanFollow() && connection.socket.is_open();
  co_return error;
}

Task<TransportError> HttpTransport::Pool::Read(Connection& connection, Time deadline,
                                               std::stop_token stop) {
  ReplyReader& reader = connection.reader;
  error_code read_error;
  Time linger_end = kNever;
  while (true) {
    const std::optional<TransportError> parsed = reader.Parse();
    if (parsed.has_value()) co_return *parsed;
    if (Stopped(stop)) {
      reader.Salvage();
      co_return TransportError::kCancelled;
    }
    if (read_error) co_return reader.End(read_error);
    if (reader.sink() != nullptr) {
      const Time give_up = std::min(deadline, reader.sink()->give_up_at());
      if (reader.enough()) linger_end = std::min(linger_end, env_.Now() + env_.FromReal(kLinger));
      connection.EndBy(std::min(give_up, linger_end));
    }
    const std::span<char> space = reader.Room();
    const auto room = asio::buffer(space.data(), space.size());
    size_t got = 0;
    if (connection.tls.has_value()) {
      got = co_await connection.tls->async_read_some(
          room, asio::redirect_error(asio::use_awaitable, read_error));
    } else {
      got = co_await connection.socket.async_read_some(
          room, asio::redirect_error(asio::use_awaitable, read_error));
    }
    read_error = connection.Ended(read_error);
    reader.Arrived(got);
  }
}

void HttpTransport::Pool::Close() {
  close_.request_stop();
  for (Site& site : sites_) site.idle.clear();
}

HttpTransport::HttpTransport(RealEnv& env, const HttpTransportOptions& options)
    : pool_(std::make_unique<Pool>(env, options)) {}

HttpTransport::~HttpTransport() = default;

absl::StatusOr<ProviderId> HttpTransport::AddProvider(const HttpEndpoint& endpoint) {
  return pool_->AddProvider(endpoint);
}

Task<HttpReply> HttpTransport::Send(ProviderId provider, const HttpRequest& request, Time deadline,
                                    std::stop_token stop, BodySink* sink) {
  return pool_->Send(provider, request, deadline, std::move(stop), sink);
}

void HttpTransport::Close() { pool_->Close(); }

size_t HttpTransport::open_connections() const { return pool_->open_connections(); }

size_t HttpTransport::in_flight() const { return pool_->in_flight(); }

}  // namespace squall

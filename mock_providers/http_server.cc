#include "mock_providers/http_server.h"

#include <absl/strings/str_cat.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "mock_providers/reply_bytes.h"

namespace squall {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr size_t kReadBytes = 16 << 10;
// How long, and for how many bytes, a closing connection still reads what its client goes on
// sending.
constexpr auto kLingerTime = 1s;
constexpr size_t kLingerBytes = 16 << 20;
constexpr auto kAcceptBackoff = 10ms;

// Beast asserts that the last chunk, once begun, does not arrive in pieces shorter than
// "0\r\n\r\n". So what could be one waits for its fifth byte.
bool MayBeLastChunk(const beast::flat_buffer& buffer) {
  const auto bytes = buffer.cdata();
  std::string_view text(static_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() >= 5) return false;
  if (text.starts_with("\r\n")) text.remove_prefix(2);
  return text.starts_with('0');
}

// Fills an HttpRequest as its bytes arrive.
class RequestParser final : public http::basic_parser<true> {
 public:
  RequestParser(HttpRequest* request, const HttpServerOptions& options)
      : request_(request), limit_(options.header_limit) {
    eager(true);
    header_limit(static_cast<uint32_t>(options.header_limit));
    body_limit(options.body_limit);
  }

  // Parses what is new in `buffer` and drops what it used up.
  error_code Feed(beast::flat_buffer* buffer) {
    error_code ec;
    if (seen_ > 0 && is_header_done() && chunked() && MayBeLastChunk(*buffer)) return ec;
    const size_t used = put(buffer->data(), ec);
    buffer->consume(used);
    seen_ = buffer->size();
    if (ec == http::error::need_more) ec = error_code();
    // The parser's own limit does not count header lines that came earlier, nor chunk extensions.
    if (!ec && !is_done() && seen_ > limit_) ec = http::error::header_limit;
    return ec;
  }

  // Bytes at the front of the buffer that Feed has looked at and needs more to go with.
  size_t seen() const { return seen_; }
  bool is_head() const { return is_head_; }
  bool is_http11() const { return version_ >= 11; }
  // The client waits for leave to send the body.
  bool expects_continue() const { return expects_continue_ && is_header_done() && !is_done(); }

 private:
  void on_request_impl(http::verb verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    is_head_ = verb == http::verb::head;
    version_ = version;
    request_->method.assign(method.data(), method.size());
    request_->target.assign(target.data(), target.size());
  }
  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (field == http::field::expect) expects_continue_ = beast::iequals(value, "100-continue");
    request_->headers.Add(name, value);
    if (request_->headers.block().size() > limit_) ec = http::error::header_limit;
  }
  size_t on_body_impl(beast::string_view bytes, error_code&) override {
    request_->body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  size_t on_chunk_body_impl(uint64_t, beast::string_view bytes, error_code&) override {
    request_->body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_chunk_header_impl(uint64_t, beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  HttpRequest* request_;
  size_t limit_;
  size_t seen_ = 0;
  int version_ = 11;
  bool is_head_ = false;
  bool expects_continue_ = false;
};

int RefusalStatus(const error_code& ec) {
  if (ec == http::error::header_limit) return 431;
  if (ec == http::error::body_limit) return 413;
  return 400;
}

// What the sessions of one server have in common.
struct Shared {
  Shared(RealEnv& env_in, ReplySource& source_in, HttpServerOptions options_in)
      : env(env_in), source(source_in), options(std::move(options_in)) {}
  RealEnv& env;
  ReplySource& source;
  const HttpServerOptions options;
  std::atomic<size_t> open{0};
  std::atomic<uint64_t> served{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> connections_refused{0};
};

// One connection: a request in, its plan played, the next. While a plan waits, the socket is
// watched, so that a client that leaves ends the wait.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Shared& shared, tcp::socket socket) : shared_(shared), stream_(std::move(socket)) {}

  Task<> Run();

  // Run() ends soon after.
  void Stop() {
    gone_.request_stop();
    stream_.close();
  }

 private:
  enum class Got : uint8_t { kRequest, kNothing, kBadRequest };

  Task<bool> Exchange();
  Task<Got> Read(RequestParser& parser, int* refusal);
  Task<bool> Refuse(int status);
  Task<bool> Play(const ReplyPlan& plan, ReplyForm form);
  Task<size_t> WriteChunks(const ReplyPlan& plan, ReplyForm form);
  Task<bool> Write(std::string_view head, std::string_view body);
  Task<bool> WaitUntil(Time at);
  Task<> Flush();
  Task<> CloseOrderly();
  void Reset();
  void Watch();
  void OnReadable(error_code ec);
  void CountPlayed(const ReplyPlan& plan) {
    shared_.source.Played(plan);
    shared_.served.fetch_add(1, std::memory_order_relaxed);
  }

  Shared& shared_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;  // what has arrived and is not parsed yet
  std::stop_source gone_;      // the client has left, or the server stops
  bool waiting_ = false;       // in WaitUntil: the watch may read
  bool watching_ = false;      // a watch is pending; it may outlast its wait
};

Task<> Session::Run() {
  error_code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  stream_.socket().non_blocking(true, ignored);
  bool keep = true;
  while (keep) keep = co_await Exchange();
  gone_.request_stop();
  stream_.close();
}

// One request and its reply. False if the connection is not to be used again.
Task<bool> Session::Exchange() {
  HttpRequest request;
  RequestParser parser(&request, shared_.options);
  int refusal = 0;
  const Got got = co_await Read(parser, &refusal);
  if (got == Got::kNothing) co_return false;
  if (got == Got::kBadRequest) {
    const bool keep = co_await Refuse(refusal);
    co_return keep;
  }
  const ReplyPlan plan = shared_.source.Plan(request, shared_.env.Now());
  const ReplyForm form{parser.keep_alive(), parser.is_http11(), parser.is_head()};
  const bool keep = co_await Play(plan, form);
  co_return keep;
}

Task<Session::Got> Session::Read(RequestParser& parser, int* refusal) {
  bool continued = false;
  bool begun = buffer_.size() > 0;
  stream_.expires_after(begun ? shared_.options.read_timeout : shared_.options.idle_timeout);
  while (true) {
    if (buffer_.size() > parser.seen()) {
      const error_code parse_error = parser.Feed(&buffer_);
      if (parse_error) *refusal = RefusalStatus(parse_error);
      if (parse_error) co_return Got::kBadRequest;
      if (parser.is_done()) co_return Got::kRequest;
    }
    if (parser.expects_continue() && !continued) {
      continued = true;
      const bool written = co_await Write("HTTP/1.1 100 Continue\r\n\r\n", "");
      if (!written) co_return Got::kNothing;
      stream_.expires_after(shared_.options.read_timeout);
    }
    error_code ec;
    const auto room = buffer_.prepare(kReadBytes);
    const size_t got =
        co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return Got::kNothing;  // the client left, or took too long
    buffer_.commit(got);
    if (!begun) stream_.expires_after(shared_.options.read_timeout);
    begun = true;
  }
}

Task<bool> Session::Refuse(int status) {
  shared_.refused.fetch_add(1, std::memory_order_relaxed);
  ReplyPlan plan;
  plan.status = status;
  plan.headers.Add("Content-Type", "text/plain");
  plan.body = "squall mock server: cannot read this request\n";
  const ReplyBytes reply = RenderReply(plan, ReplyForm{.keep_alive = false});
  const bool written = co_await Write(reply.head, reply.body);
  if (written) co_await CloseOrderly();
  co_return false;
}

// Carries out the plan and reports it as played once its effect is there.
Task<bool> Session::Play(const ReplyPlan& plan, ReplyForm form) {
  SQUALL_CHECK(plan.status != 0 || plan.end != End::kClean);
  const bool silent = plan.end == End::kHang && (plan.chunks.empty() || plan.at == kNever);
  if (!silent) {
    const bool due = co_await WaitUntil(plan.at);
    if (!due) co_return false;
    const ReplyBytes reply = RenderReply(plan, form);
    const bool begun = co_await Write(reply.head, reply.body);
    if (!begun) co_return false;
    const size_t written = co_await WriteChunks(plan, form);
    if (written < plan.chunks.size()) {
      // Left while it was under way: it took effect as far as the client let it.
      if (written > 0 || plan.end == End::kHang) CountPlayed(plan);
      co_return false;
    }
  }
  if (plan.end == End::kHang) {
    co_await WaitUntil(kNever);
    CountPlayed(plan);
    co_return false;
  }
  if (plan.end == End::kReset) {
    co_await Flush();
    Reset();
    CountPlayed(plan);
    co_return false;
  }
  if (plan.end == End::kClean) CountPlayed(plan);
  if (plan.end == End::kClean && form.keep_alive) co_return true;
  error_code ec;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ec);
  if (plan.end == End::kCut && !ec) CountPlayed(plan);
  co_await CloseOrderly();
  co_return false;
}

// The pieces of a body, each at its time. Returns how many there were before the client left.
Task<size_t> Session::WriteChunks(const ReplyPlan& plan, ReplyForm form) {
  Time due = plan.at;
  for (size_t i = 0; i < plan.chunks.size(); ++i) {
    const std::string bytes = RenderChunk(plan, i, form);
    if (bytes.empty()) continue;
    due = SaturatingAdd(due, plan.chunks[i].after);
    const bool in_time = co_await WaitUntil(due);
    if (!in_time) co_return i;
    const bool written = co_await Write(bytes, "");
    if (!written) co_return i;
  }
  co_return plan.chunks.size();
}

Task<bool> Session::Write(std::string_view head, std::string_view body) {
  if (head.empty()) co_return true;
  const std::array<asio::const_buffer, 2> message = {asio::buffer(head), asio::buffer(body)};
  error_code ec;
  stream_.expires_after(shared_.options.write_timeout);
  co_await asio::async_write(stream_, message, asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

// Returns true at `at`, or false as soon as the client has left or the server stops.
Task<bool> Session::WaitUntil(Time at) {
  if (shared_.env.Now() >= at) co_return !gone_.stop_requested();
  waiting_ = true;
  Watch();
  const bool due = co_await shared_.env.SleepUntil(at, gone_.get_token());
  waiting_ = false;
  co_return due;
}

void Session::Watch() {
  if (watching_) return;
  watching_ = true;
  stream_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code ec) {
    self->watching_ = false;
    if (self->waiting_) self->OnReadable(ec);
  });
}

// The end of the stream or an error: the client has left. Anything else is its next request, which
// is kept; more than one whole request ahead of its reply is more than any client sends.
void Session::OnReadable(error_code ec) {
  const size_t most = shared_.options.header_limit + shared_.options.body_limit;
  if (!ec) {
    const auto room = buffer_.prepare(kReadBytes);
    buffer_.commit(stream_.socket().read_some(room, ec));
  }
  const bool nothing_yet = ec == asio::error::would_block || ec == asio::error::try_again;
  if ((ec && !nothing_yet) || buffer_.size() > most) {
    gone_.request_stop();
  } else {
    Watch();
  }
}

// Waits until the peer's kernel has everything that was written, since a reset throws away what has
// not left yet. On loopback that is so at once, unless the client does not read.
Task<> Session::Flush() {
  const auto until = std::chrono::steady_clock::now() + shared_.options.write_timeout;
  asio::steady_timer timer(shared_.env.io());
  error_code ignored;
  while (stream_.socket().is_open() && std::chrono::steady_clock::now() < until) {
    int unsent = 0;
    const int failed = ::ioctl(stream_.socket().native_handle(), SIOCOUTQNSD, &unsent);
    if (failed != 0 || unsent == 0) break;
    timer.expires_after(1ms);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

// Linger 0 turns the close into an RST.
void Session::Reset() {
  error_code ignored;
  stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  stream_.close();
}

// Closes for sending and reads on until the client closes too. Closing with unread bytes would send
// an RST, which can overtake the reply.
Task<> Session::CloseOrderly() {
  error_code ec;
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTime);
  buffer_.clear();
  size_t total = 0;
  while (!ec && total < kLingerBytes) {
    const auto room = buffer_.prepare(kReadBytes);
    const size_t got =
        co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    total += got;
  }
}

}  // namespace

// The listening socket and the sessions that came from it.
class MockHttpServer::Listener {
 public:
  Listener(RealEnv& env, ReplySource& source, HttpServerOptions options)
      : shared_(env, source, std::move(options)), acceptor_(env.io()), ended_(env.io()) {}
  ~Listener() { SQUALL_CHECK(running_ == 0); }

  absl::StatusOr<uint16_t> Start();
  Task<> Stop();
  const Shared& shared() const { return shared_; }

 private:
  Task<> AcceptAll();
  Task<> Serve(std::shared_ptr<Session> session);
  void CountEnded() {
    --running_;
    ended_.cancel();
  }

  Shared shared_;
  tcp::acceptor acceptor_;
  std::set<std::shared_ptr<Session>> sessions_;
  size_t running_ = 0;        // coroutines: one for accepting and one per session
  asio::steady_timer ended_;  // cancelled whenever one of them ends; wakes Stop()
  bool started_ = false;
};

absl::StatusOr<uint16_t> MockHttpServer::Listener::Start() {
  SQUALL_CHECK(!started_);
  const HttpServerOptions& options = shared_.options;
  error_code ec;
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) {
    return absl::InvalidArgumentError(absl::StrCat(
        "got \"", options.address, "\", expected a numeric address such as 127.0.0.1"));
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    error_code ignored;
    acceptor_.close(ignored);
    return absl::UnavailableError(
        absl::StrCat("cannot bind ", options.address, ":", options.port, ": ", ec.message()));
  }
  const uint16_t port = acceptor_.local_endpoint(ec).port();
  started_ = true;
  ++running_;
  Spawn(shared_.env.executor(), AcceptAll());
  return port;
}

Task<> MockHttpServer::Listener::AcceptAll() {
  asio::steady_timer pause(shared_.env.io());
  error_code ec;
  error_code ignored;
  while (acceptor_.is_open()) {
    tcp::socket socket(shared_.env.io());
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
    if (!acceptor_.is_open()) break;
    if (ec) {  // e.g. no file descriptor left: there may be one soon
      pause.expires_after(kAcceptBackoff);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    if (sessions_.size() >= shared_.options.max_connections) {
      shared_.connections_refused.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    ++running_;
    Spawn(shared_.env.executor(), Serve(std::make_shared<Session>(shared_, std::move(socket))));
  }
  CountEnded();
}

Task<> MockHttpServer::Listener::Serve(std::shared_ptr<Session> session) {
  sessions_.insert(session);
  shared_.open.store(sessions_.size(), std::memory_order_relaxed);
  if (acceptor_.is_open()) co_await session->Run();
  sessions_.erase(session);
  shared_.open.store(sessions_.size(), std::memory_order_relaxed);
  CountEnded();
}

Task<> MockHttpServer::Listener::Stop() {
  error_code ignored;
  acceptor_.close(ignored);
  for (const std::shared_ptr<Session>& session : sessions_) session->Stop();
  while (running_ > 0) {
    ended_.expires_at(asio::steady_timer::time_point::max());
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

MockHttpServer::MockHttpServer(RealEnv& env, ReplySource& source, HttpServerOptions options)
    : listener_(std::make_unique<Listener>(env, source, std::move(options))) {}

MockHttpServer::~MockHttpServer() = default;

absl::StatusOr<uint16_t> MockHttpServer::Start() { return listener_->Start(); }

Task<> MockHttpServer::Stop() { return listener_->Stop(); }

size_t MockHttpServer::open_connections() const { return listener_->shared().open; }

uint64_t MockHttpServer::requests_served() const { return listener_->shared().served; }

uint64_t MockHttpServer::requests_refused() const { return listener_->shared().refused; }

uint64_t MockHttpServer::connections_refused() const {
  return listener_->shared().connections_refused;
}

}  // namespace squall

#include "mock_providers/http_session.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/base/check.h"

namespace squall {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

// How long, and for how many bytes, a closing connection still reads what its client goes on
// sending.
constexpr auto kLingerTime = 1s;
constexpr size_t kLingerBytes = 16 << 20;

// A timeout is exceeded by at most two sweeps: half of the shortest one, or half a second.
std::chrono::nanoseconds SweepInterval(const HttpServerOptions& options) {
  const auto shortest =
      std::min({options.read_timeout, options.write_timeout, options.idle_timeout});
  return std::clamp<std::chrono::nanoseconds>(shortest / 4, 1ms, 250ms);
}

// What is left of head and body once `written` bytes of the two are out.
using Message = std::array<asio::const_buffer, 2>;
Message Rest(const Message& message, size_t written) {
  const size_t head = std::min(written, message[0].size());
  return {message[0] + head, message[1] + (written - head)};
}

asio::mutable_buffer Buffer(std::span<char> bytes) {
  return asio::buffer(bytes.data(), bytes.size());
}

}  // namespace

HttpServerState::HttpServerState(RealEnv& env_in, ReplySource& source_in,
                                 HttpServerOptions options_in)
    : env(env_in),
      source(source_in),
      options(std::move(options_in)),
      sweep_interval(SweepInterval(options)) {}

HttpSession::HttpSession(HttpServerState& server, HttpSocket socket)
    : server_(server),
      socket_(std::move(socket)),
      reader_(RequestLimits{server.options.header_limit, server.options.body_limit}) {}

void HttpSession::Stop() {
  gone_.request_stop();
  Close();
}

void HttpSession::Close() {
  error_code ignored;
  socket_.close(ignored);
}

// At least `time`: the next sweep may come at once.
void HttpSession::Allow(std::chrono::nanoseconds time) {
  sweeps_left_ = time / server_.sweep_interval + 2;
}

void HttpSession::CountPlayed(const ReplyPlan& plan) {
  server_.source.Played(plan);
  server_.served.fetch_add(1, std::memory_order_relaxed);
}

// The client has gone; what it has `felt` of the plan counts as played.
void HttpSession::CountLeft(const ReplyPlan& plan, bool felt) {
  if (felt) return CountPlayed(plan);
  server_.source.Left(plan);
}

Task<> HttpSession::Run() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  bool keep = true;
  while (keep) keep = co_await Exchange();
  Stop();
}

// One request and its reply. False if the connection is not to be used again.
Task<bool> HttpSession::Exchange() {
  const ReadState state = co_await Read();
  bool keep = false;
  if (state == ReadState::kRefused) keep = co_await Refuse();
  if (state != ReadState::kWhole) co_return keep;
  const ReplyPlan plan = server_.source.Plan(reader_.request(), server_.env.Now());
  const ReplyForm form{reader_.keep_alive(), reader_.is_http11(), reader_.is_head()};
  reader_.Next();
  keep = co_await Play(plan, form);
  co_return keep;
}

// kMore if the client left or took too long.
Task<ReadState> HttpSession::Read() {
  const HttpServerOptions& options = server_.options;
  bool begun = reader_.begun();
  bool continued = false;
  Allow(begun ? options.read_timeout : options.idle_timeout);
  ReadState state = reader_.Read();
  while (state == ReadState::kMore) {
    if (reader_.expects_continue() && !continued) {
      continued = true;
      const bool written = co_await Write("HTTP/1.1 100 Continue\r\n\r\n", "");
      if (!written) co_return ReadState::kMore;
      Allow(options.read_timeout);
    }
    error_code ec;
    const auto room = Buffer(reader_.Room());
    const size_t got =
        co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return ReadState::kMore;
    reader_.Arrived(got);
    state = reader_.Read();
    if (!begun) Allow(options.read_timeout);
    begun = true;
  }
  co_return state;
}

Task<bool> HttpSession::Refuse() {
  server_.refused.fetch_add(1, std::memory_order_relaxed);
  ReplyPlan plan;
  plan.status = reader_.refusal();
  plan.headers.Add("Content-Type", "text/plain");
  plan.body = "squall mock server: cannot read this request\n";
  const ReplyBytes reply = RenderReply(plan, ReplyForm{.keep_alive = false});
  const bool written = co_await Write(reply.head, reply.body);
  if (written) co_await CloseOrderly();
  co_return false;
}

// Carries out the plan and reports it as played once its effect is there.
Task<bool> HttpSession::Play(const ReplyPlan& plan, ReplyForm form) {
  SQUALL_CHECK(plan.status != 0 || plan.end != End::kClean);
  const bool silent = plan.end == End::kHang && (plan.chunks.empty() || plan.at == kNever);
  if (!silent) {
    const bool due = co_await WaitUntil(plan.at);
    if (!due) CountLeft(plan, FeltByWaiting(plan));
    if (!due) co_return false;
    const ReplyBytes reply = RenderReply(plan, form);
    const bool begun = co_await Write(reply.head, reply.body);
    if (!begun) CountLeft(plan, false);
    if (!begun) co_return false;
    const size_t written = co_await WriteChunks(plan, form);
    if (written < plan.chunks.size()) {
      // Left while it was under way: it took effect as far as the client let it.
      CountLeft(plan, written > 0 || FeltByWaiting(plan));
      co_return false;
    }
  }
  const bool keep = co_await PlayEnd(plan, form.keep_alive);
  co_return keep;
}

Task<bool> HttpSession::PlayEnd(const ReplyPlan& plan, bool keep_alive) {
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
  if (plan.end == End::kClean && keep_alive) co_return true;
  error_code ec;
  socket_.shutdown(HttpSocket::shutdown_send, ec);
  if (plan.end == End::kCut) CountLeft(plan, !ec);
  co_await CloseOrderly();
  co_return false;
}

// The pieces of a body, each at its time. Returns how many there were before the client left.
Task<size_t> HttpSession::WriteChunks(const ReplyPlan& plan, ReplyForm form) {
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

// At once if the socket takes it, as it nearly always does.
Task<bool> HttpSession::Write(std::string_view head, std::string_view body) {
  Message left = {asio::buffer(head), asio::buffer(body)};
  Allow(server_.options.write_timeout);
  while (asio::buffer_size(left) > 0) {
    error_code ec;
    const size_t written = socket_.write_some(left, ec);
    left = Rest(left, written);
    if (ec == asio::error::would_block) {
      co_await socket_.async_wait(HttpSocket::wait_write,
                                  asio::redirect_error(asio::use_awaitable, ec));
    }
    if (ec) co_return false;
  }
  co_return true;
}

// Returns true at `at`, or false as soon as the client has left or the server stops.
Task<bool> HttpSession::WaitUntil(Time at) {
  if (server_.env.Now() >= at) co_return !gone_.stop_requested();
  AllowAnyTime();
  waiting_ = true;
  Watch();
  const bool due = co_await server_.env.SleepUntil(at, gone_.get_token());
  waiting_ = false;
  co_return due;
}

void HttpSession::Watch() {
  if (watching_) return;
  watching_ = true;
  socket_.async_wait(HttpSocket::wait_read, [self = shared_from_this()](error_code ec) {
    self->watching_ = false;
    if (self->waiting_) self->OnReadable(ec);
  });
}

// The end of the stream or an error: the client has left. Anything else is its next request, which
// is kept; more than one whole request ahead of its reply is more than any client sends.
void HttpSession::OnReadable(error_code ec) {
  const size_t most = server_.options.header_limit + server_.options.body_limit;
  if (!ec) reader_.Arrived(socket_.read_some(Buffer(reader_.Room()), ec));
  const bool nothing_yet = ec == asio::error::would_block || ec == asio::error::try_again;
  if ((ec && !nothing_yet) || reader_.unread() > most) {
    gone_.request_stop();
  } else {
    Watch();
  }
}

// Waits until the peer's kernel has everything that was written, since a reset throws away what has
// not left yet. On loopback that is so at once, unless the client does not read.
Task<> HttpSession::Flush() {
  const auto until = std::chrono::steady_clock::now() + server_.options.write_timeout;
  asio::steady_timer timer(server_.env.io());
  error_code ignored;
  AllowAnyTime();
  while (socket_.is_open() && std::chrono::steady_clock::now() < until) {
    int unsent = 0;
    const int failed = ::ioctl(socket_.native_handle(), SIOCOUTQNSD, &unsent);
    if (failed != 0 || unsent == 0) break;
    timer.expires_after(1ms);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

// Linger 0 turns the close into an RST.
void HttpSession::Reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  Close();
}

// Closes for sending and reads on until the client closes too. Closing with unread bytes would send
// an RST, which can overtake the reply.
Task<> HttpSession::CloseOrderly() {
  error_code ec;
  error_code ignored;
  socket_.shutdown(HttpSocket::shutdown_send, ignored);
  Allow(kLingerTime);
  size_t total = 0;
  while (!ec && total < kLingerBytes) {
    const auto room = Buffer(reader_.Room());
    const size_t got =
        co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    total += got;
  }
}

}  // namespace squall

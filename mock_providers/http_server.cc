#include "mock_providers/http_server.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "engine/wire/listen.h"
#include "mock_providers/http_session.h"

namespace squall {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto kAcceptBackoff = 10ms;

}  // namespace

// The listening socket and the sessions that came from it.
class MockHttpServer::Listener {
 public:
  Listener(RealEnv& env, ReplySource& source, HttpServerOptions options)
      : state_(env, source, std::move(options)),
        acceptor_(env.io()),
        sweep_(env.io()),
        ended_(env.io()) {}
  ~Listener() { SQUALL_CHECK(running_ == 0); }

  absl::StatusOr<uint16_t> Start();
  Task<> Stop();
  const HttpServerState& state() const { return state_; }

 private:
  Task<> AcceptAll();
  Task<> SweepAll();
  Task<> Serve(std::shared_ptr<HttpSession> session);
  void CountEnded() {
    --running_;
    ended_.cancel();
  }

  HttpServerState state_;
  tcp::acceptor acceptor_;
  std::set<std::shared_ptr<HttpSession>> sessions_;
  size_t running_ = 0;        // coroutines: accepting, sweeping, and one per session
  asio::steady_timer sweep_;  // of the next sweep
  asio::steady_timer ended_;  // cancelled whenever a coroutine ends; wakes Stop()
  bool started_ = false;
};

absl::StatusOr<uint16_t> MockHttpServer::Listener::Start() {
  SQUALL_CHECK(!started_);
  const HttpServerOptions& options = state_.options;
  const absl::StatusOr<uint16_t> port = Listen(options.address, options.port, &acceptor_);
  if (!port.ok()) return port;
  started_ = true;
  running_ += 2;
  Spawn(state_.env.executor(), AcceptAll());
  Spawn(state_.env.executor(), SweepAll());
  return port;
}

Task<> MockHttpServer::Listener::AcceptAll() {
  asio::steady_timer pause(state_.env.io());
  error_code ec;
  error_code ignored;
  while (acceptor_.is_open()) {
    HttpSocket socket(state_.env.io());
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
    if (!acceptor_.is_open()) break;
    if (ec) {  // e.g. no file descriptor left: there may be one soon
      pause.expires_after(kAcceptBackoff);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    if (sessions_.size() >= state_.options.max_connections) {
      state_.connections_refused.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    ++running_;
    Spawn(state_.env.executor(), Serve(std::make_shared<HttpSession>(state_, std::move(socket))));
  }
  CountEnded();
}

Task<> MockHttpServer::Listener::SweepAll() {
  error_code ignored;
  while (acceptor_.is_open()) {
    for (const std::shared_ptr<HttpSession>& session : sessions_) session->Sweep();
    sweep_.expires_after(state_.sweep_interval);
    co_await sweep_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  CountEnded();
}

Task<> MockHttpServer::Listener::Serve(std::shared_ptr<HttpSession> session) {
  sessions_.insert(session);
  state_.open.store(sessions_.size(), std::memory_order_relaxed);
  if (acceptor_.is_open()) co_await session->Run();
  sessions_.erase(session);
  state_.open.store(sessions_.size(), std::memory_order_relaxed);
  CountEnded();
}

Task<> MockHttpServer::Listener::Stop() {
  error_code ignored;
  acceptor_.close(ignored);
  sweep_.cancel();
  for (const std::shared_ptr<HttpSession>& session : sessions_) session->Stop();
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

size_t MockHttpServer::open_connections() const { return listener_->state().open; }

uint64_t MockHttpServer::requests_served() const { return listener_->state().served; }

uint64_t MockHttpServer::requests_refused() const { return listener_->state().refused; }

uint64_t MockHttpServer::connections_refused() const {
  return listener_->state().connections_refused;
}

}  // namespace squall

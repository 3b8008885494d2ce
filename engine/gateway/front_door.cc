#include "engine/gateway/front_door.h"

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ctime>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "engine/gateway/front_session.h"
#include "engine/gateway/record_time.h"
#include "engine/wire/listen.h"

namespace squall {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr auto kAcceptPause = 10ms;

// Half of the shortest limit, but a quarter of a second at most.
std::chrono::nanoseconds SweepEvery(const ListenConfig& config) {
  const auto shortest = std::min(
      {config.header_timeout, config.body_timeout, config.write_timeout, config.idle_timeout});
  return std::clamp<std::chrono::nanoseconds>(shortest / 4, 1ms, 250ms);
}

// RFC 9110 section 5.6.7.
std::string DateLine() {
  const std::time_t now = UnixSeconds(WallNow());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 64> text;
  const size_t size =
      std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  return std::string(text.data(), size);
}

}  // namespace

FrontState::FrontState(RealEnv& env_in, HttpHandler& handler_in, const ListenConfig& config_in)
    : env(env_in),
      handler(handler_in),
      config(config_in),
      sweep_interval(SweepEvery(config_in)),
      date(DateLine()) {}

// The listening socket and the sessions that came from it.
class FrontDoor::Listener {
 public:
  Listener(RealEnv& env, HttpHandler& handler, const ListenConfig& config)
      : state_(env, handler, config), acceptor_(env.io()), sweep_(env.io()), ended_(env.io()) {}
  ~Listener() { SQUALL_CHECK(running_ == 0); }

  absl::StatusOr<uint16_t> Open();
  void Close();
  Task<> Shut(Time deadline);
  void SetLimits(const ListenConfig& config);
  const FrontState& state() const { return state_; }

 private:
  Task<> AcceptAll();
  Task<> SweepAll();
  Task<> Serve(std::shared_ptr<FrontSession> session);
  void CountEnded() {
    --running_;
    ended_.cancel();
  }

  FrontState state_;
  tcp::acceptor acceptor_;
  std::set<std::shared_ptr<FrontSession>> sessions_;
  size_t running_ = 0;        // coroutines: accepting, sweeping, and one per session
  asio::steady_timer sweep_;  // of the next sweep
  asio::steady_timer ended_;  // cancelled whenever a coroutine ends; wakes Shut()
  bool opened_ = false;
};

absl::StatusOr<uint16_t> FrontDoor::Listener::Open() {
  SQUALL_CHECK(!opened_);
  const ListenConfig& config = state_.config;
  const absl::StatusOr<uint16_t> port =
      Listen(config.address, static_cast<uint16_t>(config.port), &acceptor_);
  if (!port.ok()) return port;
  opened_ = true;
  running_ += 2;
  Spawn(state_.env.executor(), AcceptAll());
  Spawn(state_.env.executor(), SweepAll());
  return port;
}

void FrontDoor::Listener::SetLimits(const ListenConfig& config) {
  const ListenConfig before = std::exchange(state_.config, config);
  state_.config.address = before.address;
  state_.config.port = before.port;
  // Steps under way were counted in sweeps as they are.
  state_.sweep_interval = std::min(state_.sweep_interval, SweepEvery(config));
}

Task<> FrontDoor::Listener::AcceptAll() {
  asio::steady_timer pause(state_.env.io());
  error_code ec;
  error_code ignored;
  while (acceptor_.is_open()) {
    FrontSocket socket(state_.env.io());
    tcp::endpoint peer;
    co_await acceptor_.async_accept(socket, peer, asio::redirect_error(asio::use_awaitable, ec));
    if (!acceptor_.is_open()) break;
    if (ec) {  // e.g. no file descriptor left: there may be one soon
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    if (sessions_.size() >= static_cast<size_t>(state_.config.max_connections)) {
      ++state_.counts.turned_away;
      continue;
    }
    ++state_.counts.accepted;
    ++running_;
    std::string address = peer.address().to_string(ignored);
    auto session = std::make_shared<FrontSession>(state_, std::move(socket), std::move(address));
    Spawn(state_.env.executor(), Serve(std::move(session)));
  }
  CountEnded();
}

Task<> FrontDoor::Listener::SweepAll() {
  error_code ignored;
  while (acceptor_.is_open() || !sessions_.empty()) {
    for (const std::shared_ptr<FrontSession>& session : sessions_) session->Sweep();
    state_.date = DateLine();
    sweep_.expires_after(state_.sweep_interval);
    co_await sweep_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  CountEnded();
}

Task<> FrontDoor::Listener::Serve(std::shared_ptr<FrontSession> session) {
  sessions_.insert(session);
  state_.counts.open = static_cast<int64_t>(sessions_.size());
  if (acceptor_.is_open()) co_await session->Run();
  sessions_.erase(session);
  state_.counts.open = static_cast<int64_t>(sessions_.size());
  CountEnded();
}

void FrontDoor::Listener::Close() {
  error_code ignored;
  state_.closing = true;
  acceptor_.close(ignored);
  for (const std::shared_ptr<FrontSession>& session : sessions_) session->Finish();
}

Task<> FrontDoor::Listener::Shut(Time deadline) {
  Close();
  error_code ignored;
  const auto until = state_.env.ToSteady(deadline);
  while (running_ > 0) {
    if (sessions_.empty()) sweep_.cancel();  // its loop ends with the last session
    const bool late = std::chrono::steady_clock::now() >= until;
    if (late) {
      for (const std::shared_ptr<FrontSession>& session : sessions_) session->Stop();
    }
    ended_.expires_at(late ? asio::steady_timer::time_point::max() : until);
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

FrontDoor::FrontDoor(RealEnv& env, HttpHandler& handler, const ListenConfig& config)
    : listener_(std::make_unique<Listener>(env, handler, config)) {}

FrontDoor::~FrontDoor() = default;

absl::StatusOr<uint16_t> FrontDoor::Open() { return listener_->Open(); }

void FrontDoor::SetLimits(const ListenConfig& config) { listener_->SetLimits(config); }

void FrontDoor::Close() { listener_->Close(); }

Task<> FrontDoor::Shut(Time deadline) { return listener_->Shut(deadline); }

FrontCounts FrontDoor::counts() const { return listener_->state().counts; }

std::string_view StatusText(int status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
  }
}

}  // namespace squall

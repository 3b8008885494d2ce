// A server for tests that answers requests by script, byte for byte. It runs on the event loop of
// the client under test and speaks only as much HTTP as it takes to see where a request ends.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/task.h"

namespace squall {

enum class Then : uint8_t { kNextRequest, kClose, kReset, kHold };

// What a server does about one request: these bytes, then this.
struct ServerScript {
  ServerScript(std::string bytes_in, Then then_in) : bytes(std::move(bytes_in)), then(then_in) {}
  std::string bytes;
  Then then;
  size_t step = 0;                // bytes per packet; 0 sends all at once
  bool reads_the_request = true;  // else it answers after the first bytes of it
};

// How long the request is that begins with `text`; 0 while that cannot be told.
inline size_t RequestBytes(const std::string& text) {
  const size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  const size_t field = text.find("Content-Length: ");
  return head + 4 + (field < head ? std::stoul(text.substr(field + 16)) : 0);
}

// Writes `bytes` in packets of `step`. Lets the event loop go round in between, so that a reader on
// the same loop sees each packet by itself.
inline Task<> WriteInSteps(asio::ip::tcp::socket& socket, const std::string& bytes, size_t step) {
  constexpr int kRounds = 4;
  boost::system::error_code ec;
  if (step == 0) step = bytes.size();
  for (size_t at = 0; at < bytes.size() && !ec; at += step) {
    const auto piece = asio::buffer(bytes.data() + at, std::min(step, bytes.size() - at));
    co_await asio::async_write(socket, piece, asio::redirect_error(asio::use_awaitable, ec));
    for (int i = 0; i < kRounds; ++i) co_await asio::post(asio::use_awaitable);
  }
}

// Scripts serve requests in the order of their arrival.
class ScriptedServer {
 public:
  explicit ScriptedServer(asio::io_context& io)
      : io_(io), acceptor_(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    Spawn(io.get_executor(), Accept());
  }

  void Add(ServerScript script) { scripts_.push_back(std::move(script)); }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int accepted() const { return accepted_; }
  int closed() const { return closed_; }
  const std::vector<std::string>& requests() const { return requests_; }
  void Stop() { acceptor_.close(); }

  // Whatever is asked once no script is left.
  void AnswerAll(std::string bytes) { always_.emplace(std::move(bytes), Then::kNextRequest); }

  // Sends these bytes to the client whose request came last.
  void Release(const std::string& bytes) {
    if (const auto socket = last_.lock()) asio::write(*socket, asio::buffer(bytes));
  }

 private:
  Task<> Accept() {
    boost::system::error_code ec;
    while (acceptor_.is_open()) {
      auto socket = std::make_shared<asio::ip::tcp::socket>(io_);
      co_await acceptor_.async_accept(*socket, asio::redirect_error(asio::use_awaitable, ec));
      if (ec) break;
      ++accepted_;
      Spawn(io_.get_executor(), Serve(socket));
    }
  }

  Task<> Serve(std::shared_ptr<asio::ip::tcp::socket> socket) {
    boost::system::error_code ec;
    socket->set_option(asio::ip::tcp::no_delay(true), ec);
    Then then = Then::kNextRequest;
    while (then == Then::kNextRequest) {
      const bool read = co_await ReadRequest(*socket);
      last_ = socket;
      if (!read || (scripts_.empty() && !always_.has_value())) break;
      const ServerScript script = scripts_.empty() ? *always_ : std::move(scripts_.front());
      if (!scripts_.empty()) scripts_.pop_front();
      then = script.then;
      co_await WriteInSteps(*socket, script.bytes, script.step);
    }
    if (then == Then::kHold) co_await ReadToEnd(*socket);
    if (then == Then::kReset) socket->set_option(asio::socket_base::linger(true, 0), ec);
    socket->close(ec);
    ++closed_;
  }

  Task<bool> ReadRequest(asio::ip::tcp::socket& socket) {
    std::string text;
    size_t expected = 0;
    boost::system::error_code ec;
    std::array<char, 65536> bytes;
    while (true) {
      const auto room = asio::buffer(bytes);
      const size_t got =
          co_await socket.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return false;
      text.append(bytes.data(), got);
      if (!scripts_.empty() && !scripts_.front().reads_the_request) break;
      if (expected == 0) expected = RequestBytes(text);
      if (expected > 0 && text.size() >= expected) break;
    }
    requests_.push_back(std::move(text));
    co_return true;
  }

  Task<> ReadToEnd(asio::ip::tcp::socket& socket) {
    boost::system::error_code ec;
    std::array<char, 4096> bytes;
    const auto room = asio::buffer(bytes);
    while (!ec) {
      co_await socket.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    }
  }

  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  std::deque<ServerScript> scripts_;
  std::vector<std::string> requests_;
  std::optional<ServerScript> always_;
  std::weak_ptr<asio::ip::tcp::socket> last_;
  int accepted_ = 0;
  int closed_ = 0;
};

}  // namespace squall

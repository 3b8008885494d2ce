#include "engine/gateway/front_session.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "engine/base/cat.h"

namespace squall {
namespace {

using boost::system::error_code;

// How long, and for how many bytes, a closing connection still reads what its client goes on
// sending: closing with unread bytes sends a reset, which can overtake the reply.
constexpr auto kLingerTime = 1s;
constexpr size_t kLingerBytes = 16 << 20;

using Pieces = std::array<asio::const_buffer, 2>;
Pieces LeftOf(const Pieces& pieces, size_t written) {
  const size_t head = std::min(written, pieces[0].size());
  return {pieces[0] + head, pieces[1] + (written - head)};
}

std::string ChunkHead(size_t bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  for (; bytes > 0; bytes >>= 4) digits.push_back(kHex[bytes & 15]);
  std::reverse(digits.begin(), digits.end());
  return digits + "\r\n";
}

}  // namespace

FrontSession::FrontSession(FrontState& door, FrontSocket socket, std::string peer)
    : door_(door),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      reader_(RequestLimits{static_cast<size_t>(door.config.header_bytes),
                            static_cast<size_t>(door.config.body_bytes)}) {}

void FrontSession::Stop() {
  gone_.request_stop();
  Close();
}

void FrontSession::Finish() {
  if (step_ == Step::kIdle && !reader_.begun()) Stop();
}

void FrontSession::Close() {
  error_code ignored;
  socket_.close(ignored);
}

void FrontSession::Sweep() {
  if (sweeps_left_ == 0 || --sweeps_left_ > 0) return;
  timed_out_ = step_ == Step::kHead || step_ == Step::kBody;
  if (!timed_out_) return Stop();
  error_code ignored;
  socket_.cancel(ignored);  // the read under way; the client is told
}

void FrontSession::Enter(Step step) {
  const ListenConfig& config = door_.config;
  std::chrono::nanoseconds time{0};
  switch (step) {
    case Step::kIdle: time = config.idle_timeout; break;
    case Step::kHead: time = config.header_timeout; break;
    case Step::kBody: time = config.body_timeout; break;
    case Step::kHandle: break;
    case Step::kWrite: time = config.write_timeout; break;
    case Step::kLinger: time = kLingerTime; break;
  }
  step_ = step;
  // At least that time: the next sweep may come at once.
  sweeps_left_ = time.count() > 0 ? time / door_.sweep_interval + 2 : 0;
}

// A step lasts from its first byte on, however many there are.
void FrontSession::EnterReading() {
  const Step step = reader_.in_body() ? Step::kBody : reader_.begun() ? Step::kHead : Step::kIdle;
  if (step != step_) Enter(step);
}

void FrontSession::Account() {
  const auto held = static_cast<int64_t>(reader_.unread() + reader_.request().body.size());
  door_.counts.buffered += held + writing_ - accounted_;
  accounted_ = held + writing_;
}

Task<> FrontSession::Run() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  bool keep = true;
  while (keep) keep = co_await Exchange();
  Stop();
  step_ = Step::kLinger;  // a watch that is pending may outlast the door
  door_.counts.buffered -= std::exchange(accounted_, 0);
}

// One request and its reply. False if the connection is not to be used again.
Task<bool> FrontSession::Exchange() {
  begun_ = streams_ = timed_out_ = false;
  Enter(reader_.begun() ? Step::kHead : Step::kIdle);
  const ReadState state = co_await Read();
  if (state == ReadState::kRefused) co_await Refuse(reader_.refusal());
  if (state != ReadState::kWhole) co_return false;
  keep_ = reader_.keep_alive() && !door_.closing;
  Enter(Step::kHandle);
  Watch();
  ++door_.counts.under_way;
  co_await door_.handler.Handle(*this);
  --door_.counts.under_way;
  if (!begun_) gone_.request_stop();  // there is nobody to reply to
  reader_.Next();
  Account();
  if (!keep_ && !gone_.stop_requested()) co_await CloseOrderly();
  co_return keep_ && !gone_.stop_requested();
}

// True when there is something to read, or the end of it. The watch says so: of two waits that end
// at once, Asio completes the second with another turn of the loop.
Task<bool> FrontSession::Readable() {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [](auto handler, FrontSession* self) {
        self->Watch();
        // Shared, because a std::function is copyable and the handler of a coroutine is not.
        auto reader = std::make_shared<decltype(handler)>(std::move(handler));
        self->watch_->reader = [reader](bool readable) {
          auto& resume = *reader;
          std::move(resume)(readable);
        };
      },
      asio::use_awaitable, this);
}

// kMore if the client left, or has been told that it took too long.
Task<ReadState> FrontSession::Read() {
  bool continued = false;
  ReadState state = reader_.Read();
  while (state == ReadState::kMore) {
    if (door_.closing && !reader_.begun()) co_return ReadState::kMore;
    if (reader_.expects_continue() && !continued) {
      continued = true;
      const bool sent = co_await Send("HTTP/1.1 100 Continue\r\n\r\n", "");
      if (!sent) co_return ReadState::kMore;
    }
    EnterReading();
    if (step_ == Step::kIdle) reader_.Rest();
    const bool readable = co_await Readable();
    if (timed_out_) {
      co_await Refuse(408);
      co_return ReadState::kMore;
    }
    if (!readable) co_return ReadState::kMore;
    error_code ec;
    const auto room = reader_.Room();
    const size_t got = socket_.read_some(asio::buffer(room.data(), room.size()), ec);
    if (ec == asio::error::would_block) continue;
    if (ec) co_return ReadState::kMore;
    reader_.Arrived(got);
    state = reader_.Read();
    Account();
    if (door_.counts.buffered > door_.config.buffered_bytes) {
      co_await Refuse(503);
      co_return ReadState::kMore;
    }
  }
  co_return state;
}

// What cannot be read: told in plain words, and the connection ends, since nobody can say where
// the next request would begin.
Task<> FrontSession::Refuse(int status) {
  door_.handler.OnRefused(status, peer_);
  keep_ = false;
  const std::string body = door_.handler.RefusalBody(status);
  const std::string head =
      Head(status, Cat("Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n"));
  const bool sent = co_await Send(head, body);
  if (sent) co_await CloseOrderly();
}

std::string FrontSession::Head(int status, std::string_view headers) const {
  std::string head;
  head.reserve(256 + headers.size());
  AppendTo(&head, "HTTP/1.1 ", status, " ", StatusText(status), "\r\n", door_.date, headers);
  if (!keep_) head.append("Connection: close\r\n");
  if (keep_ && !reader_.is_http11()) head.append("Connection: keep-alive\r\n");
  head.append("\r\n");
  return head;
}

Task<bool> FrontSession::Reply(int status, std::string_view headers, std::string_view body) {
  begun_ = true;
  keep_ = keep_ && !door_.closing;
  std::string all(headers);
  AppendTo(&all, "Content-Length: ", body.size(), "\r\n");
  const std::string head = Head(status, all);
  writing_ = static_cast<int64_t>(body.size());
  Account();
  const std::string_view shown = reader_.is_head() ? std::string_view() : body;
  const bool sent = co_await Send(head, shown);
  writing_ = 0;
  Account();
  co_return sent;
}

// A client of HTTP/1.0 reads to the end of the connection.
Task<bool> FrontSession::BeginStream(int status, std::string_view headers) {
  begun_ = streams_ = true;
  keep_ = keep_ && reader_.is_http11() && !door_.closing;
  std::string all(headers);
  if (reader_.is_http11()) all.append("Transfer-Encoding: chunked\r\n");
  const std::string head = Head(status, all);
  const bool sent = co_await Send(head, "");
  co_return sent;
}

Task<bool> FrontSession::Write(std::string_view bytes) {
  if (bytes.empty()) co_return !gone_.stop_requested();
  if (!reader_.is_http11()) {
    const bool plain = co_await Send(bytes, "");
    co_return plain;
  }
  std::string chunk = ChunkHead(bytes.size());
  chunk.append(bytes).append("\r\n");
  const bool sent = co_await Send(chunk, "");
  co_return sent;
}

Task<bool> FrontSession::EndStream() {
  if (!reader_.is_http11()) co_return !gone_.stop_requested();
  const bool sent = co_await Send("0\r\n\r\n", "");
  co_return sent;
}

// At once if the socket takes it, as it nearly always does.
Task<bool> FrontSession::Send(std::string_view head, std::string_view body) {
  const Step before = step_;
  Pieces left = {asio::buffer(head), asio::buffer(body)};
  while (asio::buffer_size(left) > 0) {
    error_code ec;
    const size_t written = socket_.write_some(left, ec);
    left = LeftOf(left, written);
    if (written > 0 || step_ != Step::kWrite) Enter(Step::kWrite);
    if (ec == asio::error::would_block) {
      co_await socket_.async_wait(FrontSocket::wait_write,
                                  asio::redirect_error(asio::use_awaitable, ec));
    }
    if (ec) {
      gone_.request_stop();
      co_return false;
    }
  }
  if (before == Step::kHandle) Enter(before);
  co_return true;
}

void FrontSession::Watch() {
  if (watch_ != nullptr) return;
  auto watched = std::make_unique<Watched>();
  watch_ = watched.get();
  socket_.async_wait(FrontSocket::wait_read, [self = shared_from_this(),
                                              watched = std::move(watched)](error_code ec) {
    self->watch_ = nullptr;
    const bool handling = self->step_ == Step::kHandle || self->step_ == Step::kWrite;
    if (watched->reader) {
      watched->reader(!ec);
    } else if (handling) {
      self->OnReadable(ec);
    }
  });
}

// The end of the stream or an error: the client has left. Anything else is its next request, which
// is kept; more than one whole request ahead of its reply is more than any client sends.
void FrontSession::OnReadable(error_code ec) {
  const auto most = static_cast<size_t>(door_.config.header_bytes + door_.config.body_bytes);
  if (!ec) {
    const auto room = reader_.Room();
    reader_.Arrived(socket_.read_some(asio::buffer(room.data(), room.size()), ec));
  }
  const bool nothing_yet = ec == asio::error::would_block || ec == asio::error::try_again;
  if ((ec && !nothing_yet) || reader_.unread() > most) {
    gone_.request_stop();
    return;
  }
  Account();
  Watch();
}

// Closes for sending and reads on until the client closes too.
Task<> FrontSession::CloseOrderly() {
  error_code ec;
  error_code ignored;
  socket_.shutdown(FrontSocket::shutdown_send, ignored);
  Enter(Step::kLinger);
  size_t total = 0;
  std::array<char, 4096> bytes;
  const auto room = asio::buffer(bytes);
  while (!ec && total < kLingerBytes) {
    const size_t got =
        co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    total += got;
  }
}

}  // namespace squall

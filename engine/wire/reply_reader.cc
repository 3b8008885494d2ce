#include "engine/wire/reply_reader.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace squall {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kReadBytes = 16 << 10;
// A length that a peer merely announces commits no more memory than this.
constexpr uint64_t kLargestReserve = 1 << 20;
constexpr size_t kUsualHeaders = 512;  // bytes

// Beast asserts that the last chunk, once begun, does not arrive in pieces shorter than
// "0\r\n\r\n". So what could be one waits for its fifth byte.
bool MayBeLastChunk(const beast::flat_buffer& buffer) {
  const auto bytes = buffer.cdata();
  std::string_view text(static_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() >= 5) return false;
  if (text.starts_with("\r\n")) text.remove_prefix(2);
  return text.starts_with('0');
}

TransportError FromParseError(const error_code& error) {
  const bool too_large = error == http::error::header_limit || error == http::error::body_limit ||
                         error == http::error::buffer_overflow;
  return too_large ? TransportError::kTooLarge : TransportError::kProtocol;
}

class ReplyParser final : public http::basic_parser<false> {
 public:
  ReplyParser(HttpReply* reply, const ReplyLimits& limits, bool to_head, BodySink* sink)
      : reply_(reply), sink_(sink), limit_(limits.header) {
    reply->headers.clear();
    reply->headers.reserve(kUsualHeaders);
    eager(true);
    header_limit(static_cast<uint32_t>(limits.header));
    body_limit(limits.body);
    skip(to_head);
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
  bool enough() const { return enough_; }

 private:
  void on_response_impl(int code, beast::string_view, int, error_code&) override {
    reply_->status = code;
  }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    reply_->headers.Add(name, value);
    if (reply_->headers.block().size() > limit_) ec = http::error::header_limit;
  }
  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) override {
    if (length && sink_ == nullptr)
      reply_->body.reserve(std::min<uint64_t>(*length, kLargestReserve));
  }
  size_t on_body_impl(beast::string_view bytes, error_code&) override { return Take(bytes); }
  size_t on_chunk_body_impl(uint64_t, beast::string_view bytes, error_code&) override {
    return Take(bytes);
  }
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_chunk_header_impl(uint64_t, beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  size_t Take(beast::string_view bytes) {
    if (sink_ == nullptr) {
      reply_->body.append(bytes.data(), bytes.size());
    } else if (!bytes.empty() && !enough_) {
      enough_ = !sink_->OnBody(*reply_, std::string_view(bytes.data(), bytes.size()));
    }
    return bytes.size();
  }

  HttpReply* reply_;
  BodySink* sink_;
  size_t limit_;
  size_t seen_ = 0;
  bool enough_ = false;
};

}  // namespace

struct ReplyReader::Work {
  beast::flat_buffer buffer;
  std::optional<ReplyParser> parser;
};

ReplyReader::ReplyReader(const ReplyLimits& limits)
    : limits_(limits), work_(std::make_unique<Work>()) {}
ReplyReader::~ReplyReader() = default;

void ReplyReader::Begin(HttpReply* reply, bool to_head, BodySink* sink) {
  reply_ = reply;
  sink_ = sink;
  work_->parser.emplace(reply, limits_, to_head, sink);
}

std::optional<TransportError> ReplyReader::Parse() {
  ReplyParser& parser = *work_->parser;
  if (work_->buffer.size() <= parser.seen()) return std::nullopt;
  const error_code error = parser.Feed(&work_->buffer);
  if (error && !parser.enough()) return FromParseError(error);
  if (error || parser.is_done()) return TransportError::kNone;
  return std::nullopt;
}

std::span<char> ReplyReader::Room() {
  const auto room = work_->buffer.prepare(kReadBytes);
  return {static_cast<char*>(room.data()), room.size()};
}

void ReplyReader::Arrived(size_t bytes) { work_->buffer.commit(bytes); }

// Beast looks at a head that comes in pieces only when it is complete. Where the rest will not
// come, a fresh parser still finds the status line and the whole headers in it.
void ReplyReader::Salvage() {
  if (reply_->status != 0 || work_->buffer.size() == 0) return;
  ReplyParser parser(reply_, limits_, false, nullptr);
  error_code ignored;
  parser.put(work_->buffer.cdata(), ignored);
}

TransportError ReplyReader::End(const error_code& why) {
  Salvage();
  ReplyParser& parser = *work_->parser;
  if (parser.enough()) return TransportError::kNone;
  if (why == beast::error::timeout) return TransportError::kTimeout;
  if (why == asio::ssl::error::stream_truncated) return TransportError::kCut;
  if (why != asio::error::eof) return TransportError::kReset;
  if (!parser.got_some()) return TransportError::kCut;
  error_code ec;
  parser.put_eof(ec);
  return parser.is_done() ? TransportError::kNone : TransportError::kCut;
}

bool ReplyReader::enough() const { return work_->parser->enough(); }

bool ReplyReader::CanFollow() const {
  const ReplyParser& parser = *work_->parser;
  return parser.is_done() && parser.keep_alive() && work_->buffer.size() == 0;
}

}  // namespace squall

#include "engine/wire/reply_parser.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

namespace squall {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

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

}  // namespace

ReplyParser::ReplyParser(HttpReply* reply, const ReplyLimits& limits, bool to_head, BodySink* sink)
    : reply_(reply), sink_(sink), limit_(limits.header) {
  reply->headers.clear();
  reply->headers.reserve(kUsualHeaders);
  eager(true);
  header_limit(static_cast<uint32_t>(limits.header));
  body_limit(limits.body);
  skip(to_head);
}

error_code ReplyParser::Feed(beast::flat_buffer* buffer) {
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

void ReplyParser::on_field_impl(field, string_view name, string_view value, error_code& ec) {
  reply_->headers.Add(name, value);
  if (reply_->headers.block().size() > limit_) ec = http::error::header_limit;
}

void ReplyParser::on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) {
  if (length && sink_ == nullptr)
    reply_->body.reserve(std::min<uint64_t>(*length, kLargestReserve));
}

size_t ReplyParser::Take(string_view bytes) {
  if (sink_ == nullptr) {
    reply_->body.append(bytes.data(), bytes.size());
  } else if (!bytes.empty() && !enough_) {
    enough_ = !sink_->OnBody(*reply_, std::string_view(bytes.data(), bytes.size()));
  }
  return bytes.size();
}

void SalvageHead(const beast::flat_buffer& buffer, const ReplyLimits& limits, HttpReply* reply) {
  if (reply->status != 0 || buffer.size() == 0) return;
  ReplyParser parser(reply, limits, false, nullptr);
  error_code ignored;
  parser.put(buffer.cdata(), ignored);
}

TransportError FromParseError(const error_code& error) {
  const bool too_large = error == http::error::header_limit || error == http::error::body_limit ||
                         error == http::error::buffer_overflow;
  return too_large ? TransportError::kTooLarge : TransportError::kProtocol;
}

TransportError FromReadError(const error_code& error, ReplyParser* parser) {
  if (error == beast::error::timeout) return TransportError::kTimeout;
  if (error == asio::ssl::error::stream_truncated) return TransportError::kCut;
  if (error != asio::error::eof) return TransportError::kReset;
  if (!parser->got_some()) return TransportError::kCut;
  error_code ec;
  parser->put_eof(ec);
  return parser->is_done() ? TransportError::kNone : TransportError::kCut;
}

}  // namespace squall

// ReplyParser: the head and the body of one reply, by Beast's parser. Private to HttpTransport.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "engine/wire/http.h"
#include "engine/wire/transport.h"

namespace squall {

struct ReplyLimits {
  size_t header = 0;  // bytes of the status line and the headers
  size_t body = 0;    // bytes
};

// Fills an HttpReply as its bytes arrive, so that a reply that is cut short leaves what there was
// of it. A body goes to `sink` where there is one.
class ReplyParser final : public boost::beast::http::basic_parser<false> {
 public:
  using error_code = boost::system::error_code;

  ReplyParser(HttpReply* reply, const ReplyLimits& limits, bool to_head, BodySink* sink);

  // Parses what is new in `buffer` and drops what it used up.
  error_code Feed(boost::beast::flat_buffer* buffer);

  // Bytes at the front of the buffer that Feed has looked at and needs more to go with.
  size_t seen() const { return seen_; }
  HttpReply* reply() const { return reply_; }
  BodySink* sink() const { return sink_; }
  bool enough() const { return enough_; }  // says the sink

 private:
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;

  void on_response_impl(int code, string_view, int, error_code&) override { reply_->status = code; }
  void on_field_impl(field, string_view name, string_view value, error_code& ec) override;
  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) override;
  size_t on_body_impl(string_view bytes, error_code&) override { return Take(bytes); }
  size_t on_chunk_body_impl(uint64_t, string_view bytes, error_code&) override {
    return Take(bytes);
  }
  void on_request_impl(boost::beast::http::verb, string_view, string_view, int,
                       error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  size_t Take(string_view bytes);

  HttpReply* reply_;
  BodySink* sink_;
  size_t limit_;
  size_t seen_ = 0;
  bool enough_ = false;
};

// Beast looks at a head that comes in pieces only when it is complete. Where the rest will not
// come, a fresh parser still finds the status line and the whole headers in it.
void SalvageHead(const boost::beast::flat_buffer& buffer, const ReplyLimits& limits,
                 HttpReply* reply);

TransportError FromParseError(const boost::system::error_code& error);

// What a failed read means, given what came before it. A body without a length ends with the
// connection, so its end is no error.
TransportError FromReadError(const boost::system::error_code& error, ReplyParser* parser);

}  // namespace squall

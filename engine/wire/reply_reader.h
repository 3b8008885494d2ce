// ReplyReader: the replies that arrive on one connection, one after the other, by Beast's parser.
// Its buffer is kept between them. Private to HttpTransport; one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "engine/wire/http.h"
#include "engine/wire/transport.h"

namespace boost::system {
class error_code;
}  // namespace boost::system

namespace squall {

struct ReplyLimits {
  size_t header = 0;  // bytes of the status line and the headers
  size_t body = 0;    // bytes
};

class ReplyReader {
 public:
  explicit ReplyReader(const ReplyLimits& limits);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // The next reply fills `reply` as its bytes arrive, so that one that is cut short leaves what
  // there was of it. Its body goes to `sink` where there is one.
  void Begin(HttpReply* reply, bool to_head, BodySink* sink);

  // Parses what is new. Nothing while more is needed, kNone when the reply is whole or the sink has
  // had enough and no more can be read, or what is wrong with it.
  std::optional<TransportError> Parse();

  // Where to put what arrives next, and that it has.
  std::span<char> Room();
  void Arrived(size_t bytes);

  // No more will be read: what can be known of a head that is not whole is, and what that means,
  // given why. A body without a length ends with the connection, so its end is no error.
  void Salvage();
  TransportError End(const boost::system::error_code& why);

  BodySink* sink() const { return sink_; }
  bool enough() const;  // says the sink

  // The reply is whole, and another may come on this connection.
  bool CanFollow() const;

 private:
  struct Work;
  ReplyLimits limits_;
  std::unique_ptr<Work> work_;
  HttpReply* reply_ = nullptr;
  BodySink* sink_ = nullptr;
};

}  // namespace squall

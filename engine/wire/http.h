// HTTP messages as plain data, shared by the engine, the transports and the mock servers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace squall {

// A header block kept as the bytes of the wire ("name: value\r\n" lines): one allocation, no
// parsing until somebody asks. Order and duplicates are kept. Names compare without case.
class Headers {
 public:
  // `name` and `value` must not hold CR or LF; such a header is a bug of ours and is checked.
  void Add(std::string_view name, std::string_view value);

  // The first value under that name, without surrounding blanks. Valid until the next Add.
  std::optional<std::string_view> Find(std::string_view name) const;

  // Calls visit(name, value) for each line, in order.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    std::string_view rest = block_;
    std::string_view name;
    std::string_view value;
    while (NextLine(&rest, &name, &value)) visit(name, value);
  }

  std::string_view block() const { return block_; }
  bool empty() const { return block_.empty(); }
  void clear() { block_.clear(); }
  void reserve(size_t bytes) { block_.reserve(bytes); }

 private:
  static bool NextLine(std::string_view* rest, std::string_view* name, std::string_view* value);
  std::string block_;
};

struct HttpRequest {
  HttpRequest() {}  // user-declared: an aggregate here is what g++ 12 miscompiles in coroutines
  std::string method = "POST";
  std::string target;  // origin form, e.g. "/v1/chat/completions"
  Headers headers;
  std::string body;
};

// How the exchange ended below HTTP. kNone means a complete response was read.
enum class TransportError : uint8_t {
  kNone,
  kTimeout,    // the deadline passed first
  kConnect,    // no connection: the request was not sent
  kReset,      // the peer reset the connection
  kCut,        // the peer closed before the response was complete
  kProtocol,   // what arrived is not HTTP
  kTooLarge,   // the response passes a size limit of ours
  kCancelled,  // the caller asked to stop
};

std::string_view TransportErrorName(TransportError error);

struct HttpReply {
  HttpReply() {}
  TransportError error = TransportError::kNone;
  int status = 0;  // 0 while no status line has arrived
  Headers headers;
  std::string body;  // possibly partial where `error` is set
};

// Case-insensitive equality of ASCII text, as HTTP compares header names.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace squall

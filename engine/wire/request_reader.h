// RequestReader: turns the bytes of one connection into HTTP/1.1 requests (RFC 9112), without any
// I/O. Requests do not depend on how their bytes were cut into packets.
//
// Strict where leniency lets two readers of one connection disagree about where a request ends: one
// Content-Length or one "Transfer-Encoding: chunked", never both; lines end in CRLF; no folded
// lines, no blank before a colon, no control characters. Lenient about what is merely absent, such
// as Host. Any thread; no errors but refusals.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/wire/http.h"

namespace squall {

struct RequestLimits {
  size_t head = 16 << 10;  // bytes of request line and headers, of trailers, of a chunk's line
  size_t body = 8 << 20;   // bytes
};

enum class ReadState : uint8_t {
  kMore,     // the request is not whole yet
  kWhole,    // request() is it
  kRefused,  // refusal() says why; what follows on this connection cannot be read
};

class RequestReader {
 public:
  explicit RequestReader(const RequestLimits& limits) : limits_(limits) {}

  // Room for what arrives next, and how much of it was used. Bytes are kept until read.
  std::span<char> Room();
  void Arrived(size_t bytes) { end_ += bytes; }

  // Reads on in what has arrived.
  ReadState Read();

  // After kWhole: forgets the request, but not what has arrived behind it.
  void Next();

  const HttpRequest& request() const { return request_; }
  int refusal() const { return refusal_; }  // 400, 413 or 431
  bool is_http11() const { return is_http11_; }
  bool is_head() const { return request_.method == "HEAD"; }
  bool keep_alive() const { return keep_alive_; }

  // The client waits for leave to send the body.
  bool expects_continue() const { return expects_continue_ && stage_ >= Stage::kBody; }

  // The head has arrived.
  bool in_body() const { return stage_ >= Stage::kBody; }

  // Nothing is expected for a while: gives the memory of an empty buffer back.
  void Rest() {
    if (begin_ != end_) return;
    buffer_.reset();
    capacity_ = begin_ = end_ = searched_ = 0;
  }

  // Part of a request has arrived.
  bool begun() const { return begin_ < end_ || stage_ > Stage::kRequestLine; }

  // Bytes that have arrived and are not read yet.
  size_t unread() const { return end_ - begin_; }

 private:
  enum class Stage : uint8_t {
    kRequestLine,
    kHeaders,
    kBody,  // of a known length, in `left_`
    kChunkLine,
    kChunk,  // `left_` bytes of it are missing
    kChunkEnd,
    kTrailers,
  };

  // One step of the stage. False if it needs more bytes, or if the request is whole or refused.
  bool ReadOn();
  bool ReadRequestLine();
  bool ReadHeader();
  bool ReadBody();
  bool ReadChunkLine();
  bool ReadChunk();
  bool ReadChunkEnd();
  bool ReadTrailer();

  bool TakeLine(std::string_view* line);
  void TakeBody();
  bool OnHeader(std::string_view name, std::string_view value);
  bool OnHeadersEnd();
  void OnConnection(std::string_view options);
  bool GoTo(Stage stage);
  bool Refuse(int status);
  bool Finish();

  RequestLimits limits_;
  HttpRequest request_;
  Stage stage_ = Stage::kRequestLine;
  ReadState state_ = ReadState::kMore;
  int refusal_ = 0;
  bool is_http11_ = true;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  bool has_host_ = false;
  bool has_length_ = false;
  bool is_chunked_ = false;
  uint64_t left_ = 0;      // bytes of the body, or of its present chunk, that have not been read
  size_t head_bytes_ = 0;  // of the lines that count towards one limit

  // What has arrived and is not read: [begin_, end_). No line ends in [begin_, searched_).
  std::unique_ptr<char[]> buffer_;  // of `capacity_` bytes, not zeroed: most are never touched
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t searched_ = 0;
};

}  // namespace squall

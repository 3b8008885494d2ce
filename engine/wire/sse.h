// Server-sent events, sans I/O: bytes in, in chunks of any size, events out. The same bytes give
// the same events however they were cut, in the middle of a line end, a name or a character too.
//
// Follows the HTML standard, section "Parsing an event stream": lines end in LF, CR or CRLF; a
// byte order mark may stand first; lines that start with a colon are comments; several data lines
// are joined by LF; an event that no blank line ends is dropped. "id" and "retry" serve a
// reconnection that no provider offers and are ignored. Unlike the standard, other lines are handed
// on: some providers write a bare JSON error into a stream that has started.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall {

// Texts live until the call returns.
class SseSink {
 public:
  virtual ~SseSink() = default;
  // `type` is empty where no "event:" line named one.
  virtual void OnEvent(std::string_view type, std::string_view data) = 0;
  virtual void OnComment(std::string_view text) = 0;
  virtual void OnStray(std::string_view line) = 0;  // a line that is no field of an event
};

class SseParser {
 public:
  // An event or a line above `max_event_bytes` (> 0) is an error, so memory stays bounded.
  explicit SseParser(size_t max_event_bytes) : max_bytes_(max_event_bytes) {}

  // False from the byte on that made an event too long; what follows is not read.
  bool Feed(std::string_view bytes, SseSink* sink);

  // The body has ended. An event that lacks its empty line is none, as the standard says; a last
  // line that is no field of one, such as a proxy's error text, still counts as stray.
  void Finish(SseSink* sink);

  bool failed() const { return failed_; }

 private:
  bool EndLine(std::string_view piece, SseSink* sink);
  bool TakeLine(std::string_view line, SseSink* sink);
  void TakeField(std::string_view line, SseSink* sink);
  void Dispatch(SseSink* sink);

  size_t max_bytes_;
  std::string line_;  // the part of a line that earlier chunks brought
  std::string type_;
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;  // an LF now belongs to the line end before it
  bool first_line_ = true;
  bool failed_ = false;
};

}  // namespace squall

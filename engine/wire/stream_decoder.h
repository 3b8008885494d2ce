// StreamDecoder: the bytes of one streamed reply in, pieces of the answer out, and at the end what
// became of it. Sans I/O: a streaming Send feeds each chunk as it is read, then asks how it ended.
// Whole bodies are read the same way (DecodeStream).
//
//   StreamDecoder decoder(dialect);          // one per attempt
//   decoder.Feed(chunk, &sink);              // passes pieces on; watch.OnProgress if there were
//   any if (decoder.done()) ...                  // nothing further can change the result StreamEnd
//   end = decoder.End(error);      // error: how the transport ended DecodedBody body =
//   decoder.Body(end);    // what Diagnose and the guard take
//
// A 200 with an event stream proves nothing: errors come inside it, keep-alives look like life, and
// a missing end looks like an end. Source of each rule: the providers' streaming documents, named
// in the headers of the dialects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/wire/dialect.h"
#include "engine/wire/sse.h"
#include "engine/wire/stream_state.h"

namespace simdjson::dom {
class parser;
}  // namespace simdjson::dom

namespace squall {

// How a stream ended. The first that fits, in this order.
enum class StreamEnd : uint8_t {
  kError,             // an error came as an event, or as bare JSON between events
  kMalformed,         // bytes that are no event of the dialect, or an event above the limit
  kComplete,          // the terminal event was seen
  kOnlyKeepAlives,    // signs of life and nothing else, however it ended
  kCutBeforeContent,  // the transport failed, and nothing was passed on yet
  kCutAfterContent,   // the transport failed, and a part of the answer was passed on
  kEmpty,             // no bytes
  kSilentEof,         // a proper end of the body, without the terminal event
};
std::string_view StreamEndName(StreamEnd end);

struct StreamLimits {
  size_t max_event_bytes = size_t{1} << 20;     // > 0
  size_t max_content_bytes = size_t{16} << 20;  // of the whole answer; more is malformed
};

class StreamDecoder final : private SseSink {
 public:
  explicit StreamDecoder(const Dialect& dialect) : StreamDecoder(dialect, StreamLimits()) {}
  StreamDecoder(const Dialect& dialect, const StreamLimits& limits);
  ~StreamDecoder() override;

  // Reads the next bytes of the body and passes pieces of the answer to `sink`, which may be
  // nullptr.
  void Feed(std::string_view bytes, StreamSink* sink);

  // Nothing that may follow changes the result; the caller may stop reading. Never true for a
  // stream without a terminal event of its own until it has failed.
  bool done() const { return failed() || (state_.terminal() && stops_at_terminal_); }

  const StreamState& state() const { return state_; }
  bool begun() const { return events_ > 0; }  // an event came that is no keep-alive

  // `how` is the end of the transport's exchange; kNone is a proper end of the body.
  StreamEnd End(TransportError how);

  // The stream as if it had been one body, for diagnosis and guard: the dialect's error object for
  // kError, kNotJson for kMalformed, kEmpty where nothing came, else a reply, complete or not.
  // Texts live until the decoder changes or ends.
  DecodedBody Body(StreamEnd end);

  // Is there a tool call whose arguments are no JSON? For a stream that has ended.
  bool ArgumentsBroken();

  // The event that was an error, as it came; "" where there was none.
  std::string_view error_bytes() const { return error_body_; }

 private:
  void OnEvent(std::string_view type, std::string_view data) override;
  void OnComment(std::string_view text) override;
  void OnStray(std::string_view line) override;
  void Take(std::string_view type, std::string_view json);
  bool CountBraces(std::string_view line);
  bool failed() const { return state_.error() || malformed_; }

  const Dialect& dialect_;
  StreamLimits limits_;
  SseParser sse_;
  StreamState state_;
  std::unique_ptr<simdjson::dom::parser> parser_;
  std::unique_ptr<ReplyDecoder> error_decoder_;
  std::string error_body_;  // the event that was an error
  std::string tool_calls_;  // what Body() points at
  std::string stray_;       // bare JSON that has begun
  int64_t depth_ = 0;       // open brackets in it
  bool in_string_ = false;
  bool escaped_ = false;
  int64_t events_ = 0;
  bool any_bytes_ = false;
  bool any_junk_ = false;  // a line that is neither an event's nor JSON's
  bool malformed_ = false;
  bool stops_at_terminal_ = true;
};

// A streamed reply whose bytes are all there. `body` of the result points into `decoder`.
struct StreamedReply {
  StreamEnd end = StreamEnd::kEmpty;
  DecodedBody body;
};
StreamedReply DecodeStream(std::string_view bytes, TransportError how, StreamDecoder* decoder);

}  // namespace squall

// StreamWriter: a reply's body as events with their times. Each event is one Chunk of the plan, so
// that faults can be put between, into and instead of events, whatever the dialect.
//
// Pace: the first event at the time to first token; a piece of text that ends with the n-th token
// n per-token times after that. So a stream ends when the same reply would have come in one piece.
#pragma once

#include <string>
#include <string_view>

#include "mock_providers/dialect_server.h"

namespace squall {

class StreamWriter {
 public:
  // Empties the body of `plan` and sets its start. Both outlive the writer.
  StreamWriter(const ApiAnswer& answer, ReplyPlan* plan);

  // Texts to append to; then EndEvent() to make a chunk of what was appended.
  std::string& body() { return plan_.body; }
  void EndEvent();

  // Begins an event: "event: <name>\ndata: ", or only "data: " without a name.
  void BeginData(std::string_view name = {});
  // Ends what BeginData began: the blank line, and EndEvent().
  void EndData();

  // The next piece of the answer's text, whole code points; empty when there is none left. What is
  // written until the next call is due when the piece is.
  std::string_view NextPiece();

 private:
  const ApiAnswer& answer_;
  ReplyPlan& plan_;
  std::string_view rest_;
  size_t piece_bytes_ = 0;
  size_t given_ = 0;     // bytes of text in pieces so far
  Duration due_{};       // of what is being written, from the start of the stream
  Duration last_due_{};  // of the last chunk
};

// Headers of a stream of server-sent events that every vendor sends.
inline constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";

}  // namespace squall

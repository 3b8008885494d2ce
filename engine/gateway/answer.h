// ChatAnswer: what a call has brought, and how each API writes it: in one piece, or as a stream of
// server-sent events.
//
// A reply of the client's own dialect is passed on as the provider wrote it, provided that it has
// all that the API promises; any other is written anew from what the engine knows.
// Pure; any thread. Sources: OpenAI's CreateChatCompletionResponse and ...StreamResponse;
// Anthropic's pages "Messages" and "Streaming messages".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/gateway/client_error.h"
#include "engine/wire/decoded_body.h"
#include "engine/wire/stream_state.h"

namespace squall {

struct ChatAnswer {
  std::string id;       // of the request
  int64_t created = 0;  // Unix seconds
  std::string model;
  std::string content;
  std::string tool_calls;  // as a text (engine/wire/tool_calls.h)
  Finish finish = Finish::kStop;
  Usage usage;
  std::string reply;  // the bytes of a reply in the client's dialect, or ""
  bool reply_is_whole = false;
};

// The body of the answer.
std::string AnswerBody(const ChatAnswer& answer, ApiShape shape);

// Writes one stream. Each call returns bytes to send, "" for none; Begin() comes first, and End()
// or Fail() last.
class AnswerEvents {
 public:
  virtual ~AnswerEvents() = default;
  virtual std::string Begin() = 0;
  virtual std::string Piece(const StreamDelta& delta) = 0;
  // `usage` is shown where the client has asked for it, or the API always has it.
  virtual std::string End(Finish finish, const Usage& usage) = 0;
  virtual std::string Fail(const ClientError& error) = 0;
  virtual std::string KeepAlive() const = 0;
};

struct EventsOptions {
  std::string id;
  int64_t created = 0;
  std::string model;
  bool usage = false;  // the client asked for it
};
std::unique_ptr<AnswerEvents> MakeAnswerEvents(ApiShape shape, const EventsOptions& options);
std::unique_ptr<AnswerEvents> MakeOpenAiEvents(const EventsOptions& options);
std::unique_ptr<AnswerEvents> MakeAnthropicEvents(const EventsOptions& options);

// The pieces of an answer that is there, in `piece_bytes` (> 0) each, and the end.
std::string EventsOf(const ChatAnswer& answer, int64_t piece_bytes, AnswerEvents* events);

// All events of a reply in the client's dialect, with whatever it holds; "" where it cannot be
// read. `usage`: the client asked for it.
std::string EventsOfReply(std::string_view reply, ApiShape shape, int64_t piece_bytes, bool usage);

// The first piece of `text`, of about `bytes`, between whole UTF-8 characters.
std::string_view FirstPiece(std::string_view text, int64_t bytes);

// Anthropic's word for why an answer ended.
std::string_view StopReasonWord(Finish finish);

}  // namespace squall

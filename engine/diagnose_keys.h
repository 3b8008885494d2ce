// Keys: which member of a reply's JSON means what, by where it stands. An error's texts and codes
// are found by these keys alone, so nothing that a model writes can be taken for an error. Sources:
// the error and success schemas of the dialects and of the edges before them.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall {

// Where in the document we are.
enum class Place : uint8_t { kTop, kError, kReply, kMessage, kTool, kBase, kSkip };

// What a member means there.
enum class Act : uint8_t {
  kSkip,
  kError,         // an error object, list or text
  kErrors,        // a list that is empty when nothing is wrong
  kException,     // an error object whose key is its code
  kInside,        // more of the same place
  kText,          // an error's words
  kCode,          // an error's code
  kCodeText,      // one of both
  kQuota,         // a quota's name
  kParam,         // the parameter at fault
  kStatus,        // an HTTP status
  kSuccess,       // false means an error
  kRetryable,     // the provider's own verdict on trying again
  kSeconds,       // a wait, as a number or a duration
  kMilliseconds,  // a wait
  kResetsAt,      // the end of a wait
  kReply,         // list of choices or the like
  kEvent,         // an event's or reply's type
  kReplyStatus,   // state of a stored reply
  kFinish,        // why generation ended
  kDone,          // true ends a stream
  kContent,       // generated text, or a list of pieces
  kPiece,         // object or list that holds generated text
  kKind,          // a piece's type
  kThought,       // marks a piece as thinking
  kTools,         // tool calls
  kArguments,     // a tool call's arguments
  kRefusal,
  kBase,  // MiniMax: {"base_resp": {"status_code": 0, ...}}
  kBaseCode,
};

Act ActOf(Place place, std::string_view key);

}  // namespace squall

// Evidence: what a reply's bytes say about a failure, before anything is decided. One pass over
// JSON, arrays, event streams, JSON lines, HTML pages and plain text, up to three levels of JSON
// inside texts. Error texts are found by the keys that lead to them; a model's words are only
// counted. Engine thread, no allocation; the table of keys is in diagnose_keys.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/diagnose_signs.h"
#include "engine/diagnosis.h"
#include "engine/wire/decoded_body.h"

namespace squall {

// Why generation ended, over all dialects' words for it.
enum class BodyEnding : uint8_t {
  kNone,
  kStop,
  kLength,
  kFilter,
  kContext,
  kBadOutput,
  kOverload,
  kTimeout,
  kError,
  kIncomplete,   // so says the reply, and perhaps later why
  kPaused,       // the caller is to send what there is back
  kInterrupted,  // somebody stopped it
  kPending,      // accepted, to be fetched later
};
BodyEnding EndingByName(std::string_view name);  // kStop for unknown words

struct Evidence {
  // Of an error
  bool error = false;  // an error object, event or page
  bool flat = false;   // texts at the top that are an error where nothing else is
  bool html = false;
  bool words = false;  // it says something
  SignSet codes;
  SignSet texts;
  int status = 0;                     // the HTTP status that the body claims
  std::optional<Duration> wait;       // from a field
  std::optional<Duration> text_wait;  // from words
  double resets_at = 0;               // seconds since 1970, 0 for none
  TokenCounts counts;                 // of a request that is too long
  std::optional<bool> retryable;      // the provider's own verdict

  // Of an answer
  bool reply = false;  // the envelope of an answer
  int content = 0;     // pieces of text
  bool tools = false;
  bool refusal = false;
  bool bad_arguments = false;  // a tool call whose arguments are no JSON
  BodyEnding finish = BodyEnding::kNone;

  // Of the framing
  bool blank = false;     // no bytes, or only blanks
  bool stream = false;    // events or JSON lines
  bool events = false;    // at least one of them
  bool terminal = false;  // the stream said that it is complete
  bool broken = false;    // JSON that a strict parser refuses
  bool json = false;      // at least one object or array
};

Evidence ReadBody(std::string_view body);

// From an error object that a dialect's decoder has read; its bytes are gone.
Evidence ReadError(const DecodedBody& body);

}  // namespace squall

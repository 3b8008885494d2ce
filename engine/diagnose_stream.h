// Diagnosis of a reply that was read as a stream: how the stream ended comes first, then what
// diagnose.h says of the error or of the answer that it carried.
#pragma once

#include <string_view>

#include "engine/diagnose.h"
#include "engine/policy/stream_watch.h"
#include "engine/wire/stream_decoder.h"

namespace squall {

// What was seen of a stream. Texts live as long as its decoder.
struct StreamReading {
  StreamEnd end = StreamEnd::kEmpty;
  Stall stall = Stall::kNone;     // the clock that ran out, where we gave up on it
  bool begun = false;             // an event came that is no keep-alive
  bool broken_arguments = false;  // a tool call's arguments are no JSON
  bool disordered = false;        // by its own numbers an event came twice, late or from elsewhere
  DecodedBody body;
  std::string_view error_bytes;  // kError: the event
};

// `seen` holds transport error, status and headers; its body and bytes are not read.
Diagnosis DiagnoseStream(const Observation& seen, const StreamReading& stream);

}  // namespace squall

// AnswerSink: where the pieces of a streamed answer go while they arrive, on the engine's thread.
//
// The commit point is the first piece of content, refusal or tool call. Until then the engine
// replaces a failed attempt unseen (thoughts that it had passed on stay with the caller: they are
// no part of an answer). After it the caller is told, as StreamConfig::after_commit says: the call
// fails, or OnRestart announces that the answer begins anew.
#pragma once

#include <string_view>

#include "engine/wire/stream_state.h"

namespace squall {

class AnswerSink : public StreamSink {
 public:
  // All pieces so far are void. `why` is the static name of the rule that diagnosed the failure.
  virtual void OnRestart(std::string_view why) = 0;
  // Whether it can be told so. A caller who cannot, such as one who reads a vendor's stream, which
  // has no word for it, sees the call fail instead, whatever the configuration says.
  virtual bool CanRestart() const { return true; }
};

}  // namespace squall

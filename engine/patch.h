// Patched requests: how a request is changed so that a provider that turned it down may take it,
// or a model that answered badly may do better.
//
// Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "engine/call_state.h"
#include "engine/config.h"
#include "engine/wire/message.h"

namespace squall {

// The change that the provider's words ask for; nullopt where they ask for none, or it has been
// made. `model` is the one that turned the request down.
std::optional<Patch> PatchFor(const Diagnosis& last, const ModelInfo& model, const CallState& call);

// What of the patch in force goes with the request to `target`, which is `model`. The model that it
// was made for keeps it. To any other goes as much of the caller's own request as is known to fit:
// all parameters again, and the prompt and the limit on tokens that its window and its largest
// answer leave. Where these are not known they stay as they are, since what one model has turned
// down another one may as well.
Patch PatchAt(Target target, const ModelInfo& model, const CallState& call);

// The request as `patch` changes it; the limit on tokens is Encode's argument and stays out of it.
// A shorter prompt keeps its system message and its last one and drops whole turns from the oldest
// on. If that is not enough, the longest message is cut. Instructions stand at the head and the end
// of a prompt and what they are about in between, as its longest paragraph: the middle of that goes
// first. Where it is too short for that, the middle of the whole, more from the end than the head.
// The parameters of a client (ChatRequest::client_text) stay as they are, and so do its messages
// where they are opaque.
ChatRequest Patched(const ChatRequest& request, const Patch& patch);

// Adds the refused answer and what was wrong with it, unless the messages are opaque.
void AddComplaint(std::string_view refused, std::string_view complaint, ChatRequest* request);

}  // namespace squall

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

// The request as `patch` changes it; the limit on tokens is Encode's argument and stays out of it.
// A shorter prompt keeps its system message and its last one and drops whole turns from the oldest
// on; what is left is cut in the middle of its longest message, where long contexts stand.
ChatRequest Patched(const ChatRequest& request, const Patch& patch);

// Adds the refused answer and what was wrong with it.
void AddComplaint(std::string_view refused, std::string_view complaint, ChatRequest* request);

}  // namespace squall

// Second opinions: how a judge is asked and understood, and how answers are compared. The loop that
// asks is the engine's.
//
// Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "engine/call_state.h"
#include "engine/opinion_config.h"
#include "engine/wire/message.h"

namespace squall {

class JsonSchema;

// What opinion an answer to `request` needs, kAnswer for none. `u` is the request's draw,
// `recovered` says that the answer does not come from the first attempt. A stream whose answer
// needs one is held back until it is heard.
Purpose OpinionNeeded(const OpinionConfig& config, const ChatRequest& request, bool recovered,
                      double u);

// Asks whether `answer` is right. The whole question is in it, and the text of the answer stands
// between a line "Answer to judge:" and the last line "End of answer.", which an answer that holds
// such lines cannot end early. Tool calls follow the text, as their list. A judge replies
// {"verdict": "right" | "wrong", "reason": "..."}.
ChatRequest JudgeRequest(const ChatRequest& request, const Opinion& answer);

// A judge's verdict; nullopt if the reply is not one.
std::optional<bool> ReadVerdict(std::string_view reply);

// The first of the opinions that says the same as `answer`; -1 if none does. Where either calls
// tools, it is the calls that must be the same (SameToolCalls): they are what will be done, and the
// words beside them are remarks.
int FindAgreement(const CallState& call, const Opinion& answer, const JsonSchema* schema,
                  const EquivalenceOptions& options);

}  // namespace squall

// ChatCall: one call of the engine on behalf of a client, whoever waits for it: which providers may
// take it, what it is expected to cost, and what became of it. Used by the front door and by those
// who work on recorded requests.
//
// One thread. Nothing here blocks.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/gateway/answer.h"
#include "engine/gateway/chat_intake.h"
#include "engine/gateway/gateway_core.h"

namespace squall {

// Bars the providers of the route that cannot take the request. An error if that leaves none.
std::optional<ClientError> ChooseProviders(const Route& route, ChatIntake* intake);

// What a request is expected to use: its prompt, estimated, and its limit on the answer, at the
// price of the route's first model. `counted`: else only that it is one request.
ClientLoad ExpectedLoad(const Route& route, const ChatIntake& intake, bool counted);
ClientLoad UsedLoad(const Route& route, const CallResult& result);

// The answer of a call that is ok.
ChatAnswer AnswerOf(const Route& route, const ChatIntake& intake, const CallResult& result,
                    const std::string& id);

// What the attempt that brought the answer has used.
Usage AnswerUsage(const CallResult& result);

// Attempts that left.
int64_t SentAttempts(const CallResult& result);

// The error of a call that has failed, for clients.
ClientError CallError(const CallResult& result, Time now);

// Logs and counts a call.
void CountCall(const Route& route, const CallResult& result, GatewayCore* core);

}  // namespace squall

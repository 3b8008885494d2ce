// Answers that the guard has passed, and what others say of them: a judge, or another model that
// was asked the same. An answer goes out when nobody needs to be asked, when another one agrees, or
// when the judge finds it right. Where answers disagree, none of them is returned.
#include <utility>

#include "engine/base/random.h"
#include "engine/diagnose.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/opinions.h"
#include "engine/wire/tool_calls.h"

namespace squall {
namespace {

constexpr StreamId kOpinion = Stream("engine/opinion");

Opinion OpinionOf(const AttemptRecord& attempt, const DecodedBody& body) {
  const Target from{attempt.provider, attempt.model};
  return {from, std::string(body.content), std::string(body.tool_calls), attempt.strategy};
}

}  // namespace

Purpose Engine::OpinionOn(const ChatRequest& request, const CallState& call, bool recovered) const {
  const double u = Draw(seed_, kOpinion, call.key);
  return OpinionNeeded(config_.opinions, request, recovered, u);
}

void Engine::TakeAnswer(const Asked& asked, const AttemptRecord& attempt, const DecodedBody& body,
                        Exchange* exchange, CallState* call) {
  const bool standing = exchange->committed();
  const bool needs_none = standing || (body.content.empty() && body.tool_calls.empty());
  const bool recovered = call->sent() > 1;
  call->seeks = needs_none ? Purpose::kAnswer : OpinionOn(asked.request, *call, recovered);
  if (call->seeks != Purpose::kAnswer) {
    call->opinions.push_back(OpinionOf(attempt, body));
    return;
  }
  call->result.ok = true;
  call->result.answered_by = attempt.strategy;
  call->result.finish = body.finish;
  if (asked.request.keep_reply) {
    call->result.reply_is_whole =
        !exchange->streamed() && decoders_[exchange->step.target.provider]->IsWhole();
    call->result.reply_body = std::move(exchange->reply.body);
  } else {
    // Nobody reads the bytes of the reply any more: their block will do for the answer.
    call->result.content = std::move(exchange->reply.body);
  }
  call->result.content.assign(body.content);
  call->result.tool_calls.assign(body.tool_calls);
  if (exchange->streamed()) {
    exchange->live->Release();
  } else {
    ShowWhole(asked, call->result);
  }
  Finish("answered", call);
}

void Engine::HandOver(const Asked& asked, size_t opinion, Verification verification,
                      CallState* call) const {
  call->result.ok = true;
  call->result.reply_body.clear();  // of another, perhaps
  call->result.content = std::move(call->opinions[opinion].content);
  call->result.tool_calls = std::move(call->opinions[opinion].tool_calls);
  call->result.answered_by = call->opinions[opinion].by;
  call->result.verification = verification;
  ShowWhole(asked, call->result);
  Finish("answered", call);
}

void Engine::Compare(const Asked& asked, const AttemptRecord& attempt, const DecodedBody& body,
                     CallState* call) {
  Opinion opinion = OpinionOf(attempt, body);
  const int same = FindAgreement(*call, opinion, asked.schema, config_.opinions.compare);
  if (same >= 0) {
    HandOver(asked, static_cast<size_t>(same), Verification::kAgreed, call);
    return;
  }
  call->opinions.push_back(std::move(opinion));
}

// What the judge finds wrong becomes a failure of the attempt that brought it, which is planned for
// like any other.
void Engine::HearJudge(const Asked& asked, std::string_view reply, CallState* call) {
  if (ReadVerdict(reply).value_or(false)) {
    HandOver(asked, 0, Verification::kJudged, call);
    return;
  }
  const Target from = call->opinions.front().from;
  for (auto it = call->result.attempts.rbegin(); it != call->result.attempts.rend(); ++it) {
    const bool brought = it->provider == from.provider && it->model == from.model;
    if (!brought || it->purpose != Purpose::kAnswer || !it->diagnosis.ok()) continue;
    it->diagnosis = AnswerFault(FailureClass::kSemantic, "judge.wrong");
    it->diagnosis.retry = RetryDecision::kOtherProviderOnly;
    break;
  }
  admission_.Disown(from, env_.Now());
  call->opinions.clear();
}

// Nobody is left to ask. Answers that differ are never handed out; one that stands alone may be.
void Engine::GiveUpVerifying(const Asked& asked, CallState* call) const {
  if (call->opinions.size() > 1) {
    call->result.stop_reason = "disagreement";
    return;
  }
  const bool required =
      asked.request.require_equivalence || config_.opinions.unverified == Unverified::kFail;
  if (!required) HandOver(asked, 0, Verification::kOpen, call);
}

// To a caller who reads a stream of which nothing has been passed on.
void Engine::ShowWhole(const Asked& asked, const CallResult& result) {
  if (!asked.request.stream || asked.caller == nullptr) return;
  StreamDelta delta;
  delta.text = result.content;
  if (!result.content.empty()) asked.caller->OnDelta(delta);
  int64_t index = 0;
  ForEachToolCall(result.tool_calls, [&](const ToolCall& tool) {
    delta.kind = StreamDelta::Kind::kToolCall;
    delta.text = tool.arguments;
    delta.tool_index = index++;
    delta.tool_id = tool.id;
    delta.tool_name = tool.name;
    asked.caller->OnDelta(delta);
  });
}

}  // namespace squall

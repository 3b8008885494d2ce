// The edits behind the rows of faults.cc, by what they do to a reply: a refusal instead of it
// (fault_errors.cc), another answer in a good form (fault_answers.cc), broken bytes or a broken
// connection (fault_streams.cc), the same answer in an unusual form (stream_shapes.cc). Each shows
// on a reply in one piece too, as the nearest thing that such a reply can do. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mock_providers/faults.h"
#include "mock_providers/judge.h"
#include "mock_providers/task_texts.h"

namespace squall::fault_edits {

inline constexpr std::string_view kNow = "same_provider_now";
inline constexpr std::string_view kAfterWait = "same_provider_after_wait";
inline constexpr std::string_view kOther = "other_provider_only";
inline constexpr std::string_view kUnchangedNever = "never_unchanged";

// ---- what several edits need ----

// The server turned the request down before it began to generate.
void Early(const FaultContext& context, double share_of_ttft, ReplyPlan* plan);

bool IsStream(const FaultContext& context, const ReplyPlan* plan);
void DropStream(ReplyPlan* plan);  // everything that a stream had is gone

// A point inside `size` bytes that leaves something on both sides, if there are two bytes at all.
size_t CutPoint(double u, size_t size);

// The event of a stream that a fault comes before: as configured, else drawn from those of text.
size_t FaultyEvent(const FaultContext& context, const ReplyPlan& plan);

// The reply with another text; none: the dialect's way of saying "no text".
void Answer(const FaultContext& context, std::optional<std::string_view> content, ReplyPlan* plan);

// A figure of the dialect's error: what it is about, and which request it answers.
ApiError ErrorOf(const FaultContext& context, ApiErrorKind kind, int status);

// Writes it. A wait that is of no use makes the truth go elsewhere.
void WriteRefusal(const FaultContext& context, const ApiError& error, ReplyPlan* plan);
void Fail(const FaultContext& context, ApiErrorKind kind, int status, bool hint, ReplyPlan* plan);

// ---- fault_errors.cc ----

void RateLimitWithHint(const FaultContext& context, ReplyPlan* plan);
void RateLimitWithoutHint(const FaultContext& context, ReplyPlan* plan);
void RateLimitInStream(const FaultContext& context, ReplyPlan* plan);
void Status500(const FaultContext& context, ReplyPlan* plan);
void Status502(const FaultContext& context, ReplyPlan* plan);
void Status503(const FaultContext& context, ReplyPlan* plan);
void Status408(const FaultContext& context, ReplyPlan* plan);
void Status409(const FaultContext& context, ReplyPlan* plan);
void ShouldNotRetry(const FaultContext& context, ReplyPlan* plan);
void Status504(const FaultContext& context, ReplyPlan* plan);
void Status529(const FaultContext& context, ReplyPlan* plan);
void ErrorEvent(const FaultContext& context, ReplyPlan* plan);
void ErrorEventFirst(const FaultContext& context, ReplyPlan* plan);
void ErrorEventLast(const FaultContext& context, ReplyPlan* plan);
void OverloadedEventFirst(const FaultContext& context, ReplyPlan* plan);
void ErrorBody200(const FaultContext& context, ReplyPlan* plan);
void QuotaExhausted(const FaultContext& context, ReplyPlan* plan);

// The request turned down for the caller's own sake.
template <ApiErrorKind kKind>
void TurnedDown(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.2, plan);
  WriteRefusal(context, ErrorOf(context, kKind, 400), plan);
}

// ---- fault_answers.cc ----

void Refused(const FaultContext& context, ReplyPlan* plan);
void AnswerFiltered(const FaultContext& context, ReplyPlan* plan);
void FinishLength(const FaultContext& context, ReplyPlan* plan);
void EmptyText(const FaultContext& context, ReplyPlan* plan);
void NullText(const FaultContext& context, ReplyPlan* plan);
void OnlyTerminal(const FaultContext& context, ReplyPlan* plan);
void RenamedKey(const FaultContext& context, ReplyPlan* plan);
void WrongType(const FaultContext& context, ReplyPlan* plan);
void ExtraNesting(const FaultContext& context, ReplyPlan* plan);
void Fenced(const FaultContext& context, ReplyPlan* plan);
void ProseWrapped(const FaultContext& context, ReplyPlan* plan);
void FencedInProse(const FaultContext& context, ReplyPlan* plan);
void TrailingComma(const FaultContext& context, ReplyPlan* plan);
void SingleQuotes(const FaultContext& context, ReplyPlan* plan);
void PythonLiterals(const FaultContext& context, ReplyPlan* plan);
void EndMissing(const FaultContext& context, ReplyPlan* plan);
void ArgumentsCut(const FaultContext& context, ReplyPlan* plan);

// The form is perfect, the content is not.
template <AnswerKind kKind>
void Degraded(const FaultContext& context, ReplyPlan* plan) {
  std::string text;
  if (context.request.judged) {
    const TaskSpec& task = *context.request.task;
    AppendVerdict(OracleAccepts(context.seed, task, *context.request.judged), kKind, &text);
  } else if (context.request.task) {
    AppendAnswer(context.seed, *context.request.task, kKind, &text, context.answer.id_bits);
  } else {
    AppendSmallTalk(kKind, context.request.json, &text);
  }
  Answer(context, text, plan);
}

// ---- fault_streams.cc ----

void Hang(const FaultContext& context, ReplyPlan* plan);
void Slow(const FaultContext& context, ReplyPlan* plan);
void SlowDrip(const FaultContext& context, ReplyPlan* plan);
void Stall(const FaultContext& context, ReplyPlan* plan);
void KeepAlivesOnly(const FaultContext& context, ReplyPlan* plan);
void EmptyChunked(const FaultContext& context, ReplyPlan* plan);
void EmptyContentLength(const FaultContext& context, ReplyPlan* plan);
void Unbalanced(const FaultContext& context, ReplyPlan* plan);
void Html200(const FaultContext& context, ReplyPlan* plan);
void StrayText(const FaultContext& context, ReplyPlan* plan);
void DuplicateEvent(const FaultContext& context, ReplyPlan* plan);
void OutOfOrder(const FaultContext& context, ReplyPlan* plan);
void Gzipped(const FaultContext& context, ReplyPlan* plan);
void CutConnection(const FaultContext& context, ReplyPlan* plan);
void CutInCharacter(const FaultContext& context, ReplyPlan* plan);
void NoTerminal(const FaultContext& context, ReplyPlan* plan);
void NoFinish(const FaultContext& context, ReplyPlan* plan);
void ResetBeforeHeaders(const FaultContext& context, ReplyPlan* plan);
void ResetMidBody(const FaultContext& context, ReplyPlan* plan);

// ---- stream_shapes.cc ----

void SplitCharacter(const FaultContext& context, ReplyPlan* plan);
void SplitEvents(const FaultContext& context, ReplyPlan* plan);
void MergedEvents(const FaultContext& context, ReplyPlan* plan);
void CrLf(const FaultContext& context, ReplyPlan* plan);
void LoneCr(const FaultContext& context, ReplyPlan* plan);
void ByteOrderMark(const FaultContext& context, ReplyPlan* plan);
void MultiLineData(const FaultContext& context, ReplyPlan* plan);
void NoSpace(const FaultContext& context, ReplyPlan* plan);
void Comments(const FaultContext& context, ReplyPlan* plan);
void NoDone(const FaultContext& context, ReplyPlan* plan);
void NoUsage(const FaultContext& context, ReplyPlan* plan);
void JsonInstead(const FaultContext& context, ReplyPlan* plan);

}  // namespace squall::fault_edits

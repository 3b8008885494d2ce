#include <algorithm>

#include "mock_providers/edge_page.h"
#include "mock_providers/fault_edits.h"
#include "mock_providers/gzip.h"
#include "mock_providers/stream_edits.h"

namespace squall {
namespace {

constexpr std::string_view kCharacter = "\xc3\xa9";  // two bytes

// Where to end a body early: where it was told to, else in a stream inside an event of text.
size_t CutBody(const FaultContext& context, const ReplyPlan* plan) {
  using namespace fault_edits;
  if (!IsStream(context, plan)) return CutPoint(context.u, plan->body.size());
  const size_t event = FaultyEvent(context, *plan);
  const size_t start = EventStart(event, *plan);
  if (context.config.after_events > 0) return start;
  return start + (plan->chunks[event].end - start) / 2;
}

// The event that comes twice or late: unless told otherwise the first of the text, without which no
// answer is right.
size_t NumberedEvent(const FaultContext& context, const ReplyPlan& plan) {
  if (context.config.after_events > 0) return fault_edits::FaultyEvent(context, plan);
  return plan.text_end > 0 ? plan.text_begin : plan.chunks.size() - 1;
}

}  // namespace

namespace fault_edits {

bool IsStream(const FaultContext& context, const ReplyPlan* plan) {
  return context.answer.format.stream && !plan->chunks.empty();
}

void DropStream(ReplyPlan* plan) {
  plan->chunks.clear();
  plan->text_begin = plan->text_end = 0;
}

size_t CutPoint(double u, size_t size) {
  if (size < 2) return 0;
  const auto point = static_cast<size_t>((0.25 + 0.7 * u) * static_cast<double>(size));
  return std::clamp<size_t>(point, 1, size - 1);
}

size_t FaultyEvent(const FaultContext& context, const ReplyPlan& plan) {
  const auto wanted = static_cast<size_t>(context.config.after_events);
  if (wanted == 0) return MiddleEvent(context.u, plan);
  return std::min(wanted, std::max<size_t>(TextEnd(plan), 1) - 1);
}

void Hang(const FaultContext&, ReplyPlan* plan) {
  plan->end = End::kHang;
  plan->at = kNever;
}

void Slow(const FaultContext& context, ReplyPlan* plan) {
  const double seconds = Seconds(plan->at - context.answer.now) * context.config.slowdown;
  plan->at = SaturatingAdd(context.answer.now, FromSeconds(seconds));
  SlowDown(context.config.slowdown, plan);
}

// The first token in time, the others by drops.
void SlowDrip(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Slow(context, plan);
  SlowDown(context.config.slowdown, plan);
}

// Some events, then silence on a connection that stays open.
void Stall(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Hang(context, plan);
  plan->end = End::kHang;
  plan->body_sent = EventStart(FaultyEvent(context, *plan), *plan);
}

void KeepAlivesOnly(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Hang(context, plan);
  OnlyKeepAlives(plan);
}

void EmptyChunked(const FaultContext&, ReplyPlan* plan) {
  DropStream(plan);
  plan->body.clear();
  plan->framing = Framing::kChunked;
}

void EmptyContentLength(const FaultContext&, ReplyPlan* plan) {
  DropStream(plan);
  plan->body.clear();
  plan->framing = Framing::kContentLength;
}

void Unbalanced(const FaultContext& context, ReplyPlan* plan) {
  if (IsStream(context, plan)) return BreakEvent(FaultyEvent(context, *plan), plan);
  DropStream(plan);
  plan->body.resize(CutPoint(context.u, plan->body.size()));
}

void Html200(const FaultContext&, ReplyPlan* plan) {
  WriteEdgePage(200, "Just a moment...", "This page reloads by itself when the service is back.",
                plan);
}

void StrayText(const FaultContext& context, ReplyPlan* plan) {
  const bool stream = IsStream(context, plan);
  if (stream) {
    KeepFirstEvents(FaultyEvent(context, *plan), plan);
  } else {
    DropStream(plan);
  }
  plan->body.append("\nupstream connect error or disconnect/reset before headers");
  if (!stream) return;
  AddEvent(Duration::zero(), plan);
  plan->fault.failure_class = "truncated";  // the edge's words are no event, and then it ends
}

void DuplicateEvent(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Unbalanced(context, plan);
  RepeatEvent(NumberedEvent(context, *plan), plan);
}

// Numbers of events that go back, where a dialect numbers them; elsewhere only scrambled text.
void OutOfOrder(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return Unbalanced(context, plan);
  const size_t event = NumberedEvent(context, *plan);
  if (plan->text_end < event + 2) return BreakEvent(event, plan);
  SwapWithNext(event, plan);
}

// Compressed though nobody asked for it; whoever compresses holds a stream back until its end.
void Gzipped(const FaultContext&, ReplyPlan* plan) {
  plan->at = EndOf(*plan);
  DropStream(plan);
  plan->body = Gzip(plan->body);
  plan->headers.Add("content-encoding", "gzip");
}

void CutConnection(const FaultContext& context, ReplyPlan* plan) {
  plan->end = End::kCut;
  plan->body_sent = CutBody(context, plan);
  if (!IsStream(context, plan)) plan->framing = Framing::kContentLength;
}

// The last byte that arrives is the first of a character's two.
void CutInCharacter(const FaultContext& context, ReplyPlan* plan) {
  std::string text(*context.answer.content);
  text.insert(WholeCodePoints(text, CutPoint(context.u, text.size())), kCharacter);
  Answer(context, text, plan);
  const size_t at = plan->body.find(kCharacter);
  plan->end = End::kCut;
  plan->body_sent = at == std::string::npos ? CutBody(context, plan) : at + 1;
  if (!IsStream(context, plan)) plan->framing = Framing::kContentLength;
}

// An orderly end in the middle: nothing below the dialect shows that anything is missing.
void NoTerminal(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return CutConnection(context, plan);
  KeepFirstEvents(FaultyEvent(context, *plan), plan);
}

// The whole text and a proper end, but nothing that says that the text is whole.
void NoFinish(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return CutConnection(context, plan);
  KeepFirstEvents(TextEnd(*plan), plan);
}

void ResetBeforeHeaders(const FaultContext& context, ReplyPlan* plan) {
  Early(context, 0.1, plan);
  DropStream(plan);
  plan->end = End::kReset;
  plan->status = 0;
  plan->headers.clear();
  plan->body.clear();
}

void ResetMidBody(const FaultContext& context, ReplyPlan* plan) {
  plan->end = End::kReset;
  plan->body_sent = CutBody(context, plan);
}

}  // namespace fault_edits
}  // namespace squall

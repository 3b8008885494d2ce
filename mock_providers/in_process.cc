#include "mock_providers/in_process.h"

#include <charconv>

#include "engine/base/check.h"

namespace squall {
namespace {

void AddFraming(const ReplyPlan& plan, Headers* headers) {
  if (plan.framing == Framing::kChunked) {
    headers->Add("Transfer-Encoding", "chunked");
    return;
  }
  char digits[20];
  const auto [end, error] =
      std::to_chars(std::begin(digits), std::end(digits), DeclaredLength(plan));
  headers->Add("Content-Length", std::string_view(digits, static_cast<size_t>(end - digits)));
}

HttpReply FailedReply(TransportError error) {
  HttpReply reply;
  reply.error = error;
  return reply;
}

// What goes out, piece by piece. A hang is one more piece, which never comes.
std::vector<Chunk> PiecesOf(const ReplyPlan& plan) {
  const size_t sent = plan.end == End::kHang && plan.chunks.empty() ? 0 : BytesSent(plan);
  std::vector<Chunk> pieces;
  size_t from = 0;
  for (const Chunk& chunk : plan.chunks) {
    if (from >= sent) break;
    from = std::min(chunk.end, sent);
    pieces.push_back(Chunk{chunk.after, from});
  }
  if (pieces.empty()) pieces.push_back(Chunk{Duration::zero(), sent});
  if (plan.end == End::kHang) pieces.push_back(Chunk{Duration::max(), sent});
  return pieces;
}

// Status and headers of a reply whose body is still to come.
HttpReply HeadOf(const ReplyPlan& plan) {
  HttpReply head;
  head.status = plan.status;
  if (plan.status == 0) return head;
  head.headers = plan.headers;
  AddFraming(plan, &head.headers);
  return head;
}

}  // namespace

HttpReply PlayedReply(ReplyPlan plan) {
  if (plan.end == End::kHang) return FailedReply(TransportError::kTimeout);
  if (plan.status == 0) {  // the connection ends before the first byte
    return FailedReply(plan.end == End::kCut ? TransportError::kCut : TransportError::kReset);
  }
  const size_t sent = BytesSent(plan);
  AddFraming(plan, &plan.headers);
  HttpReply reply;
  if (plan.end == End::kCut) reply.error = TransportError::kCut;
  if (plan.end == End::kReset) reply.error = TransportError::kReset;
  reply.status = plan.status;
  reply.headers = std::move(plan.headers);
  reply.body = std::move(plan.body);
  reply.body.resize(sent);
  return reply;
}

Task<HttpReply> InProcessTransport::Send(ProviderId provider, const HttpRequest& request,
                                         Time deadline, std::stop_token stop, BodySink* sink) {
  SQUALL_CHECK(provider < providers_.size());
  // A client whose time is up or who was told to stop sends nothing.
  if (stop.stop_requested()) co_return FailedReply(TransportError::kCancelled);
  if (env_.Now() >= deadline) co_return FailedReply(TransportError::kTimeout);
  Provider& target = *providers_[provider];
  ReplyPlan plan = target.Plan(request, env_.Now());
  if (sink != nullptr) {
    HttpReply reply = co_await PlayPieces(target, std::move(plan), deadline, stop, sink);
    co_return reply;
  }
  const bool hangs = plan.end == End::kHang;
  const Time end = EndOf(plan);
  const bool late = hangs || end > deadline;
  const Time until = late ? deadline : end;
  const bool waited = co_await env_.SleepUntil(until, stop);
  const bool felt = FeltByWaiting(plan) || (waited && !late);
  felt ? target.Played(plan) : target.Left(plan);
  if (!waited) co_return FailedReply(TransportError::kCancelled);
  if (late) co_return FailedReply(TransportError::kTimeout);
  co_return PlayedReply(std::move(plan));
}

// A reply to a client that reads along and may leave at any piece. Where it left a reply that had
// begun, the plan took effect as far as the client let it.
Task<HttpReply> InProcessTransport::PlayPieces(Provider& target, ReplyPlan plan, Time deadline,
                                               std::stop_token stop, BodySink* sink) {
  const std::vector<Chunk> pieces = PiecesOf(plan);
  HttpReply head = HeadOf(plan);
  size_t from = 0;
  Time due = plan.at;
  for (const Chunk& piece : pieces) {
    due = SaturatingAdd(due, piece.after);
    const Time patience = std::min(deadline, sink->give_up_at());
    const Time until = std::min(due, patience);
    const bool waited = co_await env_.SleepUntil(until, stop);
    const bool late = due > patience;
    if (!waited || late) {
      const bool felt = from > 0 || FeltByWaiting(plan);
      felt ? target.Played(plan) : target.Left(plan);
      head.error = waited ? TransportError::kTimeout : TransportError::kCancelled;
      if (from == 0) head = FailedReply(head.error);
      co_return head;
    }
    if (piece.end == from) continue;  // the end of a hang or of a reply without a body
    const std::string_view bytes = std::string_view(plan.body).substr(from, piece.end - from);
    from = piece.end;
    if (sink->OnBody(head, bytes)) continue;
    target.Played(plan);
    co_return head;
  }
  target.Played(plan);
  if (plan.end == End::kCut) head.error = TransportError::kCut;
  if (plan.end == End::kReset) head.error = TransportError::kReset;
  co_return head;
}

}  // namespace squall

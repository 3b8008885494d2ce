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

Task<HttpReply> InProcessTransport::Send(ProviderId provider, HttpRequest request, Time deadline,
                                         std::stop_token stop) {
  SQUALL_CHECK(provider < providers_.size());
  // A client whose time is up or who was told to stop sends nothing.
  if (stop.stop_requested()) co_return FailedReply(TransportError::kCancelled);
  if (env_.Now() >= deadline) co_return FailedReply(TransportError::kTimeout);
  Provider& target = *providers_[provider];
  ReplyPlan plan = target.Plan(request, env_.Now());
  const bool hangs = plan.end == End::kHang;
  const Time end = EndOf(plan);
  const bool late = hangs || end > deadline;
  const Time until = late ? deadline : end;
  const bool waited = co_await env_.SleepUntil(until, stop);
  // A hang takes effect when the client gives up on it; any other plan only if it was played out.
  if (hangs || (waited && !late)) target.Played(plan);
  if (!waited) co_return FailedReply(TransportError::kCancelled);
  if (late) co_return FailedReply(TransportError::kTimeout);
  co_return PlayedReply(std::move(plan));
}

}  // namespace squall

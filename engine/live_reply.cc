#include "engine/live_reply.h"

namespace squall {
namespace {

bool IsEventStream(const HttpReply& head) {
  constexpr std::string_view kType = "text/event-stream";
  const std::string_view type = head.headers.Find("content-type").value_or("");
  return head.status >= 200 && head.status < 300 &&
         EqualsIgnoreCase(type.substr(0, kType.size()), kType);
}

}  // namespace

LiveReply::LiveReply(const Dialect& dialect, const StreamConfig& config, const Env& env,
                     AnswerSink* caller)
    : env_(env),
      caller_(caller),
      hold_(config.hold_until_valid),
      decoder_(dialect),
      watch_(config.watch, env.Now()) {}

bool LiveReply::OnBody(const HttpReply& head, std::string_view bytes) {
  if (form_ == Form::kUnknown) form_ = IsEventStream(head) ? Form::kEvents : Form::kWhole;
  if (form_ == Form::kWhole) {
    body_.append(bytes);
    return true;
  }
  const int64_t deltas = decoder_.state().deltas();
  fed_ = 0;
  decoder_.Feed(bytes, this);
  if (decoder_.state().deltas() > deltas) {
    if (first_piece_ == kNever) first_piece_ = env_.Now();
    watch_.OnProgress(env_.Now(), fed_);
  }
  return !decoder_.done();
}

Time LiveReply::give_up_at() const {
  // A whole reply shows no progress before its end; the deadline is all that there is.
  return form_ == Form::kWhole ? kNever : watch_.GiveUpAt();
}

StreamReading LiveReply::Read(TransportError how) {
  StreamReading reading;
  reading.end = decoder_.End(how);
  reading.stall = how == TransportError::kTimeout ? watch_.Check(env_.Now()) : Stall::kNone;
  reading.begun = decoder_.begun();
  reading.broken_arguments = decoder_.ArgumentsBroken();
  reading.disordered = decoder_.state().anomalies() > 0;
  reading.body = decoder_.Body(reading.end);
  reading.error_bytes = decoder_.error_bytes();
  return reading;
}

void LiveReply::OnDelta(const StreamDelta& delta) {
  fed_ += static_cast<int64_t>(delta.text.size());
  if (caller_ == nullptr) return;
  if (!hold_) return caller_->OnDelta(delta);
  held_.push_back(HeldDelta{delta.kind, delta.tool_index, std::string(delta.text),
                            std::string(delta.tool_id), std::string(delta.tool_name)});
}

void LiveReply::Release() {
  if (caller_ == nullptr) return;
  for (const HeldDelta& held : held_) {
    StreamDelta delta;
    delta.kind = held.kind;
    delta.text = held.text;
    delta.tool_index = held.tool_index;
    delta.tool_id = held.tool_id;
    delta.tool_name = held.tool_name;
    caller_->OnDelta(delta);
  }
  held_.clear();
}

}  // namespace squall

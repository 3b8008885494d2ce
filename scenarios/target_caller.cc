#include "scenarios/target_caller.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/check.h"

namespace squall {
namespace {

// Mocks want some key; a target that wants another gets it by a header of the user's.
constexpr std::string_view kApiKey = "squall";

const Dialect& OpenAi() {
  const Dialect* dialect = FindDialect("openai");
  SQUALL_CHECK(dialect != nullptr);
  return *dialect;
}

std::string_view WhyNot(TransportError error) {
  switch (error) {
    case TransportError::kCancelled: return "cancelled";
    case TransportError::kTimeout: return "no_answer";
    case TransportError::kConnect: return "target_down";
    case TransportError::kNone:
    case TransportError::kReset:
    case TransportError::kCut:
    case TransportError::kProtocol:
    case TransportError::kTooLarge: break;
  }
  return "broken_reply";
}

}  // namespace

TargetCaller::TargetCaller(const TargetOptions& options, std::string model, std::string run,
                           bool keyed, Duration settle, Env* env, Transport* transport)
    : model_(std::move(model)),
      run_(std::move(run)),
      keyed_(keyed),
      headers_(options.headers),
      settle_(settle),
      env_(*env),
      transport_(*transport),
      dialect_(OpenAi()),
      decoder_(dialect_.make_decoder()) {}

TargetCaller::~TargetCaller() = default;

void TargetCaller::Encode(const ChatRequest& request, HttpRequest* out) const {
  HttpRequest plain;
  dialect_.encode(request, model_, request.max_tokens, kApiKey, &plain);
  if (keyed_) plain.headers.Add("idempotency-key", run_ + request.id);
  plain.headers.ForEach([&](std::string_view name, std::string_view value) {
    const bool replaced = std::any_of(
        headers_.begin(), headers_.end(),
        [name](const TargetHeader& header) { return EqualsIgnoreCase(header.first, name); });
    if (!replaced) out->headers.Add(name, value);
  });
  for (const auto& [name, value] : headers_) out->headers.Add(name, value);
  out->method = std::move(plain.method);
  out->target = std::move(plain.target);
  out->body = std::move(plain.body);
}

Task<CallResult> TargetCaller::Call(ChatRequest request, Time deadline, std::stop_token stop,
                                    AnswerSink* caller) {
  CallResult result;
  result.started = env_.Now();
  HttpRequest http;
  Encode(request, &http);
  std::optional<LiveReply> live;
  if (request.stream) live.emplace(dialect_, patience_, env_, caller);
  BodySink* sink = nullptr;
  if (live) sink = &*live;
  HttpReply reply = co_await transport_.Send(0, http, deadline, stop, sink);
  result.ended = env_.Now();
  result.status = reply.status;
  if (live && !live->is_stream()) reply.body = live->TakeBody();
  result.stop_reason = WhyNot(reply.error);
  if (reply.status != 200) {
    if (reply.error == TransportError::kNone) result.stop_reason = "http_error";
  } else if (live && live->is_stream()) {
    ReadStream(&*live, reply.error, &result);
  } else if (reply.error == TransportError::kNone) {
    ReadWhole(reply, &result);
  }
  co_return result;
}

void TargetCaller::ReadWhole(const HttpReply& reply, CallResult* result) {
  result->ok = true;
  result->has_body = !reply.body.empty();
  result->stop_reason = "answered";
  const DecodedBody body = decoder_->Decode(reply.body);
  if (body.shape == DecodedBody::Shape::kReply) result->content = std::string(body.content);
}

// An end without the terminal event is one like any other to a client that reads events.
void TargetCaller::ReadStream(LiveReply* live, TransportError how, CallResult* result) {
  const StreamReading reading = live->Read(how);
  const bool failed = reading.end == StreamEnd::kError || reading.end == StreamEnd::kMalformed;
  result->has_body = live->any_bytes();
  result->ok = !failed && (how == TransportError::kNone || reading.end == StreamEnd::kComplete);
  if (result->ok) result->stop_reason = "answered";
  if (failed) result->stop_reason = "broken_reply";
}

}  // namespace squall

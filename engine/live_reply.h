// LiveReply: one attempt at a streamed answer while it arrives. The transport feeds it; it decodes
// events, passes the pieces of the answer on, watches for stalls, and knows when nothing more can
// change the result. A reply that is no event stream (an error, or a provider that does not stream)
// is kept whole instead and read like any other.
//
// One per attempt; one thread. Lives as long as what Read() returned.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/answer_sink.h"
#include "engine/base/env.h"
#include "engine/config.h"
#include "engine/diagnose_stream.h"
#include "engine/policy/stream_watch.h"
#include "engine/wire/stream_decoder.h"
#include "engine/wire/transport.h"

namespace squall {

class LiveReply final : public BodySink, private StreamSink {
 public:
  // All of them outlive the attempt. `caller` gets the pieces; nullptr = nobody, so that nothing is
  // ever committed.
  LiveReply(const Dialect& dialect, const StreamConfig& config, const Env& env, AnswerSink* caller);

  bool OnBody(const HttpReply& head, std::string_view bytes) override;
  Time give_up_at() const override;

  // Once the transport has ended. Not a stream: TakeBody() is the reply's body, and Read() is not
  // for it.
  bool is_stream() const { return form_ == Form::kEvents; }
  bool any_bytes() const { return form_ != Form::kUnknown; }
  std::string TakeBody() { return std::move(body_); }
  StreamReading Read(TransportError how);

  // The answer is good: passes on what was held back.
  void Release();

  // The caller holds a piece of this answer.
  bool committed() const { return caller_ != nullptr && !hold_ && decoder_.state().committed(); }
  Time first_piece() const { return first_piece_; }  // kNever: none came

 private:
  enum class Form : uint8_t { kUnknown, kEvents, kWhole };
  struct HeldDelta {  // a StreamDelta that owns its texts
    StreamDelta::Kind kind = StreamDelta::Kind::kContent;
    int64_t tool_index = 0;
    std::string text, tool_id, tool_name;
  };
  void OnDelta(const StreamDelta& delta) override;

  const Env& env_;
  AnswerSink* caller_;
  bool hold_;
  std::vector<HeldDelta> held_;  // bounded by StreamLimits::max_content_bytes
  StreamDecoder decoder_;
  StreamWatch watch_;
  Form form_ = Form::kUnknown;
  std::string body_;  // kWhole
  Time first_piece_ = kNever;
  int64_t fed_ = 0;  // bytes of text in the piece of body under way
};

}  // namespace squall

// TargetCaller: the callers' side of a target: posts each request as an OpenAI client would, reads
// what comes back as such a client does, and retries nothing. Every 200 is taken for an answer,
// whatever is in it: that is what a target's own callers get to see.
//
// One thread, that of its Env.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/answer_sink.h"
#include "engine/base/env.h"
#include "engine/events.h"
#include "engine/live_reply.h"
#include "engine/wire/dialect.h"
#include "engine/wire/message.h"
#include "engine/wire/transport.h"
#include "scenarios/target.h"

namespace squall {

class TargetCaller {
 public:
  // The target is provider 0 of `transport`. Both outlive it. `run` goes before the ids of requests
  // in Idempotency-Key, where `keyed`: a target that remembers keys must not take one run for
  // another. `settle`: how long after the end of a call the target may still work on it.
  TargetCaller(const TargetOptions& options, std::string model, std::string run, bool keyed,
               Duration settle, Env* env, Transport* transport);
  ~TargetCaller();

  // As Engine::Call; its attempts are not known.
  Task<CallResult> Call(ChatRequest request, Time deadline, std::stop_token stop,
                        AnswerSink* caller);

  Duration settle() const { return settle_; }

 private:
  void Encode(const ChatRequest& request, HttpRequest* out) const;
  void ReadWhole(const HttpReply& reply, CallResult* result);
  static void ReadStream(LiveReply* live, TransportError how, CallResult* result);

  std::string model_;
  std::string run_;
  bool keyed_;
  std::vector<TargetHeader> headers_;
  Duration settle_;
  Env& env_;
  Transport& transport_;
  const Dialect& dialect_;
  StreamConfig patience_;  // no clock but the deadline
  std::unique_ptr<ReplyDecoder> decoder_;
};

}  // namespace squall
